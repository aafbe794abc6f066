"""What a monitor measures: one look at the database, however many rows it holds.

Nothing here reads a table from end to end that grows with every message: the rows
of runs that are not over are counted along one index, state by state, and what was
sent longer ago is remembered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import waiting
from newsletter.delivery.models import Delivery, DeliveryState, Provider, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueKind, IssueState
from newsletter.mail import outbox
from newsletter.mail.models import OutboxMessage, OutboxState
from newsletter.reports import settled, signs
from newsletter.reports.numbers import Report
from newsletter.reports.progress import rate
from newsletter.subscriptions.models import MailingList

MOST_SENDS = 20
"""Issues that are not over and shown one by one, the newest first."""

MOST_PROVIDERS = 20
"""Providers shown one by one; the rest is one sum, so that a monitor's memory is bounded."""

RATE_OVER = timedelta(minutes=1)


@dataclass(frozen=True)
class SendMeasures:
    """One issue or digest that is on its way or paused."""

    issue_id: int
    list_slug: str
    numbers: Report


@dataclass(frozen=True)
class ProviderMeasures:
    """One provider of mailboxes, in all issues; `name` is empty for the sum of the others."""

    name: str
    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    window: int | None = None
    is_held: bool = False
    last_success_at: datetime | None = None


@dataclass(frozen=True)
class Measures:
    """Everything at one instant; times in seconds."""

    rate: float
    oldest_waiting: float
    deferred: int
    uncertain: int
    last_success_at: datetime | None
    senders: int
    connections: int
    clock_beat_at: datetime | None
    clock_age: float | None
    outbox_waiting: int
    outbox_oldest: float
    issues: dict[IssueState, int]
    sends: Sequence[SendMeasures]
    providers: Sequence[ProviderMeasures]


def measure(*, now: datetime) -> Measures:
    """Return what a monitor is told now; reads only."""
    running = waiting.sends_being_sent()
    waits = [waiting.held_up(send, now=now) or timedelta(0) for send in running]
    senders, connections = signs.open_connections(now=now)
    beat_at = signs.clock_beat_at()
    overdue = outbox.oldest_waiting(now=now)
    return Measures(
        rate=sum(rate(send, [DeliveryState.SENT], over=RATE_OVER, now=now) for send in running),
        oldest_waiting=max(waits, default=timedelta(0)).total_seconds(),
        deferred=sum(waiting.deferred(send, now=now) for send in running),
        uncertain=_uncertain(),
        last_success_at=_last_success_at(),
        senders=senders,
        connections=connections,
        clock_beat_at=beat_at,
        clock_age=(now - beat_at).total_seconds() if beat_at else None,
        outbox_waiting=_outbox_waiting(),
        outbox_oldest=overdue.total_seconds() if overdue else 0.0,
        issues=_issues(),
        sends=_sends(now=now),
        providers=_providers(now=now),
    )


def _uncertain() -> int:
    """Count the uncertain rows of all runs, also of those that are over: a person decides."""
    of_send = (
        sa.select(sa.func.count())
        .select_from(Delivery)
        .where(Delivery.send_id == Send.id, Delivery.state == DeliveryState.UNCERTAIN)
        .correlate(Send)
        .scalar_subquery()
    )
    return int(db.session.scalar(sa.select(sa.func.sum(of_send)).select_from(Send)) or 0)


def _last_success_at() -> datetime | None:
    """Return when the relay last took a message of one of the newest runs."""
    newest = sa.select(Send.id).order_by(Send.id.desc()).limit(MOST_SENDS).subquery()
    of_send = (
        sa.select(sa.func.max(Delivery.finished_at))
        .where(
            Delivery.send_id == newest.c.id,
            Delivery.state == DeliveryState.SENT,
            Delivery.due_at.is_(None),
        )
        .correlate(newest)
        .scalar_subquery()
    )
    found = db.session.scalars(sa.select(of_send).select_from(newest)).all()
    return max((at for at in found if at is not None), default=None)


def _outbox_waiting() -> int:
    waits = OutboxMessage.state == OutboxState.WAITING
    return db.session.scalar(sa.select(sa.func.count(OutboxMessage.id)).where(waits)) or 0


def _issues() -> dict[IssueState, int]:
    counted = db.session.execute(
        sa.select(Issue.state, sa.func.count())
        .where(Issue.kind == IssueKind.ISSUE)
        .group_by(Issue.state)
    )
    return dict.fromkeys(IssueState, 0) | {state: count for state, count in counted}


def _sends(*, now: datetime) -> list[SendMeasures]:
    rows = db.session.execute(
        sa.select(Send, MailingList.slug)
        .join(Issue, Issue.id == Send.issue_id)
        .join(MailingList, MailingList.id == Issue.mailing_list_id)
        .where(Send.finished_at.is_(None), Issue.begun_at.is_not(None))
        .order_by(Send.id.desc())
        .limit(MOST_SENDS)
    )
    return [SendMeasures(send.issue_id, slug, settled.tally(send, now=now)) for send, slug in rows]


def _providers(*, now: datetime) -> list[ProviderMeasures]:
    """Return those that are held, then those that took most, then the sum of the others."""
    held = _first_providers(Provider.name.asc(), Provider.held_until > now)
    largest = _first_providers(Provider.sent.desc(), sa.true())
    rows = list({row.name: row for row in [*held, *largest]}.values())[:MOST_PROVIDERS]
    shown = [
        ProviderMeasures(
            row.name,
            sent=row.sent,
            deferred=row.deferred,
            failed=row.failed,
            uncertain=row.uncertain,
            window=row.window,
            is_held=row.held_until is not None and row.held_until > now,
            last_success_at=row.last_success_at,
        )
        for row in rows
    ]
    return [*shown, _others(shown)] if len(shown) == MOST_PROVIDERS else shown


def _first_providers(
    order: sa.ColumnElement[Any], which: sa.ColumnElement[bool]
) -> Sequence[Provider]:
    return db.session.scalars(
        sa.select(Provider).where(which).order_by(order).limit(MOST_PROVIDERS)
    ).all()


def _others(shown: Sequence[ProviderMeasures]) -> ProviderMeasures:
    """Return the sums of all providers that are not shown one by one."""
    counts = (Provider.sent, Provider.deferred, Provider.failed, Provider.uncertain)
    sums = db.session.execute(
        sa.select(*(sa.func.coalesce(sa.func.sum(count), 0) for count in counts))
    ).one()
    sent, deferred, failed, uncertain = map(int, sums)
    return ProviderMeasures(
        "",
        sent=sent - sum(one.sent for one in shown),
        deferred=deferred - sum(one.deferred for one in shown),
        failed=failed - sum(one.failed for one in shown),
        uncertain=uncertain - sum(one.uncertain for one in shown),
    )
