"""The ledger as plain SQL sees it, from a connection of its own that cannot write."""

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

OPEN = ("waiting", "in_flight")


@dataclass(frozen=True)
class Row:
    """One delivery; `address` is None when the person was erased."""

    delivery_id: int
    send_id: int
    nonce: str
    state: str
    address: str | None
    attempts: int
    reason: str

    @property
    def message_key(self) -> str:
        """What stands before the @ of its Message-ID."""
        return f"{self.delivery_id}.{self.nonce}"


@dataclass(frozen=True)
class Sums:
    """The numbers of one send at one moment."""

    send_id: int
    planned: int
    states: dict[str, int]

    @property
    def open(self) -> int:
        """How many rows are not final."""
        return sum(self.states.get(state, 0) for state in OPEN)


class Books:
    """Questions to the database of an installation, each one statement."""

    def __init__(self, url: str) -> None:
        self._path = sa.make_url(url).database or ""
        if url.startswith("sqlite"):
            # Nothing is kept open: it would hold up a checkpoint.
            self._engine = sa.create_engine(
                f"sqlite:///file:{self._path}?mode=ro&uri=true", poolclass=sa.NullPool
            )
        else:
            # Each new connection is a process, and the server may have ended the old one.
            self._engine = sa.create_engine(url, pool_pre_ping=True)

    def close(self) -> None:
        """End the connections."""
        self._engine.dispose()

    def sums(self) -> list[Sums]:
        """Return the numbers of every send, all of the same moment."""
        sums: dict[int, Sums] = {}
        with self._engine.connect() as connection:
            for send_id, planned, state, count in connection.execute(_SUMS):
                one = sums.setdefault(send_id, Sums(send_id, planned, {}))
                if state is not None:
                    one.states[state] = count
        return list(sums.values())

    def rows(self) -> list[Row]:
        """Return every delivery."""
        with self._engine.connect() as connection:
            return [Row(*row) for row in connection.execute(_ROWS)]

    def issue_states(self) -> set[str]:
        """Return the states that issues are in."""
        with self._engine.connect() as connection:
            return set(connection.scalars(sa.text("SELECT state FROM issue")))

    def leases(self) -> list[datetime]:
        """Return when the leases end that somebody holds, or held."""
        ends = sa.text("SELECT leased_until FROM batch WHERE leased_until IS NOT NULL").columns(
            leased_until=sa.DateTime(timezone=True)
        )
        with self._engine.connect() as connection:
            # SQLite keeps UTC without its zone.
            return [
                end if end.tzinfo else end.replace(tzinfo=UTC) for end in connection.scalars(ends)
            ]

    def open_batches(self) -> list[str]:
        """Return each batch that is not done, as a line for a person: who has it, what waits."""
        with self._engine.connect() as connection:
            now = connection.scalar(sa.select(sa.func.current_timestamp()))
            return [f"now {now}", *map(str, connection.execute(_OPEN).fetchmany(20))]

    def sessions(self) -> list[str]:
        """Return what each session of a server does, as a line for a person."""
        if self._engine.dialect.name == "sqlite":
            return []
        with self._engine.connect() as connection:
            return list(map(str, connection.execute(_SESSIONS)))

    def state_of(self, delivery_id: int) -> str:
        """Return the state of one delivery."""
        with self._engine.connect() as connection:
            return str(connection.scalar(_STATE, {"id": delivery_id}))

    def older_ended(self) -> Callable[[], bool]:
        """Return what tells whether every transaction is over that has begun until now."""
        if self._engine.dialect.name == "sqlite":
            # Who writes there is alone: what was committed is seen by all that begins.
            return lambda: True
        with self._engine.connect() as connection:
            now = connection.scalar(sa.select(sa.func.clock_timestamp()))

        def are_over() -> bool:
            with self._engine.connect() as connection:
                return not connection.scalar(_OLDER, {"now": now})

        return are_over

    def is_held_up(self, *, within: float) -> bool:
        """Tell whether a transaction is open that does not end within so many seconds.

        On SQLite it keeps every writer out, on a server those of the same rows.
        """
        end = time.monotonic() + within
        while self._is_held_up():
            if time.monotonic() > end:
                return True
            time.sleep(0.05)
        return False

    def _is_held_up(self) -> bool:
        if self._engine.dialect.name != "sqlite":
            with self._engine.connect() as connection:
                return bool(connection.scalar(_IN_TRANSACTION))
        with closing(sqlite3.connect(self._path, timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            other.rollback()
            return False


_IN_TRANSACTION = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND wait_event = 'ClientRead' AND xact_start IS NOT NULL"
)

_OLDER = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND xact_start <= :now"
)

_STATE = sa.text("SELECT state FROM delivery WHERE id = :id")

_OPEN = sa.text(
    "SELECT batch.id, CAST(batch.due_at AS text), batch.lease, CAST(batch.leased_until AS text),"
    " delivery.state, count(*), CAST(min(delivery.due_at) AS text), max(delivery.attempts)"
    " FROM batch JOIN delivery ON delivery.batch_id = batch.id"
    " WHERE NOT batch.is_done AND delivery.state IN ('waiting', 'in_flight')"
    " GROUP BY batch.id, batch.due_at, batch.lease, batch.leased_until, delivery.state"
    " ORDER BY batch.id"
)

_SESSIONS = sa.text(
    "SELECT pid, state, wait_event, CAST(pg_blocking_pids(pid) AS text),"
    " CAST(now() - xact_start AS text), CAST(now() - state_change AS text), left(query, 120)"
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

_SUMS = sa.text(
    "SELECT send.id, send.planned, delivery.state, count(delivery.id)"
    " FROM send LEFT JOIN delivery ON delivery.send_id = send.id"
    " GROUP BY send.id, send.planned, delivery.state"
)

_ROWS = sa.text(
    "SELECT delivery.id, send.id, send.nonce, delivery.state, subscriber.address,"
    " delivery.attempts, delivery.reason"
    " FROM delivery JOIN send ON send.id = delivery.send_id"
    " LEFT JOIN subscriber ON subscriber.id = delivery.subscriber_id"
    " ORDER BY delivery.id"
)


def key_of(message_id: str) -> str:
    """Return what stands before the @ of a Message-ID."""
    found = re.fullmatch(r"<([^@>]+)@[^>]+>", message_id)
    return found[1] if found else message_id
