"""Sending from the desk: the sentence, the hold, Stop, pause, resume, cancel."""

from datetime import timedelta

import pytest
from flask import Flask

from newsletter import clock
from newsletter.delivery import planning
from newsletter.extensions import db
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import SubscriptionState
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_item, make_list, make_subscription, rewrite


@pytest.fixture
def browser(app: Flask) -> Browser:
    return signed_in(app, make_editor())


@pytest.fixture
def issue(app: Flask) -> Issue:
    make_item()
    mailing_list = make_list()
    for reader in ("ada", "bela", "chen"):
        make_subscription(mailing_list, f"{reader}@example.org")
    make_subscription(mailing_list, "dina@example.org", state=SubscriptionState.PAUSED)
    return composing.create_issue(
        mailing_list, subject="Hello", items=["guidance-on-mms"], by=None, now=NOW
    )


def state_of(issue: Issue) -> IssueState:
    db.session.expire_all()
    return issue.state


def start(issue: Issue) -> None:
    """Bring the issue to where the clock has just planned it."""
    now = clock.now()
    workflow.approve(issue, by=None, now=now)
    workflow.send_soon(issue, timedelta(0), now=now)
    planning.plan(issue, now=now)


def test_one_sentence_says_whom_it_goes_to_and_who_is_left_out(
    browser: Browser, issue: Issue
) -> None:
    page = " ".join(browser.get(f"/desk/issues/{issue.id}/send").text.split())
    assert "goes to 3 people on Stay Informed" in page
    assert "1 person because they paused" in page


def test_scheduling_is_for_a_wall_time_in_a_zone(browser: Browser, issue: Issue) -> None:
    answer = browser.post(
        f"/desk/issues/{issue.id}/schedule",
        {"version": "1", "at": f"{clock.now().year + 1}-07-01T09:00", "zone": "Europe/Vienna"},
    )
    assert answer.status_code == 303
    assert state_of(issue) is IssueState.SCHEDULED
    page = browser.get(f"/desk/issues/{issue.id}").text
    assert "09:00 (Europe/Vienna)" in page
    assert f"Stop issue {issue.id}" in page
    assert f"Stop issue {issue.id}" in browser.get("/desk/").text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"at": "", "zone": "UTC"}, "at"),
        ({"at": "tomorrow", "zone": "UTC"}, "at"),
        ({"at": "2001-01-01T09:00", "zone": "UTC"}, "at"),
        ({"at": "9999-12-31T23:59", "zone": "UTC"}, "at"),
        ({"at": "0001-01-01T00:00", "zone": "Europe/Vienna"}, "at"),
        ({"at": "2027-07-01T09:00+02:00", "zone": "UTC"}, "at"),
        ({"at": "2027-07-01T09:00", "zone": "Mars/Olympus"}, "zone"),
        ({"at": "2027-07-01T09:00", "zone": "../../etc/passwd"}, "zone"),
    ],
)
def test_a_time_that_cannot_be_is_refused_at_its_field(
    browser: Browser, issue: Issue, fields: dict[str, str], field: str
) -> None:
    answer = browser.post(f"/desk/issues/{issue.id}/schedule", {"version": "1", **fields})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert state_of(issue) is IssueState.DRAFT


@pytest.mark.parametrize("hold", ["", "-1", "61", "ten", "99999", "1.5"])
def test_a_hold_is_a_number_of_minutes_up_to_sixty(
    browser: Browser, issue: Issue, hold: str
) -> None:
    answer = browser.post(f"/desk/issues/{issue.id}/send", {"version": "1", "hold": hold})
    assert answer.status_code == 422
    assert 'id="hold-error"' in answer.text
    assert state_of(issue) is IssueState.DRAFT


def test_a_held_issue_can_be_stopped_and_is_as_it_was(browser: Browser, issue: Issue) -> None:
    answer = browser.post(f"/desk/issues/{issue.id}/send", {"version": "1", "hold": "10"})
    assert answer.status_code == 303
    assert state_of(issue) is IssueState.SCHEDULED
    wait = workflow.due_at(issue) - clock.now()
    assert timedelta(minutes=9) < wait <= timedelta(minutes=10)
    stopped = browser.post(f"/desk/issues/{issue.id}/stop")
    assert stopped.status_code == 303
    assert state_of(issue) is IssueState.APPROVED


def test_stopping_twice_says_how_things_stand(browser: Browser, issue: Issue) -> None:
    browser.post(f"/desk/issues/{issue.id}/send", {"version": "1", "hold": "10"})
    browser.post(f"/desk/issues/{issue.id}/stop")
    again = browser.post(f"/desk/issues/{issue.id}/stop")
    assert again.status_code == 409
    assert "approved and not scheduled" in again.text
    assert f'href="/desk/issues/{issue.id}">Back' in again.text


def test_what_was_changed_meanwhile_is_not_sent_unseen(browser: Browser, issue: Issue) -> None:
    rewrite(issue, subject="Other words")
    answer = browser.post(f"/desk/issues/{issue.id}/send", {"version": "1", "hold": "0"})
    assert answer.status_code == 409
    assert state_of(issue) is IssueState.DRAFT


@pytest.mark.parametrize("version", ["", "x", "9" * 50])
def test_a_form_without_its_version_sends_nothing(
    browser: Browser, issue: Issue, version: str
) -> None:
    answer = browser.post(f"/desk/issues/{issue.id}/send", {"version": version, "hold": "0"})
    assert answer.status_code == 422
    assert state_of(issue) is IssueState.DRAFT


def test_what_the_checks_stop_is_not_sent(browser: Browser, issue: Issue) -> None:
    rewrite(issue, subject="")
    page = browser.get(f"/desk/issues/{issue.id}/send").text
    assert "The subject is empty." in page
    assert "Schedule issue" not in page
    answer = browser.post(f"/desk/issues/{issue.id}/send", {"version": "2", "hold": "0"})
    assert answer.status_code == 409
    assert "The subject is empty." in answer.text
    assert state_of(issue) is IssueState.DRAFT


def test_an_issue_on_its_way_is_paused_resumed_and_cancelled(
    browser: Browser, issue: Issue
) -> None:
    start(issue)
    page = browser.get(f"/desk/issues/{issue.id}").text
    assert "3 people planned" in page
    for step, state in (
        ("pause", IssueState.PAUSED),
        ("resume", IssueState.SENDING),
        ("cancel", IssueState.CANCELLED),
    ):
        assert browser.post(f"/desk/issues/{issue.id}/{step}").status_code == 303
        assert state_of(issue) is state
        assert browser.get(f"/desk/issues/{issue.id}").status_code == 200
    assert "3 people planned" in browser.get(f"/desk/issues/{issue.id}/report").text


def test_the_send_page_of_an_issue_on_its_way_leads_to_its_numbers(
    browser: Browser, issue: Issue
) -> None:
    start(issue)
    answer = browser.get(f"/desk/issues/{issue.id}/send")
    assert answer.headers["Location"] == f"/desk/issues/{issue.id}"


def test_home_shows_what_is_on_its_way_and_that_nothing_drives_it(
    browser: Browser, issue: Issue
) -> None:
    start(issue)
    page = browser.get("/desk/").text
    assert "0 of 3 sent · 3 waiting" in page
    assert "The clock is not running" in page


def test_did_they_get_it_has_an_answer(browser: Browser, issue: Issue) -> None:
    start(issue)
    path = f"/desk/issues/{issue.id}/trace"
    planned = browser.post(path, {"address": "Ada@example.org"})
    assert planned.status_code == 200
    assert "waiting" in planned.text
    assert "Paused the subscription." in browser.post(path, {"address": "dina@example.org"}).text
    for address in ("nobody@example.org", "not an address", ""):
        answer = browser.post(path, {"address": address})
        assert answer.status_code == 422
        assert 'id="address-error"' in answer.text
