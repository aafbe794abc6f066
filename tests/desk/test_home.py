"""The desk's first page: what needs somebody, what comes next, what was last."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock, reports
from newsletter.accounts import Editor, RoleName
from newsletter.delivery import planning
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.fetching.rules import Rules
from newsletter.issues import composing, presence, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.library import catalogue
from newsletter.reachability import claims, links
from newsletter.reachability.judging import Outcome
from newsletter.reachability.models import LinkCheck
from newsletter.subscriptions import growth
from newsletter.subscriptions.models import MailingList
from tests.desk.browser import Browser, signed_in
from tests.factories import (
    make_due_issue,
    make_editor,
    make_item,
    make_list,
    make_subscription,
)

MOST_QUERIES = 20


@pytest.fixture
def news(app: Flask) -> MailingList:
    """A list with two readers, while the clock runs."""
    reports.beat(now=clock.now())
    news = make_list()
    for name in ("ada", "ben"):
        make_subscription(news, f"{name}@example.org")
    return news


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def browser(app: Flask, edith: Editor) -> Browser:
    return signed_in(app, edith)


def read(browser: Browser) -> str:
    """The words of the page, without its tags."""
    answer = browser.get("/desk/")
    assert answer.status_code == 200
    main = answer.text.partition("<main")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def approved(news: MailingList, subject: str) -> Issue:
    issue = make_due_issue(news, subject=subject, at=clock.now())
    workflow.stop(issue)
    return issue


def sent(news: MailingList, subject: str = "New guidance") -> Issue:
    issue = make_due_issue(news, subject=subject, at=clock.now())
    planning.plan(issue, now=clock.now())
    db.session.execute(sa.update(Delivery).values(state=DeliveryState.SENT, due_at=None))
    workflow.finish(issue, now=clock.now())
    return issue


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that are sent to the database."""
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def test_a_new_installation_is_led_to_its_first_issue(app: Flask) -> None:
    admin = signed_in(app, make_editor("admin@example.org", role=RoleName.ADMIN))
    page = admin.get("/desk/").text
    assert "Three steps to the first issue" in page
    for path in ("/desk/lists/new", "/desk/library/new"):
        assert f'<a href="{path}">' in page
    assert "Write the first issue" in page
    assert '<a href="/desk/issues/new">Write' not in page
    make_list()
    make_item()
    page = admin.get("/desk/").text
    assert page.count('<li class="done">') == 2
    assert '<a href="/desk/issues/new">Write the first issue</a>' in page
    composing.create_issue(make_list("two"), subject="First", by=None, now=clock.now())
    assert "Three steps" not in admin.get("/desk/").text


def test_an_editor_is_told_who_adds_the_first_list(browser: Browser) -> None:
    page = browser.get("/desk/").text
    assert "An admin adds it." in page
    assert "/desk/lists/new" not in page


def test_a_calm_day_says_so(browser: Browser, news: MailingList) -> None:
    sent(news)
    page = read(browser)
    assert "Nothing waits for you." in page
    assert "No issue is scheduled." in page
    assert "Nobody is writing an issue." in page


def test_each_thing_that_needs_somebody_leads_to_where_it_is_done(
    browser: Browser, news: MailingList, edith: Editor
) -> None:
    review = composing.create_issue(news, subject="Look at this", by=None, now=clock.now())
    workflow.ask_for_review(review, of=edith, now=clock.now())
    ready = approved(news, "Ready")
    stopped = make_due_issue(news, subject="Stopped", at=clock.now())
    planning.plan(stopped, now=clock.now())
    workflow.pause(stopped, "Too many addresses do not exist.", now=clock.now())
    db.session.execute(sa.update(Delivery).values(state=DeliveryState.UNCERTAIN))
    page = browser.get("/desk/").text
    for path, words in (
        (f"/desk/issues/{review.id}/review", "Read it"),
        (f"/desk/issues/{ready.id}/send", "Send or schedule it"),
        (f"/desk/issues/{stopped.id}", "Resume or cancel it"),
        (f"/desk/issues/{stopped.id}#uncertain", "Decide"),
    ):
        assert f'<a class="button small" href="{path}">{words}<' in page
    assert "2 messages of issue" in page
    assert "Too many addresses do not exist." in page


def test_items_that_came_since_the_last_issue_are_counted_until_an_issue_has_them(
    browser: Browser, news: MailingList
) -> None:
    before = make_item("before")
    before.created_at = clock.now() - timedelta(days=1)
    sent(news)
    for slug in ("one", "two", "gone"):
        make_item(slug).created_at = clock.now() + timedelta(hours=1)
    catalogue.withdraw_item(catalogue.find_item("gone"), now=clock.now())
    assert "2 new items are in no issue yet." in read(browser)
    composing.create_issue(news, subject="Next", items=["one", "two"], by=None, now=clock.now())
    assert "in no issue yet" not in read(browser)


def test_a_scheduled_issue_with_a_withdrawn_item_stops_whoever_looks(
    browser: Browser, news: MailingList
) -> None:
    item = make_item(title="Old guidance")
    issue = composing.create_issue(
        news, subject="Hello", items=[item.slug], by=None, now=clock.now()
    )
    workflow.approve(issue, by=None, now=clock.now())
    workflow.send_soon(issue, timedelta(hours=1), now=clock.now())
    assert "withdrawn" not in read(browser)
    catalogue.withdraw_item(item, now=clock.now())
    words = f"Issue {issue.id} is scheduled with what is withdrawn: “Old guidance”."
    assert words in read(browser)


def test_a_scheduled_issue_whose_link_fails_again_and_again_is_named(
    app: Flask, browser: Browser, news: MailingList
) -> None:
    app.config["FETCH_RULES"] = Rules()
    item = make_item(title="Gone from there")
    item.url = "https://www.site.example/gone"
    issue = composing.create_issue(
        news, subject="Hello", items=[item.slug], by=None, now=clock.now()
    )
    workflow.approve(issue, by=None, now=clock.now())
    workflow.send_soon(issue, timedelta(hours=1), now=clock.now())
    now = clock.now()
    links.wanted([item.url], now=now)
    for hours in range(2):
        assert "do not answer" not in read(browser)
        link_id = db.session.scalars(sa.select(LinkCheck.id)).one()
        db.session.commit()
        claim = claims.take(link_id, now=now + timedelta(hours=hours))
        assert claim is not None
        claims.note_outcome(claim, Outcome(status=404), now=now + timedelta(hours=hours))
    words = f"Issue {issue.id} is scheduled with links that do not answer: “Gone from there”."
    assert words in read(browser)


def test_an_author_is_not_asked_to_send(app: Flask, news: MailingList) -> None:
    issue = composing.create_issue(news, subject="Hello", by=None, now=clock.now())
    workflow.ask_for_review(issue, now=clock.now())
    author = signed_in(app, make_editor("ann@example.org", role=RoleName.AUTHOR))
    page = read(author)
    assert "waits for your approval" not in page
    assert "Issue 1: Hello" in page


def test_the_next_issue_is_a_sentence_with_its_readers(browser: Browser, news: MailingList) -> None:
    later, soon = approved(news, "Later"), approved(news, "Sooner")
    now = clock.now()
    workflow.schedule(later, (now + timedelta(days=9)).replace(tzinfo=None), "UTC", now=clock.now())
    workflow.send_soon(soon, timedelta(minutes=10), now=now)
    page = read(browser)
    assert "In about 10 minutes," in page
    assert f": issue {soon.id}, “Sooner”, goes to 2 people on Stay Informed." in page
    assert f"Stop issue {soon.id}" in page
    assert f"Issue {later.id}: Later" in page.partition("goes to 2 people")[2]


def test_the_last_issue_has_its_numbers_and_the_lists_their_growth(
    browser: Browser, news: MailingList
) -> None:
    news.created_at = clock.now() - timedelta(days=400)
    growth.count_days(now=clock.now())
    issue = sent(news, "What was last")
    page = read(browser)
    assert f"Issue {issue.id}: What was last" in page
    assert "sent 2 failed 0 uncertain 0" in page
    assert "subscribers now 2" in page
    drawn = browser.get("/desk/").text
    # Fifty-two weeks and a day, the day before today among them.
    assert drawn.count('<tr><th scope="row">') == 53


def test_who_saved_a_draft_last_is_named(
    browser: Browser, news: MailingList, edith: Editor
) -> None:
    composing.create_issue(news, subject="Hers", by=edith, now=clock.now())
    assert "Stay Informed · saved by Edith, " in read(browser)


def test_who_writes_now_and_who_was_asked_to_approve_is_named(
    browser: Browser, news: MailingList, edith: Editor
) -> None:
    ben = make_editor("ben@example.org", name="Ben")
    open_now = composing.create_issue(news, subject="Open", by=edith, now=clock.now())
    presence.note(open_now, ben, now=clock.now())
    asked = composing.create_issue(news, subject="Asked", by=edith, now=clock.now())
    workflow.ask_for_review(asked, by=edith, of=ben, now=clock.now())
    page = read(browser)
    assert "Ben is writing now" in page
    assert "Waits for Ben" in page
    assert "waits for your approval" not in page


def test_other_lists_stay_out_of_sight_of_who_is_bound(
    app: Flask, news: MailingList, edith: Editor
) -> None:
    theirs = make_list("theirs", name="Theirs")
    make_subscription(theirs, "cleo@example.org")
    composing.create_issue(theirs, subject="Secret draft", by=None, now=clock.now())
    sent(theirs, "Secret issue")
    db.session.execute(sa.update(Delivery).values(state=DeliveryState.UNCERTAIN))
    accounts.bind_to_lists(edith, [news.id])
    page = read(signed_in(app, edith))
    assert "Secret" not in page
    assert "may have been sent or not" not in page


def test_the_page_asks_little_of_the_database(browser: Browser, news: MailingList) -> None:
    for number in range(12):
        sent(news, f"No {number}")
        composing.create_issue(news, subject=f"Draft {number}", by=None, now=clock.now())
        issue = make_due_issue(news, subject=f"On its way {number}", at=clock.now())
        issue.state = IssueState.SENDING
        approved(news, f"Ready {number}")
        make_due_issue(news, subject=f"Scheduled {number}", at=clock.now())
    browser.get("/desk/")
    with counted() as statements:
        browser.get("/desk/")
    assert len(statements) <= MOST_QUERIES, "\n".join(statements)
