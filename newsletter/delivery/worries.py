"""What one sending process worries about besides mail: its database, its disk, what must pause."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from newsletter.delivery import backoff, halting, reserve
from newsletter.extensions import db

log = logging.getLogger(__name__)


class Worries:
    """Faults that were met and are not acted upon yet; acting needs the database."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._reason_for_all = ""
        self._reasons: dict[int, str] = {}
        self._database_faults = 0
        self._rests_until = 0.0

    @property
    def is_resting(self) -> bool:
        """Whether the database failed and is left alone for a moment."""
        return time.monotonic() < self._rests_until

    @property
    def stops_everything(self) -> bool:
        """Whether every issue has to pause, so that nothing may be begun."""
        return bool(self._reason_for_all)

    def pause_issue(self, issue_id: int, reason: str) -> None:
        """Note that one issue has to pause; the first reason is the one that is told."""
        self._reasons.setdefault(issue_id, reason)

    def pause_everything(self, reason: str) -> None:
        """Note that all has to pause: each mail would meet the same fault."""
        self._reason_for_all = self._reason_for_all or reason

    def look_at_the_disk(self) -> None:
        """Pause everything while what is sent could still be written down (STANDARDS XH11)."""
        shortage = reserve.shortage()
        if shortage:
            self.pause_everything(shortage)

    def act(self) -> None:
        """Pause what has to pause and tell the editors; commits."""
        if self._reason_for_all:
            halting.pause_all(self._reason_for_all, now=self._now())
            self._reason_for_all = ""
        while self._reasons:
            issue_id, reason = next(iter(self._reasons.items()))
            halting.pause(issue_id, reason, now=self._now())
            del self._reasons[issue_id]

    def database_failed(self, exc: Exception) -> None:
        """Leave the database alone for a growing time; what is known is kept meanwhile."""
        db.session.rollback()
        self._database_faults += 1
        wait = backoff.after_database_fault(self._database_faults)
        self._rests_until = time.monotonic() + wait
        log.error("the database failed; what is known is written in %.1f s: %s", wait, exc)
        if reserve.is_full(exc):
            self.pause_everything(reserve.FULL)

    def database_worked(self) -> None:
        """Note that a transaction was committed."""
        self._database_faults = 0
