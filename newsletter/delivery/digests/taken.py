"""What readers of digests have already, and what they are owed: the ledger knows."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import having, numbers
from newsletter.delivery.digests.shelf import Shelf
from newsletter.delivery.models import Delivery, DeliveryState, DigestIssue, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import Subscription, SubscriptionState

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Facts:
    """Who has which runs already by themselves, and who got what is wrong, in whatever way."""

    alone: frozenset[tuple[int, int]]
    got: frozenset[tuple[int, int]]


def facts(people: Sequence[int], shelf: Shelf) -> Facts:
    """Look up who had an issue when they wanted each, and who must get a correction.

    Who was left out of an issue, because they paused at that moment, did not have it.
    """
    entries = shelf.all_entries
    alone = _pairs(
        sa.select(Delivery.subscriber_id, Delivery.send_id).where(
            Delivery.send_id.in_([one.send_id for one in entries]),
            Delivery.subscriber_id.in_(numbers.each(people)),
            Delivery.state != DeliveryState.SUPPRESSED,
        )
    )
    wrong = {one.corrects for one in entries if one.corrects is not None}
    if not wrong:
        return Facts(alone, frozenset())
    return Facts(alone, _got(people, wrong))


def _got(people: Sequence[int], issues: Collection[int]) -> frozenset[tuple[int, int]]:
    """Return who got which of some issues, by itself or in a digest.

    Who paused when a correction went out has had neither of it yet.
    """
    theirs = Delivery.subscriber_id.in_(numbers.each(people))
    alone = (
        sa.select(Delivery.subscriber_id, Send.issue_id)
        .join(Send, Send.id == Delivery.send_id)
        .where(Send.issue_id.in_(issues), theirs, Delivery.state.in_(having.GOT_IT))
    )
    in_digest = (
        sa.select(Delivery.subscriber_id, DigestIssue.issue_id)
        .join(DigestIssue, DigestIssue.edition_id == Delivery.edition_id)
        .where(DigestIssue.issue_id.in_(issues), theirs, Delivery.state.in_(having.GET_IT))
    )
    return _pairs(alone) | _pairs(in_digest)


def _pairs(question: sa.Select[*tuple[Any, ...]]) -> frozenset[tuple[int, int]]:
    return frozenset((one, other) for one, other in db.session.execute(question))


def owed(*, now: datetime) -> Mapping[int, frozenset[int]]:
    """Return by subscription, of those due today, the issues that were taken away on their way.

    Somebody paused or left while an issue, or a digest that it was in, waited for its
    turn, and is a reader again.
    """
    number = sa.func.coalesce(DigestIssue.issue_id, Send.issue_id)
    rows = db.session.execute(
        sa.select(Subscription.id, Issue.id)
        .join(Delivery, Delivery.subscriber_id == Subscription.subscriber_id)
        .join(Send, Send.id == Delivery.send_id)
        .outerjoin(DigestIssue, DigestIssue.edition_id == Delivery.edition_id)
        .join(Issue, Issue.id == number)
        .where(
            Issue.mailing_list_id == Subscription.mailing_list_id,
            Subscription.digest_owed_since.is_not(None),
            Subscription.digest_due_at <= now + A_DAY,
            Subscription.state == SubscriptionState.CONFIRMED,
            Delivery.state == DeliveryState.SUPPRESSED,
            Delivery.finished_at >= Subscription.digest_owed_since,
        )
    )
    found: dict[int, set[int]] = defaultdict(set)
    for subscription_id, issue_id in rows:
        found[subscription_id].add(issue_id)
    return {number: frozenset(issues) for number, issues in found.items()}
