"""How the ledger's statements reach each of the two databases, and how values come back."""

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
from sqlalchemy.pool import PoolProxiedConnection

from newsletter import connections
from newsletter.delivery.statements import CLAIM, GIVE_BACK, HOLD_LEASE, LOOK

Row = Mapping[str, Any]

DATABASE_ERRORS = (sqlite3.Error, psycopg.Error)
"""What a driver raises when the database is away, busy, full or contradicts."""


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

    def prepare(self, connection: PoolProxiedConnection) -> None:
        """Make a connection fresh from the pool ready for writing."""

    def transact(self, connection: Any, steps: Sequence[Step], *, writes: bool) -> list[list[Any]]:
        """Run the steps as one transaction, commit, and return what each one gave, row by row."""

    def moment(self, at: datetime | None) -> Any:
        """Return an instant as the driver stores it."""

    def among(self, numbers: Sequence[int]) -> Any:
        """Return numbers as one parameter of `look`."""


class Sqlite:
    """SQLite: a function call away, so each row is a call of its own."""

    claim = CLAIM.format(end=":until")
    hold_lease = HOLD_LEASE.format(end=":until")
    give_back = GIVE_BACK.format(latest="MAX")
    look = LOOK.format(among="IN (SELECT value FROM json_each(:ids))")

    def prepare(self, connection: PoolProxiedConnection) -> None:
        """Undo what a reading transaction left behind."""
        connections.let_write(connection)

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
    claim = CLAIM.format(end=_END)
    hold_lease = HOLD_LEASE.format(end=_END)
    give_back = GIVE_BACK.format(latest="GREATEST")
    look = LOOK.format(among="= ANY(:ids)")

    def __init__(self) -> None:
        # The statements as this driver takes them.
        self._own: dict[str, str] = {}

    def prepare(self, connection: PoolProxiedConnection) -> None:
        """Have every row looked up by its key.

        Of tables that grew by a million rows a second ago the planner knows
        nothing yet, and would rather read them from end to end.
        """
        driver: Any = connection.driver_connection
        for way in ("seqscan", "hashjoin", "mergejoin"):
            driver.execute(f"SET enable_{way} = off")
        driver.commit()

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
