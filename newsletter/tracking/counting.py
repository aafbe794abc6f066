"""Counting requests for links without a write for each: a process keeps them, a thread writes sums.

A GET writes nothing, and ten thousand in a second must not stop the database (STANDARDS XJ02).
So they wait here for half a minute, the same ones as one number, are judged together, and are
added up. A process that is killed takes the last ones along.
"""

import atexit
import hashlib
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from flask import Flask

from newsletter import clock
from newsletter.extensions import db, insert, reading
from newsletter.subscriptions.models import MailingList, Subscription, Tracking
from newsletter.tracking import links
from newsletter.tracking.machines import RUN, Hit, judge, slice_of
from newsletter.tracking.models import ClickDay, ReaderClick

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two writes."""

MOST = 20_000
"""Different requests that wait at most; what comes beyond that is let go, and the log says so."""

CHUNK = 500

_EXTENSION = "tracking.hits"


class Taken(NamedTuple):
    """What waited: requests, how many and whether a machine's; openings; how many were let go."""

    verdicts: list[tuple[Hit, int, bool]]
    opened: dict[int, date]
    lost: int


class Hits:
    """The requests that a process keeps until they are written."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._waiting: Counter[Hit] = Counter()
        self._opened: dict[int, date] = {}
        self._lost = 0
        # Tells networks apart while the process lives, and nobody which they were.
        self._salt = secrets.token_bytes(16)
        self._is_running = False
        self._stop = threading.Event()

    def follow(
        self, key: str, *, network: str, is_machine: bool, subscription_id: int | None, at: datetime
    ) -> None:
        """Keep one request for a link."""
        seen = hashlib.blake2b(network.encode(), key=self._salt, digest_size=8).digest()
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

    def take(self, *, now: datetime | None) -> Taken:
        """Return what waited long enough to be judged, or all of it with no `now`."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
            opened, self._opened = self._opened, {}
            lost, self._lost = self._lost, 0
        # Whoever follows a link must not wait for this.
        machines = judge(waiting)
        early = {hit: n for hit, n in waiting.items() if now and hit.slice > slice_of(now) - RUN}
        with self._lock:
            self._waiting.update(early)
        ripe = [(hit, n, hit in machines) for hit, n in waiting.items() if hit not in early]
        return Taken(ripe, opened, lost)

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
            self._flush(clock.now())

    def _write_the_rest(self) -> None:
        self._stop.set()
        self._flush(None)

    def _flush(self, now: datetime | None) -> None:
        with self._app.app_context():
            try:
                flush(self, now=now)
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


def flush(hits: Hits, *, now: datetime | None) -> None:
    """Write what is ripe as sums, and commit."""
    verdicts, opened, lost = hits.take(now=now)
    if lost:
        log.warning("%d requests for links were too many at once, and not counted", lost)
    named = {hit.subscription_id for hit, _, _ in verdicts if hit.subscription_id}
    agreed = _agreed(named | set(opened))
    counted = links.counted({hit.key for hit, _, _ in verdicts})
    verdicts = [one for one in verdicts if _may_be_counted(one[0], counted, agreed)]
    _add_up(verdicts)
    _name(verdicts)
    for number, day in opened.items():
        if number in agreed:
            db.session.execute(
                sa.update(Subscription)
                .where(Subscription.id == number)
                .values(last_open_on=day)
                .execution_options(synchronize_session=False)
            )
    db.session.commit()


def _add_up(verdicts: Sequence[tuple[Hit, int, bool]]) -> None:
    sums: Counter[tuple[str, date, bool]] = Counter()
    for hit, number, is_machine in verdicts:
        # Who agreed is counted by name, so that what is left says nothing of anybody (XJ08).
        if is_machine or hit.subscription_id is None:
            sums[hit.key, hit.day, is_machine] += number
    rows = [
        {
            "link_key": key,
            "day": day,
            "people": sums[key, day, False],
            "machines": sums[key, day, True],
        }
        for key, day in sorted({(key, day) for key, day, _ in sums})
    ]
    for begin in range(0, len(rows), CHUNK):
        added = insert(ClickDay).values(rows[begin : begin + CHUNK])
        db.session.execute(
            added.on_conflict_do_update(
                index_elements=["link_key", "day"],
                set_={
                    "people": ClickDay.people + added.excluded.people,
                    "machines": ClickDay.machines + added.excluded.machines,
                },
            )
        )


def _agreed(numbers: set[int]) -> set[int]:
    """Return who of them agrees now: they may have withdrawn a second ago (STANDARDS C25)."""
    if not numbers:
        return set()
    return set(db.session.scalars(agreeing().where(Subscription.id.in_(numbers))))


def _may_be_counted(hit: Hit, counted: set[str], agreed: set[int]) -> bool:
    return hit.key in counted and (hit.subscription_id is None or hit.subscription_id in agreed)


def agreeing() -> sa.Select[int]:
    """Return the question which subscriptions may be recorded, of lists that still do that."""
    return (
        sa.select(Subscription.id)
        .join(MailingList, MailingList.id == Subscription.mailing_list_id)
        .where(Subscription.agreed_to_tracking, MailingList.tracking == Tracking.INDIVIDUAL)
    )


def _name(verdicts: Sequence[tuple[Hit, int, bool]]) -> None:
    for hit, _, is_machine in verdicts:
        if not is_machine and hit.subscription_id is not None:
            row = {
                "subscription_id": hit.subscription_id,
                "link_key": hit.key,
                "day": hit.day,
            }
            db.session.execute(insert(ReaderClick).values(row).on_conflict_do_nothing())


KEPT = timedelta(days=396)
"""How long it is kept who followed what: 13 months (STANDARDS C14)."""


def forget_old(*, now: datetime) -> None:
    """Delete who followed what, and when somebody last opened a mail, when it is old.

    Nobody waits for the write lock while it looks through all readers; commits.
    """
    oldest = (now - KEPT).date()
    with reading():
        is_old = sa.select(Subscription.id).where(Subscription.last_open_on < oldest)
        numbers = db.session.scalars(is_old).all()
        clicked = sa.select(ReaderClick.subscription_id).where(ReaderClick.day < oldest)
        has_old_clicks = db.session.scalar(clicked.limit(1)) is not None
    for begin in range(0, len(numbers), CHUNK):
        db.session.execute(
            sa.update(Subscription)
            .where(Subscription.id.in_(numbers[begin : begin + CHUNK]))
            .where(Subscription.last_open_on < oldest)
            .values(last_open_on=None)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()
    if has_old_clicks:
        db.session.execute(sa.delete(ReaderClick).where(ReaderClick.day < oldest))
        db.session.commit()
