"""The connections of one courier: opened beside the loop, watched together, closed politely.

Opening may take a minute and is done by a thread of its own, one connection at
a time: a wrong password is tried once and not by all of them (STANDARDS XG23).
"""

import logging
import queue
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.connecting import RelaySettings, connect
from newsletter.mail.letters import Ended, Lost
from newsletter.mail.pipelining import Channel

log = logging.getLogger(__name__)

GOODBYE = 2.0
"""Seconds that a relay has to answer QUIT (STANDARDS XG17)."""

Fault = ConnectionLost | SenderFault


class Crew:
    """The channels of one courier, used from its thread only."""

    def __init__(self, settings: RelaySettings) -> None:
        self.channels: list[Channel] = []
        # How many were asked for and are not there yet.
        self.coming = 0
        self._settings = settings
        self._selector = selectors.DefaultSelector()
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ, None)
        self._writing: set[Channel] = set()
        self._wishes: queue.SimpleQueue[Channel | None] = queue.SimpleQueue()
        self._arrivals: queue.SimpleQueue[Channel | Fault] = queue.SimpleQueue()
        self._doorkeeper: threading.Thread | None = None
        self._is_closed = False

    @property
    def place(self) -> str:
        """Where the relay is, in words."""
        return self._settings.place

    def ask(self, count: int = 1) -> None:
        """Have so many more connections opened; `arrivals` tells what became of them."""
        if self._doorkeeper is None:
            self._doorkeeper = threading.Thread(
                target=self._keep_doors, daemon=True, name="connections"
            )
            self._doorkeeper.start()
        self.coming += count
        for _ in range(count):
            self._wishes.put(None)

    def arrivals(self) -> Iterator[Channel | Fault]:
        """Yield the connections that were opened, now watched, and the failures to open one."""
        while True:
            try:
                arrived = self._arrivals.get_nowait()
            except queue.Empty:
                return
            self.coming -= 1
            if isinstance(arrived, Channel):
                self.channels.append(arrived)
                self._selector.register(arrived, selectors.EVENT_READ, arrived)
            yield arrived

    def watch(self, timeout: float) -> list[tuple[Channel, list[Ended | Lost]]]:
        """Wait for the relay at most `timeout` seconds; return what ended on which channel."""
        happened = []
        for key, _ in self._selector.select(timeout):
            channel = key.data
            if channel is None:
                with suppress(BlockingIOError):
                    self._bell.recv(4096)
                continue
            if events := self.look(channel):
                happened.append((channel, events))
        return happened

    def late(self, now: float) -> list[tuple[Channel, list[Ended | Lost]]]:
        """Return what ended on channels whose relay has had its time."""
        happened = []
        for channel in [one for one in self.channels if now > one.deadline]:
            if events := self.look(channel):
                happened.append((channel, events))
        return happened

    def look(self, channel: Channel) -> list[Ended | Lost]:
        """Return what ended on one channel by now, without waiting."""
        events = channel.pump()
        self._follow(channel, events)
        return events

    def ring(self) -> None:
        """Let `watch` return, from any thread."""
        # Full, it rings already; closed, nobody listens any more.
        with suppress(OSError):
            self._ringer.send(b"\0")

    def flush(self, channel: Channel) -> None:
        """Write what was put into a channel; what does not fit follows by itself."""
        channel.flush()
        self._attend(channel)

    def abandon(self, channel: Channel) -> None:
        """Close a connection without a word: what has no dot on it is not sent."""
        self._remove(channel)
        channel.abandon()

    def dismiss(self, channel: Channel) -> None:
        """End an idle connection politely, without waiting for it here."""
        self._remove(channel)
        if self._doorkeeper is None:
            channel.say_goodbye(timeout=GOODBYE)
        else:
            self._wishes.put(channel)

    def go_home(self) -> None:
        """End all connections, those without anything under way politely; waits a moment."""
        self._is_closed = True
        for channel in list(self.channels):
            self.dismiss(channel) if channel.is_idle else self.abandon(channel)
        doorkeeper, self._doorkeeper = self._doorkeeper, None
        if doorkeeper is not None:
            self._wishes.put(None)
            doorkeeper.join(timeout=GOODBYE)
        for arrived in self.arrivals():
            if isinstance(arrived, Channel):
                self._remove(arrived)
                arrived.abandon()
        self._selector.close()
        self._bell.close()
        self._ringer.close()

    def _follow(self, channel: Channel, events: list[Ended | Lost]) -> None:
        if any(isinstance(event, Lost) for event in events):
            self._remove(channel)
        else:
            self._attend(channel)

    def _attend(self, channel: Channel) -> None:
        """Ask the selector to say when a full connection takes bytes again, and only then."""
        if channel.wants_to_write == (channel in self._writing):
            return
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        wanted = both if channel.wants_to_write else selectors.EVENT_READ
        self._selector.modify(channel, wanted, channel)
        (self._writing.add if channel.wants_to_write else self._writing.discard)(channel)

    def _remove(self, channel: Channel) -> None:
        if channel not in self.channels:
            return
        self.channels.remove(channel)
        self._writing.discard(channel)
        with suppress(KeyError, ValueError):
            self._selector.unregister(channel)

    def _keep_doors(self) -> None:
        """Open and close connections, one at a time, until the crew goes home."""
        while True:
            wish = self._wishes.get()
            if wish is not None:
                wish.say_goodbye(timeout=GOODBYE)
                continue
            if self._is_closed:
                # What was asked for earlier is not opened; those to be closed come after it.
                if self._wishes.empty():
                    return
                continue
            self._arrivals.put(self._opened())
            self.ring()

    def _opened(self) -> Channel | Fault:
        try:
            return Channel(connect(self._settings), self._settings)
        except (ConnectionLost, SenderFault) as exc:
            return exc
        except Exception as exc:
            # This thread must not end: no connection would ever be opened again.
            log.exception("a connection could not be opened")
            return ConnectionLost(f"The relay could not be called ({type(exc).__name__}).")
