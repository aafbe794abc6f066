"""Signs of life: is the clock alive, who sends, is the installation ready."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery import beats
from newsletter.delivery.models import Heartbeat
from newsletter.extensions import db, insert
from newsletter.mail import outbox

CLOCK = "clock"
"""The name under which the clock writes its heartbeat."""

SILENCE = timedelta(seconds=15)
"""How long a process may be silent before it counts as stopped."""


@dataclass(frozen=True)
class Readiness:
    """Whether the installation works: the clock's sign of life and the age of its queue."""

    is_clock_alive: bool
    oldest_waiting: timedelta | None


def clock_is_alive(*, now: datetime) -> bool:
    """Tell whether the clock wrote its heartbeat within the last 15 seconds."""
    beat_at = clock_beat_at()
    return beat_at is not None and now - beat_at <= SILENCE


def clock_beat_at() -> datetime | None:
    """Return when the clock last wrote its heartbeat; None if it never did."""
    return db.session.scalar(sa.select(Heartbeat.beat_at).where(Heartbeat.name == CLOCK))


def open_connections(*, now: datetime) -> tuple[int, int]:
    """Return how many processes that send are alive, and their open connections in all."""
    row = db.session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Heartbeat.connections), 0)).where(
            Heartbeat.name.startswith(beats.SENDER, autoescape=True),
            Heartbeat.beat_at >= now - SILENCE,
        )
    ).one()
    return int(row[0]), int(row[1])


def beat(*, now: datetime) -> None:
    """Write the clock's sign of life."""
    statement = insert(Heartbeat).values(name=CLOCK, beat_at=now)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"beat_at": now})
    )


def readiness(*, now: datetime) -> Readiness:
    """Return what /readyz shows; it asks the database, so it fails when that does."""
    return Readiness(
        is_clock_alive=clock_is_alive(now=now), oldest_waiting=outbox.oldest_waiting(now=now)
    )
