"""Taking a little of a limit at a time out of the database, so that all senders keep it together.

A sender reserves some messages of the current slot for itself, spends them
without asking anybody, and gives back what is left when the slot is over.
Each transaction here locks its rules first, so that two senders take turns.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery.models import PaceRule, PaceScope, PaceSpent
from newsletter.delivery.pacing import periods, rules
from newsletter.delivery.pacing.periods import Period
from newsletter.delivery.pacing.rules import Rule
from newsletter.extensions import db, insert

LARGEST_PART = 20
"""At most this part of a limit, one in so many messages, is reserved at once."""

QUICK = 0.25
"""Seconds in which a reservation should not be used up; if it is, the next is twice as large."""

LONGEST = 30.0
"""Seconds after which a closed limit is looked at again: it may have been raised."""


class Purse:
    """What this sender has reserved of one limit of one rule."""

    __slots__ = (
        "closed_until",
        "chunk",
        "ends_at",
        "left",
        "period",
        "rule_id",
        "slot",
        "taken_at",
    )

    def __init__(self, rule_id: int, period: Period) -> None:
        self.rule_id = rule_id
        self.period = period
        self.left = 0
        self.slot = 0
        self.ends_at = 0.0
        self.closed_until = 0.0
        self.chunk = 1
        self.taken_at = 0.0

    def is_ready(self, at: float) -> bool:
        """Tell whether a message may be paid from it at `at`, in seconds since 1970."""
        return self.left > 0 and periods.slot_at(self.period, at) == self.slot

    def wish(self, most: int, at: float) -> int:
        """Return how many to reserve: more when the last ones went quickly, fewer when slowly."""
        largest = max(1, most // LARGEST_PART)
        if at - self.taken_at < QUICK:
            return min(self.chunk * 2, largest)
        return min(max(1, self.chunk // 2), largest)


def fill(purses: Sequence[Purse], *, at: float) -> None:
    """Reserve for each of these purses what there is room for; commits.

    A purse that stays empty knows until when it is closed.
    """
    with db.engine.begin() as connection:
        known = rules.lock(connection, sorted({purse.rule_id for purse in purses}))
        # What is left belongs to a slot that is over.
        _give_back(connection, purses)
        gained = [_reserve(connection, known.get(purse.rule_id), purse, at) for purse in purses]
    for purse, (taken, closed_until) in zip(purses, gained, strict=True):
        purse.slot = periods.slot_at(purse.period, at)
        purse.left, purse.closed_until = taken, closed_until
        if taken:
            purse.chunk, purse.taken_at = taken, at


def give_back(purses: Iterable[Purse]) -> None:
    """Give back what these purses still hold; commits."""
    held = [purse for purse in purses if purse.left]
    if not held:
        return
    with db.engine.begin() as connection:
        rules.lock(connection, sorted({purse.rule_id for purse in held}))
        _give_back(connection, held)
    for purse in held:
        purse.left = 0


def spend_singles(count: int, *, at: float, connection: sa.Connection | None = None) -> None:
    """Count transactional mails against the installation's limits, full or not.

    Part of the transaction of `connection`, or else of the session's, which
    the caller ends soon: nobody else can spend meanwhile.
    """
    connection = connection or db.session.connection()
    statement = sa.select(PaceRule.id).where(PaceRule.scope == PaceScope.INSTALLATION)
    rule_id = connection.scalar(statement)
    if rule_id is None:
        return
    for rule in rules.lock(connection, [rule_id]).values():
        for period in rule.periods():
            _spend(connection, rule.id, period, periods.slot_at(period, at), count)


def forget_old(*, now: datetime) -> None:
    """Delete what no limit counts any more; part of the caller's transaction."""
    at = now.timestamp()
    for period in Period:
        oldest = periods.first_counted(period, periods.slot_at(period, at))
        db.session.execute(
            sa.delete(PaceSpent)
            .where(PaceSpent.period == period.value, PaceSpent.slot < oldest)
            .execution_options(synchronize_session=False)
        )


def _reserve(
    connection: sa.Connection, rule: Rule | None, purse: Purse, at: float
) -> tuple[int, float]:
    """Return how many were reserved, and until when there are none."""
    most = rule.most(purse.period, at) if rule else None
    if most is None:
        # The limit was lifted a moment ago; the next look at the rules drops the purse.
        return 1, 0.0
    slot = periods.slot_at(purse.period, at)
    _tidy(connection, purse, slot)
    spent = _spent(connection, purse, slot)
    room = most - sum(spent.values())
    if room <= 0:
        opens = periods.opens_at(purse.period, most, spent)
        return 0, min(opens, at + LONGEST)
    # Near the end all senders leave something to the others.
    taken = min(purse.wish(most, at), max(1, room // 2))
    _spend(connection, purse.rule_id, purse.period, slot, taken)
    return taken, 0.0


def _tidy(connection: sa.Connection, purse: Purse, slot: int) -> None:
    """Delete what does not count any more, once in as many slots as count."""
    counted = periods.SLOTS[purse.period].before + 1
    if slot // counted != purse.slot // counted:
        connection.execute(
            sa.delete(PaceSpent).where(
                PaceSpent.rule_id == purse.rule_id,
                PaceSpent.period == purse.period.value,
                PaceSpent.slot < periods.first_counted(purse.period, slot),
            )
        )


def _spent(connection: sa.Connection, purse: Purse, slot: int) -> Mapping[int, int]:
    rows = connection.execute(
        sa.select(PaceSpent.slot, PaceSpent.spent).where(
            PaceSpent.rule_id == purse.rule_id,
            PaceSpent.period == purse.period.value,
            PaceSpent.slot >= periods.first_counted(purse.period, slot),
        )
    )
    return {number: spent for number, spent in rows}


def _spend(connection: sa.Connection, rule_id: int, period: Period, slot: int, count: int) -> None:
    statement = insert(PaceSpent).values(
        rule_id=rule_id, period=period.value, slot=slot, spent=count
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["rule_id", "period", "slot"],
            set_={"spent": PaceSpent.spent + statement.excluded.spent},
        )
    )


def _give_back(connection: sa.Connection, purses: Iterable[Purse]) -> None:
    for purse in purses:
        if purse.left:
            connection.execute(
                sa.update(PaceSpent)
                .where(
                    PaceSpent.rule_id == purse.rule_id,
                    PaceSpent.period == purse.period.value,
                    PaceSpent.slot == purse.slot,
                )
                .values(spent=PaceSpent.spent - purse.left)
            )
