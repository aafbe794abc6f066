"""Who stands behind the numbers: lists a page at a time, and everybody as CSV."""

import csv
import io

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, erasure, reports
from newsletter.accounts import RoleName
from newsletter.addresses import parse
from newsletter.audit.models import AuditEntry
from newsletter.delivery.models import DeliveryState
from newsletter.desk import recipients as door
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.reports import recipients, who
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.desk.on_its_way import begun_issue, leave, put, words
from tests.factories import make_editor, make_list

READERS = ("ada", "ben", "cleo", "dan")


@pytest.fixture
def issue(app: Flask) -> Issue:
    return begun_issue()


def shown(browser: Browser, issue: Issue, path: str) -> list[str]:
    page = browser.get(f"/desk/issues/{issue.id}/who/{path}").text
    return [name for name in READERS if f"{name}@{name}.example" in page]


def test_a_list_has_those_of_one_state_or_one_reason(browser: Browser, issue: Issue) -> None:
    put("ada", DeliveryState.SENT)
    put("ben", DeliveryState.FAILED, reply_code=550, reply_status="5.1.1", reason="No <b>user</b>")
    put("cleo", DeliveryState.FAILED, reply_code=552, reply_status="5.2.2", reason="Full")
    assert shown(browser, issue, "sent") == ["ada"]
    assert shown(browser, issue, "failed") == ["ben", "cleo"]
    assert shown(browser, issue, "waiting") == ["dan"]
    assert shown(browser, issue, "cancelled") == []
    keys = {failure.reason: failure.key for failure in reports.failures(issue.id)}
    full = f"failed?reason={keys['The mailbox is full.']}"
    assert shown(browser, issue, full) == ["cleo"]
    page = words(browser.get(f"/desk/issues/{issue.id}/who/{full}").text)
    assert "The mailbox is full. This met 1 person." in page
    assert "<b>user" not in browser.get(f"/desk/issues/{issue.id}/who/failed").text


def test_who_left_by_an_issue_is_listed_and_an_erased_one_has_no_address(
    browser: Browser, issue: Issue
) -> None:
    leave(issue, "ada@ada.example")
    leave(issue, "ben@ben.example")
    erasure.erase(parse("ben@ben.example"), now=NOW)
    page = words(browser.get(f"/desk/issues/{issue.id}/who/left").text)
    assert "ada@ada.example" in page
    assert "ben@" not in page
    assert page.count('<th scope="row">') == 2
    assert "On the page that the link leads to." in page


def test_a_long_list_goes_on_where_the_page_ended(
    browser: Browser, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(who, "PER_PAGE", 3)
    assert shown(browser, issue, "waiting") == ["ada", "ben", "cleo"]
    first = browser.get(f"/desk/issues/{issue.id}/who/waiting").text
    path = first.partition('rel="next" href="')[2].partition('"')[0]
    last = browser.get(path).text
    assert "dan@dan.example" in last
    assert 'rel="next"' not in last
    assert "The first ones" in last


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nobody", 404),
        ("in_flight", 404),
        ("failed?reason=0123456789abcdef", 404),
        ("failed?after=-1", 200),
        ("failed?after=99999999999999999999", 200),
    ],
)
def test_what_is_made_up_in_an_address_is_no_error(
    browser: Browser, issue: Issue, path: str, status: int
) -> None:
    assert browser.get(f"/desk/issues/{issue.id}/who/{path}").status_code == status


def export(browser: Browser, issue: Issue) -> list[dict[str, str]]:
    answer = browser.post(f"/desk/issues/{issue.id}/recipients.csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f"issue-{issue.id}-recipients.csv" in answer.headers["Content-Disposition"]
    assert answer.text.startswith("\ufeffaddress,")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("part", [1, 3, 1_000])
def test_the_file_has_everybody_with_state_and_reason(
    browser: Browser, issue: Issue, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(recipients, "PART", part)
    put("ada", DeliveryState.SENT, attempts=1, reply_code=250, reply_status="2.0.0", reason="Ok")
    put("ben", DeliveryState.FAILED, reason="=HYPERLINK(1)")
    leave(issue, "ada@ada.example")
    rows = export(browser, issue)
    assert [row["state"] for row in rows] == ["sent", "failed", "waiting", "waiting"]
    ada, ben, *_ = rows
    assert ada["address"] == "ada@ada.example"
    assert (ada["language"], ada["tries"], ada["reply_code"]) == ("en", "1", "250")
    assert ada["reason"] == "The relay took it: 250 2.0.0 Ok"
    assert ada["left_by_it"]
    assert ben["reason"] == "'=HYPERLINK(1)"
    assert ben["left_by_it"] == ""


def test_taking_the_file_is_written_down_and_limited(
    browser: Browser, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_EXPORTS", 1)
    export(browser, issue)
    entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.deed, entry.key) == ("issue.exported", str(issue.id))
    refused = browser.post(f"/desk/issues/{issue.id}/recipients.csv")
    assert refused.status_code == 429
    assert "You took 1 such files within the hour. Wait for the next hour." in refused.text


def test_an_author_gets_no_list_and_no_file(app: Flask, issue: Issue) -> None:
    author = signed_in(app, make_editor("ann@example.org", role=RoleName.AUTHOR))
    assert author.get(f"/desk/issues/{issue.id}/who/sent").status_code == 403
    assert author.post(f"/desk/issues/{issue.id}/recipients.csv").status_code == 403


def test_an_editor_of_another_list_gets_neither(app: Flask, issue: Issue) -> None:
    editor = make_editor("eve@example.org")
    accounts.bind_to_lists(editor, [make_list("other").id])
    stranger = signed_in(app, editor)
    assert stranger.get(f"/desk/issues/{issue.id}/who/sent").status_code == 404
    assert stranger.post(f"/desk/issues/{issue.id}/recipients.csv").status_code == 404
