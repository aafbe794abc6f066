"""The engine without a broker: one courier in the process of the clock."""

import logging
import os
import secrets
import threading
from datetime import timedelta

from flask import Flask

from newsletter.delivery import beats
from newsletter.delivery.courier import Courier
from newsletter.delivery.leases import LEASE
from newsletter.delivery.sources import LocalSource, Source
from newsletter.extensions import db
from newsletter.mail.smtp import relay_settings

log = logging.getLogger(__name__)

REST = 1.0
"""Seconds before a courier that stumbled begins anew."""


def run(app: Flask, stop: threading.Event, *, lease_length: timedelta = LEASE) -> None:
    """Send whatever is due until `stop` is set; see `send_from`."""
    send_from(LocalSource(), app, stop, lease_length=lease_length)


def send_from(
    source: Source, app: Flask, stop: threading.Event, *, lease_length: timedelta = LEASE
) -> None:
    """Send what `source` gives, over MAIL_CONNECTIONS connections, until `stop` is set.

    Then what is in flight gets a few seconds to end, and the batches are given
    back. Mail that the relay does not answer in time is left behind: its lease
    runs out, and it becomes uncertain.
    """
    name = f"{beats.SENDER}{os.getpid()}-{secrets.token_hex(4)}"
    with app.app_context():
        while not stop.is_set():
            try:
                Courier(
                    relay_settings(),
                    source,
                    connections=app.config["MAIL_CONNECTIONS"],
                    stop=stop,
                    name=name,
                    lease_length=lease_length,
                ).run()
            except Exception:
                # Nothing is lost by what nobody foresaw: the rows say how far it came,
                # and a message in flight becomes uncertain when its lease runs out.
                log.exception("the courier stumbled")
                db.session.remove()
                stop.wait(REST)
        beats.end(name)


def drain() -> None:
    """Send what is due now over one connection, in this thread, and return."""
    courier = Courier(
        relay_settings(), LocalSource(look_every=0), connections=1, stop=threading.Event()
    )
    try:
        courier.drain()
    finally:
        courier.hang_up()
