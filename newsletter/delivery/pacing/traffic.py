"""What one sending process has under way with one provider."""

from collections.abc import Container, Iterable
from itertools import islice

from newsletter.delivery.pacing.counting import Tally
from newsletter.delivery.pacing.standings import PAUSE

QUICK = 0.5
"""Seconds that a transaction takes at most, on average, with a provider that is not slow."""

MANY = 20
"""Successes that are worth an entry at once."""

FEW = 100
PARTS = 10
"""Of the other providers so many are shared at once, or one in so many, whichever is more."""

NOTHING = Tally()
"""The tally of who met nothing."""


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
        "is_news",
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
        # Whether the others should hear of the tally soon: it is more than a few successes.
        self.is_news = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lost when it is forgotten."""
        return not self.in_use and not self.refusals and self.tally == NOTHING

    def tell(self, refusals: int | None) -> None:
        """Note that the tally was shared; `refusals` in a row are known to all, None as before."""
        self.tally = Tally()
        self.is_news = False
        if refusals is not None:
            self.refusals = refusals

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


def to_share(
    traffics: Iterable[Traffic], *, known: Container[str], everything: bool
) -> dict[str, Tally]:
    """Return the tallies to share now: all that is news, and a part of the rest.

    `known` are the providers of which all senders know that something is
    wrong. A large list has thousands of providers with a reader or two. To
    write each of them down within a second would cost more than their mail,
    so they are collected for a while, the first ones first.
    """
    news: dict[str, Tally] = {}
    rest: dict[str, Tally] = {}
    for one in traffics:
        if one.tally != NOTHING:
            is_news = one.is_news or one.tally.sent >= MANY or one.name in known
            (news if is_news or everything else rest)[one.name] = one.tally
    news.update(islice(rest.items(), max(FEW, len(rest) // PARTS)))
    return news
