"""Pause, resume and cancel: at any time, any number of times, in any order, by anybody at once."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import reports
from newsletter.delivery import closing, control, planning, sweeping, turns
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Provider, Send
from newsletter.delivery.reasons import AGAIN
from newsletter.errors import Refused
from newsletter.extensions import db, reading
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.reports import Report
from tests.conftest import NOW
from tests.delivery.situations import due_batches
from tests.factories import make_due_issue, make_list, make_subscription

LATER = NOW + timedelta(hours=1)


def pause(issue: Issue) -> None:
    control.pause(issue, now=LATER)


def resume(issue: Issue) -> None:
    control.resume(issue, now=LATER)


def cancel(issue: Issue) -> None:
    control.cancel(issue, now=LATER)


def issue_in(state: IssueState) -> Issue:
    """An issue to four readers in this state; where it has begun, one mail each is sent."""
    news = make_list()
    for name in ("ada", "ben", "cleo", "dan"):
        make_subscription(news, f"{name}@example.org")
    if state in (IssueState.DRAFT, IssueState.REVIEW, IssueState.APPROVED):
        issue = composing.create_issue(news, subject="Hello", by=None, now=NOW)
        if state is IssueState.REVIEW:
            workflow.ask_for_review(issue, now=NOW)
        if state is IssueState.APPROVED:
            workflow.approve(issue, by=None, now=NOW)
        return issue
    issue = make_due_issue(news)
    if state is IssueState.SCHEDULED:
        return issue
    planning.plan(issue, now=NOW)
    put(0, state=DeliveryState.SENT, finished_at=NOW)
    if state is IssueState.SENT:
        for number in (1, 2, 3):
            put(number, state=DeliveryState.FAILED, finished_at=NOW)
        closing.close_batches(sa.true())
        closing.finish_done(now=NOW)
    if state is IssueState.PAUSED:
        control.pause(issue, now=NOW)
    if state is IssueState.CANCELLED:
        control.cancel(issue, now=NOW)
    return issue


def put(number: int, **columns: object) -> None:
    """Change the row of one reader, by its place."""
    row_id = db.session.scalars(sa.select(Delivery.id).order_by(Delivery.id)).all()[number]
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.id == row_id)
        .values(**columns)
        .execution_options(synchronize_session=False)
    )


S = IssueState


@pytest.mark.parametrize(
    ("state", "verb", "after"),
    [
        (S.DRAFT, pause, None),
        (S.REVIEW, pause, None),
        (S.APPROVED, pause, None),
        (S.SCHEDULED, pause, S.PAUSED),
        (S.SENDING, pause, S.PAUSED),
        (S.PAUSED, pause, None),
        (S.SENT, pause, None),
        (S.CANCELLED, pause, None),
        (S.DRAFT, resume, None),
        (S.REVIEW, resume, None),
        (S.APPROVED, resume, None),
        (S.SCHEDULED, resume, None),
        (S.SENDING, resume, None),
        (S.PAUSED, resume, S.SENDING),
        (S.SENT, resume, None),
        (S.CANCELLED, resume, None),
        (S.DRAFT, cancel, S.CANCELLED),
        (S.REVIEW, cancel, S.CANCELLED),
        (S.APPROVED, cancel, S.CANCELLED),
        (S.SCHEDULED, cancel, S.CANCELLED),
        (S.SENDING, cancel, S.CANCELLED),
        (S.PAUSED, cancel, S.CANCELLED),
        (S.SENT, cancel, None),
        (S.CANCELLED, cancel, None),
    ],
)
def test_every_verb_in_every_state_works_or_says_how_things_stand(
    app: Flask, state: IssueState, verb: Callable[[Issue], None], after: IssueState | None
) -> None:
    issue = issue_in(state)
    before = reports.report(issue.id)
    assert issue.state is state
    if after is None:
        with pytest.raises(Refused, match=f"Issue {issue.id} (is|was|waits)"):
            verb(issue)
        assert (issue.state, reports.report(issue.id)) == (state, before)
        return
    verb(issue)
    assert issue.state is after


def test_a_paused_issue_is_worked_on_by_nobody_and_nothing_is_lost(app: Flask) -> None:
    issue = issue_in(S.SENDING)
    assert len(due_batches(now=LATER)) == 1
    pause(issue)
    assert due_batches(now=LATER) == []
    assert reports.report(issue.id) == Report(planned=4, sent=1, waiting=3)
    resume(issue)
    assert len(due_batches(now=LATER)) == 1
    assert reports.report(issue.id) == Report(planned=4, sent=1, waiting=3)


def test_resuming_ends_back_off_and_holds_but_sends_nothing_twice(app: Flask) -> None:
    issue = issue_in(S.SENDING)
    put(1, due_at=NOW + timedelta(days=1), attempts=3)
    put(2, state=DeliveryState.FAILED, finished_at=NOW)
    db.session.execute(sa.update(Batch).values(due_at=NOW + timedelta(days=1)))
    db.session.add(Provider(name="mail.example", held_until=NOW + timedelta(days=1)))
    pause(issue)
    resume(issue)
    assert [batch.issue_id for batch in due_batches(now=LATER)] == [issue.id]
    assert reports.report(issue.id) == Report(planned=4, sent=1, failed=1, waiting=2)
    assert db.session.scalars(sa.select(Delivery.due_at)).all() == [None] * 4
    assert db.session.scalars(sa.select(Provider.held_until)).one() is None
    assert db.session.scalars(sa.select(Send.resumed_at)).one() == LATER


def test_cancelling_ends_what_waits_and_leaves_what_is_in_flight_to_its_answer(
    app: Flask,
) -> None:
    issue = issue_in(S.SENDING)
    put(1, state=DeliveryState.IN_FLIGHT, attempts=1)
    cancel(issue)
    assert reports.report(issue.id) == Report(planned=4, sent=1, in_flight=1, cancelled=2)
    put(1, state=DeliveryState.SENT, finished_at=LATER)
    closing.close_batches(sa.true())
    closing.finish_done(now=LATER)
    assert reports.report(issue.id) == Report(planned=4, sent=2, cancelled=2)
    assert issue.state is S.CANCELLED


def test_an_issue_paused_before_it_began_is_due_at_once_when_resumed(app: Flask) -> None:
    issue = issue_in(S.SCHEDULED)
    pause(issue)
    assert workflow.due_issues(now=LATER) == []
    resume(issue)
    assert issue.state is S.SCHEDULED
    assert workflow.due_issues(now=LATER) == [issue]
    assert not workflow.is_late(issue, now=LATER)


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns of one batch of a reader, and nobody waits for more than one of them."""
    monkeypatch.setattr(planning, "BATCH_SIZE", 1)
    monkeypatch.setattr(control, "PORTION", 1)
    monkeypatch.setattr(control, "MOMENT", 0.0)
    monkeypatch.setattr(sweeping, "WHILE", 0.0)
    monkeypatch.setattr(turns, "TURN", 0.0)


@pytest.mark.usefixtures("slowly")
def test_a_large_issue_is_cancelled_at_once_and_the_sweeps_end_its_rows(app: Flask) -> None:
    issue = issue_in(S.SENDING)
    cancel(issue)
    # As if the process ended here: whatever it had not committed is gone.
    db.session.rollback()
    assert issue.state is S.CANCELLED
    assert due_batches(now=LATER) == []
    seen = [reports.report(issue.id)]
    while not seen[-1].is_final:
        sweeping.sweep(now=LATER)
        db.session.rollback()
        seen.append(reports.report(issue.id))
    assert [numbers.cancelled for numbers in seen] == [0, 1, 2, 3]
    assert [numbers.waiting for numbers in seen] == [3, 2, 1, 0]
    sweeping.sweep(now=LATER)
    assert db.session.scalars(sa.select(Send.finished_at)).one() == LATER


@pytest.mark.usefixtures("slowly")
def test_what_may_have_been_sent_is_uncertain_whoever_cancels_its_row(app: Flask) -> None:
    issue = issue_in(S.SENDING)
    said = f"{AGAIN} as edith decided."
    put(3, reason=said, attempts=1, merge_values={"name": "Dan"})
    put(2, merge_values={"name": "Cleo"})
    cancel(issue)
    for _ in range(3):
        sweeping.sweep(now=LATER)
    assert reports.report(issue.id) == Report(planned=4, sent=1, cancelled=2, uncertain=1)
    *_, cleo, dan = db.session.scalars(sa.select(Delivery).order_by(Delivery.id)).all()
    assert (cleo.merge_values, dan.merge_values) == (None, {"name": "Dan"})
    assert (cleo.reason, dan.reason) == (closing.CANCELLED, said)


@pytest.mark.usefixtures("slowly")
def test_others_write_while_the_waits_of_a_large_issue_end_and_it_is_paused_until_then(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "REST", 0.03)
    issue = issue_in(S.SENDING)
    for number in (1, 2, 3):
        put(number, due_at=NOW + timedelta(days=1), attempts=1)
    pause(issue)
    db.session.commit()
    seen: list[tuple[IssueState, int]] = []

    def write_and_look() -> None:
        with app.app_context():
            while not seen or seen[-1][1]:
                # A transaction that takes the write lock, as everybody's does.
                state = db.session.scalars(sa.select(Issue.state)).one()
                waits = sa.select(sa.func.count()).where(Delivery.due_at.is_not(None))
                seen.append((state, db.session.scalars(waits).one()))
                db.session.commit()
            db.session.remove()

    thread = threading.Thread(target=write_and_look)
    thread.start()
    resume(issue)
    db.session.commit()
    thread.join(timeout=30)

    assert {count for _, count in seen} & {1, 2}, seen
    # Cut short there, it is paused still, and a person resumes it again.
    assert {state for state, count in seen if count} == {S.PAUSED}
    assert issue.state is S.SENDING
    assert len(due_batches(now=LATER)) == 4


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_steps_keeps_the_books(app: Flask, seed: int) -> None:
    issue = issue_in(S.SENDING)
    dice = random.Random(seed)
    was_cancelled = False
    for _ in range(30):
        verb = dice.choice([pause, resume, pause, resume, _send_one, cancel])
        try:
            verb(issue)
        except Refused:
            continue
        was_cancelled = was_cancelled or verb is cancel
        numbers = reports.report(issue.id)
        assert numbers.planned == numbers.final + numbers.waiting + numbers.in_flight
        assert (issue.state is S.CANCELLED) == was_cancelled
        assert bool(numbers.waiting) != was_cancelled
        assert bool(due_batches(now=LATER)) == (issue.state is S.SENDING)


def test_of_many_at_once_the_last_word_is_cancels(app: Flask) -> None:
    number = issue_in(S.SENDING).id
    db.session.commit()
    refusals: list[str] = []

    def act(verb: Callable[[Issue], None]) -> None:
        with app.app_context():
            for _ in range(5):
                try:
                    verb(composing.find_issue(number))
                    db.session.commit()
                except Refused as exc:
                    db.session.rollback()
                    refusals.append(str(exc))
            db.session.remove()

    threads = [threading.Thread(target=act, args=[verb]) for verb in (pause, resume, cancel) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading():
        assert composing.find_issue(number).state is S.CANCELLED
        assert reports.report(number) == Report(planned=4, sent=1, cancelled=3)
    # Ten wished to cancel: one did, and the others were told so.
    assert sum("was cancelled" in refusal for refusal in refusals) >= 9


def _send_one(issue: Issue) -> None:
    """What a sender does while an issue is being sent; one row is always left to wait."""
    waiting = db.session.scalars(
        sa.select(Delivery.id).where(Delivery.state == DeliveryState.WAITING)
    ).all()
    if issue.state is S.SENDING and len(waiting) > 1:
        db.session.execute(
            sa.update(Delivery)
            .where(Delivery.id == waiting[0])
            .values(state=DeliveryState.SENT, finished_at=LATER)
            .execution_options(synchronize_session=False)
        )
