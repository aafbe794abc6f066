"""The page of an issue beyond writing: what adds up, why not, and what is uncertain."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask import Flask

from newsletter import clock, reports
from newsletter.accounts import RoleName
from newsletter.delivery import control, sweeping
from newsletter.delivery.models import DeliveryState
from newsletter.delivery.resolving import RISKS
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.reports import Report, who
from tests.desk.browser import Browser, signed_in
from tests.desk.forms import Fields, fields_of
from tests.desk.on_its_way import begun_issue, end, leave, put, words
from tests.factories import make_due_issue, make_editor


@pytest.fixture
def issue(app: Flask) -> Issue:
    return begun_issue()


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
    for risk in RISKS.values():
        assert f'<span class="why">{risk}</span><div class="actions"><form' in page

    fields = all_of_them(browser, issue, decision)
    answer = browser.post(f"/desk/issues/{issue.id}/resolve", fields)
    assert answer.status_code == 303
    assert said in browser.get(f"/desk/issues/{issue.id}").text
    db.session.expire_all()
    assert (reports.report(issue.id), issue.state) == (numbers, state)
    reason = reports.trace(issue.id, "dan@dan.example").reason
    assert "as Edith (editor 1) decided on" in reason
    again = browser.post(f"/desk/issues/{issue.id}/resolve", {**fields, "as": "sent"})
    assert again.status_code == 409


def all_of_them(browser: Browser, issue: Issue, decision: str) -> Fields:
    """What the button for all of them sends."""
    page = browser.get(f"/desk/issues/{issue.id}").text
    return {**fields_of(page, "form:has(input[name=shown])"), "as": decision}


@pytest.mark.parametrize("decision", ["sent", "again"])
def test_what_became_uncertain_after_the_page_is_not_decided_with_it(
    browser: Browser, issue: Issue, decision: str
) -> None:
    for name in ("ben", "cleo"):
        put(name, DeliveryState.UNCERTAIN)
    fields = all_of_them(browser, issue, decision)
    put("dan", DeliveryState.UNCERTAIN)
    browser.post(f"/desk/issues/{issue.id}/resolve", fields)
    page = browser.get(f"/desk/issues/{issue.id}").text
    assert "1 became uncertain since you looked: decide about them now." in page
    assert reports.report(issue.id).uncertain == 1
    assert reports.trace(issue.id, "dan@dan.example").state == "uncertain"


def test_what_was_there_and_not_shown_is_not_decided_either(browser: Browser, issue: Issue) -> None:
    """Who wrote it had a clock that goes before ours, or was a moment late."""
    put("cleo", DeliveryState.UNCERTAIN)
    fields = all_of_them(browser, issue, "sent")
    put("dan", DeliveryState.UNCERTAIN, finished_at=clock.now() - timedelta(minutes=1))
    answer = browser.post(f"/desk/issues/{issue.id}/resolve", fields)
    assert answer.status_code == 409
    assert "2 messages of issue 1 are uncertain, and you saw 1." in answer.text
    assert reports.report(issue.id).uncertain == 2


def test_while_it_is_sent_what_is_uncertain_appears_with_its_buttons(
    browser: Browser, issue: Issue
) -> None:
    path = f"/desk/issues/{issue.id}/live"
    assert "resolve" not in browser.get(path).text
    put("cleo", DeliveryState.UNCERTAIN)
    fields = fields_of(browser.get(path).text, "#live-uncertain form")
    assert browser.post(f"/desk/issues/{issue.id}/resolve", fields).status_code == 303
    assert reports.report(issue.id) == Report(planned=4, sent=1, waiting=3)
    author = signed_in(
        browser.client.application, make_editor("ann@example.org", role=RoleName.AUTHOR)
    )
    put("dan", DeliveryState.UNCERTAIN)
    assert "resolve" not in author.get(path).text


def test_the_whole_list_of_what_is_uncertain_has_the_buttons_and_leads_back_to_it(
    browser: Browser, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(who, "PER_PAGE", 1)
    for name in ("cleo", "dan"):
        put(name, DeliveryState.UNCERTAIN)
    here = f"/desk/issues/{issue.id}/who/uncertain"
    first = browser.get(here).text
    second = browser.get(unescape(re.search(r'rel="next" href="([^"]+)"', first)[1]))  # type: ignore[index]
    for risk in RISKS.values():
        assert risk in second.text
    fields = fields_of(second.text, "td form")
    assert (fields["address"], fields["as"]) == ("dan@dan.example", "sent")
    answer = browser.post(f"/desk/issues/{issue.id}/resolve", fields)
    assert answer.headers["Location"] == f"{here}?after={fields['after']}"
    assert reports.trace(issue.id, "dan@dan.example").state == "sent"
    author = signed_in(
        browser.client.application, make_editor("ann@example.org", role=RoleName.AUTHOR)
    )
    assert author.get(here).status_code == 403


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
        ({"as": "sent"}, 422),
        ({"as": "sent", "shown": "-1", "shown_at": "1"}, 422),
        ({"as": "sent", "shown": "1", "shown_at": "9" * 17}, 422),
        ({"as": "sent", "shown": "1", "shown_at": "1"}, 303),
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
    assert "Count it as sent" in page
    assert "again</button>" not in page
    fields = all_of_them(browser, issue, "again")
    assert browser.post(f"/desk/issues/{issue.id}/resolve", fields).status_code == 409


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


def test_uncertain_mail_is_listed_with_what_is_known_and_a_decision_beside_it(
    browser: Browser, issue: Issue
) -> None:
    put("cleo", DeliveryState.UNCERTAIN, reason="The connection broke after the last byte.")
    page = words(browser.get(f"/desk/issues/{issue.id}").text)
    assert "Sent again, it may come twice." in page
    row = page[page.index('<th scope="row">cleo@cleo.example') :]
    row = row[: row.index("</tr>")]
    assert "The connection broke after the last byte." in row
    assert 'name="as" value="sent"' in row
    assert 'name="as" value="again"' in row
    author = signed_in(
        browser.client.application, make_editor("ann@example.org", role=RoleName.AUTHOR)
    )
    assert "cleo@" not in author.get(f"/desk/issues/{issue.id}").text


def test_a_report_leads_from_each_number_and_reason_to_who(browser: Browser, issue: Issue) -> None:
    put("ada", DeliveryState.SENT)
    put("ben", DeliveryState.FAILED, reply_code=550, reply_status="5.1.1", reason="No such user")
    [failure] = reports.failures(issue.id)
    page = browser.get(f"/desk/issues/{issue.id}").text
    here = f"/desk/issues/{issue.id}/who"
    for path in (f"{here}/sent", f"{here}/failed", f"{here}/failed?reason={failure.key}"):
        assert f'href="{path}"' in page
    author = signed_in(
        browser.client.application, make_editor("ann@example.org", role=RoleName.AUTHOR)
    )
    assert "/who/" not in author.get(f"/desk/issues/{issue.id}").text


def test_a_report_has_the_first_two_days_and_who_left_by_it(browser: Browser, issue: Issue) -> None:
    for name in ("ada", "ben", "cleo", "dan"):
        put(name, DeliveryState.SENT)
    # Of the first hour on its way there is one column.
    assert "sent-by-hour" not in browser.get(f"/desk/issues/{issue.id}").text
    end()
    page = words(browser.get(f"/desk/issues/{issue.id}").text)
    assert "Our relay took it for 4 people of 4." in page
    assert "Nobody left the list by a link of this issue." in page
    leave(issue, "ada@ada.example")
    page = words(browser.get(f"/desk/issues/{issue.id}").text)
    assert "1 person left the list by a link of this issue" in page
    for chart in ("sent-by-hour", "left-by-hour"):
        assert f'aria-labelledby="{chart}-title {chart}-about"' in page


def test_looking_a_reader_up_tells_the_whole_story(browser: Browser, issue: Issue) -> None:
    put("ada", DeliveryState.SENT, attempts=1, first_attempt_at=clock.now())
    leave(issue, "ada@ada.example")
    answer = browser.post(f"/desk/issues/{issue.id}/trace", {"address": "ada@ada.example"})
    page = words(answer.text)
    told = (
        "Confirmed the subscription to “Stay Informed”.",
        "Planned with 3 others, to be written to in English.",
        "Tried for the first time.",
        "Sent. The relay took it.",
        "Left “Stay Informed” by a link of this issue.",
    )
    places = [page.index(sentence) for sentence in told]
    assert places == sorted(places)
