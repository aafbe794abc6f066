"""A scheduled issue: its sentence, the time that is left, Stop, and another time."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from tests.desk.browser import Browser, signed_in
from tests.factories import make_due_issue, make_editor, make_list, make_subscription


@pytest.fixture
def browser(app: Flask) -> Browser:
    editor = make_editor()
    editor.zone = "Europe/Vienna"
    return signed_in(app, editor)


@pytest.fixture
def issue(app: Flask) -> Issue:
    """An issue that is held for ten minutes."""
    news = make_list()
    make_subscription(news)
    issue = make_due_issue(news, at=clock.now())
    workflow.stop(issue)
    workflow.send_soon(issue, timedelta(minutes=10), now=clock.now())
    return issue


def next_year(month: int = 7) -> str:
    return f"{clock.now().year + 1}-{month:02}-01T09:00"


def test_a_held_issue_says_when_where_the_editor_is_and_counts_down(
    browser: Browser, issue: Issue
) -> None:
    page = browser.get(f"/desk/issues/{issue.id}").text
    due = workflow.due_at(issue).astimezone(clock.zone("Europe/Vienna"))
    assert f"at {due:%H:%M} (Europe/Vienna) issue {issue.id} goes to 1 person." in page
    assert f'data-until="{workflow.due_at(issue).isoformat()}"' in page
    assert ">About 10 minutes</p>" in page
    assert f"Stop issue {issue.id}</button>" in page
    # Without scripts a frame shows the time that is left.
    assert f'src="/desk/issues/{issue.id}/progress"' in page
    frame = browser.get(f"/desk/issues/{issue.id}/progress").text
    assert 'http-equiv="refresh"' in frame
    assert "About 10 minutes" in frame


def test_it_is_given_another_time_and_never_has_none(browser: Browser, issue: Issue) -> None:
    at = {"at": next_year(), "zone": "America/Lima"}
    assert browser.post(f"/desk/issues/{issue.id}/reschedule", at).status_code == 303
    db.session.expire_all()
    assert issue.state is IssueState.SCHEDULED
    assert issue.send_at == datetime.fromisoformat(next_year())
    page = " ".join(browser.get(f"/desk/issues/{issue.id}").text.split())
    assert "at 09:00 (America/Lima)" in page
    assert "Where you are, that is" in page
    assert "set by Edith" in page
    entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert entry.deed == "issue.rescheduled"
    assert "09:00 (America/Lima)" in entry.detail


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"at": "", "zone": "UTC"}, "at"),
        ({"at": "2001-01-01T09:00", "zone": "UTC"}, "at"),
        ({"at": "2027-07-01T09:00", "zone": "Mars/Olympus"}, "zone"),
    ],
)
def test_a_time_that_cannot_be_changes_nothing(
    browser: Browser, issue: Issue, fields: dict[str, str], field: str
) -> None:
    before = workflow.due_at(issue)
    answer = browser.post(f"/desk/issues/{issue.id}/reschedule", fields)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "<details open>" in answer.text
    db.session.expire_all()
    assert workflow.due_at(issue) == before


def test_what_is_being_sent_has_no_other_time(browser: Browser, issue: Issue) -> None:
    workflow.begin_sending(issue, now=clock.now())
    at = {"at": next_year(), "zone": "UTC"}
    answer = browser.post(f"/desk/issues/{issue.id}/reschedule", at)
    assert answer.status_code == 409
    assert f"Issue {issue.id} is being sent. Pause or cancel it." in answer.text


def test_an_author_sees_it_and_has_no_buttons(app: Flask, issue: Issue) -> None:
    author = signed_in(app, make_editor("author@example.org", role="author"))  # type: ignore[arg-type]
    page = author.get(f"/desk/issues/{issue.id}").text
    assert "goes to 1 person" in page
    assert "Stop issue" not in page
    assert "Show who" not in page
