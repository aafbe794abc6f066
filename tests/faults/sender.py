"""The process that sends and sweeps, to be killed, stopped and starved.

It is what the clock's process is, with times that suit a test: a short lease, sweeps four times as
often, back-off and the relay's time limits shortened.
"""

import dataclasses
import faulthandler
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event

from newsletter import clock, connections, create_app, jobs
from newsletter.delivery import backoff
from newsletter.delivery.engines import local
from newsletter.extensions import db
from newsletter.mail.connecting import RelaySettings, relay_settings
from tests.conftest import settings
from tests.faults.weakness import Weakness, weaken

log = logging.getLogger(__name__)

SWEEPS = ("start-due-issues", "sweep")


@dataclass(frozen=True)
class Orders:
    """What one process does, and how; the lease and `patience` with the relay are in seconds."""

    folder: str
    database: str
    port: int
    connections: int = 3
    # Longer than a busy machine makes a process wait.
    lease: float = 5.0
    patience: float = 5.0
    # How many times shorter back-off is.
    haste: float = 100.0
    # Seconds that this machine's clock is ahead of the others'.
    ahead: float = 0.0
    sends: bool = True
    sweeps: bool = True
    # Seconds that SQLite waits for another writer; None is the product's own time.
    busy_timeout: float | None = None
    # Pages that SQLite's file may have, which is then full; 0 is no limit.
    most_pages: int = 0
    # What is taken out of the product in this process: see weakness.py.
    weakness: Weakness = Weakness.NONE


def begin(orders: Orders, log_file: Path) -> None:
    """Work until SIGTERM, and write to a file what would be seen on a terminal."""
    with log_file.open("wb") as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(threadName)s %(message)s")
    stop = _stop_when_told()
    vars(connections)["IDLE_IN_TRANSACTION"] = int(orders.lease * 1000)
    app = create_app(
        {
            **settings(Path(orders.folder)),
            "SQLALCHEMY_DATABASE_URI": orders.database,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": orders.port,
            "MAIL_CONNECTIONS": orders.connections,
        }
    )
    _hurry(orders)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", partial(_limit, orders))
        weaken(Weakness(orders.weakness))
    sweeping = threading.Thread(target=_sweep, args=(app, stop, orders), name="sweeps")
    if orders.sweeps:
        sweeping.start()
    if orders.sends:
        local.run(app, stop, lease_length=timedelta(seconds=orders.lease))
    stop.wait()
    if orders.sweeps:
        sweeping.join(timeout=10)


def _stop_when_told() -> threading.Event:
    """Return an event that SIGTERM sets, by a thread that waits for nothing else."""
    stop = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def wait_and_set() -> None:
        signal.sigwait({signal.SIGTERM})
        stop.set()

    threading.Thread(target=wait_and_set, daemon=True, name="signals").start()
    return stop


def _sweep(app: Flask, stop: threading.Event, orders: Orders) -> None:
    while not stop.wait(orders.lease / 4):
        for name in SWEEPS:
            with app.app_context():
                try:
                    jobs.once(name, now=clock.now())
                except Exception:
                    db.session.rollback()
                    log.exception("job %s failed", name)


def _limit(orders: Orders, connection: Any, record: Any) -> None:
    if orders.most_pages:
        connection.execute(f"PRAGMA max_page_count = {orders.most_pages}").close()


def _hurry(orders: Orders) -> None:
    """Shorten the times that a test cannot wait for; the order of things stays."""
    if orders.busy_timeout is not None:
        connections.BUSY_TIMEOUT = int(orders.busy_timeout * 1000)
    backoff.DELAYS = tuple(delay / orders.haste for delay in backoff.DELAYS)
    backoff.CONNECTION_DELAYS = tuple(min(delay / 10, 1.0) for delay in backoff.CONNECTION_DELAYS)
    backoff.SHORTEST_LOSS /= 20

    class Ahead(datetime):
        """The time as a machine has it whose clock is set wrong."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # as it is used
            return datetime.now(tz) + timedelta(seconds=orders.ahead)

    vars(clock)["datetime"] = Ahead

    def impatient() -> RelaySettings:
        return dataclasses.replace(
            relay_settings(),
            connect_timeout=orders.patience,
            reply_timeout=orders.patience,
            write_timeout=orders.patience,
            final_timeout=orders.patience,
        )

    vars(local)["relay_settings"] = impatient
