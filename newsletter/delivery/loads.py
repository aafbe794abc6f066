"""What a courier has at hand: batches under lease, and their deliveries in lanes.

A lane holds what goes to one provider for one list. The lanes take turns, and
one that may not go on now sleeps, so that a slow provider holds up nobody else.
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.delivery.leases import DueBatch, Lease


@dataclass(slots=True, eq=False)
class Load:
    """One batch under lease; `open` counts its deliveries that are not settled."""

    batch: DueBatch
    lease: Lease
    mailing_list_id: int
    open: int
    # On the monotonic clock: when the lease was last prolonged.
    held_at: float
    # Its issue is not being sent any more, or its lease is lost: nothing of it is begun.
    is_stopped: bool = False
    not_before: datetime | None = None
    tally: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True, eq=False)
class Errand:
    """One delivery on its way from a lane to the relay."""

    load: Load
    delivery_id: int
    provider: str


Lane = tuple[str, int]


class Lanes:
    """The deliveries that are not begun, in lanes that take turns."""

    def __init__(self) -> None:
        self._waiting: dict[Lane, deque[Errand]] = {}
        # The lanes whose turn it is, first come first served; each once.
        self._turns: deque[Lane] = deque()
        self._asleep: list[tuple[float, Lane]] = []
        self._sleepers: set[Lane] = set()
        self._awake = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def awake(self) -> int:
        """How many deliveries are in lanes that do not sleep."""
        return self._awake

    @property
    def wakes_at(self) -> float | None:
        """When the next lane wakes, on the monotonic clock; None if none sleeps."""
        return self._asleep[0][0] if self._asleep else None

    def add(self, errand: Errand, *, first: bool = False) -> None:
        """Put a delivery at the end of its lane, or back where it was taken from."""
        lane = (errand.provider, errand.load.mailing_list_id)
        queue = self._waiting.get(lane)
        if queue is None:
            queue = self._waiting[lane] = deque()
            self._turns.append(lane)
        if first:
            queue.appendleft(errand)
        else:
            queue.append(errand)
        if lane not in self._sleepers:
            self._awake += 1

    def take(self, admit: Callable[[str, int], float], *, now: float) -> Errand | None:
        """Return the next delivery that `admit` lets go; None if none may go now.

        `admit` gives the seconds for which a lane has to wait, 0 for none.
        """
        self.wake(now)
        while self._turns:
            lane = self._turns.popleft()
            queue = self._waiting[lane]
            wait = admit(*lane)
            if wait > 0:
                self._awake -= len(queue)
                heapq.heappush(self._asleep, (now + wait, lane))
                self._sleepers.add(lane)
                continue
            errand = queue.popleft()
            self._awake -= 1
            if queue:
                self._turns.append(lane)
            else:
                del self._waiting[lane]
            return errand
        return None

    def drop(self, is_unwanted: Callable[[Errand], bool]) -> list[Errand]:
        """Take out and return the deliveries that are not to be begun any more."""
        dropped: list[Errand] = []
        for lane, queue in list(self._waiting.items()):
            kept = deque(errand for errand in queue if not is_unwanted(errand))
            if len(kept) == len(queue):
                continue
            dropped.extend(errand for errand in queue if is_unwanted(errand))
            if lane not in self._sleepers:
                self._awake -= len(queue) - len(kept)
            self._waiting[lane] = kept
            if not kept:
                self._forget(lane)
        return dropped

    def sleepers(self, *, until: float) -> Callable[[Errand], bool]:
        """Return a test for deliveries whose lane sleeps beyond `until`."""
        late = {lane for at, lane in self._asleep if at > until}
        return lambda errand: (errand.provider, errand.load.mailing_list_id) in late

    def wake(self, now: float) -> None:
        """Let the lanes go on whose time has come."""
        while self._asleep and self._asleep[0][0] <= now:
            lane = heapq.heappop(self._asleep)[1]
            self._sleepers.discard(lane)
            self._turns.append(lane)
            self._awake += len(self._waiting[lane])

    def _forget(self, lane: Lane) -> None:
        del self._waiting[lane]
        if lane in self._turns:
            self._turns.remove(lane)
        if lane in self._sleepers:
            self._sleepers.discard(lane)
            self._asleep = [sleeper for sleeper in self._asleep if sleeper[1] != lane]
            heapq.heapify(self._asleep)
