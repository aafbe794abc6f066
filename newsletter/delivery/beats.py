"""The signs of life of the processes that send, and how many connections each has."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery.models import Heartbeat
from newsletter.extensions import db, insert

SENDER = "sender:"
"""How the names of sending processes begin; the clock's own is another."""

SILENCE = timedelta(seconds=15)
"""How long a sender may give no sign of life before it counts as stopped."""

FORGOTTEN_AFTER = timedelta(hours=1)


def beat(connection: sa.Connection, name: str, *, connections: int, now: datetime) -> None:
    """Write a sign of life and forget processes that ended long ago."""
    statement = insert(Heartbeat).values(name=name, beat_at=now, connections=connections)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"beat_at": now, "connections": connections}
        )
    )
    connection.execute(
        sa.delete(Heartbeat).where(
            Heartbeat.name.startswith(SENDER), Heartbeat.beat_at < now - FORGOTTEN_AFTER
        )
    )


def others_are_connected(name: str, *, now: datetime) -> bool:
    """Tell whether another sending process that is alive has a connection to the relay."""
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    Heartbeat.name.startswith(SENDER, autoescape=True),
                    Heartbeat.name != name,
                    Heartbeat.connections > 0,
                    Heartbeat.beat_at >= now - SILENCE,
                )
            )
        )
    )


def end(name: str) -> None:
    """Remove the sign of life of a process that ends by itself; commits."""
    db.session.execute(sa.delete(Heartbeat).where(Heartbeat.name == name))
    db.session.commit()
