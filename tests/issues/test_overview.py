"""Lists of issues for the desk."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from newsletter.issues import composing, editing, overview
from newsletter.issues.models import IssueState, Revision
from newsletter.issues.texts import Texts
from tests.conftest import NOW
from tests.factories import make_editor, make_list

DAY = timedelta(days=1)


def test_the_newest_issue_comes_first_a_page_at_a_time(app: Flask) -> None:
    mailing_list = make_list()
    for number in range(overview.PER_PAGE + 1):
        composing.create_issue(mailing_list, subject=f"No {number}", by=None, now=NOW)
    first, has_older = overview.lines()
    assert [line.subject for line in first[:2]] == ["No 30", "No 29"]
    assert (len(first), has_older) == (overview.PER_PAGE, True)
    second, has_older = overview.lines(page=2)
    assert ([line.subject for line in second], has_older) == (["No 0"], False)
    assert overview.lines(page=3) == ([], False)


def test_only_the_states_asked_for_are_listed(app: Flask) -> None:
    mailing_list = make_list()
    draft = composing.create_issue(mailing_list, subject="Draft", by=None, now=NOW)
    gone = composing.create_issue(mailing_list, subject="Gone", by=None, now=NOW)
    gone.state = IssueState.CANCELLED
    found, _ = overview.lines(states={IssueState.DRAFT})
    assert [(line.number, line.list_name, line.state) for line in found] == [
        (draft.id, "Stay Informed", IssueState.DRAFT)
    ]


def test_the_last_issue_is_the_one_that_was_finished_last(app: Flask) -> None:
    assert overview.last_sent() is None
    mailing_list = make_list()
    for subject, sent_at in (("Later", NOW + timedelta(hours=1)), ("Earlier", NOW)):
        issue = composing.create_issue(mailing_list, subject=subject, by=None, now=NOW)
        issue.state, issue.sent_at = IssueState.SENT, sent_at
    last = overview.last_sent()
    assert last is not None
    assert last.subject == "Later"


def test_issues_are_found_by_the_year_in_which_they_were_sent(app: Flask) -> None:
    mailing_list = make_list()
    assert overview.years() == []
    old = composing.create_issue(mailing_list, subject="Old", by=None, now=NOW - 400 * DAY)
    late = composing.create_issue(mailing_list, subject="Late", by=None, now=NOW - 400 * DAY)
    late.sent_at = NOW
    assert overview.years() == [2026]
    assert [line.number for line in overview.lines(year=2027)[0]] == [late.id]
    assert [line.number for line in overview.lines(year=2026)[0]] == [old.id]


def test_open_issues_are_those_that_are_neither_sent_nor_cancelled(app: Flask) -> None:
    mailing_list = make_list()
    for state in (IssueState.DRAFT, IssueState.SENT, IssueState.CANCELLED, IssueState.PAUSED):
        composing.create_issue(mailing_list, subject=state, by=None, now=NOW).state = state
    assert [line.state for line in overview.open_lines()] == [IssueState.PAUSED, IssueState.DRAFT]
    assert overview.open_lines(lists=frozenset()) == []


def test_a_line_says_who_saved_the_newest_version(app: Flask) -> None:
    mailing_list = make_list()
    edith, ben = make_editor(), make_editor("ben@example.org", name="")
    issue = composing.create_issue(mailing_list, subject="Hello", by=edith, now=NOW)
    assert overview.open_lines()[0].saved_by == "Edith"
    db.session.execute(sa.update(Revision).values(saved_by_id=ben.id))
    assert overview.open_lines()[0].saved_by == "ben@example.org"
    db.session.execute(sa.update(Revision).values(saved_by_id=None))
    assert overview.open_lines()[0].saved_by == ""
    assert issue.version == 1


def test_issues_are_found_by_the_words_of_their_newest_version(app: Flask) -> None:
    mailing_list, other = make_list(), make_list("other")
    first = composing.create_issue(
        mailing_list, subject="On iron", introduction="With *folate*.", by=None, now=NOW
    )
    second = composing.create_issue(other, subject="Folate", by=None, now=NOW)
    third = composing.create_issue(
        mailing_list, subject="Zinc", preheader="and folate", by=None, now=NOW
    )
    assert [line.number for line in overview.find_by_words("folate")] == [
        second.id,
        third.id,
        first.id,
    ]
    hers = overview.find_by_words("folate", lists=frozenset([mailing_list.id]), most=1)
    assert [line.number for line in hers] == [third.id]
    whole = composing.current(first)
    changed = editing.with_texts(whole, "en", Texts("On iron", "", ""))
    composing.save(first, changed, based_on_version=1, by=None, now=NOW)
    assert first.id not in {line.number for line in overview.find_by_words("folate")}


def test_an_issue_is_found_by_its_number_on_a_list_of_ones_own(app: Flask) -> None:
    mailing_list = make_list()
    issue = composing.create_issue(mailing_list, subject="On iron", by=None, now=NOW)
    found = overview.find_by_number(issue.id, lists=frozenset([mailing_list.id]))
    assert found is not None
    assert found.title == "On iron"
    assert overview.find_by_number(issue.id, lists=frozenset([99])) is None
    assert overview.find_by_number(99) is None
