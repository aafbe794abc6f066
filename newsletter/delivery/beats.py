"""The signs of life of the processes that send, and how many connections each has."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery.models import Heartbeat
from newsletter.extensions import db, insert

SENDER = "sender:"
"""How the names of sending processes begin; the clock's own is another."""

FORGOTTEN_AFTER = timedelta(hours=1)


def beat(name: str, *, connections: int, now: datetime) -> None:
    """Write a sign of life and forget processes that ended long ago; commits."""
    statement = insert(Heartbeat).values(name=name, beat_at=now, connections=connections)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"beat_at": now, "connections": connections}
        )
    )
    db.session.execute(
        sa.delete(Heartbeat).where(
            Heartbeat.name.startswith(SENDER), Heartbeat.beat_at < now - FORGOTTEN_AFTER
        )
    )
    db.session.commit()


def end(name: str) -> None:
    """Remove the sign of life of a process that ends by itself; commits."""
    db.session.execute(sa.delete(Heartbeat).where(Heartbeat.name == name))
    db.session.commit()
