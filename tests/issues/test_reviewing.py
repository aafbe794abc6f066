"""Approval: of one version, by a second person, and none of it survives a later word."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts
from newsletter.accounts import Editor, RoleName
from newsletter.errors import InvalidInput, Refused, StaleVersion, TooOften
from newsletter.extensions import db
from newsletter.issues import approval, composing, editing, reviewing, workflow
from newsletter.issues.models import Issue, IssueState, ReviewStep
from newsletter.mail.models import OutboxMessage
from tests.conftest import NOW
from tests.factories import make_editor, make_list


@pytest.fixture
def writer(app: Flask) -> Editor:
    return make_editor("writer@example.org", name="Wanda", has_joined=True)


@pytest.fixture
def second(app: Flask) -> Editor:
    return make_editor("second@example.org", name="Sam", has_joined=True)


@pytest.fixture
def issue(writer: Editor) -> Issue:
    """An issue by Wanda, of a list that asks for a second person."""
    mailing_list = make_list(name="Careful News")
    mailing_list.needs_approval = True
    return composing.create_issue(mailing_list, subject="Dates", by=writer, now=NOW)


def save(issue: Issue, by: Editor | None, subject: str) -> None:
    whole = composing.current(issue)
    texts = replace(whole.editions[whole.first_language], subject=subject)
    whole = editing.with_texts(whole, whole.first_language, texts)
    composing.save(issue, whole, based_on_version=issue.version, by=by, now=NOW)


def mails() -> list[tuple[str, str]]:
    rows = db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id))
    return [(row.kind, row.recipient) for row in rows]


def test_a_colleague_is_asked_by_mail_and_approves_what_they_read(
    issue: Issue, writer: Editor, second: Editor
) -> None:
    reviewing.ask(issue, by=writer, of=second, note="Mind the dates", now=NOW)
    assert issue.state is IssueState.REVIEW
    assert (issue.review_asked_by_id, issue.review_asked_of_id) == (writer.id, second.id)
    assert mails() == [("approval", "second@example.org")]
    assert reviewing.approve(issue, by=second, version=1, now=NOW)
    assert (issue.state, issue.approved_version) == (IssueState.APPROVED, 1)
    assert issue.approved_by_id == second.id
    assert mails()[1:] == [("approved", "writer@example.org")]
    approved, asked = reviewing.steps(issue)
    assert (asked.step, asked.by, asked.asked, asked.note) == (
        ReviewStep.ASKED,
        "Wanda",
        "Sam",
        "Mind the dates",
    )
    assert (approved.step, approved.by, approved.version) == (ReviewStep.APPROVED, "Sam", 1)


def test_anybody_who_may_is_everybody_but_who_wrote_and_who_asks(
    issue: Issue, writer: Editor, second: Editor
) -> None:
    make_editor("author@example.org", role=RoleName.AUTHOR, has_joined=True)
    accounts.deactivate(make_editor("gone@example.org", has_joined=True))
    make_editor("invited@example.org")
    bound = make_editor("bound@example.org", has_joined=True)
    accounts.bind_to_lists(bound, [make_list("other").id])
    able = make_editor("able@example.org", has_joined=True)
    accounts.bind_to_lists(able, [issue.mailing_list_id])
    make_editor("chief@example.org", role=RoleName.ADMIN, has_joined=True)
    reviewing.ask(issue, by=writer, now=NOW)
    assert {recipient for _, recipient in mails()} == {
        "second@example.org",
        "able@example.org",
        "chief@example.org",
    }
    assert issue.review_asked_of_id is None


def test_nobody_is_asked_who_may_not_approve(issue: Issue, writer: Editor, second: Editor) -> None:
    author = make_editor("author@example.org", role=RoleName.AUTHOR, name="Ari", has_joined=True)
    for one in (author, writer):
        with pytest.raises(InvalidInput, match=f"{one.name} may not approve") as caught:
            reviewing.ask(issue, by=writer, of=one, now=NOW)
        assert caught.value.field == "of"
    accounts.deactivate(second)
    with pytest.raises(InvalidInput, match="Nobody else may send issues of Careful News"):
        reviewing.ask(issue, by=writer, now=NOW)
    assert (issue.state, mails()) == (IssueState.DRAFT, [])


def test_asking_has_a_limit_because_others_get_mail(
    issue: Issue, writer: Editor, second: Editor
) -> None:
    for _ in range(reviewing.ASKS_AN_HOUR):
        reviewing.ask(issue, by=writer, now=NOW)
    with pytest.raises(TooOften, match="wait for the next hour"):
        reviewing.ask(issue, by=writer, now=NOW)


def test_who_saved_it_last_cannot_approve_it_whatever_their_role(
    issue: Issue, writer: Editor, second: Editor
) -> None:
    with pytest.raises(Refused, match="You saved version 1 of issue 1, so somebody else"):
        reviewing.approve(issue, by=writer, version=1, now=NOW)
    save(issue, second, "Other dates")
    assert reviewing.approve(issue, by=writer, version=2, now=NOW)


@pytest.mark.parametrize("how", ["author", "deactivated", "of another list"])
def test_who_may_not_send_may_not_approve(issue: Issue, how: str) -> None:
    role = RoleName.AUTHOR if how == "author" else RoleName.EDITOR
    person = make_editor("person@example.org", role=role, has_joined=True)
    if how == "deactivated":
        accounts.deactivate(person)
    elif how == "of another list":
        accounts.bind_to_lists(person, [make_list("other").id])
    with pytest.raises(Refused, match="Only somebody who may send issue 1"):
        reviewing.approve(issue, by=person, version=1, now=NOW)
    with pytest.raises(Refused, match="need a second person"):
        workflow.approve(issue, by=person, now=NOW)
    assert issue.state is IssueState.DRAFT


def test_a_later_word_withdraws_the_approval_and_an_old_page_approves_nothing(
    issue: Issue, writer: Editor, second: Editor
) -> None:
    reviewing.approve(issue, by=second, version=1, now=NOW)
    save(issue, writer, "Later")
    assert (issue.state, issue.approved_by_id) == (IssueState.DRAFT, None)
    with pytest.raises(StaleVersion):
        reviewing.approve(issue, by=second, version=1, now=NOW)
    assert issue.state is IssueState.DRAFT


def test_approving_twice_is_one_approval_and_one_mail(
    issue: Issue, writer: Editor, second: Editor
) -> None:
    reviewing.ask(issue, by=writer, of=second, now=NOW)
    assert reviewing.approve(issue, by=second, version=1, now=NOW)
    assert not reviewing.approve(issue, by=second, version=1, now=NOW + timedelta(minutes=1))
    assert issue.approved_at == NOW
    assert len(mails()) == 2


def test_it_goes_back_with_a_note_that_is_mailed_and_kept(
    issue: Issue, writer: Editor, second: Editor
) -> None:
    reviewing.ask(issue, by=writer, of=second, now=NOW)
    with pytest.raises(InvalidInput, match="Write what has to change"):
        reviewing.send_back(issue, by=second, note="  ", now=NOW)
    reviewing.send_back(issue, by=second, note="It is the 5th.", now=NOW)
    assert issue.state is IssueState.DRAFT
    assert mails()[1:] == [("sent-back", "writer@example.org")]
    assert reviewing.steps(issue)[0].note == "It is the 5th."
    with pytest.raises(Refused, match="is a draft"):
        reviewing.send_back(issue, by=second, note="Again", now=NOW)


def test_without_a_second_person_it_is_neither_scheduled_nor_sent(
    issue: Issue, writer: Editor, second: Editor
) -> None:
    for by in (None, writer):
        with pytest.raises(Refused) as caught:
            workflow.approve(issue, by=by, now=NOW)
        assert str(caught.value) == (
            "Issues of Careful News need a second person. Somebody else than Wanda has to "
            "approve version 1 of issue 1 in the desk before it can be sent."
        )
    issue.mailing_list.needs_approval = False
    workflow.approve(issue, by=writer, now=NOW)
    # It was approved when nobody asked for a second person; now somebody does.
    issue.mailing_list.needs_approval = True
    with pytest.raises(Refused, match="need a second person"):
        workflow.send_soon(issue, timedelta(0), now=NOW)
    with pytest.raises(Refused, match="need a second person"):
        workflow.schedule(issue, NOW.replace(tzinfo=None, day=2), "UTC", now=NOW)
    reviewing.ask(issue, by=writer, now=NOW)
    reviewing.approve(issue, by=second, version=1, now=NOW)
    workflow.send_soon(issue, timedelta(0), by=writer, now=NOW)
    assert issue.state is IssueState.SCHEDULED


def test_who_sends_does_not_take_the_place_of_who_approved(
    issue: Issue, writer: Editor, second: Editor
) -> None:
    reviewing.approve(issue, by=second, version=1, now=NOW)
    workflow.approve(issue, by=writer, now=NOW + timedelta(hours=1), seen_version=1)
    assert (issue.approved_by_id, issue.approved_at) == (second.id, NOW)
    assert approval.is_by_second_person(issue)


def test_what_a_command_wrote_any_editor_may_approve(issue: Issue, writer: Editor) -> None:
    save(issue, None, "By a program")
    assert approval.missing(issue).startswith("Issues of Careful News need a second person. An ed")
    reviewing.approve(issue, by=writer, version=2, now=NOW)
    assert issue.state is IssueState.APPROVED


def test_of_an_approval_and_a_save_at_once_one_wins(
    app: Flask, issue: Issue, writer: Editor, second: Editor
) -> None:
    number, wanda, sam = issue.id, writer.id, second.id
    db.session.commit()
    won: list[str] = []
    start = threading.Barrier(2)

    def live(what: str) -> None:
        with app.app_context():
            found = db.session.get_one(Issue, number)
            whole = composing.current(found)
            by = db.session.get_one(Editor, wanda if what == "saved" else sam)
            found.mailing_list, by.roles  # noqa: B018  # loaded before the others begin
            db.session.rollback()
            start.wait()
            try:
                if what == "saved":
                    texts = replace(whole.editions["en"], subject="Faster")
                    composing.save(
                        found,
                        editing.with_texts(whole, "en", texts),
                        based_on_version=1,
                        by=by,
                        now=NOW,
                    )
                else:
                    reviewing.approve(found, by=by, version=1, now=NOW)
                db.session.commit()
                won.append(what)
            except (Refused, StaleVersion):
                db.session.rollback()

    threads = [threading.Thread(target=live, args=(what,)) for what in ("saved", "approved")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.expire_all()
    # A save always wins in the end: before the approval it is refused, after it, it is withdrawn.
    assert won[-1] == "saved"
    assert (issue.state, issue.version) == (IssueState.DRAFT, 2)
    assert issue.approved_version is None
