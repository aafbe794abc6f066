"""Several workers, the clock that tells them, and an issue on its way."""

import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pika

from newsletter.delivery.engines.broker import QUEUE
from tests.faults.driver import PATIENCE, Child, Run
from tests.services.machines import Group, Machine, start_clock, start_worker

FEW = 1500
"""Readers that are enough for something to befall the machines meanwhile."""

BATCH = 50


class Fleet:
    """An issue on its way by three workers, the clock that tells them, and one that sweeps."""

    def __init__(self, run: Run, broker_url: str, *, lease: float) -> None:
        self.run = run
        self.broker_url = broker_url
        database = run.app.config["SQLALCHEMY_DATABASE_URI"]
        self.machine = Machine(str(run.folder), database, broker_url, run.port, lease=lease)

    def start(self, workers: int = 3) -> list[Child]:
        """Start everything; return the workers."""
        self.run.start(sends=False, lease=self.machine.lease)
        self._clock = self._add("clock", start_clock, connections=0)
        return [self.start_worker() for _ in range(workers)]

    def start_worker(self) -> Child:
        """Start one more worker."""
        return self._add("worker", start_worker, connections=self.machine.connections)

    def settle(self) -> None:
        """Wait until every row is final and the issue sent, without help; then stop all."""
        self.run.wait(
            self._is_over,
            "the issue is sent",
            seconds=2 * PATIENCE,
            every=0.05,
        )
        alive = [child for child in self.run.children if child.is_alive]
        for child in alive:
            child.process.send_signal(signal.SIGTERM)
        for child in alive:
            assert child.process.wait(timeout=30) == 0, f"{child.name} did not end well"
        self.run.check()

    def purge(self) -> None:
        """Lose every message that no worker has."""
        with closing(pika.BlockingConnection(pika.URLParameters(self.broker_url))) as connection:
            channel = connection.channel()
            channel.queue_declare(QUEUE, passive=True)
            channel.queue_purge(QUEUE)

    def _is_over(self) -> bool:
        assert self._clock.is_alive, self._clock.log.read_text(errors="replace")
        return self.run.books.issue_states() == {"sent"}

    def _add(
        self, name: str, start: Callable[[Machine, Path], Group], *, connections: int
    ) -> Child:
        name = f"{name}-{len(self.run.children) + 1}"
        log = self.run.folder / f"{name}.log"
        child = Child(name, start(self.machine, log), log, connections)
        self.run.children.append(child)
        return child


MakeFleet = Callable[..., Fleet]
