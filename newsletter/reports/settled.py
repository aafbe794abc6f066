"""The numbers of a run for a monitor, which asks again and again: only what is new is counted.

What was sent long ago does not change any more, so that each process remembers how many
that were; of a million rows, only those of the last moments are counted each time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery.models import Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.reports.numbers import Report

SETTLED = timedelta(seconds=30)
"""What is younger may still be on its way into the database, or come from a clock that is late."""

KEPT = timedelta(minutes=10)
"""After this time it is counted anew: a clock may have been later than that."""

MOST = 100
"""Runs whose numbers are remembered."""


@dataclass(frozen=True)
class _Base:
    """How many rows of a run were sent until a moment."""

    sent: int
    until: datetime
    counted_at: datetime


# By the nonces of the runs, which no two installations share.
_known: dict[str, _Base] = {}


def tally(send: Send, *, now: datetime) -> Report:
    """Return the numbers of a run; who waits is who is left of all that were planned.

    They may be wrong by what a machine wrote whose clock is more than half a minute late,
    for ten minutes at most. `numbers.tally` is exact.
    """
    base = _base(send, now=now)
    sent = base.sent + _count(send, DeliveryState.SENT, Delivery.finished_at > base.until)
    others = {
        state.value: _count(send, state)
        for state in DeliveryState
        if state not in (DeliveryState.SENT, DeliveryState.WAITING)
    }
    waiting = max(0, send.planned - sent - sum(others.values()))
    return Report(planned=send.planned, sent=sent, waiting=waiting, **others)


def _base(send: Send, *, now: datetime) -> _Base:
    until = now - SETTLED
    known = _known.get(send.nonce)
    if known is None or not timedelta(0) <= now - known.counted_at < KEPT:
        sent = _count(send, DeliveryState.SENT, Delivery.finished_at <= until)
        base = _Base(sent, until, counted_at=now)
    else:
        since = (Delivery.finished_at > known.until) & (Delivery.finished_at <= until)
        sent = known.sent + _count(send, DeliveryState.SENT, since)
        base = _Base(sent, max(until, known.until), known.counted_at)
    _known.pop(send.nonce, None)
    _known[send.nonce] = base
    # The one that was asked for longest ago goes first; another thread may have taken it.
    for nonce in list(_known)[:-MOST]:
        _known.pop(nonce, None)
    return base


def _count(send: Send, state: DeliveryState, *which: sa.ColumnElement[bool]) -> int:
    # What is final has no due time; saying so lets the index find a stretch of time.
    ended = [Delivery.due_at.is_(None), *which] if which else []
    return (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Delivery)
            .where(Delivery.send_id == send.id, Delivery.state == state, *ended)
        )
        or 0
    )
