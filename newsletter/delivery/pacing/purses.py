"""What one sender has reserved of every limit, and paying a message out of it."""

from collections.abc import Iterable, Sequence

from newsletter.delivery.pacing import spending
from newsletter.delivery.pacing.rules import Rule
from newsletter.delivery.pacing.spending import Purse

LONGEST_WAIT = 60.0
"""Seconds: no message is told to wait longer, so that a limit that was lifted is soon noticed."""

SHORTEST_WAIT = 0.001
"""Seconds until asking again when the slot was over before its turn came."""


class Purses:
    """The purses of the rules that limit messages."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Rule, Sequence[Purse]]] = {}

    def keep(self, rules: Iterable[Rule], *, at: float) -> None:
        """Have purses for these rules; give back what is left of other rules and past slots."""
        wanted = {rule.id: rule for rule in rules}
        spending.give_back(
            purse
            for rule, purses in self._known.values()
            for purse in purses
            if wanted.get(rule.id) != rule or not purse.is_ready(at)
        )
        self._known = {
            rule.id: self._known[rule.id]
            if self._known.get(rule.id, (None,))[0] == rule
            else (rule, [Purse(rule.id, period) for period in rule.periods()])
            for rule in wanted.values()
        }

    def limit(self, rule: Rule) -> bool:
        """Tell whether a rule limits messages, and not connections only."""
        return bool(self._known[rule.id][1])

    def wait(self, rules: Iterable[Rule], *, at: float) -> float:
        """Return for how many seconds these rules are known to be used up; 0.0 if they are not."""
        closed = max((p.closed_until for p in self._of(rules) if not p.is_ready(at)), default=0.0)
        return min(LONGEST_WAIT, max(SHORTEST_WAIT, closed - at)) if closed > at else 0.0

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
            purse.left -= 1
        return True

    def empty(self) -> None:
        """Give everything back; commits."""
        spending.give_back(purse for _, purses in self._known.values() for purse in purses)

    def _of(self, rules: Iterable[Rule]) -> list[Purse]:
        return [purse for rule in rules for purse in self._known[rule.id][1]]
