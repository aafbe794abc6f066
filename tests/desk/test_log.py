"""Who did what, as editors read it and take it with them."""

import csv
import io

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, audit
from newsletter.accounts import Editor, RoleName
from newsletter.audit import Deed
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_item, make_list


@pytest.fixture
def admin(app: Flask) -> Editor:
    return make_editor("ann@example.org", role=RoleName.ADMIN, name="Ann")


@pytest.fixture
def browser(app: Flask, admin: Editor) -> Browser:
    return signed_in(app, admin)


def text_of(browser: Browser, query: str = "") -> str:
    return " ".join(browser.get(f"/desk/log/{query}").text.split())


def test_the_page_reads_like_prose_and_leads_to_the_things(browser: Browser, admin: Editor) -> None:
    audit.record(Deed.ISSUE_SCHEDULED, by=admin, now=NOW, key=42, detail="Thursday 5 March, 09:00")
    audit.record(Deed.EDITOR_DEACTIVATED, by=admin, now=NOW, key=admin.id)
    page = text_of(browser)
    assert f"<b>Ann (editor {admin.id})</b> scheduled <a" in page
    assert '<a href="/desk/issues/42">issue 42</a> for Thursday 5 March' in page
    assert f'deactivated <a href="/desk/editors/">Ann (editor {admin.id})</a>.' in page
    assert "Monday 1 March 2027, 09:00</time>" in page


def test_filters_stay_filled_in_and_days_are_those_of_the_editor(
    browser: Browser, admin: Editor
) -> None:
    accounts.change_details(admin, name="Ann", zone="Pacific/Kiritimati")
    audit.record(Deed.ISSUE_SENT, by=admin, now=NOW, key=7)
    # At nine in the morning in London it is 23:00 on that island, of the same day.
    query = f"?person={admin.id}&kind=issue&issue=7&since=2027-03-01&until=2027-03-01"
    page = text_of(browser, query)
    assert "sent <a" in page
    assert 'value="7"' in page
    assert page.count('value="2027-03-01"') == 4
    assert f'<option value="{admin.id}" selected>' in page
    assert "Nothing here." in text_of(browser, "?since=2027-03-02&until=2027-03-02")


@pytest.mark.parametrize(
    "query",
    [
        "?issue=seven",
        "?issue=-1",
        "?issue=99999999999",
        "?person=Ann",
        "?since=today",
        "?until=2027-02-30",
        "?until=9999-12-31",
        "?since=0001-01-01",
        "?before=x",
        "?issue=%D9%A3",
    ],
)
def test_what_cannot_be_asked_is_said(browser: Browser, query: str) -> None:
    assert browser.get(f"/desk/log/{query}").status_code == 422


def test_fifty_a_page_and_the_filter_goes_along(browser: Browser, admin: Editor) -> None:
    for number in range(1, 61):
        audit.record(Deed.ISSUE_SENT, by=admin, now=NOW, key=number)
    page = text_of(browser, "?kind=issue")
    assert page.count("<li>") - page.count("<li><a") >= 50
    older = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert older.startswith("/desk/log/?kind=issue&before=")
    page = " ".join(browser.get(older).text.split())
    assert "issue 10</a>" in page
    assert "issue 11</a>" not in page
    assert 'rel="prev"' in page


def test_the_file_is_the_same_safe_in_a_spreadsheet_and_written_down(
    browser: Browser, admin: Editor
) -> None:
    accounts.change_details(admin, name='=HYPERLINK("https://evil.example")')
    audit.record(Deed.ISSUE_SENT, by=admin, now=NOW, key=7, detail="after a hold of 10 minutes")
    audit.record(Deed.ITEM_ADDED, by=admin, now=NOW, key="guide")
    answer = browser.post("/desk/log/log.csv", {"issue": "7"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="who-did-what.csv"'
    head, *rows = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert head == ["at", "editor", "who", "what", "deed", "kind", "key", "detail", "channel"]
    [row] = rows
    assert row[2].startswith("'=HYPERLINK")
    assert row[3] == "sent issue 7, after a hold of 10 minutes."
    db.session.rollback()
    newest = sa.select(AuditEntry.deed).order_by(AuditEntry.id.desc()).limit(1)
    assert db.session.scalar(newest) == "log.exported"


def test_an_author_sees_no_sign_in_of_others_and_no_link_that_is_not_theirs(
    app: Flask, admin: Editor
) -> None:
    news = make_list()
    audit.record(Deed.EDITOR_SIGNED_IN, by=admin, now=NOW, key=admin.id)
    audit.record(Deed.LIST_CHANGED, by=admin, now=NOW, key="news", mailing_list_id=news.id)
    page = text_of(signed_in(app, make_editor(role=RoleName.AUTHOR)))
    assert f"<b>Ann (editor {admin.id})</b> changed the list “news”." in page
    assert f"<b>Ann (editor {admin.id})</b> signed in" not in page
    assert "@example.org" not in page.partition("<main")[2]


def test_who_takes_anothers_name_is_told_apart(app: Flask, browser: Browser, admin: Editor) -> None:
    mallory = make_editor("mallory@example.org", name="Mallory")
    other = signed_in(app, mallory)
    assert other.post("/desk/account/", {"name": "Ann", "zone": "UTC"}).status_code == 303
    page = text_of(browser)
    whom = f"Ann (editor {mallory.id})"
    assert f"<b>{whom}</b> changed their name, from “Mallory” to “Ann”." in page
    assert f"<b>{whom}</b> signed in" not in page
    # Another zone is their own affair.
    entries = page.count("changed their name")
    other.post("/desk/account/", {"name": "Ann", "zone": "Africa/Nairobi"})
    assert text_of(browser).count("changed their name") == entries


def test_what_somebody_typed_is_escaped(browser: Browser, admin: Editor) -> None:
    make_item()
    nasty = "<script>alert(1)</script>"
    audit.record(Deed.ISSUE_WARNING_WAIVED, by=admin, now=NOW, key=1, detail=nasty)
    page = text_of(browser, "?kind=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page + text_of(browser)
