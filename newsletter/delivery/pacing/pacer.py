"""What one sending process asks before each message."""

import time
from collections.abc import Callable
from datetime import datetime

from newsletter.mail.replies import Outcome


class Pacer:
    """Who may be written to now; one per sending process, used by its courier's thread only."""

    def __init__(
        self,
        *,
        worker: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker = worker
        self._now = now
        self._monotonic = monotonic

    def refresh(self) -> None:
        """At most once a second, write what is to be shared and read what others wrote."""

    def admit(self, provider: str, mailing_list_id: int) -> float:
        """Return 0.0 if a message may go now, else the seconds until asking again makes sense."""
        return 0.0

    def leave(self, provider: str) -> None:
        """Note that the transaction of an admitted message is over, however it ended."""

    def note(self, provider: str, outcome: Outcome) -> str:
        """Count one outcome; return a sentence for which the issue must pause, or nothing."""
        return ""

    def held(self, provider: str) -> bool:
        """Tell whether a provider is not written to now."""
        return False

    def connections(self, configured: int) -> int:
        """Return how many connections this process may have open now."""
        return configured

    def turned_away(self) -> None:
        """Note that the relay refused one connection more while others were open."""

    def spend_single(self) -> None:
        """Count one transactional mail against the limits of the installation."""

    def close(self) -> None:
        """Write what is left."""
