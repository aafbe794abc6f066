"""What one sending process has under way with one provider."""

from newsletter.delivery.pacing.standings import PAUSE, Tally

QUICK = 0.5
"""Seconds that a transaction takes at most, on average, with a provider that is not slow."""


class Traffic:
    """Transactions under way with one provider, what they met, and how many there may be.

    Times are seconds on the monotonic clock.
    """

    __slots__ = (
        "cap",
        "ended",
        "ended_at",
        "in_use",
        "is_free",
        "name",
        "narrowed_at",
        "refusals",
        "tally",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.in_use = 0
        # Neither rule, window nor hold is in its way.
        self.is_free = True
        # Our share of the connections that it may have; None is any number.
        self.cap: int | None = None
        # How many transactions ended since the last exchange, and when the last one did.
        self.ended = 0
        self.ended_at = float("-inf")
        self.narrowed_at = float("-inf")
        # Refusals by policy in a row that all senders know of, without the tally.
        self.refusals = 0
        self.tally = Tally()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lost when it is forgotten."""
        return not self.in_use and not self.refusals

    def is_quick(self, *, since: float, at: float) -> bool:
        """Tell whether transactions end so soon that nobody has to fear for the connections."""
        return at - self.ended_at <= QUICK and self.ended * QUICK >= self.in_use * (at - since)

    def narrow(self, *, senders: int, at: float) -> None:
        """Use fewer connections at once; what broke within a second counts once."""
        if at - self.narrowed_at < PAUSE.total_seconds():
            return
        self.narrowed_at = at
        busy = max(1, self.in_use)
        self.tally.crowd = busy * senders
        self.cap = max(1, (busy if self.cap is None else self.cap) // 2)
        self.is_free = False
