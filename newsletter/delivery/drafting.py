"""A run that is being planned: whose it is, and writing it a moment at a time.

A million rows take many seconds to write, and on SQLite nobody else can write
meanwhile. So they are written in turns. They count when the issue has begun
(`Issue.begun_at`): until then nobody reports, sends or cancels them.

One planner owns a draft. Who gives no sign of life loses it to whoever comes
next, who clears it and begins anew; the run's nonce is the fencing token.
"""

import math
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from newsletter.delivery import leases, turns
from newsletter.delivery.backoff import AT_ONCE
from newsletter.delivery.models import Batch, CompiledEdition, Delivery, Send
from newsletter.extensions import Base, db, rows_changed
from newsletter.issues.models import Issue, IssueKind

SILENCE = leases.LEASE
"""How long a draft stays with a planner who gives no sign of life."""


WHILE = 3.0
"""Seconds spent at a time on deleting what was planned in vain: whoever does so has more to do."""


class Lost(Exception):
    """The issue is not any more as it was, or somebody else has the draft."""


class Draft:
    """A run that is being planned, in the hands of who knows its token.

    `as_it_was` are the conditions under which its issue may still be planned;
    `now` is when the planner began.
    """

    def __init__(
        self, send: Send, *, now: datetime, as_it_was: Sequence[sa.ColumnElement[bool]]
    ) -> None:
        self.send_id = send.id
        self._issue_id = send.issue_id
        self._token = send.nonce
        self._as_it_was = as_it_was
        self._began = now
        self._began_at = time.monotonic()

    def write(self, portions: Iterable[int], *, within: float = math.inf) -> None:
        """Take the portions in turns, for `within` seconds, as `turns.take` says.

        Raises Lost, and then nothing of the last turn is written.
        """
        turns.take(portions, begin=self._hold_issue, end=self._sign, within=within)

    def end(self) -> Send:
        """Return the run, whole and ours until the caller commits; raise Lost if it is not."""
        self._hold_issue()
        self._sign(0)
        send = db.session.get_one(Send, self.send_id, populate_existing=True)
        send.planned_at = self._began
        return send

    def clear(self) -> None:
        """Delete what was written of the run, all but itself; commits, in turns."""
        self.write(self._delete())

    def give_up(self, *, within: float = WHILE) -> None:
        """Leave nothing half done, if it is ours and the fault lets us; else the clock does it."""
        db.session.rollback()
        with suppress(Lost, SQLAlchemyError):
            self.discard(within=within)

    def discard(self, *, within: float) -> None:
        """Delete the run with all that was written of it; commits, in turns.

        What is left after `within` seconds is anybody's at once.
        """
        # Why it is discarded may be that the issue is not as it was.
        self._as_it_was = ()
        self.write(self._delete(), within=within)
        send = self.end()
        # The editions are written with the first rows, and deleted after the last ones.
        if db.session.scalar(sa.select(sa.exists().where(CompiledEdition.send_id == send.id))):
            send.planned_at = AT_ONCE
        else:
            db.session.delete(send)
        db.session.commit()

    def _delete(self) -> Iterator[int]:
        batch_ids = db.session.scalars(sa.select(Batch.id).where(Batch.send_id == self.send_id))
        for batch_id in batch_ids.all():
            gone = _delete(Delivery, Delivery.batch_id == batch_id)
            _delete(Batch, Batch.id == batch_id)
            yield -gone
        _delete(CompiledEdition, CompiledEdition.send_id == self.send_id)

    def _hold_issue(self) -> None:
        """Begin to write, and let nobody move the issue until the transaction ends."""
        question = sa.select(Issue.id).where(
            Issue.id == self._issue_id, Issue.begun_at.is_(None), *self._as_it_was
        )
        if db.session.scalar(question.with_for_update()) is None:
            raise Lost

    def _sign(self, change: int) -> None:
        """Give a sign of life and say how many rows there are: the sum is true at any time."""
        now = self._began + timedelta(seconds=time.monotonic() - self._began_at)
        signed = db.session.execute(
            sa.update(Send)
            .where(Send.id == self.send_id, Send.nonce == self._token)
            .values(planned=Send.planned + change, planned_at=shared(now))
            .execution_options(synchronize_session=False)
        )
        if rows_changed(signed) != 1:
            raise Lost


def _delete(model: type[Base], which: sa.ColumnElement[bool]) -> int:
    return rows_changed(
        db.session.execute(
            sa.delete(model).where(which).execution_options(synchronize_session=False)
        )
    )


def take(
    issue_id: int, *, now: datetime, as_it_was: Sequence[sa.ColumnElement[bool]] = ()
) -> Draft | None:
    """Begin the run of an issue, or take over one whose planner is silent; commits.

    None if somebody plans it, or did, or the issue is not as it was.
    """
    # Of two who come at once, one waits here until the other's run is there to be seen.
    may_be = sa.select(Issue.id).where(Issue.id == issue_id, Issue.begun_at.is_(None), *as_it_was)
    if db.session.scalar(may_be.with_for_update()) is None:
        return None
    send = find(issue_id)
    if send is None:
        send = Send(issue_id=issue_id, planned=0, planned_at=shared(now))
        db.session.add(send)
    elif is_abandoned(send, now=now):
        # The one who had it is refused from now on.
        send.nonce = secrets.token_hex(16)
        send.planned_at = shared(now)
    else:
        return None
    db.session.flush()
    draft = Draft(send, now=now, as_it_was=as_it_was)
    db.session.commit()
    return draft


def find(issue_id: int) -> Send | None:
    """Return the run of an issue, be it planned or still being planned."""
    return db.session.scalar(sa.select(Send).where(Send.issue_id == issue_id))


def gathered(issue_id: int, *, now: datetime) -> int | None:
    """Return how many readers' rows are written of an issue that is being planned, or None."""
    send = find(issue_id)
    if send is None or send.issue.begun_at is not None or is_abandoned(send, now=now):
        return None
    return send.planned


def is_abandoned(send: Send, *, now: datetime) -> bool:
    """Tell whether a run is not planned and whoever did so gave no sign of life for long."""
    # A clock that was set back must not keep it for an hour.
    silence = abs(shared(now) - send.planned_at)
    return send.issue.begun_at is None and silence > SILENCE


def shared(now: datetime) -> datetime:
    """Return the time by which planners sign and are judged: of PostgreSQL, the server's own.

    Leaps are left out there: a machine that slept takes its own sleep for the server's leap,
    and would be far behind the one that planned meanwhile.
    """
    if db.engine.dialect.name == "sqlite":
        return leases.shared_now(now)
    return leases.database_now()


def abandoned(*, now: datetime) -> list[int]:
    """Return the numbers of the issues whose planners are silent.

    What is written of a digest is right by itself: whoever comes next lets it begin.
    """
    drafts = db.session.scalars(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(Issue.begun_at.is_(None), Issue.kind == IssueKind.ISSUE)
    )
    return [draft.issue_id for draft in drafts if is_abandoned(draft, now=now)]
