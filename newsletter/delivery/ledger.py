"""The only writer of outcomes: what was answered, what goes next, what stays unknown.

One commit holds the answers that came and the marks of what goes next, after
the replies and before the dots. So a crash leaves at most one marked row per
open connection in doubt, and every other row says what is true.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import leases
from newsletter.delivery.leases import Lease
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.errors import Refused
from newsletter.extensions import db, rows_changed
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)

log = logging.getLogger(__name__)

OPEN = (DeliveryState.WAITING, DeliveryState.IN_FLIGHT)
"""The states that are not final."""

BREATH = 0.0005
"""Seconds between two commits on SQLite, so that a page that writes gets its turn."""

_turn = threading.Lock()


@dataclass(frozen=True)
class Mark:
    """The wish to write the final dot of one delivery's message.

    `attempt` is the number of this attempt, from 1. `date` and `values` are
    what the bytes were made with: kept, so that a later attempt has the same bytes.
    """

    lease: Lease
    delivery_id: int
    attempt: int
    date: datetime
    values: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What became of one delivery.

    `is_marked` tells whether it was in flight; `attempt` is the number of the
    attempt that this is the answer to, 0 if nothing was tried. With the state
    `waiting` it is tried again at `due_at`, made of the same `date` and `values`.
    """

    lease: Lease
    delivery_id: int
    state: DeliveryState
    attempt: int = 0
    is_marked: bool = False
    due_at: datetime | None = None
    code: int | None = None
    status: str = ""
    reason: str = ""
    date: datetime | None = None
    values: dict[str, Any] | None = None


def write(answers: Sequence[Answer], marks: Sequence[Mark], *, now: datetime) -> frozenset[int]:
    """Commit answers and marks together; return the deliveries whose mark was granted.

    A mark is granted if the row still waits, its batch is still the asker's,
    its issue is still being sent, and the reader still wants it. An answer to
    a marked row is taken even from an owner who lost the batch: it is the
    evidence that was missing.
    """
    with _alone(), _committed():
        owned = _renew_all([*answers, *marks], now=now)
        for answer in answers:
            _record(answer, is_owned=answer.lease in owned, now=now)
        return frozenset(mark.delivery_id for mark in marks if mark.lease in owned and _grant(mark))


def close(
    lease: Lease, answers: Sequence[Answer], *, now: datetime, not_before: datetime | None = None
) -> None:
    """Commit the last answers of a batch and give the batch back.

    If that was the last open row of the send, the issue becomes `sent`.
    """
    with _alone(), _committed():
        owned = _renew_all(answers, now=now)
        for answer in answers:
            _record(answer, is_owned=answer.lease in owned, now=now)
        leases.give_back(lease, now=now, not_before=not_before)
        finish_done(now=now)


def _renew_all(rows: Sequence[Answer | Mark], *, now: datetime) -> set[Lease]:
    # In one order everywhere, so that two writers cannot wait for each other.
    wanted = sorted({row.lease for row in rows}, key=lambda lease: lease.batch_id)
    return {lease for lease in wanted if leases.renew(lease, now=now)}


def _record(answer: Answer, *, is_owned: bool, now: datetime) -> None:
    statement = sa.update(Delivery).where(Delivery.id == answer.delivery_id)
    if answer.is_marked:
        # The number of the attempt fences: the row may have been sent on by somebody else.
        statement = statement.where(
            Delivery.attempts == answer.attempt, Delivery.state.in_(_answerable(answer))
        )
    elif is_owned:
        statement = statement.where(Delivery.state == DeliveryState.WAITING)
    else:
        log.warning("delivery %s: an answer came too late and was dropped", answer.delivery_id)
        return
    result = db.session.execute(
        statement.values(_columns(answer, now=now)).execution_options(synchronize_session=False)
    )
    if rows_changed(result) != 1:
        log.warning("delivery %s: an answer came too late and was dropped", answer.delivery_id)


def _answerable(answer: Answer) -> tuple[DeliveryState, ...]:
    if answer.state in (DeliveryState.SENT, DeliveryState.FAILED):
        return (DeliveryState.IN_FLIGHT, DeliveryState.UNCERTAIN)
    return (DeliveryState.IN_FLIGHT,)


def _columns(answer: Answer, *, now: datetime) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "state": answer.state,
        "due_at": answer.due_at,
        "reply_code": answer.code,
        "reply_status": answer.status[:12],
        "reason": answer.reason[:500],
    }
    if answer.attempt and not answer.is_marked:
        columns["attempts"] = answer.attempt
    if answer.date is not None:
        columns["first_attempt_at"] = sa.func.coalesce(
            Delivery.first_attempt_at, sa.literal(answer.date, Delivery.first_attempt_at.type)
        )
    if answer.state is DeliveryState.WAITING:
        columns["merge_values"] = answer.values
        return columns
    columns["finished_at"] = now
    if answer.state is not DeliveryState.UNCERTAIN:
        # What cannot be sent again needs no copy of a person's name.
        columns["merge_values"] = sa.null()
    return columns


def _grant(mark: Mark) -> bool:
    granted = db.session.execute(
        sa.update(Delivery)
        .where(
            Delivery.id == mark.delivery_id,
            Delivery.batch_id == mark.lease.batch_id,
            Delivery.state == DeliveryState.WAITING,
            Delivery.attempts == mark.attempt - 1,
            _is_wanted(),
        )
        .values(
            state=DeliveryState.IN_FLIGHT,
            attempts=mark.attempt,
            due_at=None,
            first_attempt_at=mark.date,
            merge_values=mark.values,
        )
        .execution_options(synchronize_session=False)
    )
    return rows_changed(granted) == 1


def _is_wanted() -> sa.ColumnElement[bool]:
    """Tell whether the issue is still being sent and the reader still to be mailed."""
    is_suppressed = sa.exists().where(Suppression.address_hmac == Subscriber.address_hmac)
    return (
        sa.exists()
        .where(
            Send.id == Delivery.send_id,
            Issue.id == Send.issue_id,
            Issue.state == IssueState.SENDING,
            Subscriber.id == Delivery.subscriber_id,
            Subscription.subscriber_id == Delivery.subscriber_id,
            Subscription.mailing_list_id == Issue.mailing_list_id,
            Subscription.state == SubscriptionState.CONFIRMED,
            ~is_suppressed.correlate(Subscriber),
        )
        .correlate(Delivery)
    )


def cancel_waiting(send: Send, *, now: datetime) -> int:
    """Cancel every row that still waits and return how many; what is in flight ends by itself."""
    cancelled = db.session.execute(
        sa.update(Delivery)
        .where(Delivery.send_id == send.id, Delivery.state == DeliveryState.WAITING)
        .values(
            state=DeliveryState.CANCELLED,
            finished_at=now,
            due_at=None,
            merge_values=sa.null(),
            reason="The issue was cancelled before this message was sent.",
        )
        .execution_options(synchronize_session=False)
    )
    close_batches(Batch.send_id == send.id, Batch.leased_until.is_(None))
    return rows_changed(cancelled)


def finish_done(*, now: datetime) -> None:
    """End every send with nothing open; its issue, if it was being sent, is now `sent`."""
    done = db.session.scalars(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(
            Send.finished_at.is_(None),
            Issue.state.in_([IssueState.SENDING, IssueState.CANCELLED]),
            ~sa.exists().where(Batch.send_id == Send.id, ~Batch.is_done),
        )
        # Of two couriers that close the last two batches, one does it.
        .with_for_update(of=Send, skip_locked=True)
    ).all()
    for send in done:
        send.finished_at = now
        with suppress(Refused):
            # Somebody may cancel at this very moment: then it stays cancelled.
            workflow.finish(send.issue, now=now)
        db.session.flush()
        log.info("issue %s: all %s deliveries are final", send.issue_id, send.planned)


def close_batches(*which: sa.ColumnElement[bool]) -> None:
    """Mark those of the batches as done in which no row is open."""
    db.session.execute(
        sa.update(Batch)
        .where(
            *which,
            ~Batch.is_done,
            ~sa.exists().where(Delivery.batch_id == Batch.id, Delivery.state.in_(OPEN)),
        )
        .values(is_done=True)
        .execution_options(synchronize_session=False)
    )


def tally(send_id: int) -> dict[str, int]:
    """Return how many rows were planned and how many are in each state, in one query."""
    columns = [
        sa.func.coalesce(sa.func.sum(sa.case((Delivery.state == state, 1), else_=0)), 0)
        for state in DeliveryState
    ]
    row = db.session.execute(
        sa.select(Send.planned, *columns)
        .select_from(Send)
        .outerjoin(Delivery, Delivery.send_id == Send.id)
        .where(Send.id == send_id)
        .group_by(Send.id, Send.planned)
    ).one()
    names = ["planned", *(state.value for state in DeliveryState)]
    return dict(zip(names, map(int, row), strict=True))


@contextmanager
def _alone() -> Iterator[None]:
    """Let one writer of this process commit at a time on SQLite, and pause after it.

    SQLite has one writer; without turns the couriers would keep the lock among
    themselves and starve the pages. PostgreSQL joins parallel commits by itself.
    """
    if db.engine.dialect.name != "sqlite":
        yield
        return
    with _turn:
        yield
        time.sleep(BREATH)


@contextmanager
def _committed() -> Iterator[None]:
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
