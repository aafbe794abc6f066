"""Counting requests for links without a write for each: a process keeps them for some seconds.

A GET writes nothing, and ten thousand in a second must not stop the database (STANDARDS XJ02).
So the same ones are one number, and a thread writes those; `summing` makes sums of them. A process
that is killed takes the last seconds along.
"""

import atexit
import hashlib
import logging
import threading
from collections import Counter
from datetime import date, datetime

import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db, insert
from newsletter.subscriptions import agreeing
from newsletter.subscriptions.models import Subscription
from newsletter.tracking.machines import Hit, slice_of
from newsletter.tracking.models import RecentClick

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two writes."""

MOST = 20_000
"""Different requests that wait at most; what comes beyond that is let go, and the log says so."""

_EXTENSION = "tracking.hits"


class Hits:
    """The requests that a process keeps until they are written."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._waiting: Counter[Hit] = Counter()
        self._opened: dict[int, date] = {}
        self._lost = 0
        # Tells networks apart, the same in every process, and nobody which they were.
        secret = str(app.config["SECRET_KEY"])
        self._salt = hashlib.sha256(f"networks\n{secret}".encode()).digest()
        self._is_running = False
        self._stop = threading.Event()

    def follow(
        self, key: str, *, network: str, is_machine: bool, subscription_id: int, at: datetime
    ) -> None:
        """Keep one request for a link."""
        seen = hashlib.blake2b(network.encode(), key=self._salt, digest_size=8).hexdigest()
        hit = Hit(slice_of(at), seen, key, is_machine, subscription_id)
        with self._lock:
            if hit in self._waiting or len(self._waiting) < MOST:
                self._waiting[hit] += 1
            else:
                self._lost += 1
        self._run()

    def open(self, subscription_id: int, *, at: datetime) -> None:
        """Keep that a reader who agreed to it opened a mail: the day, no more."""
        with self._lock:
            if len(self._opened) < MOST:
                self._opened[subscription_id] = at.date()
        self._run()

    def take(self) -> tuple[Counter[Hit], dict[int, date], int]:
        """Return what waits, openings, and how many requests were let go; it is kept no more."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
            opened, self._opened = self._opened, {}
            lost, self._lost = self._lost, 0
        return waiting, opened, lost

    def _run(self) -> None:
        """Start to write every few seconds; once a process, and after it was forked."""
        if self._is_running or self._app.testing:
            return
        with self._lock:
            if not self._is_running:
                self._is_running = True
                atexit.register(self._write_the_rest)
                threading.Thread(target=self._write, daemon=True, name="clicks").start()

    def _write(self) -> None:
        while not self._stop.wait(EVERY):
            self._flush()

    def _write_the_rest(self) -> None:
        self._stop.set()
        self._flush()

    def _flush(self) -> None:
        with self._app.app_context():
            try:
                flush(self)
            except Exception:
                db.session.rollback()
                log.exception("clicks could not be written")


def init_app(app: Flask) -> None:
    """Give `app` a place for them."""
    app.extensions[_EXTENSION] = Hits(app)


def hits_of(app: Flask) -> Hits:
    """Return what this process keeps."""
    hits = app.extensions[_EXTENSION]
    assert isinstance(hits, Hits)
    return hits


def flush(hits: Hits) -> None:
    """Write what a process kept, for all processes to see, and commit."""
    waiting, opened, lost = hits.take()
    if lost:
        log.warning("%d requests for links were too many at once, and not counted", lost)
    # Always in one order: two who write the same must not wait for each other.
    rows = [hit.row() | {"requests": waiting[hit], "is_counted": False} for hit in sorted(waiting)]
    if rows:
        added = insert(RecentClick)
        added = added.on_conflict_do_update(
            index_elements=sa.inspect(RecentClick).primary_key,
            set_={"requests": RecentClick.requests + added.excluded.requests},
        )
        # One short statement for all of them: with their values in it, it took seconds.
        db.session.connection().execute(added, rows)
    for number in sorted(agreeing.who_agrees(set(opened))):
        db.session.execute(
            sa.update(Subscription)
            .where(Subscription.id == number)
            .values(last_open_on=opened[number])
            .execution_options(synchronize_session=False)
        )
    db.session.commit()
