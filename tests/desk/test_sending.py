"""Sending from the desk: the sentence, the hold, Stop, pause, resume, cancel."""

import re
import threading
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode

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
from tests.desk.forms import fields_of
from tests.factories import make_editor, make_item, make_list, make_subscription, rewrite


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


@pytest.mark.parametrize("step", ["pause", "resume"])
def test_what_is_not_on_its_way_is_neither_paused_nor_resumed(
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


def test_a_draft_is_given_up_by_the_button_on_its_page(browser: Browser, issue: Issue) -> None:
    page = f"/desk/issues/{issue.id}"
    assert f'action="{page}/cancel"' in browser.get(page).text
    answer = browser.post(f"{page}/cancel")
    assert answer.status_code == 303
    assert state_of(issue) is IssueState.CANCELLED
    assert "Nobody got it" in browser.get(page).text


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


NIGHT = "It goes out at night: at 03:00 (Europe/Vienna)."


def at_night() -> dict[str, str]:
    """A Thursday next year, at three in the morning."""
    return {"at": f"{clock.now().year + 1}-07-01T03:00", "zone": "Europe/Vienna"}


def test_a_script_is_told_what_the_checks_say_of_the_time_that_is_chosen(
    browser: Browser, issue: Issue
) -> None:
    path = f"/desk/issues/{issue.id}/sentence?when=at&zone=Europe/Vienna"
    day = browser.get(f"{path}&at={clock.now().year + 1}-07-01T09:00").json
    night = browser.get(f"{path}&at={clock.now().year + 1}-07-01T03:00").json
    assert day is not None
    assert night is not None
    assert (day["warnings"], night["warnings"]) == (1, 2)
    assert NIGHT not in day["checks"]
    assert NIGHT in night["checks"]
    assert "2 warnings stand" in night["checks"]
    assert not night["is_stopped"]
    # Its pieces are put where the page has them.
    page = browser.get(f"/desk/issues/{issue.id}/send").text
    for piece in ("standing", "found"):
        assert page.count(f'id="{piece}"') == night["checks"].count(f'id="{piece}"') == 1


def test_a_warning_of_the_time_is_shown_before_the_button_schedules(
    browser: Browser, issue: Issue
) -> None:
    answer = browser.post(f"/desk/issues/{issue.id}/schedule", {"version": "1", **at_night()})
    assert answer.status_code == 422
    assert "Read what they say, then press again." in answer.text
    assert NIGHT in answer.text
    assert state_of(issue) is IssueState.DRAFT
    fields = {**fields_of(answer.text, "form#when"), "do": "go"}
    assert browser.post(f"/desk/issues/{issue.id}/schedule", fields).status_code == 303
    assert state_of(issue) is IssueState.SCHEDULED


def test_the_sentence_that_is_said_again_comes_with_its_checks(
    browser: Browser, issue: Issue
) -> None:
    fields = {"version": "1", **at_night(), "do": "say"}
    answer = browser.post(f"/desk/issues/{issue.id}/schedule", fields)
    assert answer.status_code == 200
    assert NIGHT in answer.text
    fields = {**fields_of(answer.text, "form#when"), "do": "go"}
    assert browser.post(f"/desk/issues/{issue.id}/schedule", fields).status_code == 303


def test_the_log_says_which_warnings_stood(browser: Browser, issue: Issue) -> None:
    browser.post(f"/desk/issues/{issue.id}/send", {"version": "1", "hold": "10"})
    browser.post(f"/desk/issues/{issue.id}/stop")
    fields = {"version": "1", **at_night()}
    fields["shown_for"] = f"{fields['at']} {fields['zone']}"
    browser.post(f"/desk/issues/{issue.id}/schedule", fields)
    details = db.session.execute(sa.select(AuditEntry.deed, AuditEntry.detail)).all()
    said = {deed: detail for deed, detail in details}
    stood = "; 1 warning stood: no-preheader"
    if "night" in said["issue.sent"]:
        stood = "; 2 warnings stood: no-preheader, night"
    assert said["issue.sent"] == f"after a hold of 10 minutes{stood}"
    assert said["issue.scheduled"].endswith("; 2 warnings stood: no-preheader, night")


def test_what_was_chosen_is_there_again_after_show_who(browser: Browser, issue: Issue) -> None:
    """What is posted is the form that the time stands in, so that nothing typed is lost."""
    page = browser.get(f"/desk/issues/{issue.id}/send").text
    assert f'formaction="/desk/issues/{issue.id}/audience" formnovalidate>Show who<' in page
    chosen = {**at_night(), "hold": "25"}
    for way, verb in (("at", "Schedule"), ("soon", "Send")):
        who = browser.post(f"/desk/issues/{issue.id}/audience", {"when": way, **chosen}).text
        assert who.count('name="at" value="') == who.count(f'issues/{issue.id}/audience"')
        back = unescape(re.search(r'class="back" href="([^"]+)"', who)[1])  # type: ignore[index]
        page = browser.get(back).text
        assert f">{verb} issue {issue.id}</button>" in page
        fields = fields_of(page, "form#when")
        assert {name: fields[name] for name in chosen} == chosen
        # The other way keeps it as well.
        other = re.findall(r'<li><a href="([^"]+)"[^>]*>(?:At a time|Now, with a hold)<', page)
        for path in other:
            fields = fields_of(browser.get(unescape(path)).text, "form#when")
            assert {name: fields[name] for name in chosen} == chosen


def test_what_was_chosen_is_there_again_after_a_warning_is_let_pass(
    browser: Browser, issue: Issue
) -> None:
    chosen = {**at_night(), "hold": "25"}
    page = browser.get(f"/desk/issues/{issue.id}/send?{urlencode(chosen)}").text
    assert NIGHT in page
    fields = fields_of(page, 'form[action$="/waive"]')
    answer = browser.post(
        f"/desk/issues/{issue.id}/waive", {**fields, "reason": "The first lines say it all."}
    )
    assert answer.headers["Location"].endswith("#checks")
    fields = fields_of(browser.get(answer.headers["Location"]).text, "form#when")
    assert {name: fields[name] for name in chosen} == chosen


@pytest.mark.parametrize(
    "query", ["at=x&zone=y&hold=z", "when=soon&hold=-1", "at=0001-01-01T00:00&zone=Asia/Tokyo"]
)
def test_an_address_with_nonsense_in_it_says_so_and_does_nothing(
    browser: Browser, issue: Issue, query: str
) -> None:
    answer = browser.get(f"/desk/issues/{issue.id}/send?{query}")
    assert answer.status_code == 200
    assert "At a time that is not chosen yet," in answer.text
    assert state_of(issue) is IssueState.DRAFT


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
