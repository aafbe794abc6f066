"""Questions about the ledger: how many, who got it, if not why not, is anybody working."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import addresses
from newsletter.delivery import ledger, reasons
from newsletter.delivery.models import Delivery, DeliveryState, Heartbeat, Send
from newsletter.errors import NotFound
from newsletter.extensions import db, insert
from newsletter.issues.models import Issue
from newsletter.mail import outbox
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import (
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
    Suppression,
)

CLOCK = "clock"
"""The name under which the clock writes its heartbeat."""

SILENCE = timedelta(seconds=15)
"""How long the clock may be silent before it counts as stopped."""


@dataclass(frozen=True)
class Report:
    """The numbers of one issue: planned is the sum of all others, at every instant."""

    planned: int = 0
    sent: int = 0
    failed: int = 0
    suppressed: int = 0
    cancelled: int = 0
    uncertain: int = 0
    waiting: int = 0
    in_flight: int = 0

    @property
    def is_final(self) -> bool:
        """Nothing waits and nothing is in flight."""
        return not self.waiting and not self.in_flight

    def as_dict(self) -> dict[str, int]:
        """Return the eight numbers by their names."""
        return asdict(self)


@dataclass(frozen=True)
class Trace:
    """What became of one issue for one address, with the reason in one sentence."""

    state: str
    planned: bool
    reason: str
    attempts: int = 0
    planned_at: datetime | None = None
    first_attempt_at: datetime | None = None
    due_at: datetime | None = None
    finished_at: datetime | None = None
    reply_code: int | None = None
    reply_status: str = ""


@dataclass(frozen=True)
class Failure:
    """One reason why readers did not get an issue, in plain words, and how many it met."""

    state: str
    reason: str
    count: int


@dataclass(frozen=True)
class Readiness:
    """Whether the installation works: the clock's sign of life and the age of its queue."""

    is_clock_alive: bool
    oldest_waiting: timedelta | None


def report(issue_id: int) -> Report:
    """Return the numbers of an issue, all 0 before it is planned; raise NotFound."""
    _get_issue(issue_id)
    send = _find_send(issue_id)
    if send is None:
        return Report()
    return Report(**ledger.tally(send.id))


def failures(issue_id: int) -> Sequence[Failure]:
    """Return why readers did not get an issue, the most frequent reason first."""
    _get_issue(issue_id)
    rows = db.session.execute(
        sa.select(
            Delivery.state,
            Delivery.reply_code,
            Delivery.reply_status,
            # A relay's words differ from reader to reader; our own reasons do not.
            sa.case((Delivery.reply_code.is_(None), Delivery.reason), else_=""),
            sa.func.count(),
        )
        .join(Send, Send.id == Delivery.send_id)
        .where(
            Send.issue_id == issue_id,
            Delivery.state.in_(
                [DeliveryState.FAILED, DeliveryState.SUPPRESSED, DeliveryState.UNCERTAIN]
            ),
        )
        .group_by(sa.literal_column("1"), *map(sa.literal_column, ("2", "3", "4")))
    )
    counts: dict[tuple[str, str], int] = {}
    for state, code, status, reason, count in rows:
        key = (state.value, reason or reasons.plain_words(code, status))
        counts[key] = counts.get(key, 0) + count
    found = [Failure(state, reason, count) for (state, reason), count in counts.items()]
    return sorted(found, key=lambda failure: (-failure.count, failure.reason))


def trace(issue_id: int, address: str) -> Trace:
    """Return whether a reader got an issue and, if not, why not.

    `state` is the delivery's if the reader was planned, else the
    subscription's, or `suppressed`. Raises NotFound for an issue or an
    address that nobody here knows, InvalidInput for what is no address.
    """
    issue = _get_issue(issue_id)
    parsed = addresses.parse(address)
    subscriber = db.session.scalar(
        sa.select(Subscriber).where(Subscriber.canonical == parsed.canonical)
    )
    send = _find_send(issue_id)
    if subscriber is not None and send is not None:
        delivery = _find_delivery(send, subscriber)
        if delivery is not None:
            return _trace_delivery(send, delivery)
    blocked = suppression.find(parsed)
    if blocked is not None:
        return Trace("suppressed", planned=False, reason=_why_suppressed(blocked))
    if subscriber is None:
        raise NotFound(f"Nobody here has the address {parsed.spelling}. Look for a typing mistake.")
    return _trace_unplanned(issue, send, subscriber)


def clock_is_alive(*, now: datetime) -> bool:
    """Tell whether the clock wrote its heartbeat within the last 15 seconds."""
    beat_at = db.session.scalar(sa.select(Heartbeat.beat_at).where(Heartbeat.name == CLOCK))
    return beat_at is not None and now - beat_at <= SILENCE


def beat(*, now: datetime) -> None:
    """Write the clock's sign of life."""
    statement = insert(Heartbeat).values(name=CLOCK, beat_at=now)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"beat_at": now})
    )


def readiness(*, now: datetime) -> Readiness:
    """Return what /readyz shows; it asks the database, so it fails when that does."""
    return Readiness(
        is_clock_alive=clock_is_alive(now=now), oldest_waiting=outbox.oldest_waiting(now=now)
    )


def _get_issue(issue_id: int) -> Issue:
    issue = db.session.get(Issue, issue_id)
    if issue is None:
        raise NotFound(f"There is no issue {issue_id}.")
    return issue


def _find_send(issue_id: int) -> Send | None:
    return db.session.scalar(sa.select(Send).where(Send.issue_id == issue_id))


def _find_delivery(send: Send, subscriber: Subscriber) -> Delivery | None:
    return db.session.scalar(
        sa.select(Delivery).where(
            Delivery.send_id == send.id, Delivery.subscriber_id == subscriber.id
        )
    )


def _trace_delivery(send: Send, delivery: Delivery) -> Trace:
    return Trace(
        state=delivery.state.value,
        planned=True,
        reason=reasons.why(delivery),
        attempts=delivery.attempts,
        planned_at=send.planned_at,
        first_attempt_at=delivery.first_attempt_at,
        due_at=delivery.due_at,
        finished_at=delivery.finished_at,
        reply_code=delivery.reply_code,
        reply_status=delivery.reply_status,
    )


def _trace_unplanned(issue: Issue, send: Send | None, subscriber: Subscriber) -> Trace:
    subscription = db.session.scalar(
        sa.select(Subscription).where(
            Subscription.subscriber_id == subscriber.id,
            Subscription.mailing_list_id == issue.mailing_list_id,
        )
    )
    if subscription is None:
        return Trace(
            SubscriptionState.UNSUBSCRIBED.value,
            planned=False,
            reason=f"Not on the list “{issue.mailing_list.name}”, which issue {issue.id} is for.",
        )
    return Trace(
        subscription.state.value,
        planned=False,
        reason=_why_not_planned(issue, send, subscription),
    )


def _why_not_planned(issue: Issue, send: Send | None, subscription: Subscription) -> str:
    if subscription.state is not SubscriptionState.CONFIRMED:
        return _SUBSCRIPTION_REASONS[subscription.state]
    wanted = {topic.id for topic in subscription.topics}
    if wanted and issue.topics and not wanted & {topic.id for topic in issue.topics}:
        return f"Chose topics that issue {issue.id} is not about."
    if send is None:
        return f"Issue {issue.id} is not planned yet; this reader is in its audience."
    since = db.session.scalar(
        sa.select(sa.func.max(SubscriptionInterval.started_at)).where(
            SubscriptionInterval.subscription_id == subscription.id
        )
    )
    if since is not None and since > send.planned_at:
        return f"Subscribed after issue {issue.id} was planned."
    return f"Became part of the audience after issue {issue.id} was planned."


_SUBSCRIPTION_REASONS = {
    SubscriptionState.PENDING: "Never confirmed the subscription.",
    SubscriptionState.PAUSED: "Paused the subscription.",
    SubscriptionState.UNSUBSCRIBED: "Unsubscribed.",
}


def _why_suppressed(blocked: Suppression) -> str:
    return f"This address is never mailed: {_SUPPRESSION_WORDS[blocked.reason.value]}."


_SUPPRESSION_WORDS = {
    "complaint": "its reader reported our mail as unwanted",
    "bounce": "mail to it came back",
    "operator": "an operator entered it",
    "erased": "its reader asked to be erased",
}
