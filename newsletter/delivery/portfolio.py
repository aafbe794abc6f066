"""The batches that one courier has taken on: claimed, kept under lease, given back."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery.leases import DueBatch, Lease
from newsletter.delivery.ledger import Ledger
from newsletter.delivery.loads import Errand, Lanes, Load
from newsletter.delivery.sources import Source
from newsletter.extensions import db, reading
from newsletter.issues.models import Issue

log = logging.getLogger(__name__)

AT_HAND = 4
"""Batches that a courier works on at a time: some, so that issues mix and no connection idles."""

MOST = 16
"""Batches that it may have under lease when the lanes of the first ones sleep."""

RENEWALS = 4
"""How often a lease is renewed in its own length."""

LONGEST_SLEEP = 5.0
"""Seconds that a lane may sleep before what is in it is given back, for whoever can go on."""


class Portfolio:
    """Claims batches from a source and knows, for each, what is still open."""

    def __init__(
        self,
        source: Source,
        ledger: Ledger,
        *,
        closed_for: Callable[[int], float],
        now: Callable[[], datetime],
        lease_length: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lanes = Lanes()
        self._source = source
        self._ledger = ledger
        # The seconds for which nothing may be sent to a list, because its limits are used up.
        self._closed_for = closed_for
        self._now = now
        self._monotonic = monotonic
        self._lease_length = lease_length
        self._loads: dict[int, Load] = {}
        self._next: DueBatch | None = None
        self._lists: dict[int, int] = {}

    @property
    def has_work(self) -> bool:
        """Whether something may be begun now, or could be claimed."""
        return bool(self.lanes.awake) or (len(self._loads) < MOST and self._look() is not None)

    @property
    def is_empty(self) -> bool:
        """Whether no batch is at hand."""
        return not self._loads

    def claim(self, *, enough: int) -> None:
        """Claim batches until `enough` deliveries may be begun, or there are none; commits."""
        while self.lanes.awake < enough and self._has_room():
            batch = self._look()
            self._next = None
            if batch is None:
                return
            try:
                self._claim(batch)
            except BaseException:
                # Otherwise the source would think for ever that it is being worked on.
                self._source.release(batch.batch_id)
                raise

    def renewals(self) -> list[Lease]:
        """Return the leases that are to be prolonged now."""
        now = self._monotonic()
        interval = self._lease_length.total_seconds() / RENEWALS
        due = [load for load in self._loads.values() if now - load.held_at >= interval]
        # All lock several batches in the same order.
        due.sort(key=lambda load: load.batch.batch_id)
        for load in due:
            load.held_at = now
        return [load.lease for load in due]

    def settle(self, errand: Errand, how: str) -> None:
        """Count one delivery of a batch as done with; `how` goes into the log."""
        errand.load.open -= 1
        errand.load.tally[how] += 1

    def put_back(self, errand: Errand) -> None:
        """Put a delivery back that was taken and not begun."""
        if errand.load.is_stopped:
            errand.load.open -= 1
        else:
            self.lanes.add(errand, first=True)

    def stop(self, load: Load, *, not_before: datetime | None = None) -> None:
        """Begin nothing more of a batch; it is given back when what is begun has ended."""
        if load.is_stopped:
            return
        load.is_stopped = True
        load.not_before = not_before
        load.open -= len(self.lanes.drop(lambda errand: errand.load is load))

    def stop_all(self, *, not_before: datetime | None = None) -> None:
        """Begin nothing more of any batch."""
        for load in self._loads.values():
            self.stop(load, not_before=not_before)
        if self._next is not None:
            self._source.release(self._next.batch_id)
            self._next = None

    def lose(self, batch_ids: frozenset[int]) -> None:
        """Begin nothing more of batches whose lease somebody ended."""
        for batch_id in batch_ids:
            self.stop(self._loads[batch_id])

    def leave_sleepers(self) -> None:
        """Let go of what may not be sent for long, so that its batch can be given back."""
        now = self._monotonic()
        # With no connection left nothing is taken from the lanes, and so nobody would wake them.
        self.lanes.wake(now)
        wakes_at = self.lanes.wakes_at
        if wakes_at is None or self.lanes.awake:
            return
        for errand in self.lanes.drop(self.lanes.sleepers(until=now + LONGEST_SLEEP)):
            load = errand.load
            load.open -= 1
            wait = timedelta(seconds=max(LONGEST_SLEEP, wakes_at - now))
            load.not_before = self._now() + wait

    def close_finished(self) -> None:
        """Give back the batches of which nothing is under way any more; commits.

        Call it with every answer written.
        """
        for load in [one for one in self._loads.values() if not one.open]:
            self._ledger.close(load.lease, now=self._now(), not_before=load.not_before)
            del self._loads[load.batch.batch_id]
            self._source.release(load.batch.batch_id)
            said = ", ".join(f"{count} {how}" for how, count in sorted(load.tally.items()))
            log.info(
                "batch %s of issue %s: %s", load.batch.batch_id, load.batch.issue_id, said or "-"
            )

    def forget(self) -> None:
        """Let go of everything without a word to the database: the leases run out by themselves."""
        for batch_id in [*self._loads, *([self._next.batch_id] if self._next else [])]:
            self._source.release(batch_id)
        self._loads.clear()
        self._next = None

    def _has_room(self) -> bool:
        return len(self._loads) < (AT_HAND if self.lanes.awake else MOST)

    def _look(self) -> DueBatch | None:
        """Return the next batch, and keep it at hand; those of lists at their limits are left."""
        passed: list[DueBatch] = []
        while self._next is None and (batch := self._source.take()) is not None:
            if self._closed_for(self._list_of(batch)) > 0:
                passed.append(batch)
            else:
                self._next = batch
        for batch in passed:
            self._source.release(batch.batch_id)
        return self._next

    def _claim(self, batch: DueBatch) -> None:
        list_id = self._list_of(batch)
        claimed = self._ledger.claim(batch.batch_id, now=self._now(), length=self._lease_length)
        if claimed is None:
            self._source.release(batch.batch_id)
            return
        load = Load(batch, claimed.lease, list_id, len(claimed.due), self._monotonic())
        self._loads[batch.batch_id] = load
        for delivery_id, provider in claimed.due:
            self.lanes.add(Errand(load, delivery_id, provider))

    def _list_of(self, batch: DueBatch) -> int:
        known = self._lists.get(batch.issue_id)
        if known is None:
            with reading():
                known = db.session.scalars(
                    sa.select(Issue.mailing_list_id).where(Issue.id == batch.issue_id)
                ).one()
            self._lists[batch.issue_id] = known
        return known
