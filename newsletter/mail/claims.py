"""Who is sending which mail of the outbox, and every move of a mail between its states.

A claim is a lease: each move asks whether it is still ours, in the UPDATE
itself, and is committed at once. So a sender that was stopped for a while can
neither send nor write down what another has taken over meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.extensions import db, reading, rows_changed
from newsletter.mail.message import Mailbox
from newsletter.mail.models import OutboxMessage, OutboxState

LEASE = timedelta(seconds=25)
"""How long a mail is its sender's; renewed while the relay makes it wait."""

LIFETIME = timedelta(hours=48)
"""After this a mail is given up."""

LONGEST_REASON = 500
UNACKNOWLEDGED = "It was handed over twice, and the relay acknowledged neither."

# What is left of a mail that is done: no address, no facts.
_BLANK: dict[str, Any] = {"recipient": "", "facts": {}, "leased_until": None}


@dataclass
class Claim:
    """One mail that we may send, as plain values: nothing here asks the database."""

    id: int
    kind: str
    recipient: str
    language: str
    sender: Mailbox
    facts: dict[str, Any]
    created_at: datetime
    first_attempt_at: datetime
    attempts: int
    uncertain_at: datetime | None
    leased_until: datetime

    def mark(self, *, now: datetime) -> bool:
        """Commit that the final dot comes next; False if the mail is not ours any more."""
        return self._move(
            OutboxState.WAITING, state=OutboxState.IN_FLIGHT, leased_until=now + LEASE
        )

    def renew(self, *, now: datetime) -> None:
        """Commit that we are still waiting for the relay."""
        self._move(OutboxState.IN_FLIGHT, leased_until=now + LEASE)

    def finish(self, state: OutboxState, *, reason: str = "", now: datetime) -> None:
        """Commit that the mail is sent or failed, and forget to whom and what it was."""
        self._move(None, state=state, reason=_cut(reason), finished_at=now, **_BLANK)

    def release(self, *, reason: str) -> None:
        """Commit that the mail waits as it did before, through no fault of its own."""
        self._move(None, state=OutboxState.WAITING, reason=_cut(reason), leased_until=None)

    def postpone(
        self, *, until: datetime, attempts: int, reason: str, uncertain_at: datetime | None = None
    ) -> None:
        """Commit that the mail waits for another attempt."""
        self._move(
            None,
            state=OutboxState.WAITING,
            due_at=until,
            attempts=attempts,
            reason=_cut(reason),
            uncertain_at=uncertain_at or self.uncertain_at,
            leased_until=None,
        )

    def _move(self, from_state: OutboxState | None, **values: Any) -> bool:
        conditions = [
            OutboxMessage.id == self.id,
            OutboxMessage.leased_until == self.leased_until,
        ]
        if from_state is not None:
            conditions.append(OutboxMessage.state == from_state)
        moved = rows_changed(db.session.execute(_update(*conditions).values(**values))) == 1
        db.session.commit()
        if moved and values["leased_until"] is not None:
            self.leased_until = values["leased_until"]
        return moved


def take(mail_id: int, *, now: datetime) -> Claim | None:
    """Take the lease on a waiting mail and return it; None if somebody else was faster."""
    row = db.session.execute(
        _update(OutboxMessage.id == mail_id, *_is_due(now))
        .values(
            leased_until=now + LEASE,
            # Frozen here: the mail has the same Date on every attempt (STANDARDS M04).
            first_attempt_at=sa.func.coalesce(
                OutboxMessage.first_attempt_at, sa.literal(now, OutboxMessage.created_at.type)
            ),
        )
        .returning(OutboxMessage)
        # A row that this session has seen before is read anew.
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    claim = None if row is None else _plain(row)
    db.session.commit()
    return claim


def _plain(row: OutboxMessage) -> Claim:
    assert row.first_attempt_at is not None and row.leased_until is not None
    return Claim(
        id=row.id,
        kind=row.kind,
        recipient=row.recipient,
        language=row.language,
        sender=Mailbox(row.sender_name, row.sender_address),
        facts=row.facts,
        created_at=row.created_at,
        first_attempt_at=row.first_attempt_at,
        attempts=row.attempts,
        uncertain_at=row.uncertain_at,
        leased_until=row.leased_until,
    )


def next_due(*, now: datetime) -> int | None:
    """Return the id of the mail that should leave next, without taking the write lock."""
    return _look(
        sa.select(OutboxMessage.id)
        .where(*_is_due(now))
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(1)
    )


def recover(*, now: datetime) -> None:
    """Bring back the mails whose sender died after the mark, and give up the old ones.

    Whether the relay took such a mail is unknown: it is tried once more, and
    after a second time it has failed.
    """
    in_flight = (OutboxMessage.state == OutboxState.IN_FLIGHT, OutboxMessage.leased_until <= now)
    too_old = (*_is_due(now), OutboxMessage.created_at <= now - LIFETIME)
    if (
        _look(sa.select(OutboxMessage.id).where(sa.or_(sa.and_(*in_flight), sa.and_(*too_old))))
        is None
    ):
        return
    failed = {"state": OutboxState.FAILED, "finished_at": now, **_BLANK}
    again = {"state": OutboxState.WAITING, "due_at": now, "uncertain_at": now, "leased_until": None}
    given_up = sa.literal("It was given up after 48 hours. ") + OutboxMessage.reason
    for conditions, values in (
        (
            (*in_flight, OutboxMessage.uncertain_at.is_not(None)),
            failed | {"reason": UNACKNOWLEDGED},
        ),
        (in_flight, again),
        (too_old, failed | {"reason": sa.func.substr(given_up, 1, LONGEST_REASON)}),
    ):
        db.session.execute(_update(*conditions).values(**values))
    db.session.commit()


def _is_due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        OutboxMessage.state == OutboxState.WAITING,
        OutboxMessage.due_at <= now,
        sa.or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until <= now),
    )


def _look(question: sa.Select[int]) -> int | None:
    """Answer by reading only: this happens every second, and mostly there is nothing."""
    db.session.commit()
    with reading():
        found = db.session.scalar(question.limit(1))
        db.session.commit()
    return found


def _cut(reason: str) -> str:
    return reason[:LONGEST_REASON]


def _update(*conditions: sa.ColumnElement[bool]) -> sa.Update:
    return sa.update(OutboxMessage).where(*conditions).execution_options(synchronize_session=False)
