"""What one sending process asks before each message, and tells after it."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from newsletter.delivery.pacing import standings
from newsletter.delivery.pacing.board import Board
from newsletter.delivery.pacing.purses import LONGEST_WAIT, SHORTEST_WAIT, Purses
from newsletter.delivery.pacing.relay import RelayWindow
from newsletter.delivery.pacing.rules import Rule
from newsletter.delivery.pacing.traffic import Traffic, to_share
from newsletter.mail.replies import Kind, Outcome

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two exchanges with the database."""

SOON = 0.01
"""Seconds until one of our own connections may be free."""

NO_SHARE = 2.0
"""Seconds until asking again where other senders have all the connections."""

WITHOUT_DATABASE = 1.0
"""Seconds until asking again when the database did not answer."""

MEMORY = 10
"""Exchanges for which a provider counts as waiting after it was last asked for."""


class Pacer:
    """Who may be written to now; one per sending process, used by its courier's thread only.

    It has short transactions of its own, so it must be called outside of any other.
    """

    def __init__(
        self,
        *,
        worker: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._board = Board(worker)
        self._relay = RelayWindow()
        self._purses = Purses()
        self._traffic: dict[str, Traffic] = {}
        self._busy_by_list: dict[int, int] = {}
        self._configured = 1
        # Connections to the relay that are open.
        self._open = 0
        # Neither the installation nor a list limits messages, and the rules were read.
        self._is_free = False
        # The connections that a slow provider may hold while others wait: all but one.
        self._most_of_one = 1
        # The provider asked for last and the other one before it, and at which exchange.
        self._latest = self._other = ""
        self._exchanges = self._latest_at = self._other_at = 0

    def refresh(self, connections: int = 0) -> None:
        """At most once a second, write what is to be shared and read what others wrote.

        `connections` is how many to the relay are open, for whoever looks at our sign of life.
        """
        self._open = connections
        at = self._monotonic()
        if at - self._board.seen_at >= INTERVAL:
            self._exchange(at)

    def admit(self, provider: str, mailing_list_id: int) -> float:
        """Return 0.0 if a message may go now, else the seconds until asking again makes sense.

        0.0 takes one message of every limit and one connection of the
        provider; `leave` gives the connection back.
        """
        traffic = self._traffic.get(provider) or self._meet(provider)
        if provider != self._latest:
            self._other, self._other_at = self._latest, self._latest_at
            self._latest = provider
        self._latest_at = self._exchanges
        if not (self._is_free and traffic.is_free and traffic.in_use < self._most_of_one):
            try:
                wait = self._wait_for(provider, mailing_list_id)
            except SQLAlchemyError as exc:
                # Without the database nothing is allowed; who asks has other work to put away.
                log.warning("the paces cannot be read: %s", exc)
                wait = WITHOUT_DATABASE
            if wait:
                return wait
            # Meanwhile it may have been forgotten and met again.
            traffic = self._traffic.get(provider) or self._meet(provider)
        traffic.in_use += 1
        return 0.0

    def leave(self, provider: str, mailing_list_id: int) -> None:
        """Note that the transaction of an admitted message is over, however it ended."""
        traffic = self._give_way(provider, mailing_list_id)
        if not (self._is_free and traffic.is_free):
            rules = self._board.concerned(provider, mailing_list_id)
            self._purses.end(rules, at=self._now().timestamp())

    def refund(self, provider: str, mailing_list_id: int) -> None:
        """Note, instead of `leave`, that an admitted message was never begun."""
        traffic = self._give_way(provider, mailing_list_id)
        if not (self._is_free and traffic.is_free):
            self._purses.refund(self._board.concerned(provider, mailing_list_id))

    def note(self, provider: str, outcome: Outcome) -> str:
        """Count one outcome; return a sentence for which the issue must pause, or nothing."""
        traffic = self._traffic.get(provider) or self._meet(provider)
        if outcome.kind is not Kind.SENT:
            return self._note_trouble(traffic, outcome)
        tally = traffic.tally
        tally.sent += 1
        if tally.refusals or traffic.refusals:
            tally.refusals = traffic.refusals = 0
            traffic.is_news = True
        if self._relay.is_narrow:
            self._relay.taken()
        return ""

    def held(self, provider: str) -> bool:
        """Tell whether a provider is not written to now."""
        return self._board.held_for(provider, now=self._now()) > 0

    def closed_for(self, mailing_list_id: int = 0) -> float:
        """Return the seconds for which limits are known to be used up; 0.0 if mail may go.

        Those of the installation, and of a list if one is named. The database is not asked.
        """
        rules = self._board.concerned("", mailing_list_id)
        return self._purses.wait(rules, at=self._now().timestamp()) if rules else 0.0

    def connections(self, configured: int) -> int:
        """Return how many connections this process may have open now; it may be none.

        The installation's rule is shared among the senders at work, and the
        relay may have turned some away.
        """
        self._configured = configured
        self._look_if_stale()
        most = self._relay.limit(configured)
        cap = self._board.connection_cap()
        if cap is not None:
            most = min(most, cap)
        self._most_of_one = max(1, most - 1)
        return most

    def turned_away(self) -> None:
        """Note that the relay refused one connection while others were open: use fewer (XG25)."""
        self._relay.turned_away(self._configured, at=self._monotonic())

    def close(self) -> None:
        """Write what is left, and give back what was reserved; without a database it is lost."""
        try:
            self._exchange(self._monotonic(), everything=True)
            self._purses.empty()
            self._board.leave()
        except SQLAlchemyError as exc:
            log.warning("what was met last could not be shared: %s", exc)

    def _give_way(self, provider: str, mailing_list_id: int) -> Traffic:
        """Give back the connection that an admitted message had of its provider and its list."""
        traffic = self._traffic[provider]
        traffic.in_use -= 1
        traffic.ended += 1
        traffic.ended_at = self._monotonic()
        if self._busy_by_list:
            busy = self._busy_by_list.get(mailing_list_id, 0)
            self._busy_by_list[mailing_list_id] = max(0, busy - 1)
        return traffic

    def _wait_for(self, provider: str, mailing_list_id: int) -> float:
        """Return how long a message has to wait; for 0.0 every limit is paid."""
        self._look_if_stale()
        traffic = self._traffic.get(provider) or self._meet(provider)
        if traffic.in_use >= self._most_of_one and self._must_spare(traffic):
            return SOON
        if self._is_free and traffic.is_free:
            return 0.0
        if traffic.cap is not None and traffic.in_use >= traffic.cap:
            return self._until_free(traffic)
        cap = self._board.list_cap(mailing_list_id)
        busy = self._busy_by_list.get(mailing_list_id, 0)
        if cap is not None and busy >= cap:
            return SOON if cap else NO_SHARE
        wait = self._pay(self._board.concerned(provider, mailing_list_id))
        if not wait and cap is not None:
            self._busy_by_list[mailing_list_id] = busy + 1
        return wait

    def _look_if_stale(self) -> None:
        at = self._monotonic()
        if self._board.is_stale(at):
            self._exchange(at)

    def _must_spare(self, traffic: Traffic) -> bool:
        """Tell whether the last connection is kept from a provider, because it is slow.

        Others were asked for lately; one slow provider must not hold them up.
        """
        if not self._other or self._exchanges - self._other_at > MEMORY:
            return False
        return not traffic.is_quick(since=self._board.seen_at, at=self._monotonic())

    def _until_free(self, traffic: Traffic) -> float:
        if traffic.cap:
            return SOON
        held = self._board.held_for(traffic.name, now=self._now())
        return min(LONGEST_WAIT, held) if held else NO_SHARE

    def _pay(self, rules: list[Rule]) -> float:
        """Take one message of every limit, or none and return the seconds to wait."""
        at = self._now().timestamp()
        if self._purses.pay(rules, at=at):
            return 0.0
        wait = self._purses.wait(rules, at=at)
        if wait:
            return wait
        self._purses.fill(rules, at=at)
        # It may have had to wait for its turn, and the slot may be over.
        at = self._now().timestamp()
        if self._purses.pay(rules, at=at):
            return 0.0
        return self._purses.wait(rules, at=at) or SHORTEST_WAIT

    def _note_trouble(self, traffic: Traffic, outcome: Outcome) -> str:
        tally = traffic.tally
        traffic.is_news = True
        if outcome.kind is Kind.DEFERRED:
            tally.deferred += 1
            if outcome.code == 421 or outcome.status.startswith("4.7."):
                traffic.narrow(senders=len(self._board.crew), at=self._monotonic())
        elif outcome.kind is Kind.UNCERTAIN:
            tally.uncertain += 1
        elif outcome.kind is Kind.REFUSED:
            tally.failed += 1
            if outcome.status.startswith("5.7."):
                return self._note_policy(traffic, outcome)
        return ""

    def _note_policy(self, traffic: Traffic, outcome: Outcome) -> str:
        """Count a refusal that is about us and not about the recipient."""
        traffic.tally.refusals += 1
        traffic.tally.words = f"{outcome.code} {outcome.status} {outcome.text}"
        standing = self._board.standings.get(traffic.name)
        is_probe = standing is not None and standing.is_probed(now=self._now())
        if is_probe or traffic.refusals + traffic.tally.refusals == standings.ROW:
            try:
                self._exchange(self._monotonic())
            except SQLAlchemyError as exc:
                # The answer must not be lost with it; the next exchange tells the others.
                log.warning("what %s refused is not shared yet: %s", traffic.name, exc)
        return standings.why_two(self._board.held(now=self._now()))

    def _meet(self, provider: str) -> Traffic:
        traffic = self._traffic[provider] = Traffic(provider)
        self._place(traffic)
        return traffic

    def _place(self, traffic: Traffic) -> None:
        """Note what rules, window and hold mean for a provider."""
        traffic.cap = self._board.provider_cap(traffic.name, now=self._now())
        traffic.is_free = traffic.cap is None and traffic.name not in self._board.rules.providers

    def _exchange(self, at: float, *, everything: bool = False) -> None:
        """Write what we met, read what the others wrote, and settle what follows for us."""
        now = self._now()
        tallies = to_share(
            self._traffic.values(), known=self._board.standings, everything=everything
        )
        settled = self._board.exchange(
            tallies, configured=self._configured, connections=self._open, at=at, now=now
        )
        for name in tallies:
            self._traffic[name].tell(settled[name].refusals if name in settled else None)
        self._exchanges += 1
        self._purses.keep(self._board.rules.all(), at=now.timestamp())
        self._is_free = not self._board.limits_everybody
        self._traffic = {
            name: traffic for name, traffic in self._traffic.items() if not traffic.is_idle
        }
        for traffic in self._traffic.values():
            traffic.ended = 0
            self._place(traffic)
