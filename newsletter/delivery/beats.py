"""The signs of life of the processes that send, and how many connections each has."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from newsletter.delivery.models import Heartbeat
from newsletter.extensions import db, insert

SENDER = "sender:"
"""How the names of sending processes begin; the clock's own is another."""

REACHED = "reached-by:"
"""What stands before it in the name of the row that says when it last had a connection."""

SILENCE = timedelta(seconds=15)
"""How long a sender may give no sign of life before it counts as stopped."""

LATELY = timedelta(minutes=2)
"""How long a connection says that there is a way to the relay, unless a later call failed."""

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
            Heartbeat.name.startswith(SENDER) | Heartbeat.name.startswith(REACHED),
            Heartbeat.beat_at < now - FORGOTTEN_AFTER,
        )
    )


def reached(name: str, *, now: datetime) -> None:
    """Note that a sending process has, or just had, a connection to the relay; commits."""
    statement = insert(Heartbeat).values(name=f"{REACHED}{name}", beat_at=now)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"beat_at": now})
    )
    db.session.commit()


def not_reached(name: str) -> None:
    """Note that a sending process has no way to the relay now; commits."""
    db.session.execute(sa.delete(Heartbeat).where(Heartbeat.name == f"{REACHED}{name}"))
    db.session.commit()


def others_reach_it(name: str, *, now: datetime) -> bool:
    """Tell whether another sending process that is alive had a connection to the relay LATELY.

    Not whether one is open: who sends a few messages a minute seldom has one.
    """
    mark = aliased(Heartbeat)
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    Heartbeat.name.startswith(SENDER, autoescape=True),
                    Heartbeat.name != name,
                    Heartbeat.beat_at >= now - SILENCE,
                    mark.name == sa.literal(REACHED) + Heartbeat.name,
                    mark.beat_at >= now - LATELY,
                )
            )
        )
    )


def end(name: str) -> None:
    """Remove the sign of life of a process that ends by itself; commits."""
    db.session.execute(sa.delete(Heartbeat).where(Heartbeat.name.in_([name, f"{REACHED}{name}"])))
    db.session.commit()
