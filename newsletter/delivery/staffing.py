"""How many connections a courier has, and whether the relay may be called at all."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from newsletter.delivery.crew import Crew
from newsletter.delivery.health import RelayHealth
from newsletter.delivery.pacing import Pacer
from newsletter.delivery.reaching import SLOW, Reach
from newsletter.delivery.worries import Worries
from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.pipelining import Channel

log = logging.getLogger(__name__)

IDLE = 2.0
"""Seconds that a connection stays open with nothing to send."""

DROPS = 3
"""Connections in a row that end before a message is answered, after which the issues say so."""


class Staffing:
    """Opens connections as work comes, lets idle ones go, and learns from those that fail."""

    def __init__(
        self,
        crew: Crew,
        pacer: Pacer,
        worries: Worries,
        *,
        most: int,
        now: Callable[[], datetime],
        name: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._crew = crew
        self._pacer = pacer
        self._worries = worries
        self._most = most
        self._now = now
        self._monotonic = monotonic
        self._health = RelayHealth()
        # The same for connections beside those that the relay has: it may take no more.
        self._more = RelayHealth()
        self._reach = Reach(name, now=now, monotonic=monotonic)
        # The connections that answered for a message; a fresh one may be a trap.
        self._proven: set[Channel] = set()
        self._drops = 0
        # The relay worked since it last failed.
        self._is_trusted = False
        self._asked_at = monotonic()

    @property
    def is_out_of_reach(self) -> bool:
        """Whether there is no connection, and none may be asked for now."""
        return not self._crew.channels and self._health.wait(at=self._monotonic()) > 0

    @property
    def not_before(self) -> datetime | None:
        """When the relay may be called again; None if it may be called now."""
        wait = self._health.wait(at=self._monotonic())
        return self._now() + timedelta(seconds=wait) if wait else None

    def welcome(self) -> None:
        """Take over the connections that were opened, and learn from those that were not."""
        for arrived in self._crew.arrivals():
            if isinstance(arrived, Channel):
                self._reach.answered()
                continue
            log.warning("relay: %s", arrived)
            if isinstance(arrived, ConnectionLost) and self._crew.channels:
                # It takes no more than it has: so many are enough (STANDARDS XG25).
                self._pacer.turned_away()
                self._more.failed(since=self._asked_at, at=self._monotonic())
                continue
            self._failed(arrived)
            self._drops = 0
            if isinstance(arrived, ConnectionLost):
                wait = self._health.wait(at=self._monotonic())
                self._reach.unanswered(str(arrived), since=self._asked_at, wait=wait)

    def provide(self, waiting: int) -> None:
        """Ask for as many connections as `waiting` messages need; end those that are too many."""
        crew = self._crew
        most = self._pacer.connections(self._most)
        missing = min(most, max(1, waiting)) - len(crew.channels) - crew.coming
        if missing > 0 and self._may_call():
            # The first one shows whether the relay is there at all.
            self._call(missing if self._is_trusted else max(0, min(missing, 1 - crew.coming)))
        surplus = max(0, len(crew.channels) - most)
        for channel in [one for one in crew.channels if one.is_idle][:surplus]:
            self._dismiss(channel)
        if missing < 0:
            # One stays, so that what comes next finds it open.
            self.dismiss_idle(keep=1)

    def dismiss_idle(self, keep: int = 0) -> None:
        """End politely what had nothing to send for a while, but for some."""
        now = time.monotonic()
        idle = [one for one in self._crew.channels if one.is_idle and now - one.used_at > IDLE]
        for channel in idle[: max(0, len(self._crew.channels) - keep)]:
            self._dismiss(channel)

    def report(self) -> None:
        """Make the issues say whether the relay answers, and look whether it does; commits."""
        crew, waited = self._crew, self._monotonic() - self._asked_at
        if crew.coming and not crew.channels and waited > SLOW and not self._reach.is_out:
            words = f"The relay {crew.place} has not answered for {waited:.0f} seconds."
            self._reach.unanswered(words, since=self._asked_at)
        if self._reach.report(is_connected=bool(crew.channels)):
            self._health.worked()
        elif not self._reach.is_out:
            return
        if not (crew.channels or crew.coming) and self._may_call():
            # Also when all issues are paused: it is how they get to know.
            self._call(1)

    def worked(self, channel: Channel) -> None:
        """Note that the relay answered for a message on this connection."""
        self._proven.add(channel)
        self._is_trusted = True
        self._health.worked()
        if self._drops:
            self._drops = 0
            self._reach.worked()
        if len(self._proven) > 1:
            self._more.worked()

    def lost(self, channel: Channel, error: ConnectionLost | SenderFault) -> bool:
        """Note the end of a connection; return whether it had ever worked."""
        log.warning("relay: %s", error)
        has_worked = channel in self._proven
        self._proven.discard(channel)
        if isinstance(error, SenderFault) or not has_worked:
            self._failed(error)
        if isinstance(error, ConnectionLost) and not has_worked:
            self._dropped(error)
        return has_worked

    def _dropped(self, error: ConnectionLost) -> None:
        """Note that a connection ended that had answered for no message."""
        self._drops += 1
        if self._drops >= DROPS:
            words = f"The relay ends each connection before it answers for a message. {error}"
            wait = self._health.wait(at=self._monotonic())
            self._reach.dropped(words, since=self._asked_at, wait=wait)

    def abandon(self, channel: Channel) -> None:
        """Close a connection without a word: what has no dot on it is not sent."""
        self._proven.discard(channel)
        self._crew.abandon(channel)

    def _may_call(self) -> bool:
        at = self._monotonic()
        if self._crew.channels and self._more.wait(at=at):
            return False
        return not self._health.wait(at=at)

    def _call(self, count: int) -> None:
        if not self._crew.coming:
            self._asked_at = self._monotonic()
        self._crew.ask(count)

    def _dismiss(self, channel: Channel) -> None:
        self._proven.discard(channel)
        self._crew.dismiss(channel)

    def _failed(self, error: ConnectionLost | SenderFault) -> None:
        self._is_trusted = False
        self._health.failed(since=self._asked_at, at=self._monotonic())
        if isinstance(error, SenderFault):
            self._reach.refused()
            self._worries.pause_everything(str(error))
