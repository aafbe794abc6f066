"""Members and applications as CSV, for a spreadsheet."""

import csv
import io
from datetime import datetime

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.membership.models import Member, MemberState
from newsletter.spreadsheets import safe_cell
from newsletter.subscriptions.models import Subscriber

HEADER = (
    *("number", "state", "as", "name", "country", "address", "website", "language", "brings"),
    *("asked_at", "confirmed_at", "decided_at", "decided_by", "reason", "ended_at", "ended_by"),
)


def written(state: MemberState) -> str:
    """Return everybody in a state as CSV, the oldest first, with the address they have now.

    Cells that a spreadsheet would run get an apostrophe in front (STANDARDS XC13).
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    question = (
        sa.select(Member, Subscriber.address)
        .outerjoin(Subscriber, Subscriber.id == Member.subscriber_id)
        .where(Member.state == state)
        .order_by(Member.id)
    )
    for member, address in db.session.execute(question):
        writer.writerow(safe_cell(cell) for cell in _cells(member, address or member.address))
    return out.getvalue()


def _cells(member: Member, address: str) -> tuple[str, ...]:
    return (
        *(str(member.id), member.state.value, member.kind.value, member.name, member.country),
        *(address, member.website, member.language, member.brings),
        *(_time(member.asked_at), _time(member.confirmed_at)),
        *(_time(member.decided_at), member.decided_by, member.reason),
        *(_time(member.ended_at), member.ended_by),
    )


def _time(at: datetime | None) -> str:
    return at.isoformat() if at else ""
