"""The clock's work: asking real servers on loopback, politely and in a bounded time."""

import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from newsletter.fetching.guard import IpAddress
from newsletter.fetching.rules import Rules
from newsletter.reachability import asking, domains, links, looking
from newsletter.reachability.judging import Outcome
from newsletter.reachability.links import Level
from newsletter.reachability.models import LinkCheck
from tests.conftest import NOW
from tests.nameserver import Zone
from tests.website import Names, Visit, Website, page


def by_method(head: str, get: str) -> Website:
    """A site that answers HEAD and GET with different statuses."""

    def script(visit: Visit) -> None:
        visit.answer(status=head if visit.line.startswith("HEAD") else get)

    return Website(script)


@pytest.mark.parametrize(
    ("head", "get", "status", "calls"),
    [
        ("200 OK", "404 No", 200, ["HEAD /"]),
        ("404 No", "200 OK", 200, ["HEAD /", "GET /"]),
        ("405 No", "200 OK", 200, ["HEAD /", "GET /"]),
        ("500 No", "403 No", 403, ["HEAD /", "GET /"]),
        ("404 No", "404 No", 404, ["HEAD /", "GET /"]),
    ],
)
def test_only_a_good_answer_to_head_is_believed(
    head: str, get: str, status: int, calls: list[str]
) -> None:
    with by_method(head, get) as site:
        assert asking.ask(site.url(), rules=site.rules()) == Outcome(status=status)
    assert site.asked == calls


def test_a_site_that_does_not_answer_head_is_asked_otherwise() -> None:
    def script(visit: Visit) -> None:
        if visit.line.startswith("GET"):
            visit.answer()

    with Website(script) as site:
        assert asking.ask(site.url(), rules=site.rules()) == Outcome(status=200)


def test_a_name_that_does_not_exist_is_not_asked_twice() -> None:
    with Website(page()) as site:
        found = asking.ask(site.url(host="nobody.example"), rules=site.rules())
    assert found == Outcome(trouble="no-public-host")
    assert site.names.asked == ["nobody.example"]


def test_of_an_endless_page_nothing_is_read() -> None:
    def script(visit: Visit) -> None:
        if visit.line.startswith("GET"):
            visit.say("HTTP/1.1 200 OK\r\n\r\n")
            visit.drip(b"x")

    with Website(script) as site:
        started = time.monotonic()
        assert asking.ask(site.url(), rules=site.rules()) == Outcome(status=200)
    assert time.monotonic() - started < 2


def test_links_that_are_due_are_asked_and_written_down(app: Flask) -> None:
    class Watching(Names):
        def __call__(self, name: str, seconds: float) -> list[IpAddress]:
            # What comes next is the network, for seconds.
            assert not db.session().in_transaction()
            return super().__call__(name, seconds)

    def script(visit: Visit) -> None:
        visit.answer(status="404 No" if visit.path == "/gone" else "200 OK")

    with Website(script) as site:
        site.names = Watching({"one.example": ("127.0.0.1",), "two.example": ("127.0.0.1",)})
        rules = use(app, site)
        urls = [site.url("/gone", host="one.example"), site.url("/", host="two.example")]
        want(*urls)
        assert look(rules) == 2
        found = links.verdicts(urls)
        assert [found[url].level for url in urls] == [Level.NOTE, Level.FINE]
        assert look(rules, later=timedelta(minutes=11)) == 1
        db.session.expire_all()
        found = links.verdicts(urls)
        assert [found[url].level for url in urls] == [Level.WARNING, Level.FINE]
    assert site.asked == ["HEAD /gone", "GET /gone", "HEAD /", "HEAD /gone", "GET /gone"]


def test_one_host_is_asked_once_in_a_while(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "PAUSE", 0.2)
    seen: list[float] = []

    def script(visit: Visit) -> None:
        seen.append(time.monotonic())
        visit.answer()

    with Website(script) as site:
        rules = use(app, site)
        want(*(site.url(f"/{number}") for number in range(3)))
        assert look(rules) == 3
    pauses = [later - earlier for earlier, later in zip(seen, seen[1:], strict=False)]
    assert min(pauses) >= 0.2


def test_a_run_ends_when_its_time_is_used_up(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "BOX", 0.3)
    with Website(page()) as site:
        rules = use(app, site)
        want(*(site.url(f"/{number}") for number in range(50)))
        started = time.monotonic()
        assert look(rules) == 1
    assert time.monotonic() - started < 2
    assert db.session.scalar(sa.select(sa.func.count(LinkCheck.tried_at))) == 1


def test_domains_come_first(app: Flask) -> None:
    with Website(page()) as site:
        rules = use(app, site)
        want(site.url())
        domains.wanted(["news.example.org"], now=NOW)
        assert look(rules) == 2
    asked_at = domains.verdict("news.example.org").asked_at
    tried_at = db.session.scalars(sa.select(LinkCheck.tried_at)).one()
    assert asked_at is not None and tried_at is not None
    assert asked_at <= tried_at


def use(app: Flask, site: Website) -> Rules:
    """Make the site's rules those of the installation."""
    app.config["FETCH_RULES"] = rules = site.rules()
    return rules


def want(*urls: str) -> None:
    links.wanted(urls, now=NOW)
    db.session.commit()


def look(rules: Rules, *, later: timedelta = timedelta(0)) -> int:
    return looking.look(rules=rules, texts=lambda: Zone({}), now=NOW + later)
