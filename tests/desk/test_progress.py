"""An issue on its way, as the desk shows it: how far, at whom, and what is uncertain."""

import time
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock, reports
from newsletter.accounts import RoleName
from newsletter.delivery import closing, control, drafting, halting, planning, sweeping
from newsletter.delivery.models import Delivery, DeliveryState, Provider
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.reports import Report, by_provider
from newsletter.subscriptions.models import Subscriber
from tests.desk.browser import Browser, signed_in
from tests.factories import make_due_issue, make_editor, make_list, make_subscription


@pytest.fixture
def browser(app: Flask) -> Browser:
    return signed_in(app, make_editor())


@pytest.fixture
def issue(app: Flask) -> Issue:
    """An issue to four readers that began half a minute ago."""
    began = clock.now() - timedelta(seconds=30)
    news = make_list()
    for name in ("ada", "ben", "cleo", "dan"):
        make_subscription(news, f"{name}@{name}.example")
    issue = make_due_issue(news, at=began)
    planning.plan(issue, now=began)
    db.session.commit()
    return issue


def put(name: str, state: DeliveryState) -> None:
    reader = sa.select(Subscriber.id).where(Subscriber.address == f"{name}@{name}.example")
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.subscriber_id.in_(reader))
        .values(state=state, finished_at=clock.now(), provider=f"{name}.example")
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def end() -> None:
    closing.close_batches(sa.true())
    closing.finish_done(now=clock.now())
    db.session.commit()


def words(text: str) -> str:
    return " ".join(text.split())


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
    assert '<progress max="100" value="50"' in frame.text
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
        'ada.example</th> <td class="number">1</td><td class="number">0</td>'
        '<td class="number">0</td><td class="number">0</td><td class="number">0</td>'
    ) in page
    assert f"/desk/issues/{issue.id}/providers" in browser.get(f"/desk/issues/{issue.id}").text
    assert browser.get("/desk/issues/99/providers").status_code == 404


@pytest.mark.parametrize(
    ("decision", "said", "numbers", "state"),
    [
        (
            "sent",
            "2 messages count as sent.",
            Report(planned=4, sent=4),
            IssueState.SENT,
        ),
        (
            "again",
            "2 messages wait to be sent again.",
            Report(planned=4, sent=2, waiting=2),
            IssueState.SENDING,
        ),
    ],
)
def test_what_is_uncertain_is_decided_with_the_risk_beside_it(
    browser: Browser,
    issue: Issue,
    decision: str,
    said: str,
    numbers: Report,
    state: IssueState,
) -> None:
    for name in ("ada", "ben"):
        put(name, DeliveryState.SENT)
    for name in ("cleo", "dan"):
        put(name, DeliveryState.UNCERTAIN)
    end()
    page = words(browser.get(f"/desk/issues/{issue.id}").text)
    assert "The connection broke after the last byte of 2 messages" in page
    assert "gets it a second time" in page

    answer = browser.post(f"/desk/issues/{issue.id}/resolve", {"as": decision})
    assert answer.status_code == 303
    assert said in browser.get(f"/desk/issues/{issue.id}").text
    db.session.expire_all()
    assert (reports.report(issue.id), issue.state) == (numbers, state)
    reason = reports.trace(issue.id, "dan@dan.example").reason
    assert "as Edith (editor 1) decided on" in reason
    again = browser.post(f"/desk/issues/{issue.id}/resolve", {"as": "sent"})
    assert again.status_code == 409


def test_one_reader_is_decided_where_they_are_looked_up(browser: Browser, issue: Issue) -> None:
    put("cleo", DeliveryState.UNCERTAIN)
    put("dan", DeliveryState.UNCERTAIN)
    looked_up = browser.post(f"/desk/issues/{issue.id}/trace", {"address": "cleo@cleo.example"})
    assert '<input type="hidden" name="address" value="cleo@cleo.example">' in looked_up.text
    answer = browser.post(
        f"/desk/issues/{issue.id}/resolve", {"as": "sent", "address": "cleo@cleo.example"}
    )
    assert answer.status_code == 303
    db.session.expire_all()
    assert reports.report(issue.id) == Report(planned=4, sent=1, uncertain=1, waiting=2)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"as": ""}, 422),
        ({"as": "maybe"}, 422),
        ({"as": "sent", "address": "no address"}, 422),
        ({"as": "sent", "address": "zoe@example.org"}, 404),
        ({"as": "sent", "address": "ada@ada.example"}, 409),
    ],
)
def test_what_cannot_be_decided_is_refused_calmly(
    browser: Browser, issue: Issue, fields: dict[str, str], status: int
) -> None:
    put("dan", DeliveryState.UNCERTAIN)
    assert browser.post(f"/desk/issues/{issue.id}/resolve", fields).status_code == status
    assert reports.report(issue.id) == Report(planned=4, waiting=3, uncertain=1)


def test_a_cancelled_issue_offers_only_to_count_it_as_sent(browser: Browser, issue: Issue) -> None:
    put("dan", DeliveryState.UNCERTAIN)
    control.cancel(issue, now=clock.now())
    db.session.commit()
    page = browser.get(f"/desk/issues/{issue.id}").text
    assert "Count all of them as sent" in page
    assert "again</button>" not in page
    assert browser.post(f"/desk/issues/{issue.id}/resolve", {"as": "again"}).status_code == 409


def test_a_cancelled_issue_says_whom_the_sweep_has_still_to_mark(
    browser: Browser, issue: Issue
) -> None:
    workflow.cancel(issue)
    db.session.commit()
    page = browser.get(f"/desk/issues/{issue.id}").text
    assert "Still to be marked as cancelled: 4 people." in words(page)
    sweeping.sweep(now=clock.now())
    db.session.commit()
    assert "Still to be marked" not in browser.get(f"/desk/issues/{issue.id}").text


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
    assert "It waits for its time. Nothing has left." in words(frame)
    assert '<meta http-equiv="refresh" content="15">' in frame


def test_an_author_sees_the_numbers_and_decides_nothing(app: Flask, issue: Issue) -> None:
    author = signed_in(app, make_editor("ann@example.org", role=RoleName.AUTHOR))
    put("dan", DeliveryState.UNCERTAIN)
    assert "What is uncertain" not in author.get(f"/desk/issues/{issue.id}").text
    assert author.get(f"/desk/issues/{issue.id}/progress").status_code == 200
    assert author.post(f"/desk/issues/{issue.id}/resolve", {"as": "sent"}).status_code == 403


def test_a_time_that_clocks_jump_over_is_shown_as_the_one_that_is_meant(
    browser: Browser, issue: Issue
) -> None:
    issue = make_due_issue(issue.mailing_list)
    workflow.stop(issue)
    year = clock.now().year + 1
    skipped, zone = _skipped_hour(year)
    workflow.schedule(issue, skipped, zone, now=clock.now())
    page = words(browser.get(f"/desk/issues/{issue.id}").text)
    assert f"03:00 ({zone})" in page
    assert "there is no 02:30 on that day, because clocks go forward: it goes out at 03:00" in page
    assert f"03:00 ({zone})" in words(browser.get("/desk/").text)


def _skipped_hour(year: int) -> tuple[datetime, str]:
    """Half past two on the last Sunday of March, which Berlin does not have."""
    last = datetime(year, 3, 31, 2, 30)
    return last - timedelta(days=(last.weekday() + 1) % 7), "Europe/Berlin"


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
