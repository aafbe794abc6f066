"""Workers and the clock with a broker in memory."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import dramatiq
import pytest
import sqlalchemy as sa
from dramatiq.brokers.stub import StubBroker
from flask import Flask
from pika.exceptions import AMQPConnectionError

from newsletter import clock, jobs
from newsletter.delivery import control, planning
from newsletter.delivery.engines import dispatching
from newsletter.delivery.engines.broker import QUEUE, Postbox
from newsletter.delivery.engines.dramatiq import Dispatcher, Sending, attend
from newsletter.delivery.models import Batch
from newsletter.extensions import db, reading
from newsletter.issues.models import Issue
from tests.delivery.situations import (
    assert_books_agree,
    begin,
    claim,
    readers,
    states,
    witness,
)
from tests.relay import Received, Relay


class BrokerInMemory(StubBroker):
    """What RabbitMQ is to the clock, without a server."""

    is_away = False

    def __init__(self) -> None:
        # As in production: nothing of dramatiq's own.
        super().__init__(middleware=[])

    @property
    def connection(self) -> None:
        """There is none, and so none to end."""

    @connection.deleter
    def connection(self) -> None:
        pass

    def get_queue_message_counts(self, queue_name: str) -> tuple[int, int, int]:
        if self.is_away:
            raise AMQPConnectionError("refused")
        return (self.queues[queue_name].qsize(), 0, 0)

    def enqueue(
        self, message: dramatiq.Message[None], *, delay: int | None = None
    ) -> dramatiq.Message[None]:
        if self.is_away:
            raise AMQPConnectionError("refused")
        return super().enqueue(message, delay=delay)


@pytest.fixture
def relay(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    monkeypatch.setattr(planning, "BATCH_SIZE", 7)
    with Relay() as relay:
        relay.configure(app)
        app.config["MAIL_CONNECTIONS"] = 3
        yield relay


@pytest.fixture
def broker() -> BrokerInMemory:
    return BrokerInMemory()


@pytest.fixture
def dispatcher(app: Flask, broker: BrokerInMemory) -> Dispatcher:
    return Dispatcher(Postbox(broker))


@pytest.fixture
def start(app: Flask, broker: BrokerInMemory) -> Iterator[Callable[[], dramatiq.Worker]]:
    workers: list[dramatiq.Worker] = []

    def start() -> dramatiq.Worker:
        attend(broker, Sending(app))
        worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=4)
        worker.start()
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.stop()


def test_a_worker_sends_what_the_clock_tells_it_of(
    relay: Relay, dispatcher: Dispatcher, start: Callable[[], dramatiq.Worker]
) -> None:
    issue_id = begin(*readers(60), at=clock.now())
    start()

    wait(lambda: states(issue_id) == {"sent": 60}, meanwhile=dispatcher.dispatch)

    assert_books_agree(relay, issue_id)
    assert len(witness(relay)) == 60
    assert dispatcher.dispatch() == 0


def test_a_message_that_came_twice_or_of_no_batch_changes_nothing(
    relay: Relay,
    broker: BrokerInMemory,
    dispatcher: Dispatcher,
    start: Callable[[], dramatiq.Worker],
) -> None:
    issue_id = begin(*readers(60), at=clock.now())
    postbox = Postbox(broker)
    for batch_id in [*all_batches(), *all_batches(), 10**9]:
        postbox.post(batch_id)
    start()

    wait(lambda: states(issue_id) == {"sent": 60})
    for batch_id in all_batches():
        postbox.post(batch_id)
    broker.join(QUEUE, timeout=60_000)

    assert_books_agree(relay, issue_id)
    assert len(witness(relay)) == 60


def test_a_batch_that_somebody_works_on_is_left_to_them(
    relay: Relay, broker: BrokerInMemory, start: Callable[[], dramatiq.Worker]
) -> None:
    issue_id = begin(*readers(14), at=clock.now())
    owned, free = all_batches()
    claim(owned, now=clock.now())
    db.session.commit()
    start()

    for batch_id in (owned, free):
        Postbox(broker).post(batch_id)

    wait(lambda: states(issue_id) == {"sent": 7, "waiting": 7})
    broker.join(QUEUE, timeout=60_000)
    assert len(witness(relay)) == 7


def test_a_message_of_a_paused_issue_is_given_up_and_the_resumed_issue_told_at_once(
    relay: Relay,
    broker: BrokerInMemory,
    dispatcher: Dispatcher,
    start: Callable[[], dramatiq.Worker],
) -> None:
    issue_id = begin(*readers(21), at=clock.now())
    assert dispatcher.dispatch() == 3
    control.pause(db.session.get_one(Issue, issue_id), now=clock.now())
    db.session.commit()
    start()
    broker.join(QUEUE, timeout=60_000)
    assert states(issue_id) == {"waiting": 21}
    assert dispatcher.dispatch() == 0

    control.resume(db.session.get_one(Issue, issue_id), now=clock.now())
    db.session.commit()

    assert dispatcher.dispatch() == 3
    wait(lambda: states(issue_id) == {"sent": 21})


def test_a_worker_that_is_told_to_stop_gives_everything_back(
    relay: Relay, dispatcher: Dispatcher, start: Callable[[], dramatiq.Worker]
) -> None:
    issue_id = begin(*readers(140), at=clock.now())
    # Otherwise all of it might be sent before we come to it.
    relay.answer("DOT", delay=0.1)
    enough = threading.Event()

    def stop_at_ten(_message: Received) -> None:
        if len(relay.messages) >= 10:
            enough.set()

    relay.on_message = stop_at_ten
    worker = start()
    dispatcher.dispatch()
    assert enough.wait(timeout=60)
    began = time.monotonic()
    worker.stop()

    assert time.monotonic() - began < 5
    numbers = states(issue_id)
    assert set(numbers) == {"sent", "waiting"}
    assert_books_agree(relay, issue_id)
    held = db.session.scalars(sa.select(Batch.id).where(Batch.leased_until.is_not(None))).all()
    db.session.rollback()
    assert held == []


def test_a_broker_out_of_reach_is_mentioned_once_and_loses_nothing(
    broker: BrokerInMemory, dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture
) -> None:
    begin(*readers(3), at=clock.now())
    broker.is_away = True
    for _ in range(3):
        assert dispatcher.dispatch() == 0
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "out of reach" in caplog.text

    broker.is_away = False

    assert dispatcher.dispatch() == 1
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_the_clock_of_this_engine_sends_no_issue_and_ends_also_while_the_broker_is_away(
    app: Flask, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["BROKER_URL"] = "amqp://127.0.0.1:1/"
    issue_id = begin(*readers(7), at=clock.now())
    stop = threading.Event()
    engine = threading.Thread(target=jobs.ENGINES["dramatiq"], args=(app, stop))
    engine.start()
    wait(lambda: "out of reach" in caplog.text)

    stop.set()
    engine.join(timeout=30)

    assert not engine.is_alive()
    assert states(issue_id) == {"waiting": 7}
    # The next clock, or this one with the broker back, tells of it at once.
    with reading():
        assert dispatching.is_needed(now=clock.now())


def test_a_queue_that_nobody_empties_does_not_grow(
    app: Flask, broker: BrokerInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 1)
    monkeypatch.setattr(dispatching, "AGAIN", timedelta(0))
    begin(*readers(dispatching.AT_ONCE + 1), at=clock.now())
    dispatcher = Dispatcher(Postbox(broker))

    told = [dispatcher.dispatch() for _ in range(3)]

    assert told == [dispatching.AT_ONCE, 0, 0]


def all_batches() -> list[int]:
    batch_ids = list(db.session.scalars(sa.select(Batch.id).order_by(Batch.id)))
    db.session.rollback()
    return batch_ids


def wait(is_reached: Callable[[], bool], *, meanwhile: Callable[[], object] = lambda: None) -> None:
    end = time.monotonic() + 60
    while not is_reached():
        assert time.monotonic() < end, "it took too long"
        meanwhile()
        time.sleep(0.02)
