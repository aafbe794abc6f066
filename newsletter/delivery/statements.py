"""The statements of the ledger's inmost loop, in the database driver's own words.

They run for every message, thousands of times a second, so they pass neither
the ORM nor its expression language: that would cost more than the mail. What
they mean is said once, for both databases; a `Driver` is what differs.
"""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import psycopg

Row = Mapping[str, Any]

DATABASE_ERRORS = (sqlite3.Error, psycopg.Error)
"""What a driver raises when the database is away, busy, full or contradicts."""

_HOLD_LEASE = """
    UPDATE batch SET leased_until = {end}
    WHERE id = :batch AND lease = :token AND leased_until IS NOT NULL
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

_OUTCOME = """
    UPDATE delivery
    SET state = :state, due_at = :due_at, finished_at = :finished_at,
        attempts = CASE WHEN :attempt > 0 THEN :attempt ELSE attempts END,
        first_attempt_at = COALESCE(first_attempt_at, :date), merge_values = :values,
        reply_code = :code, reply_status = :status, reason = :reason
"""

# The number of the attempt fences: the row may have been sent on by somebody else. What
# the relay said for good is the evidence that an uncertain row missed.
ANSWER_MARKED = f"""{_OUTCOME}
    WHERE id = :id AND attempts = :attempt
        AND (state = 'in_flight' OR state = 'uncertain' AND :is_evidence)
"""

ANSWER_UNMARKED = f"""{_OUTCOME}
    WHERE id = :id AND state = 'waiting' AND EXISTS (
        SELECT 1 FROM batch
        WHERE batch.id = :batch AND batch.lease = :token AND batch.leased_until IS NOT NULL)
"""

LOOK = """
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
    WHERE delivery.id = :id
"""


class Driver(Protocol):
    """What the two databases do differently."""

    # Prolongs a lease by `length`: by the clock that all machines share (STANDARDS XH22).
    hold_lease: str

    def prepare(self, connection: Any) -> None:
        """Make a connection fresh from the pool ready for writing."""

    def begin(self, cursor: Any, *, writes: bool) -> None:
        """Begin a transaction; one that writes waits for its turn at once."""

    def change(self, cursor: Any, statement: str, rows: Sequence[Row]) -> list[int]:
        """Run a statement for each row and return how many rows each one changed."""

    def find(self, cursor: Any, statement: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Run a query for each row and return the first answer of each that has one."""

    def moment(self, at: datetime | None) -> Any:
        """Return an instant as the driver stores it."""


class Sqlite:
    """SQLite: a function call away, so each row is a call of its own."""

    hold_lease = _HOLD_LEASE.format(end=":until")

    def prepare(self, connection: Any) -> None:
        """Undo what a reading transaction left behind."""
        connection.execute("PRAGMA query_only = OFF").close()

    def begin(self, cursor: Any, *, writes: bool) -> None:
        """Take the write lock at the beginning: a later wish for it could fail."""
        cursor.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def change(self, cursor: Any, statement: str, rows: Sequence[Row]) -> list[int]:
        """Run a statement for each row and return how many rows each one changed."""
        return [cursor.execute(statement, row).rowcount for row in rows]

    def find(self, cursor: Any, statement: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Run a query for each row and return the first answer of each that has one."""
        found = (cursor.execute(statement, row).fetchone() for row in rows)
        return [one for one in found if one is not None]

    def moment(self, at: datetime | None) -> Any:
        """Return an instant in the text form of the ORM: UTC without a zone."""
        if at is None:
            return None
        return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class Postgresql:
    """PostgreSQL: a round trip away, so the rows of a statement travel together."""

    hold_lease = _HOLD_LEASE.format(end="clock_timestamp() + :length")

    def __init__(self) -> None:
        self._translated: dict[str, str] = {}

    def prepare(self, connection: Any) -> None:
        """Nothing is left behind here."""

    def begin(self, cursor: Any, *, writes: bool) -> None:
        """The driver begins by itself, with the first statement."""

    def change(self, cursor: Any, statement: str, rows: Sequence[Row]) -> list[int]:
        """Run a statement for each row and return how many rows each one changed."""
        if not rows:
            return []
        # `returning` keeps each row's own result, instead of the sum.
        cursor.executemany(self._own(statement), rows, returning=True)
        counts = [cursor.rowcount]
        while cursor.nextset():
            counts.append(cursor.rowcount)
        return counts

    def find(self, cursor: Any, statement: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Run a query for each row and return the first answer of each that has one."""
        if not rows:
            return []
        cursor.executemany(self._own(statement), rows, returning=True)
        found = [cursor.fetchone()]
        while cursor.nextset():
            found.append(cursor.fetchone())
        return [one for one in found if one is not None]

    def moment(self, at: datetime | None) -> Any:
        """Return the instant: the driver knows aware times."""
        return at

    def _own(self, statement: str) -> str:
        known = self._translated.get(statement)
        if known is None:
            known = re.sub(r":([a-z_]+)", r"%(\1)s", statement)
            self._translated[statement] = known
        return known


def driver_for(dialect: str) -> Driver:
    """Return the driver for a database by SQLAlchemy's name of it."""
    return Sqlite() if dialect == "sqlite" else Postgresql()


def to_json(values: Mapping[str, Any] | None) -> str | None:
    """Return values as both databases take them."""
    return None if values is None else json.dumps(values)


def from_json(stored: Any) -> Any:
    """Return what was stored: one driver gives text, the other the value itself."""
    return json.loads(stored) if isinstance(stored, str) else stored


def instant(stored: Any) -> datetime | None:
    """Return a stored instant as aware UTC."""
    if stored is None:
        return None
    at = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
