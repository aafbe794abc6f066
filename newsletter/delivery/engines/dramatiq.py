"""The engine of many machines: dramatiq's workers carry what RabbitMQ tells them of.

A message is the number of a batch and nothing else. It is acknowledged when the
courier of a worker takes the batch: from then on the lease in the database says
who works on it, and a second message would change nothing.
"""

import logging
import signal
import threading
from collections import deque
from datetime import timedelta
from types import FrameType

import dramatiq
from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from newsletter import clock
from newsletter.delivery import due, wakeups
from newsletter.delivery.engines import dispatching, local
from newsletter.delivery.engines.broker import ACTOR, QUEUE, BrokerAway, Postbox, rabbitmq
from newsletter.delivery.leases import LEASE, DueBatch
from newsletter.delivery.sources import OfferedSource
from newsletter.extensions import db, reading

log = logging.getLogger(__name__)

EVERY = 0.25
"""Seconds between two looks of the clock for batches to tell the broker of."""

PATIENCE = 60.0
"""Seconds that a worker keeps a message whose batch its courier does not take."""

GRACE = 10.0
"""Seconds that a stopping worker waits for its courier."""

REST = 1.0
"""Seconds until a database that failed is asked again."""

REMEMBERED = 64
"""Batches, the last ones offered, that are told again at once when a worker stops."""


def run(app: Flask, stop: threading.Event) -> None:
    """Tell the broker of what is due, until `stop` is set: the clock's part of this engine."""
    dispatcher = Dispatcher(Postbox(rabbitmq(app.config["BROKER_URL"])))
    news = threading.Event()
    with app.app_context(), wakeups.listening(news.set):
        while not stop.is_set():
            news.wait(EVERY)
            news.clear()
            try:
                dispatcher.dispatch()
            except SQLAlchemyError as exc:
                # A database that is away: the rows wait, and so does this.
                log.error("what is due could not be read: %s", exc)
                db.session.rollback()
                stop.wait(REST)
            # Nothing stale is carried over, no connection kept.
            db.session.remove()
        dispatcher.postbox.hang_up()


class Dispatcher:
    """Tells a broker of batches that are due; knows whether it answered the last time."""

    def __init__(self, postbox: Postbox) -> None:
        self.postbox = postbox
        self._is_reachable = True

    def dispatch(self) -> int:
        """Fill the queue up; return how many batches it was told of. Commits.

        While the broker is out of reach nothing is lost: 0, and next time again.
        """
        with reading():
            if not dispatching.is_needed(now=clock.now()):
                return 0
        untold: deque[int] = deque()
        try:
            # What nobody fetches is not told again and again: the queue would only grow.
            room = dispatching.AT_ONCE - self.postbox.count()
            untold.extend(dispatching.choose(now=clock.now(), most=room))
            told = len(untold)
            while untold:
                self.postbox.post(untold[0])
                untold.popleft()
        except BrokerAway as exc:
            dispatching.forget(untold)
            self._note(str(exc))
            return 0
        self._note("")
        return told

    def _note(self, fault: str) -> None:
        """Say once when the broker goes and once when it comes back."""
        was_reachable, self._is_reachable = self._is_reachable, not fault
        if fault and was_reachable:
            log.error("the broker is out of reach; issues wait until it answers: %s", fault)
        elif not fault and not was_reachable:
            log.warning("the broker answers again")


class Sending(dramatiq.Middleware):
    """One courier in a worker's process, and the actor that brings it batches."""

    def __init__(self, app: Flask, *, lease_length: timedelta = LEASE) -> None:
        self._app = app
        self._stop = threading.Event()
        self._source = OfferedSource()
        self._offered: deque[int] = deque(maxlen=REMEMBERED)
        self._courier = threading.Thread(
            target=local.send_from,
            args=(self._source, app, self._stop),
            kwargs={"lease_length": lease_length},
            daemon=True,
            name="courier",
        )

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Start the courier; fetch no more messages than can be offered to it at once."""
        # What one worker fetches ahead, an idle one lacks.
        worker.queue_prefetch = worker.worker_threads
        _obey_once()
        self._courier.start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Have the courier end what is in flight, and send away the actors that wait."""
        self._stop.set()
        self._source.close()

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Wait for the courier; what it did not claim is told to others at once."""
        self._courier.join(timeout=GRACE)
        with self._app.app_context():
            try:
                dispatching.forget(self._offered)
            except SQLAlchemyError as exc:
                log.warning("what was not begun is told again later: %s", exc)

    def carry(self, batch_id: int) -> None:
        """Bring one batch to the courier, if it is due and nobody works on it.

        Returns when the courier takes it. A message that came twice, or late, does nothing.
        """
        with self._app.app_context():
            while not self._stop.is_set():
                try:
                    batch = _find(batch_id)
                    if batch is not None:
                        self._offered.append(batch_id)
                        if self._source.offer(batch, patience=PATIENCE):
                            return
                    # Paused, not due, or not taken here: whoever can go on is told again.
                    dispatching.forget([batch_id])
                    return
                except (InterfaceError, OperationalError) as exc:
                    # The broker would take it for done, and nobody be told for a while.
                    log.warning("batch %s waits for the database: %s", batch_id, exc)
                    db.session.rollback()
                    self._stop.wait(REST)


def _find(batch_id: int) -> DueBatch | None:
    with reading():
        return due.find(batch_id, now=clock.now())


def _obey_once() -> None:
    """Let a second SIGTERM change nothing.

    A supervisor that signals the whole group reaches a worker twice, the second time through
    its parent, and dramatiq would take that for an order to drop everything at once.
    """
    usual = signal.getsignal(signal.SIGTERM)
    if not callable(usual):
        return

    def obey(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        usual(number, frame)

    signal.signal(signal.SIGTERM, obey)


def attend(broker: dramatiq.Broker, sending: Sending) -> None:
    """Make `broker`'s workers carry batches with `sending`."""
    broker.add_middleware(sending)
    dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(sending.carry)
