"""How many connections a courier has, and whether the relay may be called at all."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from newsletter.delivery.crew import Crew
from newsletter.delivery.health import RelayHealth
from newsletter.delivery.pacing import Pacer
from newsletter.delivery.worries import Worries
from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.pipelining import Channel

log = logging.getLogger(__name__)

IDLE = 2.0
"""Seconds that a connection stays open with nothing to send."""


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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._crew = crew
        self._pacer = pacer
        self._worries = worries
        self._most = most
        self._now = now
        self._monotonic = monotonic
        self._health = RelayHealth()
        # The connections that answered for a message; a fresh one may be a trap.
        self._proven: set[Channel] = set()
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
                continue
            log.warning("relay: %s", arrived)
            if isinstance(arrived, ConnectionLost) and self._crew.channels:
                # It takes no more than it has: so many are enough (STANDARDS XG25).
                self._pacer.turned_away()
            else:
                self._failed(arrived)

    def provide(self, waiting: int) -> None:
        """Ask for as many connections as `waiting` messages need; end those that are too many."""
        crew = self._crew
        most = self._pacer.connections(self._most)
        missing = min(most, max(1, waiting)) - len(crew.channels) - crew.coming
        at = self._monotonic()
        if missing > 0 and not self._health.wait(at=at):
            if not crew.coming:
                self._asked_at = at
            # The first one shows whether the relay is there at all.
            crew.ask(missing if self._is_trusted else max(0, min(missing, 1 - crew.coming)))
        surplus = max(0, len(crew.channels) - most)
        for channel in [one for one in crew.channels if one.is_idle][:surplus]:
            self._dismiss(channel)

    def dismiss_idle(self) -> None:
        """End politely what had nothing to send for a while."""
        now = time.monotonic()
        for channel in [one for one in self._crew.channels if one.is_idle]:
            if now - channel.used_at > IDLE:
                self._dismiss(channel)

    def worked(self, channel: Channel) -> None:
        """Note that the relay answered for a message on this connection."""
        self._proven.add(channel)
        self._is_trusted = True
        self._health.worked()

    def lost(self, channel: Channel, error: ConnectionLost | SenderFault) -> bool:
        """Note the end of a connection; return whether it had ever worked."""
        log.warning("relay: %s", error)
        has_worked = channel in self._proven
        self._proven.discard(channel)
        if isinstance(error, SenderFault) or not has_worked:
            self._failed(error)
        return has_worked

    def abandon(self, channel: Channel) -> None:
        """Close a connection without a word: what has no dot on it is not sent."""
        self._proven.discard(channel)
        self._crew.abandon(channel)

    def _dismiss(self, channel: Channel) -> None:
        self._proven.discard(channel)
        self._crew.dismiss(channel)

    def _failed(self, error: ConnectionLost | SenderFault) -> None:
        self._is_trusted = False
        self._health.failed(since=self._asked_at, at=self._monotonic())
        if isinstance(error, SenderFault):
            self._worries.pause_everything(str(error))
