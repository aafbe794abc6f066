"""Freezing an audience: who gets an issue is decided once, in one commit.

One INSERT ... SELECT makes a row per reader, so that a million of them never
pass through Python. No row, no mail (STANDARDS 5.2 clause 1).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import alarms, compiling, ledger, providers
from newsletter.delivery.models import Batch, CompiledEdition, Delivery, DeliveryState, Send
from newsletter.errors import Refused
from newsletter.extensions import db, rows_changed
from newsletter.issues import workflow
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    subscription_topic,
)

log = logging.getLogger(__name__)

BATCH_SIZE = 500
"""Deliveries in a batch: what a courier claims at once.

So many that claiming costs little beside sending, so few that several machines share evenly.
"""


@dataclass(frozen=True)
class AudienceCount:
    """How many would get an issue now, and how many subscribers are left out and why."""

    recipients: int
    suppressed: int
    paused: int


def audience_count(issue: Issue) -> AudienceCount:
    """Return whom the issue would go to if it were planned now, in one query."""
    is_confirmed = Subscription.state == SubscriptionState.CONFIRMED
    row = db.session.execute(
        sa.select(
            _count(is_confirmed & ~_is_suppressed()),
            _count(is_confirmed & _is_suppressed()),
            _count(Subscription.state == SubscriptionState.PAUSED),
        )
        .select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(*_is_addressed(issue))
    ).one()
    return AudienceCount(*map(int, row))


def plan(issue: Issue, *, now: datetime) -> Send:
    """Freeze the audience of a scheduled issue and start sending it; return the run.

    Planning twice, also at once in two processes, gives one run: the issue's
    move to `sending` decides. With nobody to write to, the issue is `sent` at
    once and the editors are told. Raises Refused for an issue that is not
    scheduled, and leaves nothing half done: the caller rolls back.
    """
    try:
        workflow.begin_sending(issue, now=now)
    except Refused:
        known = db.session.scalar(sa.select(Send).where(Send.issue_id == issue.id))
        if known is None:
            raise
        return known
    send = Send(issue_id=issue.id, planned=0, planned_at=now)
    db.session.add(send)
    db.session.flush()
    editions = _compile(issue, send)
    batch_ids = _add_batches(send, audience_count(issue).recipients, now=now)
    if batch_ids:
        send.planned = _freeze(issue, send, editions, batch_ids)
        ledger.close_batches(Batch.send_id == send.id)
        _count_anew()
    db.session.flush()
    log.info("issue %s: planned for %s recipients", issue.id, send.planned)
    if not send.planned:
        ledger.finish_done(now=now)
        alarms.tell_nobody_reached(issue, now=now)
    return send


def _compile(issue: Issue, send: Send) -> list[CompiledEdition]:
    """Render each edition once, the list's default language first."""
    editions = [
        CompiledEdition(send_id=send.id, language=language, content=content)
        for language, content in compiling.compile_issue(issue)
    ]
    db.session.add_all(editions)
    db.session.flush()
    return editions


def _add_batches(send: Send, recipients: int, *, now: datetime) -> Sequence[int]:
    """Add the batches for so many readers and return their ids in order."""
    rows = [{"send_id": send.id, "due_at": now} for _ in range(-(-recipients // BATCH_SIZE))]
    if rows:
        db.session.execute(sa.insert(Batch), rows)
    return db.session.scalars(
        sa.select(Batch.id).where(Batch.send_id == send.id).order_by(Batch.id)
    ).all()


def _freeze(
    issue: Issue, send: Send, editions: list[CompiledEdition], batch_ids: Sequence[int]
) -> int:
    """Write one row per reader and return how many; readers are cut into batches by place."""
    reader = (
        sa.select(
            Subscriber.id.label("subscriber_id"),
            _edition_for(editions).label("edition_id"),
            providers.expression(Subscriber.canonical).label("provider"),
            sa.func.row_number().over(order_by=Subscription.id).label("place"),
        )
        .select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            *_is_addressed(issue),
            Subscription.state == SubscriptionState.CONFIRMED,
            ~_is_suppressed(),
        )
        .subquery()
    )
    frozen = db.session.execute(
        sa.insert(Delivery).from_select(
            ["send_id", "batch_id", "edition_id", "subscriber_id", "provider", "state"],
            sa.select(
                sa.literal(send.id),
                _batch_of(reader.c.place, batch_ids),
                reader.c.edition_id,
                reader.c.subscriber_id,
                reader.c.provider,
                sa.literal(DeliveryState.WAITING, Delivery.state.type),
            ).order_by(reader.c.place),
        ),
        # An INSERT's count is thrown away otherwise.
        execution_options={"preserve_rowcount": True},
    )
    return rows_changed(frozen)


def _count_anew() -> None:
    """Tell PostgreSQL's planner how the tables grew, or it would take the wrong index for them.

    It finds out by itself only a minute after the rows are committed.
    """
    if db.engine.dialect.name == "postgresql":
        for model in (Delivery, Batch):
            db.session.execute(sa.text(f"ANALYZE {model.__tablename__}"))


def _batch_of(place: sa.ColumnElement[int], batch_ids: Sequence[int]) -> sa.ColumnElement[int]:
    """Return the batch of the reader at `place`, counted from 1, by arithmetic.

    A join by number would read all readers once for each batch on SQLite. Ids
    run without a gap, unless another issue was planned at the same moment:
    then each run of ids has a branch. Who was confirmed since the batches
    were counted goes into the last one.
    """
    number = (place - 1) // BATCH_SIZE
    starts = [
        index
        for index, batch_id in enumerate(batch_ids)
        if index == 0 or batch_id != batch_ids[index - 1] + 1
    ]
    *runs, last = [(start, batch_ids[start] - start) for start in starts]
    ends = [start for start, _ in [*runs[1:], last]] if runs else []
    in_last = sa.case((number >= len(batch_ids), batch_ids[-1]), else_=number + last[1])
    if not runs:
        return in_last
    return sa.case(
        *((number < end, number + shift) for end, (_, shift) in zip(ends, runs, strict=True)),
        else_=in_last,
    )


def _edition_for(editions: list[CompiledEdition]) -> sa.ColumnElement[int]:
    """Return the edition in the reader's language, else the first one's."""
    default, *others = editions
    if not others:
        return sa.literal(default.id)
    return sa.case(
        *((Subscriber.language == edition.language, edition.id) for edition in others),
        else_=default.id,
    )


def _is_addressed(issue: Issue) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for being a reader of the issue's list and topics.

    An issue without topics is for all of the list, and a reader without
    topics wants all of them (DESIGN section 5).
    """
    conditions: list[sa.ColumnElement[bool]] = [
        Subscription.mailing_list_id == issue.mailing_list_id
    ]
    topic_ids = [topic.id for topic in issue.topics]
    if topic_ids:
        chosen = sa.exists().where(subscription_topic.c.subscription_id == Subscription.id)
        conditions.append(~chosen | chosen.where(subscription_topic.c.topic_id.in_(topic_ids)))
    return conditions


def _is_suppressed() -> sa.ColumnElement[bool]:
    return sa.exists().where(Suppression.address_hmac == Subscriber.address_hmac)


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
