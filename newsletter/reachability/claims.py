"""Who asks which link, so that two clocks never ask the same one twice.

Each step is committed at once: nothing is locked while the network is waited for.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.extensions import db, reading, rows_changed
from newsletter.reachability import judging
from newsletter.reachability.judging import History, Outcome
from newsletter.reachability.models import LinkCheck

LEASE = timedelta(minutes=2)
"""How long a link is whose who asks it; after that another clock may."""

WANTED = timedelta(days=7)
"""How long after it was last wanted a link that fails is asked again."""

ONLINE = timedelta(days=1)
"""How long after any site answered it is believed that we can reach sites at all."""


@dataclass(frozen=True)
class Claim:
    """One link that we ask now, as plain values, and until when it is ours."""

    id: int
    url: str
    host: str
    history: History
    leased_until: datetime


def due(*, now: datetime, resting: Iterable[str] = ()) -> int | None:
    """Return the id of the link to ask next, of no host that is `resting`; nothing is locked."""
    question = (
        sa.select(LinkCheck.id)
        .where(LinkCheck.next_at <= now, LinkCheck.host.not_in(list(resting)))
        .order_by(LinkCheck.next_at, LinkCheck.id)
        .limit(1)
    )
    with reading():
        return db.session.scalar(question)


def take(link_id: int, *, now: datetime) -> Claim | None:
    """Commit that we ask a link now, and return it; None if somebody else was faster."""
    row = db.session.execute(
        sa.update(LinkCheck)
        .where(LinkCheck.id == link_id, LinkCheck.next_at <= now)
        .values(next_at=now + LEASE)
        .returning(LinkCheck)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    claim = None
    if row is not None:
        claim = Claim(row.id, row.url, row.host, judging.history_of(row), now + LEASE)
    db.session.commit()
    return claim


def note_outcome(claim: Claim, outcome: Outcome, *, now: datetime) -> bool:
    """Commit what a link said; False if it was not ours any more."""
    history = judging.after(claim.history, outcome, is_online=_is_online(now), now=now)
    again_at = sa.literal(history.next_at, LinkCheck.next_at.type)
    values = asdict(history) | {
        "next_at": sa.case((LinkCheck.wanted_at >= now - WANTED, again_at), else_=None),
        "status": outcome.status,
        "trouble": outcome.trouble,
        "tried_at": now,
    }
    noted = db.session.execute(
        sa.update(LinkCheck)
        .where(LinkCheck.id == claim.id, LinkCheck.next_at == claim.leased_until)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return rows_changed(noted) == 1


def _is_online(now: datetime) -> bool:
    """Tell whether any site answered of late: if none did, it is not theirs to be accused."""
    latest = db.session.scalar(sa.select(sa.func.max(LinkCheck.answered_at)))
    return latest is not None and latest >= now - ONLINE
