"""Who stands behind a number: the readers of an issue in one state, or who left by it."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import reasons
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.reports import leaving
from newsletter.reports.numbers import get_issue, has_reason, run_of
from newsletter.subscriptions.models import ConsentEvent, Subscriber

PER_PAGE = 50


class Group(enum.StrEnum):
    """What the readers of a list have in common, as it stands in its address."""

    SENT = "sent"
    WAITING = "waiting"
    IN_FLIGHT = "in-flight"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    LEFT = "left"


@dataclass(frozen=True)
class Person:
    """One of them; the address is None after erasure, `number` is where the next page begins."""

    number: int
    address: str | None
    at: datetime | None
    why: str
    attempts: int = 0


@dataclass(frozen=True)
class Page:
    """Some of them, as they were planned or left; `next` is 0 on the last page."""

    people: Sequence[Person]
    next: int


def page(issue_id: int, group: Group, *, reason: str = "", after: int = 0) -> Page:
    """Return the readers of an issue in one group, from behind the number `after`.

    `reason` is the key of a `Failure`: only those whom it met. Raises NotFound
    for an issue that does not exist, and for a reason that nobody met.
    """
    issue = get_issue(issue_id)
    find = _who_left if group is Group.LEFT else _in_state
    found = find(issue, group, reason, after)
    more = len(found) > PER_PAGE
    shown = found[:PER_PAGE]
    return Page(shown, shown[-1].number if more else 0)


def _in_state(issue: Issue, group: Group, reason: str, after: int) -> list[Person]:
    if issue.begun_at is None:
        return []
    state = DeliveryState(group.value.replace("-", "_"))
    which = (
        sa.select(Delivery.id)
        .where(Delivery.send_id == run_of(issue.id), Delivery.state == state, Delivery.id > after)
        .order_by(Delivery.id)
        .limit(PER_PAGE + 1)
    )
    if reason:
        which = which.where(has_reason(issue.id, reason))
    rows = db.session.execute(
        sa.select(Delivery, Subscriber.address)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        # Numbers first, along the index; the rows are fetched for those alone.
        .where(Delivery.id.in_(which))
        .order_by(Delivery.id)
    )
    return [
        Person(
            number=delivery.id,
            address=address,
            at=delivery.finished_at or delivery.due_at,
            why=reasons.why(delivery),
            attempts=delivery.attempts,
        )
        for delivery, address in rows
    ]


def _who_left(issue: Issue, group: Group, reason: str, after: int) -> list[Person]:
    rows = db.session.execute(
        sa.select(ConsentEvent.id, Subscriber.address, ConsentEvent.at, ConsentEvent.detail)
        .outerjoin(Subscriber, Subscriber.id == ConsentEvent.subscriber_id)
        .where(leaving.by_issue(issue), ConsentEvent.id > after)
        .order_by(ConsentEvent.id)
        .limit(PER_PAGE + 1)
    )
    return [
        Person(number, address, at, leaving.how(detail)) for number, address, at, detail in rows
    ]
