"""The people of an audience, one by one: who gets an issue, who is left out, and why."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from newsletter.delivery import audience
from newsletter.delivery.announcing import BECAUSE
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import (
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)

PER_PAGE = 50


class Group(enum.StrEnum):
    """Why people of the list get an issue or not; everybody is in one group."""

    GETS_IT = "gets-it"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    PAUSED = "paused"
    SUPPRESSED = "suppressed"
    OTHER_TOPICS = "other-topics"
    PENDING = "pending"
    LEFT = "left"


STATES = {
    Group.PAUSED: SubscriptionState.PAUSED,
    Group.PENDING: SubscriptionState.PENDING,
    Group.LEFT: SubscriptionState.UNSUBSCRIBED,
}
"""In which state people of a group are; those of the others are confirmed."""

FREQUENCIES = {Group.WEEKLY: Frequency.WEEKLY, Group.MONTHLY: Frequency.MONTHLY}
"""Of whom it is in which digest."""

WHY = {
    Group.PAUSED: "they paused",
    Group.OTHER_TOPICS: "they chose other topics",
    Group.PENDING: "they have not confirmed",
    Group.LEFT: "they left",
}
"""Why people of a group do not get it, to follow “because”."""


@dataclass(frozen=True)
class Person:
    """One of them; `why` is to follow “because”, and empty for who gets it."""

    address: str
    name: str
    language: str
    why: str


@dataclass(frozen=True)
class Page:
    """Some of a group, and after whom the next ones come; None if these are the last."""

    people: Sequence[Person]
    next: int | None


def groups(issue: Issue) -> list[Group]:
    """Return the groups that there can be.

    Topics leave nobody out where none are chosen, and nobody may want digests.
    """
    has_topics = issue.corrects_id is None and bool(issue.topics)
    missing = {group for group in (Group.OTHER_TOPICS,) if not has_topics}
    wanted = _digests_wanted(issue)
    missing |= {group for group, frequency in FREQUENCIES.items() if frequency not in wanted}
    return [group for group in Group if group not in missing]


def _digests_wanted(issue: Issue) -> set[Frequency]:
    """Return which digests somebody of the list wants, found along an index."""
    of_list = (
        Subscription.mailing_list_id == issue.mailing_list_id,
        Subscription.state == SubscriptionState.CONFIRMED,
    )
    row = db.session.execute(
        sa.select(
            *(
                sa.exists().where(*of_list, Subscription.frequency == frequency)
                for frequency in FREQUENCIES.values()
            )
        )
    ).one()
    return {one for one, is_wanted in zip(FREQUENCIES.values(), row, strict=True) if is_wanted}


def people(issue: Issue, group: Group, *, after: int = 0, most: int = PER_PAGE) -> Page:
    """Return the people of a group, in the order in which they subscribed, a page at a time."""
    rows = db.session.execute(
        sa.select(
            Subscription.id,
            Subscriber.address,
            Subscriber.name,
            Subscriber.language,
            Suppression.reason,
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.address_hmac == Subscriber.address_hmac)
        .where(*_conditions(issue, group), Subscription.id > after)
        .order_by(Subscription.id)
        .limit(most + 1)
    ).all()
    shown = [
        Person(address, name, language, BECAUSE[reason] if reason else WHY.get(group, ""))
        for _, address, name, language, reason in rows[:most]
    ]
    return Page(shown, rows[most - 1][0] if len(rows) > most else None)


def _conditions(issue: Issue, group: Group) -> list[sa.ColumnElement[bool]]:
    if group is Group.GETS_IT:
        return [*audience.gets_mail(issue), Suppression.id.is_(None)]
    if group in FREQUENCIES:
        is_in_digest = audience.gets_digest(issue, FREQUENCIES[group])
        return [*is_in_digest, Suppression.id.is_(None)]
    is_addressed = audience.is_addressed(issue)
    if group is Group.OTHER_TOPICS:
        is_addressed = [
            Subscription.mailing_list_id == issue.mailing_list_id,
            ~audience.wants([topic.id for topic in issue.topics]),
        ]
    conditions = [
        *is_addressed,
        Subscription.state == STATES.get(group, SubscriptionState.CONFIRMED),
    ]
    if group is Group.SUPPRESSED:
        conditions.append(Subscription.subscriber_id.in_(audience.suppressed()))
    return conditions
