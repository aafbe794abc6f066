"""What one sender has reserved of one limit, and where its messages are counted.

A message reaches the relay at some moment between being let go and being
answered, seldom later than a second. So in a limit a second it counts when it
ends, and until then as if it went just now: no second, wherever it begins,
sees more arrive.
"""

from newsletter.delivery.pacing import periods
from newsletter.delivery.pacing.periods import SLOTS, Period

LARGEST_PART = 20
"""At most this part of a limit, one in so many messages, is reserved at once."""

QUICK = 0.25
"""Seconds in which a reservation should not be used up; if it is, the next is twice as large."""

LATEST = 50
"""Slots, a second's, after which a message counts as arrived, though nobody answered."""


class Purse:
    """Reserved messages of one limit of one rule; times are in seconds since 1970."""

    __slots__ = (
        "_counted",
        "changes",
        "chunk",
        "closed_until",
        "left",
        "period",
        "rule_id",
        "slot",
        "taken_at",
        "under_way",
    )

    def __init__(self, rule_id: int, period: Period) -> None:
        self.rule_id = rule_id
        self.period = period
        self.left = 0
        self.slot = 0
        self.closed_until = 0.0
        self.chunk = 1
        self.taken_at = 0.0
        # How many messages are under way that were paid in each slot, the oldest slot first,
        # and where those are counted now.
        self.under_way: dict[int, int] = {}
        self._counted: dict[int, int] = {}
        # How many more, or fewer, each slot has to count than the database says.
        self.changes: dict[int, int] = {}

    def is_ready(self, at: float) -> bool:
        """Tell whether a message may be paid from it at `at`."""
        if self.left <= 0:
            return False
        return 0 <= periods.slot_at(self.period, at) - self.slot <= SLOTS[self.period].kept

    def pay(self) -> None:
        """Take one message out of it."""
        self.left -= 1
        if self.slot not in self.under_way:
            self.under_way[self.slot] = 0
            self._counted[self.slot] = self.slot
        self.under_way[self.slot] += 1

    def end(self, at: float) -> None:
        """Note that a message is over that was paid from it."""
        # Which of them it was is all the same: each is counted no earlier than it went.
        paid = next(iter(self.under_way), None)
        if paid is not None:
            self._move(1, self._counted[paid], self._arrival(paid, at))
            self._forget_one(paid)

    def refund(self) -> None:
        """Note that a message that was paid from it was never begun."""
        paid = next(iter(self.under_way), None)
        if paid is not None:
            self._change(self._counted[paid], -1)
            self._forget_one(paid)

    def overtake(self, at: float) -> None:
        """Count what is under way as if it went just now."""
        for paid, count in self.under_way.items():
            to = self._arrival(paid, at)
            self._move(count, self._counted[paid], to)
            self._counted[paid] = to

    def put_back(self) -> None:
        """Have what is left counted no more."""
        if self.left:
            self._change(self.slot, -self.left)
            self.left = 0

    def wish(self, most: int, at: float) -> int:
        """Return how many to reserve: more when the last ones went quickly, fewer when slowly."""
        largest = max(1, most // LARGEST_PART)
        if 0 <= at - self.taken_at < QUICK:
            return min(self.chunk * 2, largest)
        return min(max(1, self.chunk // 2), largest)

    def _arrival(self, paid: int, at: float) -> int:
        """Return where a message counts that was paid then and may have arrived until `at`."""
        if self.period is not Period.SECOND:
            return paid
        return min(periods.slot_at(self.period, at), paid + LATEST)

    def _forget_one(self, paid: int) -> None:
        self.under_way[paid] -= 1
        if not self.under_way[paid]:
            del self.under_way[paid], self._counted[paid]

    def _move(self, count: int, slot: int, to: int) -> None:
        if slot != to:
            self._change(slot, -count)
            self._change(to, count)

    def _change(self, slot: int, count: int) -> None:
        self.changes[slot] = self.changes.get(slot, 0) + count
