"""The purses of one sender: paying a message out of those of all the rules it has to keep."""

from collections.abc import Iterable, Sequence

from newsletter.delivery.pacing import spending
from newsletter.delivery.pacing.purse import Purse
from newsletter.delivery.pacing.rules import Rule

LONGEST_WAIT = 60.0
"""Seconds: no message is told to wait longer, so that a limit that was lifted is soon noticed."""

SHORTEST_WAIT = 0.001
"""Seconds until asking again when the slot was over before its turn came."""


class Purses:
    """The purses of the rules that limit messages; times are in seconds since 1970."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Rule, Sequence[Purse]]] = {}
        # Those of rules that were changed or are gone, until what they hold is given back.
        self._gone: list[Purse] = []

    def keep(self, rules: Iterable[Rule], *, at: float) -> None:
        """Have purses for these rules; write what is to be counted elsewhere; commits.

        The rules are known also when the database fails in the middle.
        """
        known, self._known = self._known, {}
        for rule in rules:
            then, purses = known.pop(rule.id, (None, ()))
            if then == rule:
                self._known[rule.id] = rule, purses
                continue
            self._gone += purses
            self._known[rule.id] = rule, [Purse(rule.id, period) for period in rule.periods()]
        self._gone += [purse for _, purses in known.values() for purse in purses]
        spending.give_back(self._gone)
        self._gone = []
        stale = []
        for _, purses in self._known.values():
            for purse in purses:
                purse.overtake(at)
                if not purse.is_ready(at):
                    purse.put_back()
                if purse.changes:
                    stale.append(purse)
        spending.settle(stale)

    def wait(self, rules: Iterable[Rule], *, at: float) -> float:
        """Return for how many seconds these rules are known to be used up; 0.0 if they are not."""
        waits = [p.closed_until - at for p in self._of(rules) if not p.is_ready(at)]
        # What is closed for longer was closed by a clock that was set back since.
        wait = max((wait for wait in waits if wait <= spending.LONGEST), default=0.0)
        return max(SHORTEST_WAIT, wait) if wait > 0 else 0.0

    def fill(self, rules: Iterable[Rule], *, at: float) -> None:
        """Reserve where nothing is left; commits if there is anything to reserve."""
        empty = [purse for purse in self._of(rules) if not purse.is_ready(at)]
        if empty:
            spending.fill(empty, at=at)

    def pay(self, rules: Iterable[Rule], *, at: float) -> bool:
        """Take one message out of every purse of these rules; False if one is empty."""
        purses = self._of(rules)
        if not all(purse.is_ready(at) for purse in purses):
            return False
        for purse in purses:
            purse.pay()
        return True

    def end(self, rules: Iterable[Rule], *, at: float) -> None:
        """Note that a message is over that was paid by these rules."""
        for purse in self._of(rules):
            purse.end(at)

    def refund(self, rules: Iterable[Rule]) -> None:
        """Note that a message that was paid by these rules was never begun."""
        for purse in self._of(rules):
            purse.refund()

    def empty(self) -> None:
        """Give everything back; commits."""
        purses = [purse for _, purses in self._known.values() for purse in purses]
        spending.give_back([*self._gone, *purses])

    def _of(self, rules: Iterable[Rule]) -> list[Purse]:
        return [purse for rule in rules for purse in self._known[rule.id][1]]
