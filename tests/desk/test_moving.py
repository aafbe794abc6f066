"""An issue on its way, as the desk shows it: how far, at whom, and whether to end it."""

import time
from datetime import timedelta

import pytest
from flask import Flask

from newsletter import clock
from newsletter.accounts import RoleName
from newsletter.delivery import drafting, halting
from newsletter.delivery.models import DeliveryState, Provider
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.reports import by_provider
from tests.desk.browser import Browser, signed_in
from tests.desk.on_its_way import begun_issue, end, put, words
from tests.factories import make_due_issue, make_editor, make_list


@pytest.fixture
def issue(app: Flask) -> Issue:
    return begun_issue()


def test_while_it_is_sent_a_frame_shows_how_far_and_loads_itself_again(
    browser: Browser, issue: Issue
) -> None:
    put("ada", DeliveryState.SENT)
    put("ben", DeliveryState.FAILED)
    page = browser.get(f"/desk/issues/{issue.id}")
    assert f'<iframe class="moving" src="/desk/issues/{issue.id}/progress"' in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]

    frame = browser.get(f"/desk/issues/{issue.id}/progress")
    assert "frame-ancestors 'self'" in frame.headers["Content-Security-Policy"]
    assert '<meta http-equiv="refresh" content="5">' in frame.text
    assert '<progress class="meter" max="100" value="50"' in frame.text
    assert "1 of 4 sent · 0.1 a second · less than a minute left" in words(frame.text)
    assert "1 failed" in frame.text


def test_a_frame_of_what_is_over_loads_no_more_and_leads_to_the_numbers(
    browser: Browser, issue: Issue
) -> None:
    for name in ("ada", "ben", "cleo", "dan"):
        put(name, DeliveryState.SENT)
    end()
    frame = browser.get(f"/desk/issues/{issue.id}/progress").text
    assert "http-equiv" not in frame
    assert f'href="/desk/issues/{issue.id}" target="_top"' in frame
    assert "iframe" not in browser.get(f"/desk/issues/{issue.id}").text


def test_a_provider_that_is_held_is_shown_with_the_reason(browser: Browser, issue: Issue) -> None:
    db.session.add(
        Provider(
            name="ada.example",
            held_until=clock.now() + timedelta(hours=1),
            held_for="550 5.7.1 <b>no</b>",
        )
    )
    put("ada", DeliveryState.FAILED)
    frame = browser.get(f"/desk/issues/{issue.id}/progress").text
    assert "Nothing is sent to ada.example until" in frame
    assert "&lt;b&gt;no" in frame
    table = browser.get(f"/desk/issues/{issue.id}/providers").text
    assert "held until" in table


def test_while_a_large_issue_is_counted_by_provider_the_page_says_so(
    browser: Browser, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_provider, "LARGE", 1)
    answer = browser.get(f"/desk/issues/{issue.id}/providers")
    end = time.monotonic() + 10
    while "are being counted" in answer.text and time.monotonic() < end:
        assert answer.headers["Refresh"] == "2"
        time.sleep(0.01)
        answer = browser.get(f"/desk/issues/{issue.id}/providers")
    assert "ada.example" in answer.text
    assert "as of <time" in answer.text
    assert "Refresh" not in answer.headers


def test_the_numbers_by_provider_are_a_page_of_their_own(browser: Browser, issue: Issue) -> None:
    put("ada", DeliveryState.SENT)
    put("ben", DeliveryState.UNCERTAIN)
    page = words(browser.get(f"/desk/issues/{issue.id}/providers").text)
    assert (
        'ada.example</th> <td class="number">1</td><td class="number">1</td>'
        + '<td class="number">0</td>' * 4
    ) in page
    assert f"/desk/issues/{issue.id}/providers" in browser.get(f"/desk/issues/{issue.id}").text
    assert browser.get("/desk/issues/99/providers").status_code == 404


def test_while_its_readers_are_gathered_the_frame_says_so_and_looks_often(
    app: Flask, browser: Browser
) -> None:
    due = make_due_issue(make_list("gathering"))
    draft = drafting.take(due.id, now=clock.now())
    assert draft is not None
    draft.write([1, 2, 1_200])
    frame = browser.get(f"/desk/issues/{due.id}/progress").text
    assert "Its readers are being gathered, 1,203 so far. Nothing has left." in words(frame)
    assert '<meta http-equiv="refresh" content="2">' in frame
    draft.give_up()
    frame = browser.get(f"/desk/issues/{due.id}/progress").text
    assert " until its time. Nothing has left." in words(frame)
    assert '<meta http-equiv="refresh" content="15">' in frame


def test_a_relay_that_does_not_answer_is_said_while_it_is_tried(
    browser: Browser, issue: Issue
) -> None:
    reason = f"The relay mail port 25 cannot be reached: no answer. {workflow.BY_ITSELF}"
    halting.say_why(reason)
    assert reason in words(browser.get(f"/desk/issues/{issue.id}/progress").text)

    halting.hold_all(reason, now=clock.now())
    page = words(browser.get(f"/desk/issues/{issue.id}").text)
    assert "Paused until the relay answers" in page
    assert reason in page
    assert "<iframe" in page

    browser.post(f"/desk/issues/{issue.id}/pause")
    page = words(browser.get(f"/desk/issues/{issue.id}").text)
    assert "A person paused it." in page
    assert "Keep it paused" not in page
    halting.go_on(now=clock.now())
    assert db.session.get_one(Issue, issue.id).state is IssueState.PAUSED


def test_a_script_fetches_the_pieces_that_change_by_the_ids_that_they_have_on_the_page(
    browser: Browser, issue: Issue
) -> None:
    put("ada", DeliveryState.SENT)
    page = browser.get(f"/desk/issues/{issue.id}").text
    assert f'data-live="/desk/issues/{issue.id}/live"' in page
    assert "live.js" in page
    live = browser.get(f"/desk/issues/{issue.id}/live").text
    for piece in ("live-progress", "live-numbers", "live-providers"):
        assert page.count(f'id="{piece}"') == live.count(f'id="{piece}"') == 1
    assert 'data-state="sending"' in live
    assert 'data-says="1 of 4 sent, about 2 minutes left."' in live
    assert "data-final" not in live
    assert "csrf_token" not in live


def test_the_pieces_say_when_nothing_changes_any_more(browser: Browser, issue: Issue) -> None:
    for name in ("ada", "ben", "cleo", "dan"):
        put(name, DeliveryState.SENT)
    end()
    live = browser.get(f"/desk/issues/{issue.id}/live").text
    assert "data-final" in live
    assert 'data-state="sent"' in live
    assert "live.js" not in browser.get(f"/desk/issues/{issue.id}").text


def test_cancelling_asks_once_more_with_the_numbers(browser: Browser, issue: Issue) -> None:
    put("ada", DeliveryState.SENT)
    put("ben", DeliveryState.UNCERTAIN)
    page = f"/desk/issues/{issue.id}"
    assert f'href="{page}/cancel"' in browser.get(page).text
    asked = words(browser.get(f"{page}/cancel").text)
    assert "1 person has it, 2 will not." in asked
    assert "What is uncertain, 1, stays so" in asked
    assert f'action="{page}/cancel"' in asked
    assert issue.state is IssueState.SENDING
    assert browser.post(f"{page}/cancel").headers["Location"] == page
    # Nothing is left to be cancelled, so nothing is asked.
    assert browser.get(f"{page}/cancel").headers["Location"] == page


def test_an_author_is_not_asked_about_cancelling(app: Flask, issue: Issue) -> None:
    author = signed_in(app, make_editor("ann@example.org", role=RoleName.AUTHOR))
    assert author.get(f"/desk/issues/{issue.id}/cancel").status_code == 403
    assert "/cancel" not in author.get(f"/desk/issues/{issue.id}").text
