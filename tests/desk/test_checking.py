"""The checks of an issue in the desk, and warnings that somebody lets pass."""

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from newsletter import clock
from newsletter.audit.models import AuditEntry
from newsletter.delivery import preflight
from newsletter.extensions import db
from newsletter.issues import composing, editing
from newsletter.issues.checks import Moment
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.texts import Texts
from tests.conftest import NOW
from tests.desk.browser import Browser
from tests.factories import make_item, make_list, make_subscription

REASON = "The page is open inside the ministry"


@pytest.fixture
def issue(browser: Browser) -> Issue:
    """An issue with one warning: a link says only “here”."""
    news = make_list()
    make_subscription(news)
    return composing.create_issue(
        news,
        subject="New guidance",
        preheader="What decision-makers asked about, answered by the experts.",
        introduction="Read it [here](https://example.org/).",
        by=None,
        now=NOW,
    )


def identity(issue: Issue) -> str:
    db.session.expire_all()
    [finding] = preflight.examine(issue)
    return finding.identity


def waive(browser: Browser, issue: Issue, **fields: str) -> str:
    page = f"/desk/issues/{issue.id}"
    form = {"finding": identity(issue), "reason": REASON, "from": f"{page}/checks", **fields}
    answer = browser.post(f"{page}/waive", form)
    assert answer.status_code == 303, answer.text
    return answer.location


def test_a_finding_shows_its_place_and_can_be_waived(browser: Browser, issue: Issue) -> None:
    text = browser.get(f"/desk/issues/{issue.id}/checks").text
    assert "A link says only “here”." in text
    assert f'href="/desk/issues/{issue.id}?lang=en#introduction"' in text
    assert "1 warning" in text
    assert waive(browser, issue) == f"/desk/issues/{issue.id}/checks#checks"
    text = browser.get(f"/desk/issues/{issue.id}/checks").text
    assert "Edith let it pass on" in text and f"“{REASON}”" in text
    assert "nothing to mend; 1 more is let pass" in text


@pytest.mark.parametrize("page", ["", "/send", "/review"])
def test_it_is_shown_and_waived_beside_other_things(
    browser: Browser, issue: Issue, page: str
) -> None:
    here = f"/desk/issues/{issue.id}{page}"
    text = browser.get(here).text
    assert f'name="from" value="{here}"' in text
    assert waive(browser, issue, **{"from": here}) == f"{here}#checks"
    assert f"“{REASON}”" in browser.get(here).text


@pytest.mark.parametrize(
    ("came_from", "language", "leads_to"),
    [
        ("/desk/issues/1/autosave", "fr", "/desk/issues/1?lang=fr#checks"),
        ("https://evil.example/", "fr", "/desk/issues/1/checks#checks"),
        ("/desk/issues/1//evil.example", "", "/desk/issues/1/checks#checks"),
        ("//evil.example", "", "/desk/issues/1/checks#checks"),
        ("", "", "/desk/issues/1/checks#checks"),
        ("/desk/issues/1/preview", "x y\r\nz", "/desk/issues/1/preview#checks"),
    ],
)
def test_it_leads_back_and_nowhere_else(
    browser: Browser, issue: Issue, came_from: str, language: str, leads_to: str
) -> None:
    assert waive(browser, issue, **{"from": came_from, "language": language}) == leads_to


def test_a_reason_that_says_nothing_is_asked_for_again(browser: Browser, issue: Issue) -> None:
    form = {"finding": identity(issue), "reason": "ok"}
    answer = browser.post(f"/desk/issues/{issue.id}/waive", form)
    assert answer.status_code == 422
    assert "Write in a few words why it may pass." in answer.text
    assert "let it pass on" not in answer.text


def test_what_is_mended_meanwhile_is_said(browser: Browser, issue: Issue) -> None:
    form = {"finding": "0" * 16, "reason": REASON}
    answer = browser.post(f"/desk/issues/{issue.id}/waive", form)
    assert answer.status_code == 404
    assert "not there any more" in answer.text


def test_it_can_stand_again(browser: Browser, issue: Issue) -> None:
    name = identity(issue)
    waive(browser, issue)
    page = f"/desk/issues/{issue.id}"
    answer = browser.post(f"{page}/unwaive", {"finding": name, "from": f"{page}/checks"})
    assert answer.status_code == 303
    assert "1 warning" in browser.get(f"{page}/checks").text


def test_both_are_in_the_log(browser: Browser, issue: Issue) -> None:
    name = identity(issue)
    waive(browser, issue)
    browser.post(f"/desk/issues/{issue.id}/unwaive", {"finding": name})
    entries = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.kind == "issue").order_by(AuditEntry.id)
    ).all()
    assert [entry.deed for entry in entries] == [
        "issue.warning-waived",
        "issue.waiver-withdrawn",
    ]
    assert REASON in entries[0].detail


def test_an_issue_that_was_sent_keeps_what_was_waived(browser: Browser, issue: Issue) -> None:
    name = identity(issue)
    issue.state = "sent"  # type: ignore[assignment]  # as the database has it
    page = f"/desk/issues/{issue.id}"
    assert browser.post(f"{page}/waive", {"finding": name, "reason": REASON}).status_code == 409
    assert browser.get(f"{page}/checks").location == page


def test_several_editions_are_told_apart(browser: Browser, issue: Issue) -> None:
    whole = editing.with_edition(composing.current(issue), "fr")
    french = Texts("Nouvelles", "", "Lisez [ici](https://example.org/fr).")
    whole = editing.with_texts(whole, "fr", french)
    composing.save(issue, whole, based_on_version=1, by=None, now=NOW)
    text = re.sub(r"\s+", " ", browser.get(f"/desk/issues/{issue.id}/checks").text)
    assert "French: A link says only “ici”." in text
    assert "English: A link says only “here”." in text
    assert f'href="/desk/issues/{issue.id}?lang=fr#introduction"' in text


def test_what_was_typed_is_escaped(browser: Browser, issue: Issue) -> None:
    evil = "<script>alert(1)</script> TK"
    whole = editing.with_texts(composing.current(issue), "en", Texts(evil, evil, evil))
    composing.save(issue, whole, based_on_version=1, by=None, now=NOW)
    make_item("x", title=evil)
    text = browser.get(f"/desk/issues/{issue.id}/checks").text
    assert "<script>alert" not in text


def test_a_time_is_chosen_again_and_waived_once_it_is_set(browser: Browser, issue: Issue) -> None:
    day = clock.now() + timedelta(days=30)
    night = Moment(datetime(day.year, day.month, day.day, 23), "UTC")
    form = {"do": "say", "version": "1", "at": night.wall.isoformat(), "zone": "UTC"}
    text = browser.post(f"/desk/issues/{issue.id}/schedule", form).text
    assert "It goes out at night" in text
    # That is for the one warning about the words.
    assert text.count("<summary>Let it pass") == 1
    issue.state, issue.send_at, issue.zone = IssueState.SCHEDULED, night.wall, night.zone
    db.session.flush()
    [found] = [one for one in preflight.examine(issue) if one.code == "night"]
    form = {"finding": found.identity, "reason": REASON}
    assert browser.post(f"/desk/issues/{issue.id}/waive", form).status_code == 303
    assert "Edith let it pass on" in browser.get(f"/desk/issues/{issue.id}/checks").text
