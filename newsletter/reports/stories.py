"""The whole story of one issue and one reader, as far as anything is known with its time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import reasons
from newsletter.delivery.digests import overview as digests
from newsletter.delivery.models import Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues import naming
from newsletter.issues.models import Issue, IssueKind
from newsletter.languages import OFFERED
from newsletter.reports import leaving
from newsletter.reports.tracing import Case
from newsletter.subscriptions.models import (
    ConsentEvent,
    EndedReason,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
)


@dataclass(frozen=True)
class Step:
    """One thing that happened, or will."""

    at: datetime
    words: str


def story(case: Case) -> Sequence[Step]:
    """Return what is known of one issue and one reader, the oldest first.

    For who was planned it is the way of the mail, for who was not it is why.
    """
    send = case.send
    steps = [] if case.subscriber is None else list(_subscription(case.issue, case.subscriber))
    if send is not None and case.delivery is not None:
        steps += _delivery(send, case.delivery, case.language)
    elif send is not None:
        steps += _without(case.issue, send, case.subscriber)
    if case.blocked is not None:
        steps.append(Step(case.blocked.since, "From here on, this address is never mailed."))
    return sorted(steps, key=lambda step: step.at)


def _without(issue: Issue, send: Send, subscriber: Subscriber | None) -> Iterator[Step]:
    """Tell of an issue that was planned without somebody, who may have it in a digest."""
    yield Step(send.planned_at, f"{naming.titled(issue.id)} was planned without this reader.")
    if subscriber is None or issue.kind is IssueKind.DIGEST:
        return
    taken = digests.taken_up(issue.id, subscriber.id)
    if taken is None:
        return
    page = naming.called(taken.number)
    yield Step(taken.planned_at, f"Taken up in the {taken.called} ({page}).")
    if taken.finished_at is not None:
        yield Step(taken.finished_at, f"The digest: {_ENDS[taken.state].lower()}.")


def _subscription(issue: Issue, subscriber: Subscriber) -> Iterator[Step]:
    """Tell of the stretches of time in which they were on the list, and by what they left."""
    name = issue.mailing_list.name
    left_by_it = sa.exists().where(
        leaving.by_issue(issue),
        ConsentEvent.subscriber_id == subscriber.id,
        ConsentEvent.at == SubscriptionInterval.ended_at,
    )
    intervals = db.session.execute(
        sa.select(SubscriptionInterval, left_by_it)
        .join(Subscription, Subscription.id == SubscriptionInterval.subscription_id)
        .where(
            Subscription.subscriber_id == subscriber.id,
            Subscription.mailing_list_id == issue.mailing_list_id,
        )
    )
    for interval, is_by_it in intervals:
        yield Step(interval.started_at, f"{_CAME[interval.source]} “{name}”.")
        if interval.ended_at is not None:
            by_it = " by a link of this issue" if is_by_it else ""
            how = leaving.WORDS.get(interval.ended_reason or EndedReason.ERASED, "")
            yield Step(interval.ended_at, f"Left “{name}”{by_it}. {how}".strip())


_CAME = {
    Source.FORM: "Confirmed the subscription to",
    Source.EMBED: "Confirmed the subscription to",
    Source.IMPORT: "Came by an import onto",
    Source.MEMBERSHIP: "Became a member, and so came onto",
}


def _delivery(send: Send, delivery: Delivery, tag: str) -> Iterator[Step]:
    language = OFFERED.get(tag, tag)
    others = f" with {send.planned - 1:,} others" if send.planned > 1 else ""
    yield Step(send.planned_at, f"Planned{others}, to be written to in {language}.")
    if delivery.first_attempt_at is not None:
        yield Step(delivery.first_attempt_at, "Tried for the first time.")
    tries = f" after {delivery.attempts} tries" if delivery.attempts > 1 else ""
    if delivery.finished_at is not None:
        yield Step(delivery.finished_at, f"{_ENDS[delivery.state]}{tries}. {reasons.why(delivery)}")
    elif delivery.due_at is not None:
        yield Step(
            delivery.due_at, f"To be tried again{tries or ' after 1 try'}. {reasons.why(delivery)}"
        )


_ENDS = {
    DeliveryState.WAITING: "Waits",
    DeliveryState.IN_FLIGHT: "On its way",
    DeliveryState.SENT: "Sent",
    DeliveryState.FAILED: "Failed",
    DeliveryState.SUPPRESSED: "Not sent",
    DeliveryState.CANCELLED: "Cancelled",
    DeliveryState.UNCERTAIN: "Uncertain",
}
