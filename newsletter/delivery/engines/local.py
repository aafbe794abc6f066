"""The engine without a broker: courier threads in the process of the clock."""

import logging
import threading
import time
from datetime import timedelta

from flask import Flask

from newsletter.delivery.courier import Courier
from newsletter.delivery.health import RelayHealth
from newsletter.delivery.leases import LEASE
from newsletter.extensions import db
from newsletter.mail.smtp import relay_settings

log = logging.getLogger(__name__)

IDLE = 0.3
"""Seconds between two looks for work when there was none."""

RENEWALS = 4
"""How often a lease is renewed in its own length."""

GRACE = 5.0
"""Seconds that the messages in flight get when the process is asked to stop."""


def run(app: Flask, stop: threading.Event, *, lease_length: timedelta = LEASE) -> None:
    """Send whatever is due, over MAIL_CONNECTIONS connections, until `stop` is set.

    Then each courier finishes the message it has in flight and gives its
    batch back. One whose relay does not answer in time is left behind: its
    lease runs out, and its last message becomes uncertain.
    """
    with app.app_context():
        settings = relay_settings()
        health = RelayHealth()
        couriers = [
            Courier(settings, health, stop=stop, lease_length=lease_length)
            for _ in range(app.config["MAIL_CONNECTIONS"])
        ]
        threads = [
            threading.Thread(target=_work, args=(app, one, stop), daemon=True, name=f"courier-{n}")
            for n, one in enumerate(couriers, start=1)
        ]
        for thread in threads:
            thread.start()
        while not stop.wait(lease_length.total_seconds() / RENEWALS):
            _renew(couriers)
        end = time.monotonic() + GRACE
        for thread in threads:
            thread.join(timeout=max(0, end - time.monotonic()))


def drain() -> None:
    """Send what is due now over one connection, in this thread, and return."""
    courier = Courier(relay_settings(), RelayHealth(), stop=threading.Event())
    while courier.work_once():
        pass
    courier.hang_up()


def _work(app: Flask, courier: Courier, stop: threading.Event) -> None:
    with app.app_context():
        while not stop.is_set():
            worked = False
            try:
                worked = courier.work_once()
            except Exception:
                # A database that is away, a disk that is full: it is noted and
                # tried again. Nothing is lost, the rows say how far it came.
                log.exception("a courier stumbled")
                courier.drop()
            # A session a batch: nothing stale is carried over, no connection kept.
            db.session.remove()
            if not worked:
                stop.wait(IDLE)
        try:
            courier.hang_up()
        except Exception:
            log.exception("a courier could not write what it knew")
            courier.drop()


def _renew(couriers: list[Courier]) -> None:
    for courier in couriers:
        try:
            courier.keep_lease()
        except Exception:
            log.exception("a lease could not be renewed")
            db.session.rollback()
