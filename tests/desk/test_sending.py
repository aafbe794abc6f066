"""Sending from the desk: the sentence, the hold, Stop, pause, resume, cancel."""

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock
from newsletter.audit.models import AuditEntry
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
    page = words(browser.get(f"/desk/issues/{issue.id}/send").text)
    assert f"(UTC) issue {issue.id} goes to 3 people." in page
    assert "1 person is left out because they paused." in page
    assert f">Schedule issue {issue.id}</button>" in page
    page = words(browser.get(f"/desk/issues/{issue.id}/send?when=soon").text)
    assert "In 10 minutes, at " in page
    assert f">Send issue {issue.id}</button>" in page


def words(page: str) -> str:
    return " ".join(re.sub("</?span[^>]*>", "", page).split())


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
    assert f"Schedule issue {issue.id}</button>" not in page
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


@pytest.mark.parametrize("step", ["pause", "resume", "cancel"])
def test_what_is_not_on_its_way_is_neither_paused_nor_cancelled(
    browser: Browser, issue: Issue, step: str
) -> None:
    """No page has such a button; a form that somebody made up has it."""
    for state in (IssueState.DRAFT, IssueState.SCHEDULED):
        if state is IssueState.SCHEDULED:
            workflow.approve(issue, by=None, now=NOW)
            december = datetime(clock.now().year + 1, 12, 1, 9)
            workflow.schedule(issue, december, "Europe/Berlin", now=clock.now())
        answer = browser.post(f"/desk/issues/{issue.id}/{step}")
        assert answer.status_code == 409
        assert state_of(issue) is state
    assert (issue.send_at, issue.zone) == (december, "Europe/Berlin")


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


@pytest.mark.parametrize("do", ["say", "go"])
def test_without_scripts_a_button_says_the_sentence_for_what_is_typed(
    browser: Browser, issue: Issue, do: str
) -> None:
    year = clock.now().year + 1
    fields = {"version": "1", "at": f"{year}-07-01T09:00", "zone": "Europe/Vienna", "do": do}
    answer = browser.post(f"/desk/issues/{issue.id}/schedule", fields)
    if do == "say":
        assert answer.status_code == 200
        assert f"1 July {year} at 09:00 (Europe/Vienna) issue {issue.id} goes to" in answer.text
        assert state_of(issue) is IssueState.DRAFT
    else:
        assert answer.status_code == 303


def test_the_first_button_of_the_form_sends_nothing(browser: Browser, issue: Issue) -> None:
    """It is the one that the Enter key presses."""
    for way in ("", "?when=soon"):
        page = browser.get(f"/desk/issues/{issue.id}/send{way}").text
        form = page[page.index('id="when"') :]
        assert re.search(r"<button[^>]*>", form)[0].count('value="say"')  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "said", "wrong"),
    [
        ("when=soon&hold=0", "As soon as you press the button, issue 1 goes to 3 people.", ""),
        ("when=soon&hold=1", "In 1 minute, at ", ""),
        ("when=soon&hold=61", "At a time that is not chosen yet, issue 1", "from 0 to 60."),
        ("when=at&at=&zone=UTC", "At a time that is not chosen yet, issue 1", "Write it like"),
        ("when=at&at=2001-01-01T09:00&zone=UTC", "At a time that is not", "Choose a later time."),
        ("when=at&at=2001-01-01T09:00&zone=x", "At a time that is not", "not a time zone"),
        ("", "At a time that is not chosen yet, issue 1", "Write it like"),
    ],
)
def test_a_script_is_told_the_sentence_and_what_is_wrong(
    browser: Browser, issue: Issue, query: str, said: str, wrong: str
) -> None:
    answer = browser.get(f"/desk/issues/{issue.id}/sentence?{query}")
    assert answer.status_code == 200
    assert answer.json["sentence"].startswith(said)  # type: ignore[index]
    assert answer.json["left_out"] == "1 person is left out because they paused."  # type: ignore[index]
    assert wrong in answer.json["wrong"]  # type: ignore[index]
    assert bool(wrong) == bool(answer.json["wrong"])  # type: ignore[index]
    workflow.approve(issue, by=None, now=NOW)
    workflow.send_soon(issue, timedelta(hours=1), now=clock.now())
    assert browser.get(f"/desk/issues/{issue.id}/sentence").json == {"state": "scheduled"}


def test_a_time_that_clocks_skip_is_said_at_once(browser: Browser, issue: Issue) -> None:
    year = clock.now().year + 1
    sunday = max(day for day in range(25, 32) if datetime(year, 3, day, tzinfo=UTC).weekday() == 6)
    query = f"when=at&at={year}-03-{sunday}T02:30&zone=Europe/Berlin"
    said = browser.get(f"/desk/issues/{issue.id}/sentence?{query}").json
    assert said is not None
    assert "clocks go forward: it goes out at 03:00." in said["oddity"]
    assert "at 03:00 (Europe/Berlin)" in said["sentence"]


def test_pressing_again_says_calmly_that_it_is_done(browser: Browser, issue: Issue) -> None:
    fields = {"version": "1", "hold": "10"}
    first = browser.post(f"/desk/issues/{issue.id}/send", fields)
    due = workflow.due_at(issue) if state_of(issue) else None
    again = browser.post(f"/desk/issues/{issue.id}/send", fields)
    assert (first.status_code, again.status_code) == (303, 303)
    page = words(browser.get(again.headers["Location"]).text)
    assert f"Issue {issue.id} is scheduled already, for" in page
    assert "Nothing was done twice." in page
    assert state_of(issue) is IssueState.SCHEDULED
    assert workflow.due_at(issue) == due


def test_who_presses_second_is_told_who_was_first(
    app: Flask, browser: Browser, issue: Issue
) -> None:
    browser.post(f"/desk/issues/{issue.id}/send", {"version": "1", "hold": "10"})
    other = signed_in(app, make_editor("olga@example.org", name="Olga"))
    at = {"version": "1", "at": f"{clock.now().year + 1}-07-01T09:00", "zone": "UTC"}
    answer = other.post(f"/desk/issues/{issue.id}/schedule", at)
    assert answer.status_code == 303
    page = other.get(answer.headers["Location"]).text
    assert f"Issue {issue.id} is scheduled already by Edith" in page
    assert workflow.due_at(issue) - clock.now() < timedelta(minutes=11)


def test_of_many_presses_at_once_one_counts(app: Flask, issue: Issue) -> None:
    """A double click, two editors, a browser that tries again (STANDARDS XH01)."""
    editors = [make_editor(f"{name}@example.org", name=name) for name in ("ada", "bo", "cy")]
    presses = [(signed_in(app, editor), way) for editor in editors for way in ("send", "schedule")]
    fields = {"version": "1", "hold": "10", "zone": "UTC"}
    fields["at"] = f"{clock.now().year + 1}-07-01T09:00"
    tokens = [browser.token() for browser, _ in presses]
    number = issue.id
    db.session.commit()
    answers: list[int] = []
    start = threading.Barrier(len(presses))

    def press(browser: Browser, way: str, token: str) -> None:
        start.wait()
        path, data = f"/desk/issues/{number}/{way}", {**fields, "csrf_token": token}
        answers.append(browser.client.post(path, data=data).status_code)

    threads = [
        threading.Thread(target=press, args=(*one, token))
        for one, token in zip(presses, tokens, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 6
    assert state_of(issue) is IssueState.SCHEDULED
    deeds = db.session.scalars(sa.select(AuditEntry.deed).where(AuditEntry.kind == "issue")).all()
    assert len([deed for deed in deeds if deed in ("issue.sent", "issue.scheduled")]) == 1


def test_the_page_names_the_warnings_that_stand(browser: Browser, issue: Issue) -> None:
    page = words(browser.get(f"/desk/issues/{issue.id}/send").text)
    assert "One warning stands" in page
    assert "There is no preheader." in page


def test_the_hold_that_is_offered_is_the_installations(
    app: Flask, browser: Browser, issue: Issue
) -> None:
    app.config["HOLD_MINUTES"] = 25
    page = words(browser.get(f"/desk/issues/{issue.id}/send?when=soon").text)
    assert "In 25 minutes, at " in page
    assert 'name="hold" value="25"' in page
