"""The statements of the ledger's inmost loop, in the database driver's own words.

They run for every message, thousands of times a second, so they pass neither
the ORM nor its expression language: that would cost more than the mail. What
they mean is said once, for both databases; a `Driver` is what differs.
"""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

import orjson
import psycopg

from newsletter.delivery.reasons import AGAIN

Row = Mapping[str, Any]

DATABASE_ERRORS = (sqlite3.Error, psycopg.Error)
"""What a driver raises when the database is away, busy, full or contradicts."""

# One UPDATE decides who gets a batch. Whoever was told of it has come: given back, it is
# told again at once.
_CLAIM = """
    UPDATE batch SET lease = lease + 1, leased_until = {end}, dispatched_at = NULL
    WHERE id = :batch AND NOT is_done AND leased_until IS NULL
    RETURNING lease
"""

_HOLD_LEASE = """
    UPDATE batch SET leased_until = {end}
    WHERE id = :batch AND lease = :token AND leased_until IS NOT NULL
"""

# What is due farther ahead than any wait was written by a clock that was set back (STANDARDS XH22).
DUE_IN = """
    SELECT id, provider FROM delivery
    WHERE batch_id = :batch AND state = 'waiting'
        AND (due_at IS NULL OR due_at <= :now OR due_at > :too_far)
    ORDER BY id
"""

# Done if nothing is open in it, else due when its next row is. One with a row in flight is
# kept until its lease runs out: only a sweep may say what became of that row.
_GIVE_BACK = """
    UPDATE batch
    SET leased_until = NULL,
        is_done = NOT EXISTS (
            SELECT 1 FROM delivery WHERE batch_id = :batch AND state = 'waiting'),
        due_at = {latest}(:not_before, COALESCE((
            SELECT MIN(CASE WHEN delivery.due_at > :now THEN delivery.due_at ELSE :at_once END)
            FROM delivery WHERE batch_id = :batch AND state = 'waiting'), :at_once))
    WHERE id = :batch AND lease = :token AND leased_until IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM delivery WHERE batch_id = :batch AND state = 'in_flight')
"""

# Whether the run of a batch seems to be over; whoever ends it looks again, alone.
SEEMS_OVER = """
    SELECT 1 FROM batch JOIN send ON send.id = batch.send_id
    WHERE batch.id = :batch AND send.finished_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM batch AS other WHERE other.send_id = send.id AND NOT other.is_done)
"""

# Granted only if the row still waits, its batch is still the asker's, its issue is
# still being sent and the reader still wants it (STANDARDS 5.2 clauses 3 and 9).
MARK = """
    UPDATE delivery
    SET state = 'in_flight', attempts = :attempt, due_at = NULL,
        first_attempt_at = :date, merge_values = :values
    WHERE id = :id AND batch_id = :batch AND state = 'waiting' AND attempts = :attempt - 1
        AND EXISTS (
            SELECT 1 FROM batch
            WHERE batch.id = :batch AND batch.lease = :token AND batch.leased_until IS NOT NULL)
        AND EXISTS (
            SELECT 1 FROM send
            JOIN issue ON issue.id = send.issue_id
            JOIN subscriber ON subscriber.id = delivery.subscriber_id
            JOIN subscription ON subscription.subscriber_id = subscriber.id
                AND subscription.mailing_list_id = issue.mailing_list_id
            WHERE send.id = delivery.send_id AND issue.state = 'sending'
                AND subscription.state = 'confirmed'
                AND NOT EXISTS (
                    SELECT 1 FROM suppression
                    WHERE suppression.address_hmac = subscriber.address_hmac))
"""

# It may have been sent before, and a person wants it sent again.
_IN_DOUBT = f"substr(reason, 1, {len(AGAIN)}) = '{AGAIN}'"

# That the second attempt came to nothing says nothing about the first: it is uncertain still,
# and keeps what its bytes are made of (STANDARDS 5.2 clause 4).
_STILL_IN_DOUBT = f"{_IN_DOUBT} AND :state IN ('failed', 'suppressed')"

_OUTCOME = f"""
    UPDATE delivery
    SET state = CASE WHEN {_STILL_IN_DOUBT} THEN 'uncertain' ELSE :state END,
        due_at = :due_at, finished_at = :finished_at,
        attempts = CASE WHEN :attempt > 0 THEN :attempt ELSE attempts END,
        first_attempt_at = COALESCE(first_attempt_at, :date),
        merge_values = CASE WHEN {_STILL_IN_DOUBT} THEN merge_values ELSE :values END,
        reply_code = :code, reply_status = :status,
        reason = CASE WHEN {_STILL_IN_DOUBT} THEN substr(reason || ' Then: ' || :reason, 1, 500)
            WHEN {_IN_DOUBT} AND :state = 'waiting' THEN reason ELSE :reason END
"""

# The number of the attempt fences: the row may have been sent on by somebody else. What
# the relay said for good is the evidence that an uncertain row missed.
ANSWER_MARKED = f"""{_OUTCOME}
    WHERE id = :id AND attempts = :attempt
        AND (state = 'in_flight' OR state = 'uncertain' AND :is_evidence)
"""

# No dot followed the mark, so the attempt is not charged. Its number may come again, and so
# the lease fences: within one, nobody tries a row twice.
UNDO = """
    UPDATE delivery SET state = 'waiting', attempts = :attempt - 1, due_at = :due_at
    WHERE id = :id AND state = 'in_flight' AND attempts = :attempt AND EXISTS (
        SELECT 1 FROM batch
        WHERE batch.id = :batch AND batch.lease = :token AND batch.leased_until IS NOT NULL)
"""

ANSWER_UNMARKED = f"""{_OUTCOME}
    WHERE id = :id AND state = 'waiting' AND EXISTS (
        SELECT 1 FROM batch
        WHERE batch.id = :batch AND batch.lease = :token AND batch.leased_until IS NOT NULL)
"""

_LOOK = """
    SELECT delivery.id, delivery.state, delivery.attempts, delivery.first_attempt_at,
        delivery.merge_values, delivery.edition_id, issue.state, subscriber.address,
        subscriber.name, subscriber.attributes, subscriber.format, subscription.id,
        subscription.state, suppression.reason
    FROM delivery
    JOIN send ON send.id = delivery.send_id
    JOIN issue ON issue.id = send.issue_id
    LEFT JOIN subscriber ON subscriber.id = delivery.subscriber_id
    LEFT JOIN subscription ON subscription.subscriber_id = subscriber.id
        AND subscription.mailing_list_id = issue.mailing_list_id
    LEFT JOIN suppression ON suppression.address_hmac = subscriber.address_hmac
    WHERE delivery.id {among}
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a transaction, to be run for each of `rows`.

    It gives how many rows it changed each time. One that `asks` runs once,
    with one row, and gives what it answered.
    """

    statement: str
    rows: Sequence[Row]
    asks: bool = False


class Driver(Protocol):
    """What the two databases do differently."""

    # A lease ends by the clock that all machines share (STANDARDS XH22).
    claim: str
    hold_lease: str
    give_back: str
    # Who the recipients of these deliveries are, in any order.
    look: str

    def prepare(self, connection: Any) -> None:
        """Make a connection fresh from the pool ready for writing."""

    def transact(self, connection: Any, steps: Sequence[Step], *, writes: bool) -> list[list[Any]]:
        """Run the steps as one transaction, commit, and return what each one gave, row by row."""

    def moment(self, at: datetime | None) -> Any:
        """Return an instant as the driver stores it."""

    def among(self, numbers: Sequence[int]) -> Any:
        """Return numbers as one parameter of `look`."""


class Sqlite:
    """SQLite: a function call away, so each row is a call of its own."""

    claim = _CLAIM.format(end=":until")
    hold_lease = _HOLD_LEASE.format(end=":until")
    give_back = _GIVE_BACK.format(latest="MAX")
    look = _LOOK.format(among="IN (SELECT value FROM json_each(:ids))")

    def prepare(self, connection: Any) -> None:
        """Undo what a reading transaction left behind."""
        connection.execute("PRAGMA query_only = OFF").close()

    def transact(self, connection: Any, steps: Sequence[Step], *, writes: bool) -> list[list[Any]]:
        """Run the steps as one transaction, commit, and return what each one gave, row by row.

        The write lock is taken at the beginning: a later wish for it could fail.
        """
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        given: list[list[Any]] = []
        for step in steps:
            answers: list[Any] = []
            for row in step.rows:
                cursor.execute(step.statement, row)
                if step.asks:
                    answers += cursor.fetchall()
                else:
                    answers.append(cursor.rowcount)
            given.append(answers)
        cursor.close()
        connection.commit()
        return given

    def moment(self, at: datetime | None) -> Any:
        """Return an instant in the text form of the ORM: UTC without a zone."""
        if at is None:
            return None
        return _stored(at)

    def among(self, numbers: Sequence[int]) -> Any:
        """Return numbers as JSON, which SQLite reads as a table."""
        return _dumps(numbers)


class Postgresql:
    """PostgreSQL: a round trip away, so that a whole transaction travels at once.

    The rows of a step go as one JSON text and are joined to the table: a
    statement for each row would cost several times as much on the way.
    """

    _END = "clock_timestamp() + :length * interval '1 second'"
    claim = _CLAIM.format(end=_END)
    hold_lease = _HOLD_LEASE.format(end=_END)
    give_back = _GIVE_BACK.format(latest="GREATEST")
    look = _LOOK.format(among="= ANY(:ids)")

    def __init__(self) -> None:
        # The statements as this driver takes them.
        self._own: dict[str, str] = {}

    def prepare(self, connection: Any) -> None:
        """Have every row looked up by its key.

        Of tables that grew by a million rows a second ago the planner knows
        nothing yet, and would rather read them from end to end.
        """
        for way in ("seqscan", "hashjoin", "mergejoin"):
            connection.execute(f"SET enable_{way} = off")
        connection.commit()

    def transact(self, connection: Any, steps: Sequence[Step], *, writes: bool) -> list[list[Any]]:
        """Run the steps as one transaction, commit, and return what each one gave, row by row."""
        with connection.pipeline():
            cursors = [self._run(connection, step) if step.rows else None for step in steps]
            connection.commit()
        return [_given(cursor, step) for cursor, step in zip(cursors, steps, strict=True)]

    def moment(self, at: datetime | None) -> Any:
        """Return an instant as JSON has it."""
        return None if at is None else at.isoformat()

    def among(self, numbers: Sequence[int]) -> Any:
        """Return numbers as an array."""
        return list(numbers)

    def _run(self, connection: Any, step: Step) -> Any:
        statement = self._own.get(step.statement)
        if statement is None:
            statement = _PARAMETER.sub(r"%(\1)s", step.statement) if step.asks else _joined(step)
            self._own[step.statement] = statement
        if step.asks:
            return connection.execute(statement, step.rows[0])
        rows = _dumps([{**row, "row": number} for number, row in enumerate(step.rows)])
        return connection.execute(statement, (rows,))


_PARAMETER = re.compile(":([a-z_]+)")

_TYPES = {
    "at_once": "timestamptz",
    "attempt": "integer",
    "batch": "bigint",
    "code": "integer",
    "date": "timestamptz",
    "due_at": "timestamptz",
    "finished_at": "timestamptz",
    "id": "bigint",
    "is_evidence": "boolean",
    "length": "double precision",
    "not_before": "timestamptz",
    "now": "timestamptz",
    "reason": "text",
    "row": "integer",
    "state": "text",
    "status": "text",
    "token": "integer",
    "values": "text",
}


def _joined(step: Step) -> str:
    """Return a statement for many rows at once, made from the one for one."""
    names = sorted({*_PARAMETER.findall(step.statement), "row"})
    read = ", ".join(f'"{name}" {_TYPES[name]}' for name in names)
    renamed = ", ".join(f'"{name}" AS p_{name}' for name in names)
    statement = _PARAMETER.sub(r"wanted.p_\1", step.statement)
    statement = statement.replace("wanted.p_values", "wanted.p_values::json")
    # The last WHERE that is not inside brackets is the outermost.
    head, _, condition = statement.rpartition("\n    WHERE ")
    return (
        f"WITH wanted AS MATERIALIZED (SELECT {renamed} FROM json_to_recordset(%s) AS one({read}))"
        f"{head} FROM wanted WHERE {condition} RETURNING wanted.p_row"
    )


def _given(cursor: Any, step: Step) -> list[Any]:
    """Return what a step answered, or how many rows it changed for each of its rows."""
    if step.asks:
        return list(cursor or ())
    counts = [0] * len(step.rows)
    for (row,) in cursor or ():
        counts[row] += 1
    return counts


@lru_cache(maxsize=16)
def _stored(at: datetime) -> str:
    """Return an instant as SQLAlchemy stores it; the rows of a turn share a few."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def driver_for(dialect: str) -> Driver:
    """Return the driver for a database by SQLAlchemy's name of it."""
    return Sqlite() if dialect == "sqlite" else Postgresql()


def to_json(values: Mapping[str, Any] | None) -> str | None:
    """Return values as both databases take them."""
    return None if values is None else _dumps(values)


def from_json(stored: Any) -> Any:
    """Return what was stored: one driver gives text, the other the value itself."""
    if not isinstance(stored, str):
        return stored
    try:
        return orjson.loads(stored)
    except orjson.JSONDecodeError:
        # It refuses half a surrogate pair, which a file from elsewhere may have brought.
        return json.loads(stored)


def _dumps(values: Any) -> str:
    try:
        return orjson.dumps(values).decode()
    except TypeError:
        return json.dumps(values)


def instant(stored: Any) -> datetime | None:
    """Return a stored instant as aware UTC."""
    if stored is None:
        return None
    at = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
