"""Approval in the desk: whom to ask, what is looked at, and pages that are too old."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.accounts import Editor, RoleName
from newsletter.audit import Deed
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from newsletter.issues import composing, editing, reviewing, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.texts import Texts
from newsletter.mail.models import OutboxMessage
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_item, make_list, make_subscription, rewrite


@pytest.fixture
def writer(app: Flask) -> Editor:
    return make_editor("writer@example.org", name="Wanda")


@pytest.fixture
def issue(writer: Editor) -> Issue:
    make_item()
    mailing_list = make_list(name="Careful News")
    mailing_list.needs_approval = True
    make_subscription(mailing_list)
    return composing.create_issue(
        mailing_list, subject="Hello", items=["guidance-on-mms"], by=writer, now=NOW
    )


@pytest.fixture
def second(app: Flask, issue: Issue) -> Browser:
    return signed_in(app, make_editor("second@example.org", name="Sam"))


def state_of(issue: Issue) -> IssueState:
    db.session.expire_all()
    return issue.state


def words(page: str) -> str:
    return " ".join(page.split())


def deeds() -> list[tuple[str, str]]:
    entries = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
    return [(entry.deed, entry.detail) for entry in entries if entry.kind == "issue"]


def test_a_colleague_is_asked_looks_and_approves(
    app: Flask, writer: Editor, issue: Issue, second: Browser
) -> None:
    desk = signed_in(app, writer)
    page = f"/desk/issues/{issue.id}/review"
    assert "Ask for approval" in desk.get(f"/desk/issues/{issue.id}").text
    assert ">Sam</option>" in desk.get(page).text
    sam = accounts_id("second@example.org")
    asked = desk.post(page, {"of": sam, "note": "Mind the dates"})
    assert asked.status_code == 303
    assert "Sam got an e-mail" in desk.get(asked.headers["Location"]).text
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    assert mail.facts["desk_url"] == f"https://news.example.org{page}"
    seen = second.get(page)
    assert "Approve version 1 of issue 1" in seen.text
    assert "Mind the dates" in seen.text
    assert "frame-src 'self'" in seen.headers["Content-Security-Policy"]
    approved = second.post(f"/desk/issues/{issue.id}/approve", {"version": "1"})
    assert approved.headers["Location"] == page
    assert "Sam approved it" in words(second.get(page).text)
    assert state_of(issue) is IssueState.APPROVED
    assert deeds() == [
        (Deed.ISSUE_HANDED_OVER, "version 1, by Sam (editor 2)"),
        (Deed.ISSUE_APPROVED, "version 1"),
    ]
    sent = desk.post(f"/desk/issues/{issue.id}/send", {"version": "1", "hold": "10"})
    assert sent.status_code == 303
    assert state_of(issue) is IssueState.SCHEDULED


def accounts_id(address: str) -> str:
    return str(db.session.scalars(sa.select(Editor.id).where(Editor.email == address)).one())


def test_who_wrote_it_sees_no_button_and_is_refused(
    app: Flask, writer: Editor, issue: Issue, second: Browser
) -> None:
    desk = signed_in(app, writer)
    desk.post(f"/desk/issues/{issue.id}/review", {"of": ""})
    page = desk.get(f"/desk/issues/{issue.id}/review").text
    assert "You saved version 1 of issue 1, so somebody else has to approve it." in page
    assert "Approve version" not in page
    answer = desk.post(f"/desk/issues/{issue.id}/approve", {"version": "1"})
    assert answer.status_code == 409
    assert state_of(issue) is IssueState.REVIEW


@pytest.mark.parametrize("way", ["send", "schedule"])
def test_without_approval_it_is_not_sent_and_the_page_says_what_to_do(
    app: Flask, writer: Editor, issue: Issue, second: Browser, way: str
) -> None:
    desk = signed_in(app, writer)
    fields = {"version": "1", "hold": "0", "at": "2090-01-01T09:00", "zone": "UTC"}
    answer = desk.post(f"/desk/issues/{issue.id}/{way}", fields)
    assert answer.status_code == 409
    assert "Issues of Careful News need a second person." in answer.text
    assert state_of(issue) is IssueState.DRAFT


def test_a_page_that_is_too_old_approves_nothing_and_shows_the_new_version(
    issue: Issue, second: Browser
) -> None:
    rewrite(issue, subject="Changed meanwhile")
    answer = second.post(f"/desk/issues/{issue.id}/approve", {"version": "1"})
    assert answer.status_code == 409
    assert "You read version 1 of issue 1, and it is version 2 by now." in answer.text
    assert '<ins><span class="unseen">New: </span>' in answer.text
    assert state_of(issue) is IssueState.DRAFT


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40, "٣"])
def test_a_version_that_is_none_approves_nothing(
    issue: Issue, second: Browser, version: str
) -> None:
    answer = second.post(f"/desk/issues/{issue.id}/approve", {"version": version})
    assert answer.status_code == 409
    assert "lost its version" in answer.text
    assert state_of(issue) is IssueState.DRAFT


def test_it_is_sent_back_with_a_note_and_nothing_of_the_note_is_markup(
    app: Flask, writer: Editor, issue: Issue, second: Browser
) -> None:
    desk = signed_in(app, writer)
    desk.post(f"/desk/issues/{issue.id}/review", {"of": ""})
    empty = second.post(f"/desk/issues/{issue.id}/send-back", {"note": " "})
    assert empty.status_code == 422
    assert 'id="note-error"' in empty.text
    note = "<script>alert(1)</script> {{ 7*7 }}"
    assert second.post(f"/desk/issues/{issue.id}/send-back", {"note": note}).status_code == 303
    assert state_of(issue) is IssueState.DRAFT
    page = desk.get(f"/desk/issues/{issue.id}/review").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}" in page
    assert "<script>alert" not in page
    assert deeds()[-1] == (Deed.ISSUE_SENT_BACK, "version 1")


@pytest.mark.parametrize("of", ["999", "x", "1"])
def test_only_a_colleague_who_may_can_be_asked(
    app: Flask, writer: Editor, issue: Issue, second: Browser, of: str
) -> None:
    answer = signed_in(app, writer).post(f"/desk/issues/{issue.id}/review", {"of": of})
    assert answer.status_code == 422
    assert 'id="of-error"' in answer.text
    assert state_of(issue) is IssueState.DRAFT


def test_an_author_hands_a_draft_over_and_cannot_approve(
    app: Flask, issue: Issue, second: Browser
) -> None:
    author = signed_in(app, make_editor("author@example.org", role=RoleName.AUTHOR))
    assert "Ask for approval" in author.get(f"/desk/issues/{issue.id}").text
    assert author.post(f"/desk/issues/{issue.id}/review").status_code == 303
    assert state_of(issue) is IssueState.REVIEW
    assert author.post(f"/desk/issues/{issue.id}/approve", {"version": "1"}).status_code == 403
    assert "Approve version" not in author.get(f"/desk/issues/{issue.id}/review").text


def test_beyond_writing_the_page_leads_to_the_issue(issue: Issue, second: Browser) -> None:
    issue.state = IssueState.SENT
    answer = second.get(f"/desk/issues/{issue.id}/review")
    assert answer.headers["Location"] == f"/desk/issues/{issue.id}"


def test_a_list_says_whether_it_wants_a_second_person(app: Flask, issue: Issue) -> None:
    admin = signed_in(app, make_editor("admin@example.org", role=RoleName.ADMIN))
    page = admin.get("/desk/lists/news").text
    assert 'name="needs_approval" value="yes" checked' in page
    fields = {"name": "News", "default_language": "en", "zone": "UTC", "is_public": "yes"}
    assert admin.post("/desk/lists/news", fields).status_code == 303
    db.session.expire_all()
    assert not issue.mailing_list.needs_approval


def test_a_colleague_sees_what_changed_since_the_version_they_were_asked_about(
    writer: Editor, issue: Issue, second: Browser
) -> None:
    autosave(issue, "Second try", by=writer, seconds=30)
    autosave(issue, "Third try", by=writer, seconds=60)
    reviewing.ask(issue, by=writer, now=NOW)
    autosave(issue, "Fourth try", by=writer, seconds=80)
    answer = second.post(f"/desk/issues/{issue.id}/approve", {"version": "3"})
    assert answer.status_code == 409
    assert "What changed since version 3" in answer.text
    assert ">Third </del>" in answer.text
    assert ">Fourth </ins>" in answer.text


def test_it_is_said_where_what_changed_cannot_be_shown(
    writer: Editor, issue: Issue, second: Browser
) -> None:
    for step in (1, 2, 3):
        autosave(issue, f"Try {step}", by=writer, seconds=step)
    workflow.ask_for_review(issue, by=writer, now=NOW)
    # Nobody was asked about the second one, which was saved by itself: who read it has only luck.
    answer = second.post(f"/desk/issues/{issue.id}/approve", {"version": "2"})
    assert answer.status_code == 409
    assert "Version 2 was read before and is not kept" in answer.text
    assert "read all of version 4" in answer.text


def autosave(issue: Issue, subject: str, *, by: Editor, seconds: int) -> None:
    whole = editing.with_texts(composing.current(issue), "en", Texts(subject, "", ""))
    composing.save(
        issue,
        whole,
        based_on_version=issue.version,
        is_automatic=True,
        by=by,
        now=NOW + timedelta(seconds=seconds),
    )
