"""Lists of issues for the desk."""

from datetime import timedelta

from flask import Flask

from newsletter.issues import composing, overview
from newsletter.issues.models import IssueState
from tests.conftest import NOW
from tests.factories import make_list


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
