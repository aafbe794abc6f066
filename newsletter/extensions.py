"""The Flask extensions, unbound, and how the database keeps its values.

Enums are stored by value, times as aware UTC, constraints have stable names.
"""

import enum
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, registry
from sqlalchemy.types import TypeDecorator

from newsletter import connections
from newsletter.connections import ONLY_READS

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

OVERWRITING_TIMEOUT = 2_000
"""Milliseconds that taking what was deleted out of SQLite's log waits for who reads it."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; naive values are refused, because they hide a zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return what the driver stores: UTC, without a zone where it has no such type."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}: say which zone it is in")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return the instant as aware UTC, whatever the driver gave."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


ENUM_BY_VALUE = sa.Enum(
    enum.StrEnum,
    values_callable=lambda members: [member.value for member in members],
    native_enum=False,
    create_constraint=True,
    validate_strings=True,
    length=20,
)
"""How every StrEnum is kept: its value, guarded by a CHECK."""

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""The key type of tables that grow with every message."""


class Base(DeclarativeBase):
    """The parent of every table."""

    registry = registry(
        metadata=sa.MetaData(naming_convention=NAMING_CONVENTION),
        type_annotation_map={
            datetime: UtcDateTime,
            dict[str, Any]: sa.JSON,
            enum.StrEnum: ENUM_BY_VALUE,
        },
    )
    # Never hand the number of a deleted row to a new one: links are kept for years.
    __table_args__: Any = {"sqlite_autoincrement": True}


def index_of_some(column: str) -> sa.Index:
    """Return an index of the rows with a value in `column`; those without cost it nothing."""
    has_one = sa.text(f"{column} IS NOT NULL")
    return sa.Index(None, column, sqlite_where=has_one, postgresql_where=has_one)


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
migrate = Migrate(render_as_batch=True, compare_type=True)

MOST_REMEMBERED = 16
"""How much `once` keeps, for processes that run for weeks."""

_ONCE = "once"
"""Where a session has what was found once."""

Found = TypeVar("Found")


@contextmanager
def reading() -> Iterator[None]:
    """Mark the transactions begun inside as read-only; the database refuses writes in them.

    The last one ends with the block: what follows may write, and sees what is new.
    """
    mark = ONLY_READS.set(True)
    try:
        yield
    finally:
        try:
            db.session.rollback()
        finally:
            # Also when the database went away: whatever came after could never write again.
            ONLY_READS.reset(mark)


def once(key: Hashable, ask: Callable[[], Found | None]) -> Found | None:
    """Return what `ask` found for this key before, or ask now: for what is asked again and again.

    It is for what never changes once it is there. What is rolled back is forgotten, for it may
    never have been there; nothing that was found is nothing to remember.
    """
    known: dict[Hashable, Found] = db.session().info.setdefault(_ONCE, {})
    if key in known:
        return known[key]
    found = ask()
    if found is not None:
        if len(known) >= MOST_REMEMBERED:
            known.clear()
        known[key] = found
    return found


@event.listens_for(db.session, "after_soft_rollback")
def _forget(session: Session, _previous: SessionTransaction) -> None:
    session.info.pop(_ONCE, None)


def commit_to_show() -> None:
    """Commit, and keep what was read: the page that follows shows what was saved just now.

    Any other commit forgets it, so that whoever goes on for long sees what others do.
    """
    session = db.session()
    session.expire_on_commit = False
    try:
        session.commit()
    finally:
        session.expire_on_commit = True


def insert(model: type[Base]) -> "sqlite.Insert | postgresql.Insert":
    """Return an INSERT that can say ON CONFLICT, in the dialect at hand."""
    if db.engine.dialect.name == "sqlite":
        return sqlite.insert(model)
    return postgresql.insert(model)


def add_if_free(row: Base) -> bool:
    """Flush a new row; False if a unique value of it is taken, and then the transaction lives on.

    Asking first is not enough where two processes add the same thing at once.
    """
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except sa.exc.IntegrityError as exc:
        if "unique" not in str(exc.orig).lower():
            raise
        return False
    return True


def overwrite_deleted() -> bool:
    """Take what was just deleted out of SQLite's log, too; commit before calling this.

    False if somebody was still reading the log: it has to be done once more. PostgreSQL keeps
    what no query finds until a page is used again; who runs the server decides (operating.md).
    """
    if db.engine.dialect.name != "sqlite":
        return True
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"PRAGMA busy_timeout = {OVERWRITING_TIMEOUT}").close()
        try:
            cursor = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy, *_ = cursor.fetchone()
            cursor.close()
        finally:
            driver.execute(f"PRAGMA busy_timeout = {connections.BUSY_TIMEOUT}").close()
    return not is_busy


def rows_changed(result: sa.Result[Any]) -> int:
    """Return how many rows an UPDATE or DELETE touched."""
    return int(result.rowcount) if isinstance(result, sa.CursorResult) else 0


def init_app(app: Flask) -> None:
    """Bind the extensions to `app` and prepare its database connections."""
    db.init_app(app)
    migrate.init_app(app, db, directory=str(app.config["MIGRATIONS_PATH"]))
    with app.app_context():
        connections.prepare(db.engine, synchronous=app.config["SQLITE_SYNCHRONOUS"])
