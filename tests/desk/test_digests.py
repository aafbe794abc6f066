"""Digests in the desk: the list, each one's page, and all other pages with one in the database."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock, reports
from newsletter.accounts import RoleName
from newsletter.delivery.digests import making
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.issues import archiving, overview
from newsletter.issues.models import Issue, IssueState
from newsletter.reports import stories, tracing
from newsletter.subscriptions.lists import find_list
from newsletter.subscriptions.models import Frequency
from tests.cli.test_commands import told
from tests.delivery.digests.digesting import add, send_issue, subscription_of
from tests.desk.browser import Browser
from tests.factories import make_editor, make_item, make_list, make_subscription


@pytest.fixture
def digest(app: Flask) -> int:
    """A digest on its way for Ada; Ben gets every issue, and Cleo waits for the first."""
    news = make_list()
    make_item("a")
    make_subscription(news, "ada@example.org", frequency=Frequency.WEEKLY)
    make_subscription(news, "ben@example.org")
    make_subscription(news, "cleo@example.org", frequency=Frequency.MONTHLY, at=clock.now())
    send_issue(news, "An issue", "a", at=clock.now())
    subscription_of("ada").digest_due_at = clock.now() - timedelta(minutes=1)
    db.session.commit()
    [number] = making.make(now=clock.now())
    return number


@pytest.fixture
def desk(app: Flask) -> Browser:
    browser = Browser(app)
    browser.sign_in(make_editor(role=RoleName.ADMIN))
    return browser


def test_the_list_says_what_went_out_and_what_comes(desk: Browser, digest: int) -> None:
    page = desk.get("/desk/digests/").text
    assert "Digest 1: Weekly digest of" in page
    assert 'href="/desk/digests/1"' in page
    assert "the next are due, for 1 person" in page
    assert "1 person" in desk.get("/desk/").text


def test_each_has_the_page_of_an_issue(desk: Browser, digest: int) -> None:
    page = desk.get("/desk/digests/1").text
    assert "Digest 1: Weekly digest of" in page
    assert 'href="/desk/issues/1">issue 1</a>' in page
    assert "/desk/issues/-1" not in page
    for end in ("/report", "/progress", "/live", "/providers", "/who/waiting", "/cancel"):
        found = desk.get(f"/desk/digests/1{end}")
        assert found.status_code == 200, end
        assert "/desk/issues/-" not in found.text
        assert "issue -" not in found.text.lower()
    assert desk.get("/desk/digests/2").status_code == 404
    assert desk.get("/desk/issues/-1").status_code == 404
    assert desk.get("/desk/digests/-1").status_code == 404


@pytest.mark.parametrize(("slugs", "status"), [(["news", "other"], 200), (["news"], 404)])
def test_who_is_bound_sees_digests_of_their_own_lists_only(
    app: Flask, digest: int, slugs: list[str], status: int
) -> None:
    other = make_list("other")
    dora = make_subscription(find_list("news"), "dora@example.org", frequency=Frequency.WEEKLY)
    also = add(dora, other, Frequency.WEEKLY)
    send_issue(find_list("news"), "Here", at=clock.now())
    send_issue(other, "There", at=clock.now())
    dora.digest_due_at = also.digest_due_at = clock.now() - timedelta(minutes=1)
    db.session.commit()
    [number] = making.make(now=clock.now())
    editor = make_editor("bound@example.org")
    accounts.bind_to_lists(editor, [find_list(slug).id for slug in slugs])
    browser = Browser(app)
    browser.sign_in(editor)
    for end in ("", "/report", "/progress", "/who/waiting"):
        assert browser.get(f"/desk/digests/{-number}{end}").status_code == status, end
    assert (f'/desk/digests/{-number}"' in browser.get("/desk/digests/").text) == (status == 200)


def test_it_is_paused_resumed_and_cancelled_like_an_issue(desk: Browser, digest: int) -> None:
    for what, state in (
        ("pause", IssueState.PAUSED),
        ("resume", IssueState.SENDING),
        ("cancel", IssueState.CANCELLED),
    ):
        answer = desk.post(f"/desk/digests/1/{what}")
        assert answer.status_code == 303
        assert answer.location == "/desk/digests/1"
        db.session.rollback()
        assert db.session.get_one(Issue, digest).state is state
    log = desk.get("/desk/log/").text
    assert 'href="/desk/digests/1"' in log
    assert "paused digest 1" in "".join(log.split("<a")).replace("\n", " ") or "digest 1" in log


def test_a_paused_digest_needs_somebody(desk: Browser, digest: int) -> None:
    desk.post("/desk/digests/1/pause")
    page = desk.get("/desk/").text
    assert "Digest 1 is paused." in page
    assert 'href="/desk/digests/1"' in page


def test_no_list_of_issues_has_it(desk: Browser, digest: int) -> None:
    db.session.execute(
        sa.update(Issue).values(state=IssueState.SENT, sent_at=clock.now(), begun_at=clock.now())
    )
    db.session.execute(sa.update(Delivery).values(state=DeliveryState.SENT))
    db.session.commit()
    assert [line.number for line in overview.lines()[0]] == [1]
    assert overview.find_by_number(digest) is None
    last = overview.last_sent()
    assert last is not None and last.number == 1
    assert [entry.number for entry in archiving.entries()[0]] == [1]
    places = ("/", "/archive/", "/archive/feed.xml", "/desk/", "/desk/issues/", "/metrics")
    for place in places:
        page = desk.get(place)
        assert "Weekly digest" not in page.text, place


def test_every_page_of_the_desk_opens_with_a_digest_in_the_database(
    app: Flask, desk: Browser, digest: int
) -> None:
    for rule in app.url_map.iter_rules():
        is_plain = "GET" in (rule.methods or ()) and rule.rule.startswith("/desk/")
        if not is_plain or rule.rule.startswith("/desk/account/passkeys/"):
            continue
        place = rule.rule.replace("<int:number>", "1").replace("<digest:number>", "1")
        if "<" in place:
            continue
        assert desk.get(place).status_code < 500, place


def test_a_reader_of_digests_is_told_where_an_issue_is(app: Flask, digest: int) -> None:
    found = reports.trace(1, "ada@example.org")
    assert not found.planned
    assert found.reason.startswith("In the weekly digest of ")
    assert found.reason.endswith(": waiting.")
    assert reports.trace(digest, "ada@example.org").planned
    assert "Comes in the monthly digest that is due on" in (
        reports.trace(1, "cleo@example.org").reason
    )
    issue = db.session.get_one(Issue, 1)
    with_words = stories.story(tracing.find_case(issue, "ada@example.org"))
    assert any("Taken up in the weekly digest of" in step.words for step in with_words)


def test_what_began_in_a_pause_without_a_summary_is_said_to_have(app: Flask, digest: int) -> None:
    cleo = subscription_of("cleo")
    cleo.digest_gaps = [(0, 1)]
    db.session.commit()
    assert reports.trace(1, "cleo@example.org").reason == (
        "Issue 1 began in a pause, of which this reader wants no summary."
    )


def test_who_is_not_in_a_digest_is_told_apart_by_why(app: Flask, digest: int) -> None:
    assert reports.trace(digest, "ben@example.org").reason == (
        "Gets every issue by itself, and no digests."
    )
    assert reports.trace(digest, "cleo@example.org").reason == (
        "It had nothing for this reader, or came at another time."
    )


def test_a_reader_s_digests_are_told_by_the_command_line_and_in_the_desk(
    app: Flask, desk: Browser, digest: int
) -> None:
    facts = json.loads(told(app, "subscribers show ada@example.org --json"))
    assert [(taken["digest"], taken["state"]) for taken in facts["digests"]] == [(1, "waiting")]
    assert facts["subscriptions"][0]["digest_due_at"] is not None
    said = told(app, "subscribers show ada@example.org")
    assert "digest 1  waiting  Weekly digest of" in said
    page = desk.post("/desk/subscribers/", {"address": "ada@example.org"}).text
    assert "once a week, the next digest is due on" in page


def test_the_readers_of_a_digest_come_as_a_file(desk: Browser, digest: int) -> None:
    page = desk.get("/desk/digests/1").text
    assert 'action="/desk/digests/1/recipients.csv"' in page
    answer = desk.post("/desk/digests/1/recipients.csv")
    assert "digest-1-recipients.csv" in answer.headers["Content-Disposition"]
    assert "ada@example.org" in answer.text
    assert "ben@example.org" not in answer.text
