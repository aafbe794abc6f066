"""Which links are looked at, by whom, and what is known of them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from newsletter.fetching.rules import Rules
from newsletter.fetching.troubles import Trouble
from newsletter.reachability import claims, links, words
from newsletter.reachability.judging import Outcome
from newsletter.reachability.links import Level, Verdict
from newsletter.reachability.models import LinkCheck, LinkState
from tests.conftest import NOW

URL = "https://www.site.example/news"
OTHER = "https://other.example/"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def fetching(app: Flask) -> None:
    """Links are looked at; nothing here asks the network."""
    app.config["FETCH_RULES"] = Rules()


def want(*urls: str, now: datetime = NOW) -> None:
    links.wanted(urls, now=now)
    db.session.commit()


def tell(url: str, outcome: Outcome, *, now: datetime) -> None:
    """Let the link be asked now, with this outcome."""
    link_id = db.session.scalars(sa.select(LinkCheck.id).where(LinkCheck.url == url)).one()
    db.session.commit()
    claim = claims.take(link_id, now=now)
    assert claim is not None
    assert claims.note_outcome(claim, outcome, now=now)


def verdict(url: str = URL) -> Verdict:
    db.session.expire_all()
    return links.verdicts([url])[url]


def row(url: str = URL) -> LinkCheck:
    db.session.expire_all()
    return db.session.scalars(sa.select(LinkCheck).where(LinkCheck.url == url)).one()


def test_a_wanted_link_is_due_and_says_that_it_was_not_looked_at() -> None:
    want(URL)
    assert verdict() == Verdict(Level.NOTE, LinkState.NEW, words.NEW)
    db.session.commit()
    assert claims.due(now=NOW) == row().id


def test_nobody_asked_about_it_is_the_same_as_new() -> None:
    assert verdict() == Verdict(Level.NOTE, LinkState.NEW, words.NEW)


def test_wanting_again_costs_no_second_row_and_changes_nothing_for_an_hour() -> None:
    want(URL, f"{URL}#part", URL.upper().replace("NEWS", "news"), now=NOW)
    want(URL, now=NOW + HOUR / 2)
    assert row().wanted_at == NOW
    want(URL, now=NOW + HOUR)
    assert row().wanted_at == NOW + HOUR
    assert db.session.scalar(sa.select(sa.func.count(LinkCheck.id))) == 1


@pytest.mark.parametrize(
    "url",
    [
        "mailto:ada@example.org",
        "tel:+43123",
        "#part",
        "/relative",
        "https://example.org/{{ name }}",
        "https://example.org/{{name}}",
        "{{ link }}",
        "",
    ],
)
def test_what_is_no_page_is_passed_over(url: str) -> None:
    want(url)
    assert db.session.scalar(sa.select(sa.func.count(LinkCheck.id))) == 0
    assert links.verdicts([url]) == {}


@pytest.mark.parametrize("url", ["http://localhost/", "https://example.org:8443/", "https://a b/"])
def test_an_address_that_nobody_may_ask_for_could_not_be_looked_at(url: str) -> None:
    want(url)
    assert links.verdicts([url]) == {url: Verdict(Level.UNSEEN, LinkState.UNSEEN, words.UNSEEN)}


def test_a_page_with_endless_links_has_three_hundred_looked_at() -> None:
    want(*(f"https://example.org/{number}" for number in range(1000)))
    assert db.session.scalar(sa.select(sa.func.count(LinkCheck.id))) == links.MOST_WANTED


def test_a_link_that_answers_is_fine_and_rests_until_it_is_wanted_a_day_later() -> None:
    want(URL)
    tell(URL, Outcome(status=200), now=NOW)
    assert verdict() == Verdict(
        Level.FINE, LinkState.FINE, "It answers.", status=200, tried_at=NOW, fine_at=NOW
    )
    want(URL, now=NOW + 23 * HOUR)
    db.session.commit()
    assert claims.due(now=NOW + 23 * HOUR) is None
    want(URL, now=NOW + 24 * HOUR)
    db.session.commit()
    assert claims.due(now=NOW + 24 * HOUR) is not None


def test_a_missing_page_is_noted_and_after_a_second_try_a_warning() -> None:
    want(URL)
    tell(URL, Outcome(status=404), now=NOW)
    again_at = NOW + timedelta(minutes=10)
    assert verdict() == Verdict(
        Level.NOTE,
        LinkState.GONE,
        "There is no such page (404).",
        status=404,
        tried_at=NOW,
        failing_since=NOW,
        failures=1,
        next_at=again_at,
    )
    db.session.commit()
    assert claims.due(now=again_at - timedelta(seconds=1)) is None
    tell(URL, Outcome(status=404), now=again_at)
    found = verdict()
    assert (found.level, found.failures, found.failing_since) == (Level.WARNING, 2, NOW)


def test_a_missing_site_is_accused_only_by_somebody_who_can_reach_others() -> None:
    gone = Outcome(trouble=Trouble.NO_PUBLIC_HOST)
    want(URL, OTHER)
    for count in range(3):
        tell(URL, gone, now=NOW + count * HOUR)
    assert (verdict().level, verdict().sentence) == (Level.UNSEEN, words.UNSEEN)
    tell(OTHER, Outcome(status=403), now=NOW + 3 * HOUR)
    tell(URL, gone, now=NOW + 3 * HOUR)
    assert verdict().level is Level.NOTE
    tell(URL, gone, now=NOW + 4 * HOUR)
    assert verdict().level is Level.WARNING
    assert verdict().sentence == "It leads to no site that everybody can reach."


@pytest.mark.parametrize("status", [401, 403, 405, 429, 451, 999])
def test_a_site_that_refuses_programs_is_never_accused(status: int) -> None:
    want(URL)
    for days in range(4):
        want(URL, now=NOW + days * 24 * HOUR)
        tell(URL, Outcome(status=status), now=NOW + days * 24 * HOUR)
    found = verdict()
    assert found.level is Level.UNSEEN
    assert "could not be looked at" in found.sentence


@pytest.mark.parametrize("trouble", list(Trouble))
def test_there_is_a_sentence_for_everything(trouble: Trouble) -> None:
    for state in LinkState:
        assert words.said(state, None, trouble).endswith(".")


def test_of_two_clocks_one_asks() -> None:
    want(URL)
    link_id = row().id
    db.session.commit()
    assert claims.take(link_id, now=NOW) is not None
    assert claims.take(link_id, now=NOW) is None
    assert claims.due(now=NOW) is None


def test_of_clocks_that_ask_at_the_same_moment_one_asks(app: Flask) -> None:
    want(URL)
    link_id = row().id
    db.session.commit()
    together = threading.Barrier(4)

    def take() -> bool:
        with app.app_context():
            together.wait(10)
            return claims.take(link_id, now=NOW) is not None

    with ThreadPoolExecutor(4) as clocks:
        taken = [clock.result(30) for clock in [clocks.submit(take) for _ in range(4)]]
    assert sorted(taken) == [False, False, False, True]


def test_who_was_away_too_long_does_not_write_over_the_other() -> None:
    want(URL)
    link_id = row().id
    db.session.commit()
    slow = claims.take(link_id, now=NOW)
    fast = claims.take(link_id, now=NOW + claims.LEASE)
    assert slow is not None and fast is not None
    assert not claims.note_outcome(slow, Outcome(status=404), now=NOW + claims.LEASE)
    assert claims.note_outcome(fast, Outcome(status=200), now=NOW + claims.LEASE)
    assert verdict().level is Level.FINE


def test_a_link_that_nobody_wants_any_more_is_not_asked_on_and_on() -> None:
    want(URL)
    tell(URL, Outcome(status=404), now=NOW)
    later = NOW + 8 * 24 * HOUR
    tell(URL, Outcome(status=404), now=later)
    assert row().next_at is None


def test_hosts_that_rest_are_passed_over() -> None:
    want(URL)
    want(OTHER, now=NOW + HOUR)
    now = NOW + HOUR
    assert claims.due(now=now) == row(URL).id
    db.session.commit()
    assert claims.due(now=now, resting=["www.site.example"]) == row(OTHER).id
    db.session.commit()
    assert claims.due(now=now, resting=["www.site.example", "other.example"]) is None


def test_what_nobody_wants_is_forgotten_after_three_months() -> None:
    want(URL)
    want(OTHER, now=NOW + 24 * HOUR)
    links.forget_old(now=NOW + links.KEPT + HOUR)
    assert db.session.scalars(sa.select(LinkCheck.url)).all() == [OTHER]


def test_an_installation_that_asks_for_nothing_says_so(app: Flask) -> None:
    app.config["FETCH_RULES"] = None
    want(URL)
    assert db.session.scalar(sa.select(sa.func.count(LinkCheck.id))) == 0
    assert verdict() == Verdict(Level.UNSEEN, LinkState.NEW, words.OFF)
