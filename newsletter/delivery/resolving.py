"""Deciding about uncertain rows: a person's word where the mail protocol has none.

The relay's log may show what became of such a message: its Message-ID begins with
the number of the delivery. Nothing here ever happens by itself (STANDARDS 5.2
clauses 5 and 6).
"""

import enum
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from newsletter.addresses import Address
from newsletter.delivery.backoff import AT_ONCE
from newsletter.delivery.models import Batch, Delivery, DeliveryState, DigestIssue, Send
from newsletter.delivery.reasons import AGAIN
from newsletter.errors import NotFound, Refused
from newsletter.extensions import db, rows_changed
from newsletter.issues import naming, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)

log = logging.getLogger(__name__)

CHUNK = 2_000
"""Rows decided in one commit: after a restore there may be a million, and others write, too."""


class Decision(enum.StrEnum):
    """What a person says about uncertain messages."""

    SENT = "sent"
    AGAIN = "again"


RISKS = {
    Decision.SENT: (
        "Whoever does not have the message never gets it. It cannot be decided again later."
    ),
    Decision.AGAIN: (
        "Whoever has the message already gets it a second time. It is the same to the last byte, "
        "so some mail programs show it once."
    ),
}
"""What each decision may cause, for whoever is about to make it."""


@dataclass(frozen=True)
class Shown:
    """What a person saw who decides about all of them: how many were uncertain, and when."""

    count: int
    at: datetime


@dataclass(frozen=True)
class Resolution:
    """How many rows were decided, and how many were left uncertain and why.

    `busy` ones are in a batch that a sender holds now; `unwanted` ones are of people
    who left or are never mailed, to whom nothing is sent again. `newer` ones became
    uncertain after the person looked.
    """

    decided: int = 0
    busy: int = 0
    unwanted: int = 0
    newer: int = 0

    def sentences(self, decision: Decision) -> list[str]:
        """Return what was done and what was not, for who asked for it."""
        one = self.decided == 1
        messages = f"{self.decided:,} message{'' if one else 's'}"
        if decision is Decision.SENT:
            said = [f"{messages} {'counts' if one else 'count'} as sent."]
        else:
            said = [f"{messages} {'waits' if one else 'wait'} to be sent again."]
        if self.busy:
            said.append(
                f"{self.busy:,} are among what a sender works on now: try again in half a minute."
            )
        if self.unwanted:
            said.append(
                f"{self.unwanted:,} stay uncertain, because those people left or are never mailed."
            )
        if self.newer:
            said.append(f"{self.newer:,} became uncertain since you looked: decide about them now.")
        return said


def resolve(
    issue: Issue,
    decision: Decision,
    *,
    by: str,
    now: datetime,
    address: Address | None = None,
    shown: Shown | None = None,
) -> Resolution:
    """Settle the uncertain rows of an issue, or the one of `address`; commits by itself.

    With `shown`, only what was uncertain then: what nobody saw, nobody decided about.

    `sent` makes them final. With `again` they wait, to be sent with the bytes of the
    first attempt; an issue that was `sent` is being sent again, one that is paused
    stays paused. `by` says who decided; the row keeps it. Raises Refused when nothing
    is uncertain or the issue was cancelled, NotFound for an address that the issue
    was not planned for.
    """
    uncertain = _those(issue, address)
    which = uncertain if shown is None else uncertain & (Delivery.finished_at <= shown.at)
    if shown is not None and (count := _count(which)) > shown.count:
        # Written a moment after the clock of who wrote it said so.
        raise Refused(
            f"{count:,} messages of {naming.called(issue.id)} are uncertain, "
            f"and you saw {shown.count:,}. Load its page again, then decide."
        )
    decided = 0
    while chunk := _decide_some(issue, decision, which, by=by, now=now):
        decided += chunk
    found = _left(decision, which, uncertain, decided=decided)
    if found == Resolution():
        whose = "this reader’s mail" if address else "anything"
        raise Refused(
            f"Nobody is in doubt about {whose} of {naming.called(issue.id)}: it is not uncertain."
        )
    log.info("issue %s: %s uncertain rows decided: %s, %s", issue.id, decided, decision, by)
    return found


def _those(issue: Issue, address: Address | None) -> sa.ColumnElement[bool]:
    """Return what the rows in question have in common."""
    uncertain = (Send.issue_id == issue.id) & (Delivery.state == DeliveryState.UNCERTAIN)
    if address is None:
        return uncertain
    delivery_id = db.session.scalar(
        sa.select(Delivery.id)
        .join(Send, Send.id == Delivery.send_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Send.issue_id == issue.id, Subscriber.canonical == address.canonical)
    )
    if delivery_id is None:
        raise NotFound(f"{naming.titled(issue.id)} was not planned for {address.spelling}.")
    return uncertain & (Delivery.id == delivery_id)


def _decide_some(
    issue: Issue, decision: Decision, which: sa.ColumnElement[bool], *, by: str, now: datetime
) -> int:
    """Decide up to CHUNK rows, commit, and return how many."""
    # Whoever ends this run, because nothing is open in it, waits until it is.
    send = db.session.scalars(
        sa.select(Send).where(Send.issue_id == issue.id).with_for_update()
    ).one_or_none()
    db.session.refresh(issue)
    if decision is Decision.AGAIN and issue.state is IssueState.CANCELLED:
        raise Refused(
            f"{naming.titled(issue.id)} was cancelled: nothing more of it is sent. "
            "What is uncertain can be counted as sent."
        )
    wanted = [_is_wanted()] if decision is Decision.AGAIN else []
    rows = db.session.execute(_rows(which, Batch.leased_until.is_(None), *wanted).limit(CHUNK))
    numbers, batch_ids = _split(rows.all())
    decided = 0
    if send is not None and numbers:
        batch_ids = _take_batches(batch_ids)
        decided = _write(decision, numbers, batch_ids, by=by, now=now)
        if decision is Decision.AGAIN:
            reopen(issue, send, batch_ids, now=now)
    db.session.commit()
    return decided


def _rows(*conditions: sa.ColumnElement[bool]) -> sa.Select[int, int]:
    return (
        sa.select(Delivery.id, Delivery.batch_id)
        .join(Send, Send.id == Delivery.send_id)
        .join(Batch, Batch.id == Delivery.batch_id)
        .where(*conditions)
    )


def _split(rows: Sequence[sa.Row[int, int]]) -> tuple[list[int], list[int]]:
    return [row[0] for row in rows], sorted({row[1] for row in rows})


def _take_batches(batch_ids: Sequence[int]) -> list[int]:
    """Lock those of the batches that nobody works on, in the order of every other writer."""
    return list(
        db.session.scalars(
            sa.select(Batch.id)
            .where(Batch.id.in_(batch_ids), Batch.leased_until.is_(None))
            .order_by(Batch.id)
            .with_for_update()
        )
    )


def _write(
    decision: Decision,
    numbers: Sequence[int],
    batch_ids: Sequence[int],
    *,
    by: str,
    now: datetime,
) -> int:
    when = f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    columns: dict[str, Any] = {"reply_code": None, "reply_status": ""}
    if decision is Decision.SENT:
        sentence = f"Counted as sent, as {by} decided on {when}."
        # What cannot be sent again needs no copy of a person's name.
        columns |= {"state": DeliveryState.SENT, "finished_at": now, "merge_values": sa.null()}
    else:
        sentence = f"{AGAIN} as {by} decided on {when}."
        columns |= {"state": DeliveryState.WAITING, "finished_at": None, "due_at": None}
    before = sa.case((Delivery.reason != "", " Before: " + Delivery.reason), else_="")
    written = db.session.execute(
        sa.update(Delivery)
        .where(
            Delivery.id.in_(numbers),
            Delivery.batch_id.in_(batch_ids),
            Delivery.state == DeliveryState.UNCERTAIN,
        )
        .values(reason=sa.func.substr(sa.literal(sentence) + before, 1, 500), **columns)
        .execution_options(synchronize_session=False)
    )
    return rows_changed(written)


def reopen(issue: Issue, send: Send, batch_ids: Sequence[int], *, now: datetime) -> None:
    """Let the batches be worked on, and the issue be sent, if it was over."""
    db.session.execute(
        sa.update(Batch)
        .where(Batch.id.in_(batch_ids))
        .values(is_done=False, due_at=AT_ONCE)
        .execution_options(synchronize_session=False)
    )
    send.finished_at = None
    # What waits does so from now on: the rest of the run was over long ago.
    send.resumed_at = now
    if issue.state is IssueState.SENT:
        workflow.reopen(issue)


def _count(which: sa.ColumnElement[bool]) -> int:
    return db.session.scalars(_rows(which).with_only_columns(sa.func.count())).one()


def _left(
    decision: Decision,
    which: sa.ColumnElement[bool],
    uncertain: sa.ColumnElement[bool],
    *,
    decided: int,
) -> Resolution:
    """Say what is uncertain still, and end the transaction, so that nobody waits for it."""
    is_wanted = sa.case((_is_wanted(), 1), else_=0)
    count, wanted = db.session.execute(
        _rows(which).with_only_columns(sa.func.count(), sa.func.coalesce(sa.func.sum(is_wanted), 0))
    ).one()
    newer = _count(uncertain) - count if which is not uncertain else 0
    db.session.rollback()
    unwanted = count - wanted if decision is Decision.AGAIN else 0
    return Resolution(decided, busy=count - unwanted, unwanted=unwanted, newer=newer)


def _is_wanted() -> sa.ColumnElement[bool]:
    """Tell whether the reader of a row is still to be mailed."""
    is_suppressed = sa.exists().where(Suppression.address_hmac == Subscriber.address_hmac)
    in_digest = sa.select(DigestIssue.issue_id).where(DigestIssue.edition_id == Delivery.edition_id)
    return (
        sa.exists()
        .where(
            (Issue.id == Send.issue_id) | Issue.id.in_(in_digest.correlate(Delivery)),
            Subscriber.id == Delivery.subscriber_id,
            Subscription.subscriber_id == Delivery.subscriber_id,
            Subscription.mailing_list_id == Issue.mailing_list_id,
            Subscription.state == SubscriptionState.CONFIRMED,
            ~is_suppressed.correlate(Subscriber),
        )
        .correlate(Delivery, Send)
    )
