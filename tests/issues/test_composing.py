"""Issues are saved whole, as revisions, and never over somebody else's words."""

import threading
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.errors import InvalidInput, NotFound, Refused, StaleVersion
from newsletter.extensions import db
from newsletter.issues import composing, composition, editing, editions, picking
from newsletter.issues.models import Issue, IssueState, Revision
from newsletter.issues.texts import Texts
from newsletter.library import catalogue
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import content_of, make_item, make_list, make_topic

LATER = NOW + timedelta(minutes=3)


def make_issue(mailing_list: MailingList | None = None, *, items: tuple[str, ...] = ()) -> Issue:
    return composing.create_issue(
        mailing_list or make_list(), subject="News of March", items=items, by=None, now=NOW
    )


def save(
    issue: Issue,
    *,
    based_on_version: int = 1,
    items: Sequence[str] = (),
    topics: Sequence[str] = (),
    mailing_list: MailingList | None = None,
    **texts: str,
) -> Issue:
    """Save an issue with these items and texts, and nothing else in it."""
    whole = editing.blank(composing.current(issue).first_language)
    typed = Texts(**{"subject": "News of March", "preheader": "", "introduction": "", **texts})
    whole = editing.with_texts(whole, whole.first_language, typed)
    found = composing.find_items(items)
    composing.save(
        issue,
        editing.with_items(whole, [picking.picked(item) for item in found]),
        based_on_version=based_on_version,
        topics=catalogue.find_topics(topics),
        mailing_list=mailing_list,
        by=None,
        now=LATER,
    )
    return issue


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
    content = content_of(issue)
    assert (issue.state, issue.version, issue.created_at) == (IssueState.DRAFT, 1, NOW)
    assert (content.subject, content.preheader) == ("News of March", "What is new")
    assert content.introduction == "Dear {{ name }},\nread on."
    assert [row.slug for row in content.rows] == ["two", "one"]
    assert composing.current(issue).slugs == ("two", "one")
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
    content = content_of(issue)
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
    assert content_of(issue).language == "fr"


def test_an_older_copy_is_not_saved_and_nothing_of_it_is_kept(app: Flask) -> None:
    issue = make_issue()
    save(issue, subject="Hers")
    db.session.commit()
    with pytest.raises(StaleVersion) as caught:
        save(issue, subject="His", based_on_version=1)
    db.session.rollback()
    assert (caught.value.yours, caught.value.theirs) == (1, 2)
    assert content_of(issue).subject == "Hers"


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
    assert content_of(issue).subject == results[0]
    assert issue.version == 2


def test_a_save_withdraws_the_approval(app: Flask) -> None:
    issue = make_issue()
    issue.state, issue.approved_version = IssueState.APPROVED, 1
    save(issue, subject="Other")
    assert (issue.state, issue.approved_version) == (IssueState.DRAFT, None)
    with pytest.raises(Refused, match="not approved"):
        composing.approved(issue)


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
    assert content_of(issue).subject == "é" * 500


@pytest.mark.parametrize("field", ["items", "topics"])
def test_an_unknown_slug_is_named(app: Flask, field: str) -> None:
    with pytest.raises(InvalidInput, match="“nowhere”") as caught:
        save(make_issue(), **{field: ["nowhere"]})
    assert caught.value.field == field


def test_an_issue_holds_a_hundred_items_at_most(app: Flask) -> None:
    with pytest.raises(InvalidInput, match="at most 100"):
        save(make_issue(), items=[f"item-{n}" for n in range(101)])


def test_an_issue_keeps_its_items_as_they_were_picked(app: Flask) -> None:
    item = make_item("one", title="As it was")
    issue = make_issue(items=("one",))
    item.title = "As it is"
    db.session.flush()
    assert content_of(issue).rows[0].title == "As it was"


def test_what_was_approved_stays_when_the_issue_is_written_on(app: Flask) -> None:
    issue = make_issue()
    issue.approved_version = 1
    db.session.add(Revision(issue_id=issue.id, version=2, content=_saying("Other"), saved_at=NOW))
    issue.version = 2
    db.session.flush()
    assert editions.in_language(composing.approved(issue), "en").subject == "News of March"
    assert content_of(issue).subject == "Other"


def test_saving_what_is_there_already_keeps_version_and_approval(app: Flask) -> None:
    make_item("one")
    issue = make_issue(items=("one",))
    issue.state, issue.approved_version = IssueState.APPROVED, 1
    composing.save(issue, composing.current(issue), based_on_version=1, by=None, now=LATER)
    assert (issue.state, issue.version, issue.approved_version) == (IssueState.APPROVED, 1, 1)
    assert db.session.scalars(sa.select(Revision.version)).all() == [1]


def test_lists_and_searches_know_the_newest_words(app: Flask) -> None:
    make_item("one", title="Guidance of March")
    issue = save(make_issue(), subject="Other", introduction="Hello", items=["one"])
    whole = editing.with_edition(composing.current(issue), "fr")
    whole = editing.with_texts(whole, "fr", Texts("Nouvelles", "", "Bonjour"))
    composing.save(issue, whole, based_on_version=2, by=None, now=LATER)
    listed = [(edition.language, edition.subject) for edition in issue.editions]
    assert listed == [("en", "Other"), ("fr", "Nouvelles")]
    assert "Guidance of March" in issue.editions[0].words
    assert "Bonjour" in issue.editions[1].words


def _saying(subject: str) -> dict[str, Any]:
    whole = editing.with_texts(editing.blank("en"), "en", Texts(subject, "", ""))
    return composition.to_json(whole)


def test_an_issue_is_found_by_its_number(app: Flask) -> None:
    issue = make_issue()
    assert composing.find_issue(issue.id) is issue
    for number in (issue.id + 1, 0, -1, 2**80):
        with pytest.raises(NotFound):
            composing.find_issue(number)
