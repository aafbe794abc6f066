"""Issues are saved whole, as revisions, and never over somebody else's words."""

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.errors import InvalidInput, NotFound, Refused, StaleVersion
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.models import Issue, IssueState, Revision
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import make_item, make_list, make_topic

LATER = NOW + timedelta(minutes=3)


def make_issue(mailing_list: MailingList | None = None, *, items: tuple[str, ...] = ()) -> Issue:
    return composing.create_issue(
        mailing_list or make_list(), subject="News of March", items=items, by=None, now=NOW
    )


def save(issue: Issue, *, based_on_version: int = 1, **changes: object) -> Issue:
    whole = {
        "subject": "News of March",
        "preheader": "",
        "introduction": "",
        "items": [],
        "topics": [],
        "by": None,
        "now": LATER,
    }
    return composing.save_issue(
        issue,
        based_on_version=based_on_version,
        **{**whole, **changes},  # type: ignore[arg-type]
    )


def test_a_new_issue_is_a_draft_with_one_edition_and_one_revision(app: Flask) -> None:
    make_topic("mms")
    make_item("one")
    make_item("two", published_on=date(2026, 2, 3))
    issue = composing.create_issue(
        make_list(),
        subject="  News of March ",
        preheader="What is new",
        introduction="Dear {{ name }},\r\nread on.\r\n",
        items=["two", "one", "two"],
        topics=["mms"],
        by=None,
        now=NOW,
    )
    db.session.commit()
    content = composing.content_of(issue)
    assert (issue.state, issue.version, issue.created_at) == (IssueState.DRAFT, 1, NOW)
    assert (content.subject, content.preheader) == ("News of March", "What is new")
    assert content.introduction == "Dear {{ name }},\nread on."
    assert [row.slug for row in content.rows] == ["two", "one"]
    assert content.rows[0].published_on == date(2026, 2, 3)
    assert content.language == "en"
    assert [topic.slug for topic in issue.topics] == ["mms"]
    assert db.session.scalars(sa.select(Revision.version)).all() == [1]


def test_saving_replaces_everything_and_adds_a_revision(app: Flask) -> None:
    for slug in ("one", "two", "three"):
        make_item(slug)
    make_topic("mms")
    issue = make_issue(items=("one", "two"))
    db.session.commit()
    save(issue, subject="Other", items=["three", "one"], topics=["mms"], introduction="Hello")
    db.session.commit()
    content = composing.content_of(issue)
    assert [row.slug for row in content.rows] == ["three", "one"]
    assert (content.subject, content.introduction) == ("Other", "Hello")
    assert [topic.slug for topic in issue.topics] == ["mms"]
    assert (issue.version, issue.updated_at) == (2, LATER)
    assert db.session.scalars(sa.select(Revision.version)).all() == [1, 2]


def test_moving_an_issue_to_another_list_takes_that_lists_language(app: Flask) -> None:
    issue = make_issue()
    french = make_list("actualites")
    french.default_language = "fr"
    save(issue, mailing_list=french)
    assert issue.mailing_list is french
    assert composing.content_of(issue).language == "fr"


def test_an_older_copy_is_not_saved_and_nothing_of_it_is_kept(app: Flask) -> None:
    issue = make_issue()
    save(issue, subject="Hers")
    db.session.commit()
    with pytest.raises(StaleVersion) as caught:
        save(issue, subject="His", based_on_version=1)
    db.session.rollback()
    assert (caught.value.yours, caught.value.theirs) == (1, 2)
    assert composing.content_of(issue).subject == "Hers"


def test_of_many_who_save_at_once_one_wins(app: Flask) -> None:
    number = make_issue().id
    db.session.commit()
    results: list[str] = []
    start = threading.Barrier(6)

    def write(name: str) -> None:
        with app.app_context():
            issue = db.session.get_one(Issue, number)
            db.session.rollback()
            start.wait()
            try:
                save(issue, subject=name)
                db.session.commit()
                results.append(name)
            except StaleVersion:
                db.session.rollback()

    threads = [threading.Thread(target=write, args=(f"writer {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    issue = db.session.get_one(Issue, number)
    assert len(results) == 1
    assert composing.content_of(issue).subject == results[0]
    assert issue.version == 2


def test_a_save_withdraws_the_approval(app: Flask) -> None:
    issue = make_issue()
    issue.state, issue.approved_version = IssueState.APPROVED, 1
    save(issue)
    assert (issue.state, issue.approved_version) == (IssueState.DRAFT, None)
    with pytest.raises(Refused, match="not approved"):
        composing.approved_content(issue)


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        (IssueState.SCHEDULED, "Stop it first"),
        (IssueState.SENDING, "new issue"),
        (IssueState.PAUSED, "new issue"),
        (IssueState.SENT, "new issue"),
        (IssueState.CANCELLED, "new issue"),
    ],
)
def test_an_issue_on_its_way_is_not_changed(app: Flask, state: IssueState, advice: str) -> None:
    issue = make_issue()
    issue.send_at, issue.zone = NOW.replace(tzinfo=None), "UTC"
    issue.state = state
    with pytest.raises(Refused, match=advice):
        save(issue, subject="Other")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("subject", "x" * 501),
        ("preheader", "x" * 501),
        ("introduction", "x" * 100_001),
        ("subject", "a\nBcc: b@example.org"),
        ("subject", "a\r\n\tb"),
        ("subject", "a\x00b"),
        ("subject", "a\x0bb"),
        ("subject", "a\x85b"),
        ("subject", "a\u2028b"),
        ("subject", "a\ud800b"),
        ("preheader", "a\rb"),
        ("introduction", "a\x00b"),
        ("introduction", "a\ud800b"),
    ],
)
def test_texts_that_no_mail_can_carry_are_refused_at_their_field(
    app: Flask, field: str, text: str
) -> None:
    issue = make_issue()
    with pytest.raises(InvalidInput) as caught:
        save(issue, **{field: text})
    assert caught.value.field == field
    assert issue.version == 1


def test_the_longest_texts_are_kept_whole(app: Flask) -> None:
    issue = save(make_issue(), subject="é" * 500, introduction="x" * 100_000)
    assert composing.content_of(issue).subject == "é" * 500


@pytest.mark.parametrize("field", ["items", "topics"])
def test_an_unknown_slug_is_named(app: Flask, field: str) -> None:
    with pytest.raises(InvalidInput, match="“nowhere”") as caught:
        save(make_issue(), **{field: ["nowhere"]})
    assert caught.value.field == field


def test_an_issue_holds_a_hundred_items_at_most(app: Flask) -> None:
    with pytest.raises(InvalidInput, match="at most 100"):
        save(make_issue(), items=[f"item-{n}" for n in range(101)])


def test_what_was_approved_stays_when_the_library_changes(app: Flask) -> None:
    item = make_item("one", title="As it was")
    issue = make_issue(items=("one",))
    issue.approved_version = composing.keep_current(issue, by=None, now=NOW)
    item.title = "As it is"
    db.session.flush()
    assert composing.approved_content(issue).rows[0].title == "As it was"
    assert composing.content_of(issue).rows[0].title == "As it is"


def test_a_change_in_the_library_becomes_a_revision_before_approval(app: Flask) -> None:
    item = make_item("one", title="As it was")
    issue = make_issue(items=("one",))
    assert composing.keep_current(issue, by=None, now=LATER) == 1
    item.title = "As it is"
    db.session.flush()
    assert composing.keep_current(issue, by=None, now=LATER) == 2
    assert db.session.scalars(sa.select(Revision.version)).all() == [1, 2]


def test_the_basket_is_newest_first_and_says_what_was_sent(app: Flask) -> None:
    mailing_list = make_list()
    make_item("old", published_on=date(2024, 1, 1))
    make_item("new", published_on=date(2027, 1, 1))
    make_item("gone").withdrawn_at = NOW
    sent = make_issue(mailing_list, items=("old",))
    elsewhere = make_issue(make_list("other"), items=("new",))
    draft = make_issue(mailing_list, items=("new", "old", "gone"))
    sent.begun_at = elsewhere.begun_at = NOW
    db.session.flush()
    choices = composing.basket(mailing_list)
    assert [(choice.item.slug, choice.sent_in) for choice in choices] == [
        ("new", ()),
        ("old", (sent.id,)),
    ]
    assert [choice.item.slug for choice in composing.basket(mailing_list, issue=draft)] == [
        "new",
        "gone",
        "old",
    ]


def test_an_issue_is_found_by_its_number(app: Flask) -> None:
    issue = make_issue()
    assert composing.find_issue(issue.id) is issue
    for number in (issue.id + 1, 0, -1, 2**80):
        with pytest.raises(NotFound):
            composing.find_issue(number)
