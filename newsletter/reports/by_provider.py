"""Where the recipients of an issue are, by provider of their mailboxes.

It takes a look at every row, of a million for a second or more. So the numbers of a large
issue are counted aside, in a thread, and kept for a while: nobody waits for them.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.extensions import db, reading
from newsletter.reports.numbers import find_send, get_issue

log = logging.getLogger(__name__)

LARGE = 20_000
"""Recipients from which on they are counted aside; fewer take some hundredths of a second."""

FRESH = timedelta(seconds=30)
"""How old numbers may be before they are counted again, when somebody looks."""

MOST = 50
"""Providers shown, and issues whose numbers are kept."""


@dataclass(frozen=True)
class ProviderNumbers:
    """How many recipients of one issue are where, at one provider of mailboxes."""

    name: str
    sent: int
    waiting: int
    failed: int
    uncertain: int
    others: int

    @property
    def planned(self) -> int:
        """All of them."""
        return self.sent + self.waiting + self.failed + self.uncertain + self.others


@dataclass(frozen=True)
class Providers:
    """The largest providers first, as they were at a moment."""

    numbers: Sequence[ProviderNumbers]
    counted_at: datetime


# By the nonces of the runs, which no two installations share.
_kept: dict[str, Providers] = {}
_being_counted: set[str] = set()
_lock = threading.Lock()


def providers(issue_id: int, *, now: datetime) -> Providers | None:
    """Return the numbers of an issue by provider, of a large one up to half a minute old.

    None while those of a large issue are being counted for the first time: ask
    again a moment later. Raises NotFound for an issue that does not exist.
    """
    get_issue(issue_id)
    send = find_send(issue_id)
    if send is None:
        return Providers([], now)
    if send.planned < LARGE:
        return Providers(_count(send.id), now)
    kept = _kept.get(send.nonce)
    if kept is None or not timedelta(0) <= now - kept.counted_at < FRESH:
        _count_aside(send.id, send.nonce, now=now)
    return kept


def _count_aside(send_id: int, nonce: str, *, now: datetime) -> None:
    """Count in a thread, unless one does already."""
    with _lock:
        if nonce in _being_counted:
            return
        _being_counted.add(nonce)
    # The thread has no request and so no application, but this one.
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy's own method
    threading.Thread(
        target=_count_and_keep, args=(app, send_id, nonce, now), name="by-provider", daemon=True
    ).start()


def _count_and_keep(app: Flask, send_id: int, nonce: str, now: datetime) -> None:
    try:
        with app.app_context(), reading():
            numbers = _count(send_id)
        with _lock:
            _kept.pop(nonce, None)
            _kept[nonce] = Providers(numbers, now)
            for old in list(_kept)[:-MOST]:
                del _kept[old]
    except SQLAlchemyError as exc:
        # The next look tries again.
        log.warning("the providers of run %s were not counted: %s", send_id, type(exc).__name__)
    finally:
        with _lock:
            _being_counted.discard(nonce)


def _count(send_id: int) -> list[ProviderNumbers]:
    columns = [
        _sum(Delivery.state == DeliveryState.SENT),
        _sum(Delivery.state.in_([DeliveryState.WAITING, DeliveryState.IN_FLIGHT])),
        _sum(Delivery.state == DeliveryState.FAILED),
        _sum(Delivery.state == DeliveryState.UNCERTAIN),
        _sum(Delivery.state.in_([DeliveryState.SUPPRESSED, DeliveryState.CANCELLED])),
    ]
    rows = db.session.execute(
        sa.select(Delivery.provider, *columns)
        .where(Delivery.send_id == send_id)
        .group_by(Delivery.provider)
        .order_by(sa.func.count().desc(), Delivery.provider)
        .limit(MOST)
    )
    return [ProviderNumbers(name, *map(int, counts)) for name, *counts in rows]


def _sum(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
