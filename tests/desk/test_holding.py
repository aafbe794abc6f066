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
from tests.desk.forms import fields_of
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
    workflow.send_soon(issue, timedelta(minutes=10), zone="Europe/Vienna", now=clock.now())
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


def test_a_warning_of_another_time_is_shown_before_it_acts(browser: Browser, issue: Issue) -> None:
    before = workflow.due_at(issue)
    night = {"at": f"{clock.now().year + 1}-07-01T03:00", "zone": "Europe/Vienna"}
    path = f"/desk/issues/{issue.id}/reschedule"
    for fields, status in ((night, 422), ({**night, "do": "say"}, 200)):
        answer = browser.post(path, fields)
        assert answer.status_code == status
        assert "It goes out at night: at 03:00 (Europe/Vienna)." in answer.text
        assert f"at 03:00 (Europe/Vienna) issue {issue.id} goes to 1 person." in answer.text
        assert "<details open>" in answer.text
        db.session.expire_all()
        assert workflow.due_at(issue) == before
    shown = fields_of(answer.text, "form#when")
    assert browser.post(path, {**shown, "do": "go"}).status_code == 303
    db.session.expire_all()
    assert issue.send_at == datetime.fromisoformat(night["at"])
    entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert "03:00 (Europe/Vienna); " in entry.detail
    assert "stood: " in entry.detail
    assert "night" in entry.detail


def test_a_script_is_told_what_the_checks_say_of_another_time(
    browser: Browser, issue: Issue
) -> None:
    path = f"/desk/issues/{issue.id}/sentence?when=move"
    at = f"at={clock.now().year + 1}-07-01T03:00&zone=Asia/Tokyo"
    said = browser.get(f"{path}&{at}").json
    assert said is not None
    assert "at 03:00 (Asia/Tokyo) issue" in said["sentence"]
    assert "It goes out at night: at 03:00 (Asia/Tokyo)." in said["checks"]
    assert "csrf_token" not in said["checks"]
    said = browser.get(f"{path}&at=x&zone=UTC").json
    assert said is not None
    assert "night" not in said["checks"]
    assert "Write it like" in said["wrong"]
    workflow.stop(issue)
    assert browser.get(f"{path}&{at}").json == {"state": "approved"}


@pytest.mark.parametrize(
    ("utc", "is_night"), [("2027-03-01T18:00+00:00", True), ("2027-03-01T01:00+00:00", False)]
)
def test_a_hold_is_judged_by_the_clock_of_who_presses(
    app: Flask, issue: Issue, monkeypatch: pytest.MonkeyPatch, utc: str, is_night: bool
) -> None:
    editor = make_editor("yuki@example.org", name="Yuki")
    editor.zone = "Asia/Tokyo"
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(utc))
    yuki = signed_in(app, editor)
    workflow.stop(issue)
    page = f"/desk/issues/{issue.id}"
    before = yuki.get(f"{page}/send?when=soon").text
    fields = {"version": str(issue.version), "hold": "10"}
    assert yuki.post(f"{page}/send", fields).status_code == 303
    held = yuki.get(page).text
    for text in (before, held, yuki.get(f"{page}/checks").text):
        assert ("It goes out at night" in text) == is_night
    wall = "2027-03-02T03:10" if is_night else "2027-03-01T10:10"
    assert f'name="at" value="{wall}"' in held
    assert '<option value="Asia/Tokyo" selected>' in held
    assert "Where you are" not in held


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
