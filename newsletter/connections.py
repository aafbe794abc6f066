"""How connections to either database are made ready, and how their transactions begin.

On SQLite every transaction takes the write lock when it begins, unless the
door said that it only reads: a transaction that reads first and writes later
would fail with SQLITE_BUSY whenever somebody else wrote in between.
"""

import sqlite3
import threading
import time
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import PoolProxiedConnection

BUSY_TIMEOUT = 30_000
"""Milliseconds a SQLite writer waits for another writer."""

RETRY = 0.001
"""Seconds between two tries to become the writer."""

LOG_PAGES = 8_000
"""Pages of SQLite's log, 32 megabytes, after which it is copied into the database.

Sending rewrites the same pages again and again; copied more often, they cost a tenth of the time.
"""

IDLE_IN_TRANSACTION = 10_000
"""Milliseconds that PostgreSQL keeps the locks of a transaction in which nothing happens."""

# A machine that lost its power in the middle of a transaction would hold its rows for hours,
# and a lease has to end within 30 seconds of its owner's death (DESIGN section 4).
KEEPALIVES = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
)

ONLY_READS: ContextVar[bool] = ContextVar("only_reads", default=False)
"""Whether the transactions that begin now only read; `extensions.reading` sets it."""

_TOLD = "connections.only_reads"
"""Where a connection to SQLite has what was last said to it about that."""


def prepare(engine: sa.Engine, *, synchronous: str) -> None:
    """Make every connection of an engine ready, on SQLite with how sure a commit is to be."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, synchronous=synchronous)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _begin_postgresql)


def let_write(connection: PoolProxiedConnection) -> None:
    """Undo what a reading transaction left behind, for who begins without SQLAlchemy."""
    driver = connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA query_only = OFF").close()
    connection.info[_TOLD] = False


def _prepare_sqlite(engine: sa.Engine, *, synchronous: str) -> None:
    def connect(connection: Any, record: Any) -> None:
        # The driver must not open transactions by itself: `begin` does.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten: an erased person is not left in free pages.
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.close()

    queue = threading.Lock()

    def begin(connection: sa.Connection) -> None:
        only_reads = ONLY_READS.get()
        # Only where it changes: after it SQLite plans all statements of the connection anew,
        # which costs several times what most of them take to run.
        if connection.info.get(_TOLD) is not only_reads:
            connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if only_reads else 'OFF'}")
            connection.info[_TOLD] = only_reads
        if only_reads:
            connection.exec_driver_sql("BEGIN")
        else:
            _take_turn(connection, queue)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


def _take_turn(connection: sa.Connection, queue: threading.Lock) -> None:
    """Begin to write as soon as nobody else does.

    SQLite's own patience sleeps up to a tenth of a second between two tries, and would miss
    each of the short breaths that a busy sender takes. Of the threads of a process one tries at
    a time: all of them together would take the processor from who is writing.
    """
    driver = connection.connection.driver_connection
    assert driver is not None
    end = time.monotonic() + BUSY_TIMEOUT / 1000
    is_first = queue.acquire(timeout=BUSY_TIMEOUT / 1000)
    driver.execute("PRAGMA busy_timeout = 0").close()
    try:
        while not (has_begun := _begin_to_write(connection, driver)) and time.monotonic() < end:
            time.sleep(RETRY)
        if not has_begun:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        if is_first:
            queue.release()
        driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}").close()


def _begin_to_write(connection: sa.Connection, driver: Any) -> bool:
    """Tell whether the write lock was free; it asks the driver, for many ask in vain."""
    try:
        driver.execute("BEGIN IMMEDIATE").close()
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorname.startswith("SQLITE_BUSY"):
            return False
        # Says what is wrong as everywhere, in SQLAlchemy's words.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    return True


def _prepare_postgresql(connection: Any, record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION}")
        cursor.execute(KEEPALIVES)
    connection.commit()


def _begin_postgresql(connection: sa.Connection) -> None:
    if ONLY_READS.get():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
