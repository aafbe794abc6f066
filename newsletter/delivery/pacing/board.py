"""What all senders know together, as one of them last saw it: rules, standings, who works."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from newsletter.delivery import beats
from newsletter.delivery.pacing import rules, spending, standings, workers
from newsletter.delivery.pacing.counting import Tally
from newsletter.delivery.pacing.rules import Rule, Rules
from newsletter.delivery.pacing.standings import Standing
from newsletter.extensions import db

log = logging.getLogger(__name__)

STALE = 2.0
"""Seconds after which shares are not believed any more without a new look."""

JOINING = 3.0
"""Seconds that a newcomer leaves its share alone: longer than the others believe in theirs."""


class Board:
    """The shared state, looked at once a second; times are on the monotonic clock."""

    def __init__(self, worker: str) -> None:
        self.rules = Rules()
        self.standings: Mapping[str, Standing] = {}
        self.crew: Sequence[str] = (worker,)
        self.seen_at = float("-inf")
        self._worker = worker
        self._beat_at = datetime.min.replace(tzinfo=UTC)
        self._shares_from = float("-inf")

    def is_stale(self, at: float) -> bool:
        """Tell whether it has to be looked at before anything is shared by it."""
        return at - self.seen_at > STALE

    def exchange(
        self,
        tallies: Mapping[str, Tally],
        *,
        configured: int,
        connections: int,
        at: float,
        now: datetime,
    ) -> dict[str, Standing]:
        """Write what we met and read what the others wrote; commits.

        Returns how things stand with the providers for which our own tallies
        decided it. `configured` is how many connections a sender may have, `connections`
        how many this one has open.
        """
        is_new = at - self.seen_at > beats.SILENCE.total_seconds()
        # By its absolute value: a clock may be set back (STANDARDS XH22).
        if self._worker and (is_new or abs(now - self._beat_at) >= workers.BEAT):
            # Committed before the look: of two who begin at once, one sees the other.
            with db.engine.begin() as connection:
                beats.beat(connection, self._worker, connections=connections, now=now)
        with db.engine.begin() as connection:
            settled = standings.tell(
                connection,
                tallies,
                known=self.standings,
                widest=lambda name: self._widest(name, configured),
                now=now,
            )
            read = rules.read(connection)
            known = standings.look(connection, now=now)
            alive = workers.look(connection, now=now)
        for name, standing in settled.items():
            if standing.is_held(now=now) and not self.held_for(name, now=now):
                log.warning("%s is held: %s", name, standing.held_for)
        self.rules, self.standings = read, known
        self.crew = sorted({self._worker, *alive})
        self._beat_at = alive.get(self._worker, self._beat_at)
        if is_new and len(self.crew) > 1:
            self._shares_from = at + JOINING
        self.seen_at = at
        return settled

    @property
    def limits_everybody(self) -> bool:
        """Whether the rules can make any message wait, whatever its provider."""
        rule = self.rules.installation
        return bool(self.rules.lists) or bool(rule is not None and rule.periods())

    def concerned(self, provider: str, mailing_list_id: int) -> list[Rule]:
        """Return the rules that a message to a provider for a list has to keep."""
        rules = (
            self.rules.installation,
            self.rules.lists.get(mailing_list_id),
            self.rules.providers.get(provider),
        )
        return [rule for rule in rules if rule is not None]

    def connection_cap(self) -> int | None:
        """Return how many connections we may have at all by the installation's rule."""
        rule = self.rules.installation
        return self._share(rule.connections if rule else None)

    def list_cap(self, mailing_list_id: int) -> int | None:
        """Return how many of our connections may carry mail of one list."""
        rule = self.rules.lists.get(mailing_list_id)
        return self._share(rule.connections if rule else None, str(mailing_list_id))

    def provider_cap(self, provider: str, *, now: datetime) -> int | None:
        """Return how many of our connections may carry mail to one provider; None is any."""
        standing = self.standings.get(provider)
        rule = self.rules.providers.get(provider)
        caps = [standing.cap(now=now) if standing else None, rule.connections if rule else None]
        known = [cap for cap in caps if cap is not None]
        return self._share(min(known), provider) if known else None

    def held(self, *, now: datetime) -> dict[str, str]:
        """Return what each provider that is held now is held for."""
        return {
            name: standing.held_for
            for name, standing in self.standings.items()
            if standing.is_held(now=now)
        }

    def held_for(self, provider: str, *, now: datetime) -> float:
        """Return the seconds for which a provider is not written to; 0.0 if it is."""
        standing = self.standings.get(provider)
        if standing is None or standing.held_until is None or not standing.is_held(now=now):
            return 0.0
        return (standing.held_until - now).total_seconds()

    def leave(self) -> None:
        """Let the others have our shares; commits."""
        with db.engine.begin() as connection:
            workers.leave(connection, self._worker)

    def _widest(self, provider: str, configured: int) -> int:
        rule = self.rules.providers.get(provider)
        most = configured * len(self.crew)
        return most if rule is None or rule.connections is None else min(most, rule.connections)

    def _share(self, total: int | None, what: str = "") -> int | None:
        if total is None:
            return None
        if self.seen_at < self._shares_from:
            return 0
        return workers.share(total, self._worker, self.crew, what)


def forget_old(*, now: datetime) -> None:
    """Delete what no limit counts any more, and providers that nothing happened with for long."""
    spending.forget_old(now=now)
    standings.forget_old(now=now)
