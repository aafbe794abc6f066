"""Three workers, RabbitMQ and PostgreSQL, and what may befall a worker or a message.

They share the broker's queue, so that one process has to run them all.
"""

import os
import signal

import sqlalchemy as sa

from newsletter.delivery.engines.broker import Postbox, rabbitmq
from newsletter.delivery.models import Batch
from newsletter.extensions import db
from tests.faults.driver import Run
from tests.services.fleet import FEW, MakeFleet

MANY = 5000


def test_three_workers_send_everything_once(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(readers=MANY)
    fleet.start()
    fleet.settle()
    assert fleet.run.states() == {"sent": MANY}
    assert all_took_part(fleet.run)


def test_a_killed_worker_loses_nobody_and_doubts_at_most_its_connections(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(readers=MANY, lease=8.0)
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


def all_took_part(run: Run) -> bool:
    workers = [child for child in run.children if child.name.startswith("worker")]
    return all("of issue" in child.log.read_text(errors="replace") for child in workers)
