"""The stretches of time that limits are about, and when there is room in them: pure decisions.

A period is cut into slots, and what goes is counted in the slot in which it
goes. A message may go while the current slot, all that a period before it
touches, and one more hold fewer than the limit together. So no period, wherever
it begins, holds more; the slot more is for clocks that differ and, but for a
second, for mail that arrives a moment after it was let go: see `purse`.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


class Period(enum.StrEnum):
    """What a limit counts in; a warm-up has days by the calendar, in UTC."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WARM_UP = "warm-up"


@dataclass(frozen=True)
class Slots:
    """How a period is cut: milliseconds of a slot, and how many before the current one count.

    What was reserved in a slot may be used for as long as it and `kept` more.
    """

    width: int
    before: int
    kept: int = 0


SLOTS = {
    Period.SECOND: Slots(20, 51, kept=4),
    Period.MINUTE: Slots(1_000, 61),
    Period.HOUR: Slots(60_000, 61),
    Period.DAY: Slots(900_000, 97),
    Period.WARM_UP: Slots(86_400_000, 0),
}

MOST_PORTION = 1_000_000_000
"""The portion of a day at which a warm-up stops growing."""

FIRST_DAY = date(1970, 1, 1)
"""The day of slot 0."""


def slot_at(period: Period, at: float) -> int:
    """Return the number of the slot at `at`, in seconds since 1970."""
    return int(at * 1000) // SLOTS[period].width


def starts_at(period: Period, slot: int) -> float:
    """Return when a slot begins, in seconds since 1970; it ends where the next one begins."""
    return slot * SLOTS[period].width / 1000


def first_counted(period: Period, slot: int) -> int:
    """Return the oldest slot that counts together with `slot`.

    Slots after it count too: a clock that was put back, or another machine's
    that is ahead, must not open a second allowance.
    """
    return slot - SLOTS[period].before


def opens_at(period: Period, most: int, spent: Mapping[int, int]) -> float:
    """Return from when there is room for a message, in seconds since 1970; 0.0 if there is now.

    `spent` is what was counted in each slot that counts now.
    """
    total = sum(spent.values())
    opens = 0.0
    for slot in sorted(spent):
        if total < most:
            break
        total -= spent[slot]
        opens = starts_at(period, slot + SLOTS[period].before + 1)
    return opens


def portion(first: int, growth: float, begins: date, at: float) -> int:
    """Return how many messages a warm-up allows on the day of `at`, in seconds since 1970.

    The days before it begins have the portion of its first day.
    """
    day = max(0, slot_at(Period.WARM_UP, at) - (begins - FIRST_DAY).days)
    if math.log(first) + day * math.log(growth) >= math.log(MOST_PORTION):
        return MOST_PORTION
    return int(first * growth**day)


def share(total: int, rank: int, workers: int) -> int:
    """Return how much of `total` the worker at `rank` (from 0) has; the shares add up to it."""
    return total // workers + (rank < total % workers)
