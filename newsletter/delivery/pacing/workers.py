"""Who else is sending now, and which share of something each has."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery import beats
from newsletter.delivery.models import Heartbeat
from newsletter.delivery.pacing import periods

BEAT = timedelta(seconds=5)
"""How long a sign of life is good enough before the next one."""

AHEAD = timedelta(minutes=2)
"""By how much the clock of another machine may be ahead."""


def look(connection: sa.Connection, *, now: datetime) -> dict[str, datetime]:
    """Return when each sender that is alive last gave a sign of life."""
    rows = connection.execute(
        sa.select(Heartbeat.name, Heartbeat.beat_at).where(
            Heartbeat.beat_at > now - beats.SILENCE,
            # One that was given later was given before the clock was set back.
            Heartbeat.beat_at < now + AHEAD,
            Heartbeat.name.startswith(beats.SENDER, autoescape=True),
        )
    )
    return {name: beat_at for name, beat_at in rows}


def leave(connection: sa.Connection, worker: str) -> None:
    """Take back this sender's sign of life, so that the others have its share at once."""
    connection.execute(sa.delete(Heartbeat).where(Heartbeat.name == worker))


def share(total: int, worker: str, crew: Sequence[str], what: str = "") -> int:
    """Return how many of `total` connections one of a crew may use for `what`.

    Who has one more differs from provider to provider, so that windows of one
    connection are spread over the crew.
    """
    rank = (sorted(crew).index(worker) + zlib.crc32(what.encode())) % len(crew)
    return periods.share(total, rank, len(crew))
