"""A run: an installation with an issue to send, processes that send it, faults, and the books.

    with Run(app, folder, seed="...", plan=Plan(...), readers=300) as run:
        sender = run.start()
        run.wait_for_accepted(40)
        run.kill(sender)
        run.start()
        run.settle()
        run.check()

The sink and the senders are processes of their own and end with the `with`. An exception that
leaves it carries the seed, the numbers and the ends of all logs.
"""

import contextlib
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from flask import Flask

import config
from tests.faults import installation, invariants
from tests.faults.books import Books
from tests.faults.invariants import Evidence, Sample
from tests.faults.nursery import Fork
from tests.faults.plan import Plan
from tests.faults.sender import Orders
from tests.faults.sink import PLAN
from tests.faults.witness import Witness

SAMPLED_EVERY = 0.03
"""Seconds between two looks at the sums while a run goes on."""

PATIENCE = 90
"""Seconds after which nothing is waited for any more: a machine may have others to serve, too."""

LOG_LINES = 30


@dataclass
class Child:
    """A sending process."""

    name: str
    process: Fork | subprocess.Popen[bytes]
    log: Path
    connections: int
    # How much of its log was looked at.
    read: int = 0

    @property
    def is_alive(self) -> bool:
        """Whether it runs, or is stopped for a while."""
        return self.process.poll() is None


@dataclass
class Run:
    """One issue on its way to `readers` readers, and what stands in the way."""

    app: Flask
    folder: Path
    seed: str
    plan: Plan = field(default_factory=Plan)
    readers: int = 100
    batch_size: int = 9
    # Addresses besides the numbered readers.
    also: tuple[str, ...] = ()
    # Whether the issue is planned already when the run begins, or due and left to the clocks.
    is_planned: bool = True
    build: Callable[..., int] = installation.build

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.witness = Witness(self.folder)
        self.children: list[Child] = []
        self.samples: list[Sample] = []
        # How many rows may be in doubt because of what we did to the processes.
        self.doubts = 0
        self._database = self.app.config["SQLALCHEMY_DATABASE_URI"]
        self.books = Books(self._database)
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, name="sampler")
        self._sink: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.issue_id = self.build(
            self.readers, also=self.also, batch_size=self.batch_size, is_planned=self.is_planned
        )
        self.plan = replace(self.plan, seed=self.dice.randrange(10**9))
        (self.folder / PLAN).write_text(self.plan.to_json(), encoding="utf-8")
        self.start_sink()
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if error is not None:
            error.add_note(self.report())
        for child in self.children:
            if child.is_alive:
                child.process.kill()
                child.process.wait()
        self.stop_sink()
        self._sampler.join()
        self.books.close()

    def start_sink(self) -> None:
        """Start the relay; a second time on the same port."""
        self._sink = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sink", str(self.folder), str(self.port)],
            cwd=config.ROOT,
            stdout=subprocess.PIPE,
        )
        assert self._sink.stdout is not None
        self.port = int(self._sink.stdout.readline())

    def stop_sink(self) -> None:
        """Take the relay away, in the middle of whatever it does."""
        if self._sink is not None:
            self._sink.kill()
            self._sink.communicate()
            self._sink = None

    def start(self, **orders: Any) -> Child:
        """Start a sending process; `orders` are those of `sender.Orders`."""
        order = Orders(str(self.folder), self._database, self.port, **orders)
        name = f"sender-{len(self.children) + 1}"
        log = self.folder / f"{name}.log"
        child = Child(name, Fork(order, log), log, order.connections)
        self.children.append(child)
        return child

    def kill(self, child: Child) -> None:
        """End a process with no chance to say anything: kill -9."""
        self.doubts += child.connections
        child.process.kill()
        child.process.wait()

    def freeze(self, child: Child) -> None:
        """Stop a process for a while; longer than its lease, it is as if it had died."""
        self.doubts += child.connections
        child.process.send_signal(signal.SIGSTOP)
        while self.books.is_held_up(within=1.5):
            # Stopped inside a transaction it holds its locks; a server ends one that is idle,
            # but SQLite does not, and nothing could be seen while nobody else can write.
            child.process.send_signal(signal.SIGCONT)
            self.moment()
            child.process.send_signal(signal.SIGSTOP)

    def thaw(self, child: Child) -> None:
        """Let a stopped process go on."""
        child.process.send_signal(signal.SIGCONT)

    def end(self, child: Child, *, seconds: float = 30) -> None:
        """Ask a process to end, by SIGTERM, and wait until it did, as it should."""
        child.process.send_signal(signal.SIGTERM)
        assert child.process.wait(timeout=seconds) == 0, f"{child.name} did not end well"

    def moment(self, most: float = 0.03) -> None:
        """Let a random moment pass, so that faults fall anywhere."""
        self._over.wait(self.dice.random() * most)

    def let_pass(self, seconds: float) -> None:
        """Let a time pass that is the fault itself: how long something is away."""
        self._over.wait(seconds)

    def wait_for_accepted(self, more: int, *, seconds: float = PATIENCE) -> None:
        """Wait until the sink accepted so many more messages."""
        wanted = self.witness.accepted + more
        self.wait(lambda: self.witness.accepted >= wanted, f"{more} more accepted", seconds=seconds)

    def wait(
        self,
        is_reached: Callable[[], bool],
        what: str,
        *,
        seconds: float = PATIENCE,
        every: float = 0.003,
    ) -> None:
        """Look `every` so many seconds whether something is so; AssertionError if it is late."""
        end = time.monotonic() + seconds
        while not is_reached():
            assert time.monotonic() < end, f"it took more than {seconds} seconds: {what}"
            time.sleep(every)

    def wait_until_swept(self, *, lease: float) -> None:
        """Wait until the leases of now, of so many seconds, ran out and were ended."""
        since = time.time()
        self.wait(
            lambda: (
                time.time() > since + lease
                and all(end.timestamp() > since + lease for end in self.books.leases())
            ),
            "the leases of the stopped are ended",
        )

    def settle(self, *, seconds: float = 2 * PATIENCE) -> None:
        """Wait until every row is final and the issue sent, without help (I7); then stop all."""

        def is_done() -> bool:
            assert any(child.is_alive for child in self.children), "nobody sends any more"
            states = self.books.issue_states()
            assert states != {"paused"}, "the issue paused"
            return states == {"sent"} and not any(sums.open for sums in self.books.sums())

        # What looks takes time from what sends.
        self.wait(is_done, "nothing waits and the issue is sent", seconds=seconds, every=0.05)
        for child in self.children:
            if child.is_alive:
                self.end(child)

    def broken(self) -> list[str]:
        """Return every invariant that does not hold now."""
        self.take_sample()
        return invariants.broken(
            Evidence(
                self.books.rows(),
                self.samples,
                self.witness.messages,
                self.witness.blames,
                self.witness.losses,
                self.readers + len(self.also),
            )
        )

    def broken_names(self) -> set[str]:
        """Return the names of the invariants that do not hold now."""
        return {sentence.partition(":")[0] for sentence in self.broken()}

    def check(self) -> None:
        """Assert that every invariant holds."""
        broken = self.broken()
        assert not broken, "\n".join(broken[:LOG_LINES])

    def states(self) -> dict[str, int]:
        """Return how many rows are in each state now."""
        states: dict[str, int] = {}
        for sums in self.books.sums():
            for state, count in sums.states.items():
                states[state] = states.get(state, 0) + count
        return states

    def state_of(self, address: str) -> str:
        """Return the state of one reader's row."""
        [row] = [row for row in self.books.rows() if row.address == address]
        return row.state

    def take_sample(self) -> None:
        """Look at the sums once and keep what they were."""
        # Read before the books: what is killed meanwhile allows too little, never too much.
        doubts = self.doubts
        self.samples.append(Sample(tuple(self.books.sums()), doubts))

    def log_has(self, words: str) -> bool:
        """Tell whether a process wrote these words since the last time that it was asked."""
        for child in self.children:
            written = child.log.read_text(errors="replace")
            found = written.find(words, child.read)
            if found >= 0:
                child.read = len(written)
                return True
        return False

    def report(self) -> str:
        """Return what somebody needs to understand a failure and to see it again."""
        lines = [
            f"seed {self.seed!r}, in {self.folder}: accepted {self.witness.accepted},",
            f"doubts {self.doubts}, losses {self.witness.losses}",
        ]
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            lines += [str(self.states()), *self.books.open_batches(), *self.books.sessions()]
        for child in self.children:
            ended = child.process.poll()
            lines.append(
                f"--- {child.name} ({'runs' if ended is None else f'ended with {ended}'}):"
            )
            lines += child.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join(lines)

    def _sample(self) -> None:
        while not self._over.wait(SAMPLED_EVERY):
            # A database that is away cannot be asked; the other samples stand.
            with contextlib.suppress(sa.exc.OperationalError):
                self.take_sample()
