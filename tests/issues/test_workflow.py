"""Only allowed moves happen, and each once, whoever presses and however often."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.clock import parse_wall_time as wall
from newsletter.errors import InvalidInput, Refused, StaleVersion
from newsletter.extensions import db
from newsletter.issues import composing, editions, workflow
from newsletter.issues.checks import Finding, Level
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import make_item, make_list, rewrite

HOLD = timedelta(minutes=10)
S = IssueState


def make_issue(state: IssueState = IssueState.DRAFT) -> Issue:
    """An issue that came to `state` on a path without detours."""
    if db.session.scalar(sa.select(sa.func.count()).select_from(Issue)) == 0:
        make_list()
    issue = composing.create_issue(_the_list(), subject="News", by=None, now=NOW)
    if state is S.DRAFT:
        return issue
    if state is S.REVIEW:
        workflow.ask_for_review(issue, now=NOW)
        return issue
    workflow.approve(issue, by=None, now=NOW)
    steps: list[Callable[[], None]] = [
        lambda: workflow.send_soon(issue, HOLD, now=NOW),
        lambda: workflow.begin_sending(issue, now=NOW + HOLD),
        lambda: workflow.finish(issue, now=NOW + HOLD),
    ]
    if state is S.PAUSED:
        steps[2] = lambda: workflow.pause(issue, now=NOW)
    if state is S.CANCELLED:
        steps[2] = lambda: workflow.cancel(issue)
    order = [S.APPROVED, S.SCHEDULED, S.SENDING]
    for step in steps[: order.index(state)] if state in order else steps:
        step()
    return issue


def _the_list() -> MailingList:
    return db.session.scalars(sa.select(MailingList)).one()


MOVES: dict[str, tuple[Callable[[Issue], None], dict[IssueState, IssueState]]] = {
    "ask for review": (
        lambda issue: workflow.ask_for_review(issue, now=NOW),
        {S.DRAFT: S.REVIEW, S.REVIEW: S.REVIEW, S.APPROVED: S.REVIEW},
    ),
    "send back": (workflow.send_back, {S.REVIEW: S.DRAFT}),
    "approve": (
        lambda issue: workflow.approve(issue, by=None, now=NOW),
        {S.DRAFT: S.APPROVED, S.REVIEW: S.APPROVED, S.APPROVED: S.APPROVED},
    ),
    "schedule": (
        lambda issue: workflow.schedule(issue, wall("2027-03-02T09:00"), "UTC", now=NOW),
        {S.APPROVED: S.SCHEDULED},
    ),
    "send soon": (
        lambda issue: workflow.send_soon(issue, HOLD, now=NOW),
        {S.APPROVED: S.SCHEDULED},
    ),
    "reschedule": (
        lambda issue: workflow.reschedule(issue, wall("2027-03-03T09:00"), "UTC", now=NOW),
        {S.SCHEDULED: S.SCHEDULED},
    ),
    "stop": (workflow.stop, {S.SCHEDULED: S.APPROVED}),
    "begin": (
        lambda issue: workflow.begin_sending(issue, now=NOW),
        {S.SCHEDULED: S.SENDING},
    ),
    "pause": (
        lambda issue: workflow.pause(issue, now=NOW + HOLD),
        {S.SCHEDULED: S.PAUSED, S.SENDING: S.PAUSED},
    ),
    "resume": (lambda issue: workflow.resume(issue, now=NOW), {S.PAUSED: S.SENDING}),
    "cancel": (
        workflow.cancel,
        {state: S.CANCELLED for state in S if state not in (S.SENT, S.CANCELLED)},
    ),
    "finish": (lambda issue: workflow.finish(issue, now=NOW), {S.SENDING: S.SENT}),
}
"""What each verb does from each state; every pair that is not here is refused."""


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("name", MOVES)
def test_every_verb_works_from_its_states_only(app: Flask, name: str, state: IssueState) -> None:
    verb, moves = MOVES[name]
    issue = make_issue(state)
    if state in moves:
        verb(issue)
        assert issue.state is moves[state]
        return
    with pytest.raises(Refused, match=rf"^Issue {issue.id} .*\.$"):
        verb(issue)
    assert issue.state is state


@pytest.mark.parametrize("name", ["send soon", "begin", "pause", "cancel", "finish", "stop"])
def test_of_many_who_press_at_once_one_wins(app: Flask, name: str) -> None:
    verb, moves = MOVES[name]
    number = make_issue(next(iter(moves))).id
    db.session.commit()
    won, told = [], []
    start = threading.Barrier(6)

    def press() -> None:
        with app.app_context():
            issue = db.session.get_one(Issue, number)
            db.session.rollback()
            start.wait()
            try:
                verb(issue)
                db.session.commit()
                won.append(1)
            except Refused as refusal:
                db.session.rollback()
                told.append(str(refusal))

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A scheduled issue that is cancelled or paused stays so: nobody else wins.
    assert (len(won), len(told)) == (1, 5)


def test_what_is_approved_is_the_revision_that_was_read(app: Flask) -> None:
    issue = make_issue()
    workflow.approve(issue, by=None, now=NOW, seen_version=1)
    assert issue.approved_version == 1
    rewrite(issue, subject="Other")
    with pytest.raises(StaleVersion):
        workflow.approve(issue, by=None, now=NOW, seen_version=1)
    assert issue.state is S.DRAFT


def test_approval_is_of_what_can_be_read_whatever_the_library_says_later(app: Flask) -> None:
    item = make_item("one", title="As it was picked")
    issue = composing.create_issue(make_list(), subject="S", items=["one"], by=None, now=NOW)
    workflow.approve(issue, by=None, now=NOW)
    item.title = "Afterwards"
    db.session.flush()
    assert editions.in_language(composing.approved(issue), "en").rows[0].title == "As it was picked"


def test_an_issue_is_due_at_its_wall_time_in_its_zone(app: Flask) -> None:
    issue = make_issue(S.APPROVED)
    workflow.schedule(issue, wall("2027-03-02T09:00"), "Europe/Vienna", now=NOW)
    db.session.commit()
    instant = datetime(2027, 3, 2, 8, 0, tzinfo=UTC)
    assert workflow.due_at(issue) == instant
    assert workflow.due_issues(now=instant - timedelta(seconds=1)) == []
    assert workflow.due_issues(now=instant) == [issue]


@pytest.mark.parametrize(
    ("time", "zone", "instant"),
    [
        (wall("2027-03-28T02:30"), "Europe/Berlin", datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        (wall("2027-10-31T02:30"), "Europe/Berlin", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
        (wall("2027-07-01T09:00"), "Asia/Kathmandu", datetime(2027, 7, 1, 3, 15, tzinfo=UTC)),
    ],
)
def test_gaps_and_overlaps_have_one_instant(
    app: Flask, time: datetime, zone: str, instant: datetime
) -> None:
    issue = make_issue(S.APPROVED)
    workflow.schedule(issue, time, zone, now=NOW)
    assert workflow.due_at(issue) == instant


@pytest.mark.parametrize(
    ("time", "zone", "field", "words"),
    [
        (wall("2027-03-01T09:00"), "UTC", "at", "is over: in UTC it is now 2027-03-01 09:00"),
        (wall("2027-03-01T10:00"), "Europe/Vienna", "at", "is over"),
        (wall("0001-01-01T00:00"), "Asia/Tokyo", "at", "is over"),
        (wall("9999-12-31T23:00"), "America/Lima", "at", "too far away"),
        (wall("2030-01-01T00:00"), "UTC", "at", "within 2 years"),
        (wall("2027-03-02T00:00"), "Europe/Nowhere", "zone", "not a time zone"),
        (wall("2027-03-02T00:00"), "../../etc/passwd", "zone", "not a time zone"),
    ],
)
def test_a_time_that_cannot_be_kept_is_refused(
    app: Flask, time: datetime, zone: str, field: str, words: str
) -> None:
    issue = make_issue(S.APPROVED)
    with pytest.raises(InvalidInput, match=words) as caught:
        workflow.schedule(issue, time, zone, now=NOW)
    assert caught.value.field == field
    assert issue.state is S.APPROVED


def test_a_held_issue_is_due_after_the_hold_and_stop_takes_it_back(app: Flask) -> None:
    issue = make_issue(S.APPROVED)
    workflow.send_soon(issue, HOLD, now=NOW)
    assert workflow.due_at(issue) == NOW + HOLD
    workflow.stop(issue)
    assert (issue.state, issue.send_at, issue.zone) == (S.APPROVED, None, None)
    assert workflow.due_issues(now=NOW + HOLD) == []


def test_a_hold_is_kept_as_the_wall_time_of_who_sends_it(app: Flask) -> None:
    issue = make_issue(S.APPROVED)
    workflow.send_soon(issue, HOLD, zone="Asia/Tokyo", now=NOW)
    assert (issue.send_at, issue.zone) == (wall("2027-03-01T18:10"), "Asia/Tokyo")
    assert workflow.due_at(issue) == NOW + HOLD


def test_a_hold_in_the_hour_that_comes_twice_is_no_shorter(app: Flask) -> None:
    """In its second pass the wall time would mean the first one, which is over."""
    issue = make_issue(S.APPROVED)
    second_pass = datetime(2027, 10, 31, 1, 15, tzinfo=UTC)
    workflow.send_soon(issue, HOLD, zone="Europe/Berlin", now=second_pass)
    assert workflow.due_at(issue) == second_pass + HOLD
    assert issue.zone == "UTC"


def test_a_hold_of_zero_means_now(app: Flask) -> None:
    issue = make_issue(S.APPROVED)
    workflow.send_soon(issue, timedelta(0), now=NOW)
    assert workflow.due_issues(now=NOW) == [issue]


@pytest.mark.parametrize("hold", [timedelta(seconds=-1), timedelta(days=2)])
def test_an_impossible_hold_is_refused(app: Flask, hold: timedelta) -> None:
    with pytest.raises(InvalidInput) as caught:
        workflow.send_soon(make_issue(S.APPROVED), hold, now=NOW)
    assert caught.value.field == "hold"


def test_a_stop_among_the_findings_keeps_an_issue_back(app: Flask) -> None:
    issue = make_issue(S.APPROVED)
    stop = Finding(Level.STOP, "empty-subject", "The subject is empty.", "", "subject")
    warning = Finding(Level.WARN, "no-preheader", "There is no preheader.", "", "preheader")
    with pytest.raises(Refused, match=r"cannot be sent yet\. The subject is empty\.$"):
        workflow.send_soon(issue, HOLD, now=NOW, findings=[stop, warning])
    with pytest.raises(Refused, match="The subject is empty"):
        workflow.schedule(issue, wall("2027-03-02T00:00"), "UTC", now=NOW, findings=[stop])
    workflow.send_soon(issue, HOLD, now=NOW, findings=[warning])
    assert issue.state is S.SCHEDULED


def test_only_an_issue_more_than_three_hours_over_its_time_is_late(app: Flask) -> None:
    issue = make_issue(S.SCHEDULED)
    due = NOW + HOLD
    assert not workflow.is_late(issue, now=due + timedelta(hours=3))
    assert workflow.is_late(issue, now=due + timedelta(hours=3, seconds=1))


def test_a_late_issue_that_is_resumed_is_due_at_once(app: Flask) -> None:
    issue = make_issue(S.SCHEDULED)
    workflow.pause(issue, "Its time was over by 5 hours.", now=NOW + timedelta(hours=5))
    assert issue.pause_reason == "Its time was over by 5 hours."
    resumed = NOW + timedelta(hours=6)
    workflow.resume(issue, now=resumed)
    assert (issue.state, issue.pause_reason) == (S.SCHEDULED, "")
    assert workflow.due_issues(now=resumed) == [issue]
    assert not workflow.is_late(issue, now=resumed)


def test_before_its_time_an_issue_is_stopped_and_not_paused(app: Flask) -> None:
    issue = make_issue(S.SCHEDULED)
    with pytest.raises(Refused, match="is scheduled. Stop it to change anything"):
        workflow.pause(issue, now=NOW + HOLD - timedelta(seconds=1))
    assert (issue.state, workflow.due_at(issue)) == (S.SCHEDULED, NOW + HOLD)


def test_who_gave_a_due_issue_another_time_wins_over_who_pauses_it(app: Flask) -> None:
    issue = make_issue(S.SCHEDULED)
    due, later = NOW + HOLD, wall("2027-03-03T09:00")
    # Somebody else's move, which this session has not seen.
    elsewhere = sa.update(Issue).values(send_at=later)
    db.session.execute(elsewhere.execution_options(synchronize_session=False))
    assert workflow.due_at(issue) == due
    with pytest.raises(Refused, match="is scheduled"):
        workflow.pause(issue, now=due)
    assert (issue.state, issue.send_at) == (S.SCHEDULED, later)


def test_a_paused_issue_whose_time_is_ahead_keeps_its_time(app: Flask) -> None:
    """As those were that could be paused long before their time."""
    issue = make_issue(S.APPROVED)
    workflow.schedule(issue, wall("2027-12-01T09:00"), "Europe/Vienna", now=NOW)
    issue.state = S.PAUSED
    db.session.flush()
    workflow.resume(issue, now=NOW)
    assert (issue.state, issue.zone) == (S.SCHEDULED, "Europe/Vienna")
    assert workflow.due_at(issue) == datetime(2027, 12, 1, 8, 0, tzinfo=UTC)


def test_an_endless_pause_reason_is_cut(app: Flask) -> None:
    issue = make_issue(S.SENDING)
    workflow.pause(issue, "x" * 2_000, now=NOW)
    assert len(issue.pause_reason) == 500


def test_beginning_and_end_are_noted(app: Flask) -> None:
    issue = make_issue(S.SENT)
    assert (issue.begun_at, issue.sent_at) == (NOW + HOLD, NOW + HOLD)


def test_an_issue_without_a_time_is_not_asked_for_it(app: Flask) -> None:
    with pytest.raises(Refused, match="no time"):
        workflow.due_at(make_issue())
