"""What became of one issue for one address, and if not sent, why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter import addresses
from newsletter.delivery import audience, reasons
from newsletter.delivery.digests import overview as digests
from newsletter.delivery.models import CompiledEdition, Delivery, Send
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.issues import naming
from newsletter.issues.models import Issue, IssueKind
from newsletter.reports.numbers import find_send, get_issue
from newsletter.statements import Statement, run
from newsletter.subscriptions import digest_windows, standing, suppression
from newsletter.subscriptions.models import (
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
    Suppression,
)


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
class Case:
    """One issue and one address, with all that is known of the two together."""

    issue: Issue
    send: Send | None
    subscriber: Subscriber | None
    delivery: Delivery | None
    # In which language they were written to; empty where they were not planned.
    language: str
    blocked: Suppression | None


def find_case(issue: Issue, address: str, *, lists: frozenset[int] | None = None) -> Case:
    """Return what is known of an issue and an address, asked for once for all who tell of it.

    Raises NotFound for an address that nobody here has, InvalidInput for what is no
    address. With `lists`, nobody has an address that is on none of these mailing lists.
    """
    parsed = addresses.parse(address)
    reader = standing.find_reader(parsed, lists=lists)
    blocked = suppression.find(parsed) if reader is not None or lists is None else None
    if reader is None and blocked is None:
        raise NotFound(f"Nobody here has the address {parsed.spelling}. Look for a typing mistake.")
    send = find_send(issue.id)
    found = _find_delivery(send, reader) if send and reader else None
    delivery, language = found or (None, "")
    return Case(issue, send, reader, delivery, language, blocked)


def trace(issue_id: int, address: str, *, lists: frozenset[int] | None = None) -> Trace:
    """Return whether a reader got an issue and, if not, why not; raise as `find_case` does."""
    return explain(find_case(get_issue(issue_id), address, lists=lists))


def explain(case: Case) -> Trace:
    """Return what became of the issue for the address.

    `state` is the delivery's if the reader was planned, else the
    subscription's, or `suppressed`.
    """
    if case.send is not None and case.delivery is not None:
        return _trace_delivery(case.send, case.delivery)
    if case.blocked is not None:
        return Trace("suppressed", planned=False, reason=_why_suppressed(case.blocked))
    assert case.subscriber is not None, "find_case knows of nobody else"
    return _trace_unplanned(case.issue, case.send, case.subscriber)


def issue_of(delivery_id: int) -> int | None:
    """Return the number of the issue that a delivery belongs to, or None."""
    found = run(_ISSUE, delivery=delivery_id).first()
    return int(found[0]) if found else None


# Asked at every one-click.
_ISSUE = Statement(
    """SELECT send.issue_id FROM delivery JOIN send ON send.id = delivery.send_id
    WHERE delivery.id = :delivery"""
)


def _find_delivery(send: Send, subscriber: Subscriber) -> tuple[Delivery, str] | None:
    # Of the edition no more than its language: its content is a hundred thousand bytes.
    row = db.session.execute(
        sa.select(Delivery, CompiledEdition.language)
        .join(CompiledEdition, CompiledEdition.id == Delivery.edition_id)
        .where(Delivery.send_id == send.id, Delivery.subscriber_id == subscriber.id)
    ).one_or_none()
    return row and (row[0], row[1])


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
            reason=f"Not on the list “{issue.mailing_list.name}”, "
            f"which {naming.called(issue.id)} is for.",
        )
    return Trace(
        subscription.state.value,
        planned=False,
        reason=_why_not_planned(issue, send, subscription),
    )


def _why_not_planned(issue: Issue, send: Send | None, subscription: Subscription) -> str:
    if issue.kind is IssueKind.DIGEST:
        return _why_not_in_digest(subscription)
    taken = digests.taken_up(issue.id, subscription.subscriber_id)
    if taken is not None:
        return f"In the {taken.called}: {taken.state.value.replace('_', ' ')}."
    if subscription.state is not SubscriptionState.CONFIRMED:
        return _SUBSCRIPTION_REASONS[subscription.state]
    is_for_digest = _is_one_of(audience.gets_digest(issue, subscription.frequency), subscription)
    if issue.corrects_id is not None and not is_for_digest:
        if not _is_one_of(audience.is_addressed(issue), subscription):
            return f"Did not get issue {issue.corrects_id}, which issue {issue.id} corrects."
    elif subscription.frequency is not Frequency.EVERY and is_for_digest:
        return _later(issue, subscription)
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


def _why_not_in_digest(subscription: Subscription) -> str:
    if subscription.state is not SubscriptionState.CONFIRMED:
        return _SUBSCRIPTION_REASONS[subscription.state]
    if subscription.frequency is Frequency.EVERY:
        return "Gets every issue by itself, and no digests."
    return "It had nothing for this reader, or came at another time."


def _later(issue: Issue, subscription: Subscription) -> str:
    """Say in which digest an issue will be for somebody, if it was in none yet."""
    period, due_at = subscription.frequency.value, subscription.digest_due_at
    if issue.begun_order is not None and issue.begun_order <= subscription.digest_after:
        return f"Issue {issue.id} began before the {period} digests of this reader did."
    is_left_out = issue.begun_order is not None and not digest_windows.is_covered(
        subscription, issue.begun_order
    )
    if is_left_out and issue.corrects_id is None:
        return f"Issue {issue.id} began in a pause, of which this reader wants no summary."
    if due_at is None:
        return f"Comes in the next {period} digest."
    return (
        f"Comes in the {period} digest that is due on {due_at:%A} {due_at.day} {due_at:%B %Y} "
        f"at {due_at:%H:%M} UTC."
    )


def _is_one_of(conditions: Sequence[sa.ColumnElement[bool]], subscription: Subscription) -> bool:
    question = sa.exists().where(Subscription.id == subscription.id, *conditions)
    return bool(db.session.scalar(sa.select(question)))


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
