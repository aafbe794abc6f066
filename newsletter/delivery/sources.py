"""Where a courier gets its batches: straight from the database, or from a broker's messages."""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from newsletter import clock
from newsletter.delivery import due, wakeups
from newsletter.delivery.leases import DueBatch
from newsletter.extensions import reading

LOOK_EVERY = 0.25
"""Seconds between two looks into the database: how long a new issue, or a pause, goes unseen."""

LOOKED_AT = 64
"""Batches of each issue read at once: more than a courier can send until it looks again."""


class Source(Protocol):
    """Gives a courier batches to try; the claim decides whether it gets them."""

    def take(self) -> DueBatch | None:
        """Return the next batch to try, or None if there is none now. Never waits.

        Called between two transactions: it may read, and ends what it read.
        """

    def release(self, batch_id: int) -> None:
        """Hear that the courier is done with it: finished, given back, or owned by another."""

    def hurry(self) -> None:
        """Hear, in any thread, that there may be something new."""


class LocalSource:
    """Due batches from the database, in turns between the issues that are being sent.

    It looks every `look_every` seconds; with 0 a None means that nothing is due at this moment.
    """

    def __init__(
        self, *, look_every: float = LOOK_EVERY, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._now = now
        self._look_every = look_every
        self._waiting: deque[DueBatch] = deque()
        self._taken: set[int] = set()
        self._look_at = 0.0

    def take(self) -> DueBatch | None:
        """Return the next batch of the issue that has the fewest under lease."""
        if time.monotonic() >= self._look_at:
            self._look()
        if not self._waiting:
            return None
        batch = self._waiting.popleft()
        self._taken.add(batch.batch_id)
        return batch

    def release(self, batch_id: int) -> None:
        """Let it be offered again, once it is due."""
        self._taken.discard(batch_id)

    def hurry(self) -> None:
        """Look at once when asked next."""
        self._look_at = 0.0

    def _look(self) -> None:
        with reading():
            found = due.in_turn(due.lines(now=self._now(), most=LOOKED_AT))
        self._waiting = deque(batch for batch in found if batch.batch_id not in self._taken)
        # After the reading, so that a slow database is not asked all the time.
        self._look_at = time.monotonic() + self._look_every


class OfferedSource:
    """Batches that other threads of this process bring, first come first served."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[DueBatch] = deque()
        self._taken: set[int] = set()
        self._is_closed = False

    def offer(self, batch: DueBatch, *, patience: float) -> bool:
        """Wait until the courier takes it; False if it did not in `patience` seconds, or is gone.

        What is here already is not offered again: that is True at once.
        """
        with self._changed:
            if batch in self._waiting or batch.batch_id in self._taken:
                return True
            self._waiting.append(batch)
            wakeups.wake()
            self._changed.wait_for(
                lambda: self._is_closed or batch not in self._waiting, timeout=patience
            )
            if batch not in self._waiting:
                return True
            self._waiting.remove(batch)
            return False

    def take(self) -> DueBatch | None:
        """Return what was offered first."""
        with self._changed:
            if not self._waiting:
                return None
            batch = self._waiting.popleft()
            self._taken.add(batch.batch_id)
            self._changed.notify_all()
            return batch

    def release(self, batch_id: int) -> None:
        """Let it be offered again."""
        with self._changed:
            self._taken.discard(batch_id)

    def hurry(self) -> None:
        """Do nothing: what is new is offered."""

    def close(self) -> None:
        """Send away everybody who waits, and whoever comes later."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
