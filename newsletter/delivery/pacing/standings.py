"""How things stand with each provider: its window, its row of refusals, its hold; shared by all.

Every sender keeps a tally of what it met, and adds it to the table once a
second. What follows from it is decided here, under the lock of the row.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery.models import Provider
from newsletter.delivery.pacing import counting
from newsletter.delivery.pacing.counting import Tally
from newsletter.errors import NotFound
from newsletter.extensions import Base, db

ROW = 20
"""Refusals by policy in a row after which a provider is held (STANDARDS P07, XG08)."""

HOLD = timedelta(hours=1)
"""How long a provider is held; then one message at a time asks whether it takes mail again."""

GROWTH = 100
"""Messages taken after which a window grows by one connection (STANDARDS 5.4)."""

PAUSE = timedelta(seconds=1)
"""The least time between two halvings of a window: what broke together counts once."""

FORGIVEN = timedelta(hours=1)
"""A window that met no more trouble for so long is forgotten."""

KEPT = timedelta(days=90)
"""How long a provider is remembered that nothing was sent to."""

LONGEST_REASON = 500


@dataclass(frozen=True)
class Standing:
    """How things stand with one provider, as all senders know it."""

    refusals: int = 0
    held_until: datetime | None = None
    held_for: str = ""
    window: int | None = None
    taken: int = 0
    narrowed_at: datetime | None = None

    def is_held(self, *, now: datetime) -> bool:
        """Tell whether nothing goes to it now."""
        # One that seems longer was begun by a clock that was set back since.
        return self.held_until is not None and now < self.held_until <= now + HOLD

    def is_probed(self, *, now: datetime) -> bool:
        """Tell whether its hold is over and one message at a time asks whether it takes mail."""
        return self.held_until is not None and not self.is_held(now=now)

    def cap(self, *, now: datetime) -> int | None:
        """Return how many connections may carry its mail, all senders together; None is any."""
        if self.held_until is not None:
            return 0 if self.is_held(now=now) else 1
        return self.window


def settle(standing: Standing, tally: Tally, *, widest: int, now: datetime) -> Standing:
    """Return how things stand after what one sender met.

    `widest` is how many connections all senders may have: a window that
    reaches it is no window any more.
    """
    standing = _adapt(standing, tally, widest=widest, now=now)
    if tally.sent:
        standing = replace(standing, refusals=0)
        if not standing.is_held(now=now):
            standing = replace(standing, held_until=None, held_for="")
    if not tally.refusals:
        return standing
    standing = replace(standing, refusals=standing.refusals + tally.refusals)
    is_probe = standing.is_probed(now=now)
    if not is_probe and (standing.refusals < ROW or standing.held_until is not None):
        return standing
    met = "It still refuses our mail by its rules, the last message with"
    if not is_probe:
        met = f"It refused {standing.refusals} messages in a row by its rules, the last with"
    reason = f"{met}: {tally.words}"[:LONGEST_REASON]
    return replace(standing, held_until=now + HOLD, held_for=reason)


def _adapt(standing: Standing, tally: Tally, *, widest: int, now: datetime) -> Standing:
    """Halve the window if it was asked for, else let it grow (STANDARDS 5.4)."""
    if standing.narrowed_at is not None and now - standing.narrowed_at >= FORGIVEN:
        standing = replace(standing, window=None, taken=0, narrowed_at=None)
    if tally.crowd:
        if standing.narrowed_at is not None and abs(now - standing.narrowed_at) < PAUSE:
            return standing
        window = max(1, (standing.window or tally.crowd) // 2)
        return replace(standing, window=window, taken=0, narrowed_at=now)
    if standing.window is None:
        return standing
    steps, taken = divmod(standing.taken + tally.sent, GROWTH)
    window = standing.window + steps
    if window >= widest:
        return replace(standing, window=None, taken=0)
    return replace(standing, window=window, taken=taken)


def tell(
    connection: sa.Connection,
    tallies: Mapping[str, Tally],
    *,
    known: Container[str],
    widest: Callable[[str], int],
    now: datetime,
) -> dict[str, Standing]:
    """Add these tallies to the table; return how things stand now where that is new.

    `known` are the providers that `look` returned last; `widest` tells how
    many connections all senders may have for one.
    """
    if not tallies:
        return {}
    counting.add(connection, tallies, now=now)
    concerned = [
        name
        for name, tally in tallies.items()
        if tally.crowd or tally.refusals or (tally.sent and name in known)
    ]
    standings = _lock(connection, concerned)
    for name, standing in standings.items():
        standings[name] = settle(standing, tallies[name], widest=widest(name), now=now)
        if standings[name] != standing:
            _write(connection, name, standings[name])
    return standings


def look(connection: sa.Connection, *, now: datetime) -> dict[str, Standing]:
    """Return the providers that are held, probed, or have a window."""
    statement = sa.select(*_SHARED).where(
        _table.c.held_until.is_not(None)
        | (_table.c.window.is_not(None) & (_table.c.narrowed_at > now - FORGIVEN))
    )
    return {row["name"]: _standing(row) for row in connection.execute(statement).mappings()}


def troubled(*, now: datetime) -> dict[str, Standing]:
    """Return the same in the caller's transaction, in the order of their names."""
    return dict(sorted(look(db.session.connection(), now=now).items()))


def why_two(reasons: Mapping[str, str]) -> str:
    """Return the sentence for which an issue pauses; nothing unless two providers are held.

    `reasons` says of each held provider what it is held for.
    """
    if len(reasons) < 2:
        return ""
    first, second, *others = sorted(reasons)
    more = f" and {len(others)} more" if others else ""
    words = " ".join(f"{name}: {reasons[name][:150]}" for name in (first, second))
    return (
        f"Several providers refuse our mail by their rules: {first} and {second}{more}. "
        f"Find out why before you resume. {words}"
    )[:LONGEST_REASON]


def end_holds() -> None:
    """Write to every held provider again, as if it had refused nothing."""
    _release(sa.true())


def release(name: str) -> None:
    """End the hold of one provider; raise NotFound if it is not held."""
    if not _release(Provider.name == name):
        raise NotFound(f"{name} is not held.")


def forget_old(*, now: datetime) -> None:
    """Delete the providers that nothing happened with for 90 days."""
    latest = sa.func.coalesce(Provider.last_success_at, Provider.last_trouble_at)
    either = sa.func.coalesce(Provider.last_trouble_at, Provider.last_success_at)
    old = sa.literal(now - KEPT, Provider.last_success_at.type)
    db.session.execute(
        sa.delete(Provider)
        .where(latest < old, either < old)
        .execution_options(synchronize_session=False)
    )


def _release(which: sa.ColumnElement[bool]) -> int:
    changed = db.session.scalars(
        sa.update(Provider)
        .where(which, Provider.held_until.is_not(None))
        .values(held_until=None, held_for="", refusals=0)
        .returning(Provider.name)
        .execution_options(synchronize_session=False)
    ).all()
    return len(changed)


_table = Base.metadata.tables[Provider.__tablename__]
_SHARED = [
    _table.c[name]
    for name in ("name", "refusals", "held_until", "held_for", "window", "taken", "narrowed_at")
]


def _lock(connection: sa.Connection, names: Sequence[str]) -> dict[str, Standing]:
    """Return how things stand with these, and let nobody change it until the transaction ends."""
    if not names:
        return {}
    statement = (
        sa.select(*_SHARED)
        .where(_table.c.name.in_(names))
        # In one order everywhere, so that two senders cannot wait for each other.
        .order_by(_table.c.name)
        .with_for_update()
    )
    return {row["name"]: _standing(row) for row in connection.execute(statement).mappings()}


def _standing(row: sa.RowMapping) -> Standing:
    return Standing(**{column.name: row[column.name] for column in _SHARED[1:]})


def _write(connection: sa.Connection, name: str, standing: Standing) -> None:
    connection.execute(
        sa.update(_table)
        .where(_table.c.name == name)
        .values(
            refusals=standing.refusals,
            held_until=standing.held_until,
            held_for=standing.held_for,
            window=standing.window,
            taken=standing.taken,
            narrowed_at=standing.narrowed_at,
        )
    )
