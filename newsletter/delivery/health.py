"""Whether the relay may be called now: one memory for all couriers of a process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from newsletter.delivery import backoff


class RelayHealth:
    """How often in a row a connection led nowhere, and until when nobody calls.

    While one courier opens a connection, the others wait for what it learns:
    a wrong password is tried once and not by eight at the same time, which
    would lock the account (STANDARDS XG23).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._failures = 0
        self._failed_at: datetime | None = None
        self._not_before: datetime | None = None

    def may_call(self, *, now: datetime) -> bool:
        """Tell whether the wait after the last failure is over."""
        with self._lock:
            return self._not_before is None or now >= self._not_before

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Let one courier at a time open a connection."""
        with self._opening:
            yield

    def failed(self, *, since: datetime, now: datetime) -> datetime:
        """Note that a connection begun at `since` led nowhere; return when to call again.

        Several that broke together count once.
        """
        with self._lock:
            if self._failed_at is None or self._not_before is None or since > self._failed_at:
                self._failures += 1
                self._failed_at = now
                self._not_before = backoff.next_connection(self._failures, now=now)
            return self._not_before

    def worked(self) -> None:
        """Note that the relay answered a whole transaction."""
        with self._lock:
            self._failures = 0
            self._not_before = None
