"""Three workers, RabbitMQ and PostgreSQL, and what may befall each of them."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pika
import pytest
import sqlalchemy as sa
from flask import Flask

import config
from newsletter.delivery.engines.broker import QUEUE, Postbox, rabbitmq
from newsletter.delivery.models import Batch
from newsletter.extensions import db
from tests.faults.driver import Child, Run
from tests.services.machines import Group, Machine, start_clock, start_worker

MANY = 5000
FEW = 1500
BATCH = 50

MakeFleet = Callable[..., "Fleet"]


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
        self._add("clock", start_clock, connections=0)
        return [self.start_worker() for _ in range(workers)]

    def start_worker(self) -> Child:
        """Start one more worker."""
        return self._add("worker", start_worker, connections=self.machine.connections)

    def settle(self) -> None:
        """Wait until every row is final and the issue sent, without help; then stop all."""
        self.run.wait(
            lambda: self.run.books.issue_states() == {"sent"}, "the issue is sent", seconds=60
        )
        alive = [child for child in self.run.children if child.is_alive]
        for child in alive:
            child.process.send_signal(signal.SIGTERM)
        for child in alive:
            assert child.process.wait(timeout=15) == 0, f"{child.name} did not end well"
        self.run.check()

    def purge(self) -> None:
        """Lose every message that no worker has."""
        with closing(pika.BlockingConnection(pika.URLParameters(self.broker_url))) as connection:
            channel = connection.channel()
            channel.queue_declare(QUEUE, passive=True)
            channel.queue_purge(QUEUE)

    def _add(
        self, name: str, start: Callable[[Machine, Path], Group], *, connections: int
    ) -> Child:
        name = f"{name}-{len(self.run.children) + 1}"
        log = self.run.folder / f"{name}.log"
        child = Child(name, start(self.machine, log), log, connections)
        self.run.children.append(child)
        return child


@pytest.fixture
def broker_url() -> Iterator[str]:
    """The broker that scripts/services started, with an empty queue."""
    url = os.environ["TEST_BROKER_URL"]
    broker = rabbitmq(url)
    broker.declare_queue(QUEUE, ensure=True)
    broker.flush_all()
    broker.close()
    yield url


@pytest.fixture
def make_fleet(app: Flask, tmp_path: Path, broker_url: str) -> Iterator[MakeFleet]:
    with ExitStack() as stack:

        def make(*, readers: int = FEW, lease: float = 2.0) -> Fleet:
            folder = tmp_path / "run"
            folder.mkdir()
            # Nothing here is left to dice: what falls when is up to the processes.
            run = Run(app, folder, "no dice", readers=readers, batch_size=BATCH)
            return Fleet(stack.enter_context(run), broker_url, lease=lease)

        yield make


def test_three_workers_send_everything_once(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(readers=MANY)
    fleet.start()
    fleet.settle()
    assert fleet.run.states() == {"sent": MANY}
    assert all_took_part(fleet.run)


def test_a_killed_worker_loses_nobody_and_doubts_at_most_its_connections(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(readers=MANY)
    workers = fleet.start()
    fleet.run.wait_for_accepted(MANY // 5)

    fleet.run.kill(workers[0])

    fleet.settle()
    states = fleet.run.states()
    assert set(states) <= {"sent", "uncertain"}
    assert states.get("uncertain", 0) <= fleet.machine.connections


def test_workers_that_are_told_to_stop_leave_nothing_in_doubt(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    workers = fleet.start()
    fleet.run.wait_for_accepted(FEW // 5)

    for worker in workers[:2]:
        # As by systemd: all of a group, and so the worker twice.
        os.killpg(worker.process.pid, signal.SIGTERM)

    fleet.settle()
    assert [worker.process.returncode for worker in workers] == [0, 0, 0]
    assert fleet.run.states() == {"sent": FEW}


def test_messages_that_get_lost_cost_time_only(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.start()
    for _ in range(5):
        fleet.run.wait_for_accepted(FEW // 20)
        fleet.purge()
    fleet.settle()
    assert fleet.run.states() == {"sent": FEW}


def test_messages_that_come_twice_change_nothing(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    broker = rabbitmq(fleet.broker_url)
    postbox = Postbox(broker)
    for batch_id in db.session.scalars(sa.select(Batch.id)).all():
        for _ in range(2):
            postbox.post(batch_id)
    db.session.rollback()
    broker.close()
    fleet.start()
    fleet.settle()
    assert fleet.run.states() == {"sent": FEW}


@pytest.mark.parametrize("what", ["restart", "flush"])
def test_a_broker_that_restarts_or_loses_everything_costs_time_only(
    make_fleet: MakeFleet, what: str
) -> None:
    fleet = make_fleet()
    fleet.start()
    fleet.run.wait_for_accepted(FEW // 5)
    services("broker", what)
    fleet.settle()
    assert fleet.run.states() == {"sent": FEW}


def test_a_database_that_restarts_costs_time_only(make_fleet: MakeFleet) -> None:
    # The lease outlasts the outage: whoever knows the answer is the one to write it.
    fleet = make_fleet(lease=20)
    fleet.start()
    fleet.run.wait_for_accepted(FEW // 5)
    services("postgres", "restart")
    fleet.settle()
    assert fleet.run.states() == {"sent": FEW}


def all_took_part(run: Run) -> bool:
    workers = [child for child in run.children if child.name.startswith("worker")]
    return all("of issue" in child.log.read_text(errors="replace") for child in workers)


def services(*what: str) -> None:
    """Do something to one of the servers."""
    subprocess.run(["scripts/services", *what], cwd=config.ROOT, check=True, timeout=60)
