"""Statements in the driver's own words, for what is done at every sign-up and every one-click.

A dozen of them run each time. The expression language costs several times what the database takes
to run one, rows as objects more than that, and SQLAlchemy's way to a cursor as much again.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

import sqlalchemy as sa

from newsletter.extensions import Base, db


@dataclass(frozen=True)
class Statement:
    """A statement in SQL that both databases understand; `times` are its parameters' instants."""

    sql: str
    times: tuple[str, ...] = ()
    # A table whose rows nobody else may change until the transaction ends; whoever writes to
    # SQLite is alone in any case.
    locked: str = ""

    @cached_property
    def for_psycopg(self) -> str:
        """The same with parameters as psycopg knows them."""
        sql = _PARAMETER.sub(r"%(\1)s", self.sql)
        return f"{sql} FOR UPDATE OF {self.locked}" if self.locked else sql

    @cached_property
    def asks(self) -> bool:
        """Whether rows come back; a driver that is asked describes each column first."""
        return "RETURNING" in self.sql or self.sql.lstrip().startswith("SELECT")


_PARAMETER = re.compile(r":([a-z_0-9]+)")


@dataclass(frozen=True)
class Answer:
    """What the database said: rows as the driver has them, and how many were touched."""

    rows: list[tuple[Any, ...]]
    count: int

    def first(self) -> tuple[Any, ...] | None:
        """Return the first row, None if there is none."""
        return self.rows[0] if self.rows else None

    def one(self) -> tuple[Any, ...]:
        """Return the row of a statement that always has one."""
        [row] = self.rows
        return row


def run(statement: Statement, **values: object) -> Answer:
    """Run a statement within the session's transaction; what the session holds goes before it."""
    way = _way()
    if not way.is_sqlite:
        return _ask(way, statement.for_psycopg, values, asks=statement.asks)
    for name in statement.times:
        at = values[name]
        assert isinstance(at, datetime)
        values[name] = _text(at)
    return _ask(way, statement.sql, values, asks=statement.asks)


@lru_cache(maxsize=64)
def _text(at: datetime) -> str:
    """Return an instant as SQLAlchemy keeps it on SQLite; a request asks for few, and often."""
    return at.astimezone(UTC).isoformat(" ", "microseconds")[:26]


@contextmanager
def undoable() -> Iterator[Callable[[], None]]:
    """Yield what takes back all that `run` does inside; the session's own way costs more."""
    way = _way()

    def undo() -> None:
        _ask(way, "ROLLBACK TO SAVEPOINT undoable", {}, asks=False)

    _ask(way, "SAVEPOINT undoable", {}, asks=False)
    # It ends with the transaction: to end it before would be one more call.
    yield undo


def forget_rows(*models: type[Base]) -> None:
    """Let the session ask again for rows of these that it knew before `run` changed them."""
    for row in db.session.identity_map.values():
        if isinstance(row, models):
            db.session.expire(row)


def instant(value: object) -> datetime | None:
    """Return an instant that came out of the database as the driver has it."""
    if value is None:
        return None
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@dataclass(frozen=True)
class _Way:
    """How a transaction of the session reaches the database."""

    transaction: Any
    connection: sa.Connection
    cursor: Any
    is_sqlite: bool


def _way() -> _Way:
    """Return the way of the session's transaction, kept as long as that lasts."""
    session = db.session()
    session.flush()
    known: _Way | None = session.info.get(_KNOWN)
    if known is not None and session.get_transaction() is known.transaction:
        return known
    connection = session.connection()
    driver = connection.connection.driver_connection
    assert driver is not None
    is_sqlite = connection.dialect.name == "sqlite"
    way = _Way(session.get_transaction(), connection, driver.cursor(), is_sqlite)
    session.info[_KNOWN] = way
    return way


_KNOWN = "statements.way"


def _ask(way: _Way, sql: str, values: dict[str, object], *, asks: bool) -> Answer:
    cursor = way.cursor
    try:
        cursor.execute(sql, values)
        return Answer(cursor.fetchall() if asks else [], cursor.rowcount)
    except way.connection.dialect.loaded_dbapi.Error as exc:
        raise _as_usual(exc, way.connection, sql) from exc


def _as_usual(exc: Any, connection: sa.Connection, sql: str) -> BaseException:
    """Return a driver's error as SQLAlchemy raises it; a connection that broke is given up.

    The parameters are left out: they have addresses, and the error may come into a log.
    """
    is_broken = connection.dialect.is_disconnect(exc, connection.connection.driver_connection, None)
    if is_broken:
        connection.invalidate(exc)
    said: BaseException = sa.exc.DBAPIError.instance(
        sql,
        None,
        exc,
        connection.dialect.loaded_dbapi.Error,
        connection_invalidated=is_broken,
        dialect=connection.dialect,
    )
    return said
