"""Which batches a broker is told of: a few of each issue, and again what nobody claimed.

The broker carries hints. What it loses is told again after `AGAIN`, what it
tells twice finds the batch claimed; the database alone knows what is due.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

import sqlalchemy as sa

from newsletter.delivery import due
from newsletter.delivery.models import Batch, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState

AT_ONCE = 50
"""Batches that are told and not claimed: so few that a second issue never waits behind a first."""

AGAIN = timedelta(seconds=30)
"""How long a message may be on its way before it is taken for lost."""


def is_needed(*, now: datetime) -> bool:
    """Tell whether some batch is due that the broker was not told of."""
    return any(line.batches for line in due.lines(now=now, most=1, told_since=now - AGAIN))


def choose(*, now: datetime, most: int = AT_ONCE) -> Sequence[int]:
    """Note the batches that the broker is told of next, commit, and return their numbers.

    In turns between the issues, and never so many that more than AT_ONCE are
    told and unclaimed. Of two clocks that choose at once, each batch goes to one.
    """
    told_since = now - AGAIN
    room = min(most, AT_ONCE - _unclaimed(told_since, now=now))
    if room <= 0:
        return []
    lines = due.lines(now=now, most=room, told_since=told_since)
    wanted = [batch.batch_id for batch in islice(due.in_turn(lines), room)]
    is_untold = ~due.was_told(told_since, now=now)
    noted = db.session.scalars(
        sa.update(Batch)
        .where(Batch.id.in_(wanted), ~Batch.is_done, Batch.leased_until.is_(None), is_untold)
        .values(dispatched_at=now)
        .returning(Batch.id)
        .execution_options(synchronize_session=False)
    ).all()
    db.session.commit()
    return [batch_id for batch_id in wanted if batch_id in noted]


def _unclaimed(told_since: datetime, *, now: datetime) -> int:
    return db.session.scalars(
        sa.select(sa.func.count())
        .select_from(Batch)
        .join(Send, Send.id == Batch.send_id)
        .join(Issue, Issue.id == Send.issue_id)
        .where(
            ~Batch.is_done,
            Batch.leased_until.is_(None),
            due.was_told(told_since, now=now),
            Issue.state == IssueState.SENDING,
        )
    ).one()


def forget(batch_ids: Sequence[int]) -> None:
    """Note that nobody has these numbers any more, so that they are told again at once; commit.

    Of a batch that somebody works on nothing is changed.
    """
    db.session.execute(
        sa.update(Batch)
        .where(
            Batch.id.in_(batch_ids),
            ~Batch.is_done,
            Batch.leased_until.is_(None),
            Batch.dispatched_at.is_not(None),
        )
        .values(dispatched_at=None)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
