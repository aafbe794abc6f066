"""All readers of an issue with what became of its mail to them, as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import reasons
from newsletter.delivery.models import CompiledEdition, Delivery, Send
from newsletter.extensions import db
from newsletter.reports import leaving
from newsletter.reports.numbers import find_send
from newsletter.spreadsheets import safe_cell
from newsletter.subscriptions.models import ConsentEvent, Subscriber

HEADER = (
    *("address", "language", "state", "reason", "tries"),
    *("first_try", "ended", "next_try", "reply_code", "reply_status", "left_by_it"),
)

PART = 1_000
"""Readers that are read at once: all that it needs memory for, however many there are."""


@dataclass(frozen=True)
class Part:
    """Some lines of the file; the next part begins after the number `last`, 0 if there is none."""

    lines: str
    last: int


def head() -> str:
    """Return the line that names the columns."""
    return _written([HEADER])


def part(issue_id: int, *, after: int) -> Part:
    """Return the lines of the readers behind the number `after`; who was erased has no address.

    Asked for one by one, no part keeps a transaction open for who loads the file slowly.
    """
    send = find_send(issue_id)
    rows = [] if send is None else _rows(send, after)
    return Part(_written([_cells(*row) for row in rows]), rows[-1][0].id if rows else 0)


def _rows(send: Send, after: int) -> Sequence[sa.Row[Delivery, str, str | None, datetime | None]]:
    left_at = (
        sa.select(sa.func.max(ConsentEvent.at))
        .where(
            leaving.by_issue(send.issue),
            ConsentEvent.subscriber_id == Delivery.subscriber_id,
        )
        .correlate(Delivery)
        .scalar_subquery()
    )
    return db.session.execute(
        sa.select(Delivery, CompiledEdition.language, Subscriber.address, left_at)
        .join(CompiledEdition, CompiledEdition.id == Delivery.edition_id)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.send_id == send.id, Delivery.id > after)
        .order_by(Delivery.id)
        .limit(PART)
    ).all()


def _cells(
    delivery: Delivery, language: str, address: str | None, left_at: datetime | None
) -> Sequence[object]:
    return (
        safe_cell(address or ""),
        language,
        delivery.state.value,
        safe_cell(reasons.why(delivery)),
        delivery.attempts,
        _moment(delivery.first_attempt_at),
        _moment(delivery.finished_at),
        _moment(delivery.due_at),
        delivery.reply_code or "",
        delivery.reply_status,
        _moment(left_at),
    )


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def _written(rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
