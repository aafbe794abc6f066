"""Whether the relay may be called now: the memory of one sending process."""

from datetime import datetime

from newsletter.delivery import backoff


class RelayHealth:
    """How often in a row a connection led nowhere, and until when nobody calls."""

    def __init__(self) -> None:
        self._failures = 0
        self._failed_at: datetime | None = None
        self._not_before: datetime | None = None

    def may_call(self, *, now: datetime) -> bool:
        """Tell whether the wait after the last failure is over."""
        return self._not_before is None or now >= self._not_before

    @property
    def not_before(self) -> datetime | None:
        """When the relay may be called again; None if it may be called now."""
        return self._not_before

    def failed(self, *, since: datetime, now: datetime) -> datetime:
        """Note that a connection begun at `since` led nowhere; return when to call again.

        Several that broke together count once.
        """
        if self._failed_at is None or self._not_before is None or since > self._failed_at:
            self._failures += 1
            self._failed_at = now
            self._not_before = backoff.next_connection(self._failures, now=now)
        return self._not_before

    def worked(self) -> None:
        """Note that the relay answered a whole transaction."""
        self._failures = 0
        self._not_before = None
