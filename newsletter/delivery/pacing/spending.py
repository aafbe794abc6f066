"""Taking a little of a limit at a time out of the database, so that all senders keep it together.

A sender reserves some messages of the current slot for itself, spends them
without asking anybody, and gives back what is left when the slot is over.
Each transaction here locks its rules first, so that two senders take turns.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery.models import PaceRule, PaceScope, PaceSpent
from newsletter.delivery.pacing import periods, rules
from newsletter.delivery.pacing.periods import Period
from newsletter.delivery.pacing.purse import Purse
from newsletter.delivery.pacing.rules import Rule
from newsletter.extensions import db, insert

LONGEST = 30.0
"""Seconds after which a closed limit is looked at again: it may have been raised."""

LOOK_AGAIN = 0.25
"""The same while messages of ours are under way, so that they are counted where they are now."""

AHEAD = 120.0
"""Seconds by which another machine's clock may be ahead; what was counted later is not believed."""


def fill(purses: Sequence[Purse], *, at: float) -> None:
    """Reserve for each of these purses what there is room for; commits.

    A purse that stays empty knows until when it is closed.
    """
    with db.engine.begin() as connection:
        known = rules.lock(connection, sorted({purse.rule_id for purse in purses}))
        for purse in purses:
            # What is left belongs to a slot that is over.
            purse.put_back()
            purse.overtake(at)
        changes = _write_changes(connection, purses, known)
        gained = [_reserve(connection, known.get(purse.rule_id), purse, at) for purse in purses]
    _were_written(changes)
    for purse, (taken, closed_until) in zip(purses, gained, strict=True):
        purse.slot = periods.slot_at(purse.period, at)
        purse.left, purse.closed_until = taken, closed_until
        if taken:
            purse.chunk, purse.taken_at = taken, at


def give_back(purses: Iterable[Purse]) -> None:
    """Give back what these purses still hold; commits."""
    held = list(purses)
    for purse in held:
        purse.put_back()
    settle([purse for purse in held if purse.changes])


def settle(purses: Sequence[Purse]) -> None:
    """Write what these purses want counted elsewhere; commits."""
    if not purses:
        return
    with db.engine.begin() as connection:
        known = rules.lock(connection, sorted({purse.rule_id for purse in purses}))
        changes = _write_changes(connection, purses, known)
    _were_written(changes)


def spend_singles(count: int, *, at: float) -> None:
    """Count transactional mails against the installation's limits, full or not.

    Part of the session's transaction, which the caller ends soon: nobody else
    can spend meanwhile.
    """
    connection = db.session.connection()
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
    if periods.starts_at(purse.period, max(spent, default=0)) > at + AHEAD:
        spent = _drawn_back(connection, purse, spent, to=slot)
    room = most - sum(spent.values())
    if room <= 0:
        opens = periods.opens_at(purse.period, most, spent)
        return 0, min(opens, at + (LOOK_AGAIN if purse.under_way else LONGEST))
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


def _drawn_back(
    connection: sa.Connection, purse: Purse, spent: Mapping[int, int], *, to: int
) -> Mapping[int, int]:
    """Count what was counted in the future as if the last of it went now; return it.

    The clock was set back since. To wait until it is there again would stop
    the mail for as long, and to forget it would open a second allowance.
    """
    last = max(spent)
    connection.execute(
        sa.delete(PaceSpent).where(
            PaceSpent.rule_id == purse.rule_id, PaceSpent.period == purse.period.value
        )
    )
    oldest = periods.first_counted(purse.period, last)
    drawn = {slot - last + to: count for slot, count in spent.items() if slot >= oldest}
    for slot, count in drawn.items():
        _spend(connection, purse.rule_id, purse.period, slot, count)
    return drawn


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


def _write_changes(
    connection: sa.Connection, purses: Iterable[Purse], known: Container[int]
) -> list[tuple[Purse, dict[int, int]]]:
    """Write the changes of these purses and return them; they may still be rolled back.

    What was spent by a rule that is not among the `known` went with it, and counts nowhere.
    """
    written = [(purse, dict(purse.changes)) for purse in purses]
    for purse, changes in written:
        if purse.rule_id not in known:
            continue
        for slot, count in sorted(changes.items()):
            if count > 0:
                _spend(connection, purse.rule_id, purse.period, slot, count)
            elif count < 0:
                _unspend(connection, purse, slot, -count)
    return written


def _were_written(written: Iterable[tuple[Purse, dict[int, int]]]) -> None:
    for purse, _ in written:
        purse.changes = {}


def _unspend(connection: sa.Connection, purse: Purse, slot: int, count: int) -> None:
    rest = PaceSpent.spent - count
    connection.execute(
        sa.update(PaceSpent)
        .where(
            PaceSpent.rule_id == purse.rule_id,
            PaceSpent.period == purse.period.value,
            PaceSpent.slot == slot,
        )
        .values(spent=sa.case((rest > 0, rest), else_=0))
    )
