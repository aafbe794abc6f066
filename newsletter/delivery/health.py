"""Whether the relay may be called now: the memory of one sending process."""

from newsletter.delivery import backoff


class RelayHealth:
    """How often in a row a connection led nowhere, and until when nobody calls.

    Times are seconds on the monotonic clock: one of the wall may jump (STANDARDS XH22).
    """

    def __init__(self) -> None:
        self._failures = 0
        self._failed_at = float("-inf")
        self._not_before = float("-inf")

    def wait(self, *, at: float) -> float:
        """Return for how many seconds nobody calls; 0.0 if the relay may be called now."""
        return max(0.0, self._not_before - at)

    def failed(self, *, since: float, at: float) -> None:
        """Note that a connection begun at `since` led nowhere: the next call waits longer.

        Several that broke together count once.
        """
        if since > self._failed_at or self._failures == 0:
            self._failures += 1
            self._failed_at = at
            self._not_before = at + backoff.next_connection(self._failures)

    def worked(self) -> None:
        """Note that the relay answered a whole transaction."""
        self._failures = 0
        self._not_before = float("-inf")
