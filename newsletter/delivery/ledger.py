"""The only writer of outcomes: what was answered, what goes next, what stays unknown.

One commit holds the answers that came and the marks of what goes next, after
the replies and before the dots. So a crash leaves at most one marked row per
open connection in doubt, and every other row says what is true.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from newsletter.delivery import closing
from newsletter.delivery.backoff import AT_ONCE, LONGEST_WAIT
from newsletter.delivery.drivers import DATABASE_ERRORS, Step, driver_for, to_json
from newsletter.delivery.leases import LEASE, Lease
from newsletter.delivery.models import DeliveryState
from newsletter.delivery.recipients import Recipient
from newsletter.delivery.statements import (
    ANSWER_MARKED,
    ANSWER_UNMARKED,
    DUE_IN,
    MARK,
    SEEMS_OVER,
    UNDO,
)
from newsletter.extensions import db

log = logging.getLogger(__name__)

BREATH = 0.0005
"""Seconds between two commits on SQLite, so that a page that writes gets its turn."""


class Mark(NamedTuple):
    """The wish to write the final dot of one delivery's message.

    `attempt` is the number of this attempt, from 1. `date` and `values` are
    what the bytes were made with: kept, so that a later attempt has the same bytes.
    """

    lease: Lease
    delivery_id: int
    attempt: int
    date: datetime
    values: dict[str, Any]


class Answer(NamedTuple):
    """What became of one delivery.

    `is_marked` tells whether it was in flight; `attempt` is the number of the
    attempt that this is the answer to, 0 if nothing was tried. With the state
    `waiting` it is tried again at `due_at`, made of the same `date` and `values`.
    `is_undone` tells that no dot followed the mark: the attempt is not charged.
    """

    lease: Lease
    delivery_id: int
    state: DeliveryState
    attempt: int = 0
    is_marked: bool = False
    is_undone: bool = False
    due_at: datetime | None = None
    code: int | None = None
    status: str = ""
    reason: str = ""
    date: datetime | None = None
    values: dict[str, Any] | None = None


@dataclass(frozen=True)
class Turn:
    """What one transaction brought: marks granted, who is next, and batches that were lost.

    `late` are answers that found no row in flight, and say that nothing was sent.
    """

    granted: frozenset[int]
    recipients: Sequence[Recipient]
    lost: frozenset[int]
    late: Sequence[Answer] = ()


@dataclass(frozen=True)
class Claimed:
    """A batch that is ours: its lease, and its deliveries that are due, each with its provider."""

    lease: Lease
    due: Sequence[tuple[int, str]]


class Ledger:
    """The writer of one sending process: a connection of its own, a transaction a turn."""

    def __init__(self) -> None:
        self._engine = db.engine
        self._driver = driver_for(self._engine.dialect.name)
        self._connection: PoolProxiedConnection | None = None
        # SQLite has one writer; PostgreSQL joins parallel commits by itself.
        self._breath = BREATH if self._engine.dialect.name == "sqlite" else 0.0
        self._committed_at = 0.0

    def rest(self) -> float:
        """Return the seconds until the next commit may begin, so that others get to write."""
        return max(0.0, self._committed_at + self._breath - time.monotonic())

    def turn(
        self,
        answers: Sequence[Answer],
        marks: Sequence[Mark],
        looks: Sequence[int] = (),
        *,
        held: Sequence[Lease] = (),
        now: datetime,
    ) -> Turn:
        """Commit answers and marks together, prolong leases, and look at who is next.

        A mark is granted if the row still waits, its batch is still the asker's,
        its issue is still being sent, and the reader still wants it. An answer to
        a marked row is taken even from an owner who lost the batch: it is the
        evidence that was missing. Raises a DATABASE_ERROR, and then it is not
        known whether anything of it was written.
        """
        undone = [answer for answer in answers if answer.is_undone]
        marked = [answer for answer in answers if answer.is_marked and not answer.is_undone]
        others = [answer for answer in answers if not answer.is_marked]
        who = [{"ids": self._driver.among(looks)}] if looks else []
        kept, *settled, granted, looked = self._transact(
            [
                Step(self._driver.hold_lease, [self._held(lease, now=now) for lease in held]),
                Step(UNDO, [self._answered(answer, now=now) for answer in undone]),
                Step(ANSWER_MARKED, [self._answered(answer, now=now) for answer in marked]),
                Step(ANSWER_UNMARKED, [self._answered(answer, now=now) for answer in others]),
                Step(MARK, [self._marked(mark) for mark in marks]),
                Step(self._driver.look, who, asks=True),
            ],
            writes=bool(answers or marks or held),
        )
        late = _unheard([*undone, *marked, *others], [one for counts in settled for one in counts])
        return Turn(
            frozenset(
                mark.delivery_id for mark, count in zip(marks, granted, strict=True) if count
            ),
            [Recipient.from_row(row) for row in looked],
            frozenset(lease.batch_id for lease, count in zip(held, kept, strict=True) if not count),
            late,
        )

    def claim(self, batch_id: int, *, now: datetime, length: timedelta = LEASE) -> Claimed | None:
        """Take one batch and return what is due in it; None if somebody else was faster. Commits.

        A lease that ran out is not taken over here: `sweeping.sweep` ends it first,
        because its last message may be in flight.
        """
        stored = self._driver.moment
        lease = Lease(batch_id, 0, length)
        due = {"batch": batch_id, "now": stored(now), "too_far": stored(now + LONGEST_WAIT)}
        claimed, waiting = self._transact(
            [
                Step(self._driver.claim, [self._held(lease, now=now)], asks=True),
                Step(DUE_IN, [due], asks=True),
            ],
            writes=True,
        )
        if not claimed:
            return None
        [[token]] = claimed
        return Claimed(Lease(batch_id, token, length), [(row[0], row[1]) for row in waiting])

    def close(self, lease: Lease, *, now: datetime, not_before: datetime | None = None) -> None:
        """Give a batch back, whose answers are written, and commit.

        It is not due before `not_before`, or before its next row is. If it was the
        last open batch of the send, the issue becomes `sent`.
        """
        stored = self._driver.moment
        given_back = {
            "batch": lease.batch_id,
            "token": lease.token,
            "now": stored(now),
            "at_once": stored(AT_ONCE),
            "not_before": stored(not_before or AT_ONCE),
        }
        # Prolonged first, it is locked, and what is left in it is counted after that.
        *_, seems_over = self._transact(
            [
                Step(self._driver.hold_lease, [self._held(lease, now=now)]),
                Step(self._driver.give_back, [given_back]),
                Step(SEEMS_OVER, [{"batch": lease.batch_id}], asks=True),
            ],
            writes=True,
        )
        if seems_over:
            with _committed():
                closing.finish_done(now=now)

    def hang_up(self) -> None:
        """Give the connection up; whatever it had begun is rolled back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*DATABASE_ERRORS, SQLAlchemyError):
                connection.invalidate()

    def _transact(self, steps: Sequence[Step], *, writes: bool) -> list[list[Any]]:
        if writes and (rest := self.rest()):
            time.sleep(rest)
        try:
            given = self._driver.transact(self._connected(), steps, writes=writes)
        except BaseException:
            self.hang_up()
            raise
        if writes:
            self._committed_at = time.monotonic()
        return given

    def _connected(self) -> PoolProxiedConnection:
        if self._connection is None:
            connection = self._engine.raw_connection()
            self._driver.prepare(connection)
            self._connection = connection
        return self._connection

    def _held(self, lease: Lease, *, now: datetime) -> dict[str, Any]:
        return {
            "batch": lease.batch_id,
            "token": lease.token,
            "until": self._driver.moment(now + lease.length),
            "length": lease.length.total_seconds(),
        }

    def _marked(self, mark: Mark) -> dict[str, Any]:
        return {
            "id": mark.delivery_id,
            "batch": mark.lease.batch_id,
            "token": mark.lease.token,
            "attempt": mark.attempt,
            "date": self._driver.moment(mark.date),
            "values": to_json(mark.values),
        }

    def _answered(self, answer: Answer, *, now: datetime) -> dict[str, Any]:
        waits = answer.state is DeliveryState.WAITING
        # What cannot be sent again needs no copy of a person's name.
        keeps = waits or answer.state is DeliveryState.UNCERTAIN
        return {
            "id": answer.delivery_id,
            "batch": answer.lease.batch_id,
            "token": answer.lease.token,
            "attempt": answer.attempt,
            "is_evidence": answer.state in (DeliveryState.SENT, DeliveryState.FAILED),
            "state": answer.state.value,
            "due_at": self._driver.moment(answer.due_at),
            "finished_at": None if waits else self._driver.moment(now),
            "date": self._driver.moment(answer.date),
            "values": to_json(answer.values) if keeps else None,
            "code": answer.code,
            "status": answer.status[:12],
            "reason": answer.reason[:500],
        }


def _unheard(answers: Sequence[Answer], counts: Sequence[int]) -> list[Answer]:
    """Return the answers that met no row, as far as they say that nothing was sent."""
    late = []
    for answer, count in zip(answers, counts, strict=True):
        if count:
            continue
        if answer.is_marked and answer.state is DeliveryState.WAITING:
            late.append(answer)
        else:
            log.warning("delivery %s: an answer came too late", answer.delivery_id)
    return late


@contextmanager
def _committed() -> Iterator[None]:
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
