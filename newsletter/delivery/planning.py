"""Freezing an audience: who gets an issue is decided once, at one moment.

Only the numbers of the readers pass through Python; their rows are made in
the database, batch by batch. No row, no mail (STANDARDS 5.2 clause 1).
"""

import logging
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import filterfalse
from typing import Any

import sqlalchemy as sa
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from newsletter.delivery import (
    alarms,
    audience,
    closing,
    compiling,
    drafting,
    numbers,
    providers,
)
from newsletter.delivery.drafting import Draft
from newsletter.delivery.models import Batch, CompiledEdition, Delivery, DeliveryState, Send
from newsletter.errors import Refused
from newsletter.extensions import Base, db, reading, rows_changed
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import Subscriber, Subscription
from newsletter.tracking import links

log = logging.getLogger(__name__)

BATCH_SIZE = 500
"""Deliveries in a batch: what a courier claims at once.

So many that claiming costs little beside sending, so few that several machines share evenly.
"""

PATIENCE = "2s"
"""How long the tables may be held when they are to be counted anew.

Longer than the second after which the server ends a vacuum of its own that is in the way.
"""

PARTITION = 10_000
"""Readers' numbers that come out of the database at a time."""


def plan(issue: Issue, *, now: datetime) -> Send | None:
    """Freeze the audience of a scheduled issue and let it be sent; return the run.

    Its rows are written in turns, so that others can write meanwhile, and each
    turn is committed, as is what the caller did before. Only the issue's move
    to `sending`, with which they begin to count, is left for the caller to commit.

    Planning twice, also at once in two processes, gives one run: who comes
    second gets the first one's, be it ready or not. What a planner that died
    had written is cleared away and written anew. With nobody to write to, the
    issue is `sent` at once and the editors are told. Returns None if a person took
    the issue back meanwhile. Raises Refused for an issue that is not scheduled.
    """
    number = issue.id
    db.session.commit()
    with reading():
        known = drafting.find(number)
        plan = None
        if known is None or drafting.is_abandoned(known, now=now):
            plan = _look(composing.find_issue(number))
    draft = drafting.take(number, now=now, as_it_was=plan.as_it_was) if plan else None
    if plan is None or draft is None:
        return drafting.find(number)
    try:
        return _begin(_write(plan, draft, now=now), now=now)
    except drafting.Lost:
        log.warning("issue %s is not planned: it was taken back, or somebody else did it", number)
        draft.give_up()
        return drafting.find(number)
    except BaseException:
        draft.give_up()
        raise


def clear_abandoned(*, now: datetime) -> None:
    """Delete what planners that died left of issues that nobody will plan now; commits.

    What is left of them after a while is for the next time.
    """
    ends_at = time.monotonic() + drafting.WHILE
    with reading():
        due = {issue.id for issue in workflow.due_issues(now=now)}
        numbers = [number for number in drafting.abandoned(now=now) if number not in due]
    for number in numbers:
        draft = drafting.take(number, now=now)
        if draft is not None:
            draft.give_up(within=max(0.0, ends_at - time.monotonic()))


@dataclass(frozen=True)
class _Plan:
    """What is going to be written, all of one moment: the words, and the readers in their order."""

    editions: Sequence[tuple[str, dict[str, Any]]]
    readers: "array[int]"
    as_it_was: Sequence[sa.ColumnElement[bool]]


def _look(issue: Issue) -> _Plan:
    """Render the issue and find its readers, in a transaction that only reads."""
    if issue.state is not IssueState.SCHEDULED:
        raise Refused(f"Issue {issue.id} is {issue.state.value} and not scheduled.")
    return _Plan(
        editions=compiling.compile_issue(issue),
        readers=_readers(issue),
        as_it_was=[
            Issue.state == IssueState.SCHEDULED,
            Issue.approved_version == issue.approved_version,
            Issue.send_at == issue.send_at,
            Issue.zone == issue.zone,
        ],
    )


def _readers(issue: Issue) -> "array[int]":
    """Return the numbers of the subscribers it goes to; a million of them take 8 megabytes."""
    # Few are suppressed: asked once who they are, the database need not look at every reader.
    suppressed = set(db.session.scalars(audience.suppressed()))
    # The connection and not the session: what the ORM does for each row takes longer than it all.
    found = db.session.connection().execute(
        sa.select(Subscription.subscriber_id)
        .where(*audience.gets_mail(issue))
        .order_by(Subscription.id)
        .execution_options(yield_per=PARTITION)
    )
    readers: array[int] = array("q")
    for some in found.scalars().partitions():
        readers.extend(filterfalse(suppressed.__contains__, some))
    return readers


def _write(plan: _Plan, draft: Draft, *, now: datetime) -> Send:
    """Write what is planned, in turns; return the run, and hold it for the last step."""
    draft.clear()
    draft.write(_freeze(plan, draft.send_id, now=now))
    _count_anew()
    return draft.end()


def _freeze(plan: _Plan, send_id: int, *, now: datetime) -> Iterator[int]:
    """Write the editions, then batch after batch with a row for each reader; give their numbers."""
    editions = [
        CompiledEdition(send_id=send_id, language=language, content=content)
        for language, content in plan.editions
    ]
    db.session.add_all(editions)
    db.session.flush()
    for _, content in plan.editions:
        if "tracking" in content:
            number = db.session.get_one(Send, send_id).issue_id
            links.remember(number, content["tracking"]["links"])
    insert = _insert(editions)
    for place in range(0, len(plan.readers), BATCH_SIZE):
        batch_id = db.session.scalars(
            sa.insert(Batch).values(send_id=send_id, due_at=now).returning(Batch.id)
        ).one()
        readers = plan.readers[place : place + BATCH_SIZE]
        written = db.session.execute(
            insert,
            {"send_id": send_id, "batch_id": batch_id, "readers": readers.tolist()},
            # An INSERT's count is thrown away otherwise.
            execution_options={"preserve_rowcount": True},
        )
        yield rows_changed(written)


def _insert(editions: Sequence[CompiledEdition]) -> sa.Insert:
    """Return the statement that writes the rows of one batch, for those who were not erased."""
    readers = (
        sa.select(
            sa.bindparam("send_id", type_=Delivery.send_id.type),
            sa.bindparam("batch_id", type_=Delivery.batch_id.type),
            audience.edition_for([(edition.language, edition.id) for edition in editions]),
            Subscriber.id,
            providers.expression(Subscriber.canonical),
            sa.literal(DeliveryState.WAITING, Delivery.state.type),
        )
        .where(Subscriber.id.in_(numbers.named("readers")))
        .order_by(Subscriber.id)
        # Nobody is erased between this look and the row.
        .with_for_update(read=True, key_share=True)
    )
    columns = ["send_id", "batch_id", "edition_id", "subscriber_id", "provider", "state"]
    # The table and not the model: the ORM would take the parameters for rows.
    return sa.insert(Base.metadata.tables[Delivery.__tablename__]).from_select(columns, readers)


def _begin(send: Send, *, now: datetime) -> Send:
    """Let the issue begin: from here on its rows count."""
    workflow.begin_sending(send.issue, now=now)
    log.info("issue %s: planned for %s recipients", send.issue_id, send.planned)
    if not send.planned:
        closing.close_batches(Batch.send_id == send.id)
        closing.finish_done(now=now)
        if not audience.count(send.issue).everybody:
            alarms.tell_nobody_reached(send.issue, now=now)
    db.session.flush()
    return send


def _count_anew() -> None:
    """Tell PostgreSQL's planner how the tables grew, or it would take the wrong index for them.

    It finds out by itself only a minute after the rows are committed. A vacuum that somebody
    began holds a table for as long as it takes: then it is left at that, for it costs speed only.
    """
    if db.engine.dialect.name != "postgresql":
        return
    for model in (Delivery, Batch):
        try:
            db.session.execute(sa.text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            db.session.execute(sa.text(f"ANALYZE {model.__tablename__}"))
            db.session.commit()
        except OperationalError as exc:
            db.session.rollback()
            if not isinstance(exc.orig, LockNotAvailable):
                raise
            log.warning("%s is held by somebody and not counted anew", model.__tablename__)
