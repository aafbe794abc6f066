"""Whose digest is due, and which issues are in it: decided in one place, in few questions.

It is looked up while others write; with the rows held, only what may have changed is asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from newsletter import clock
from newsletter.delivery import audience, numbers, providers
from newsletter.delivery.digests import taken
from newsletter.delivery.digests.shelf import Entry, Shelf
from newsletter.delivery.digests.taken import Facts
from newsletter.delivery.models import Period
from newsletter.extensions import db
from newsletter.subscriptions import digest_windows, zones
from newsletter.subscriptions.models import (
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionState,
    subscription_topic,
)

PERIODS = {
    Frequency.WEEKLY: Period.WEEKLY,
    Frequency.MONTHLY: Period.MONTHLY,
    Frequency.EVERY: Period.SUMMARY,
}


@dataclass(frozen=True, slots=True)
class Due:
    """One subscription whose digest is due."""

    subscription_id: int
    list_id: int
    frequency: Frequency
    after: int
    due_at: datetime
    zone: str
    topics: frozenset[int]
    gaps: Sequence[tuple[int, int | None]]
    owed_since: datetime | None

    @property
    def stands(self) -> list[object]:
        """What must not have changed between a look and writing."""
        return [self.frequency, self.after, self.due_at, self.owed_since]


@dataclass(frozen=True, slots=True)
class Run:
    """What the digests of many readers have in common: whose mail it is, and of which day."""

    list_id: int
    period: Period
    day: date


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a run: in which language, and which issues are in it, the oldest first."""

    run: Run
    language: str
    issues: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """One person: their text, or None where there is nothing for them, and what moves."""

    subscriber_id: int
    provider: str
    text: Text | None
    dues: Sequence[Due]


def due_now(*, now: datetime) -> sa.Select[int]:
    """Return the question for the numbers of the people of whom something is due."""
    return (
        sa.select(Subscription.subscriber_id)
        .where(
            Subscription.digest_due_at <= now,
            Subscription.state == SubscriptionState.CONFIRMED,
        )
        .distinct()
        .order_by(Subscription.subscriber_id)
    )


def oldest_orders(*, now: datetime) -> dict[int, int]:
    """Return by list after which order the first of the windows begins that are due today."""
    rows = db.session.execute(
        sa.select(Subscription.mailing_list_id, sa.func.min(Subscription.digest_after))
        .where(
            Subscription.digest_due_at <= now + taken.A_DAY,
            Subscription.state == SubscriptionState.CONFIRMED,
        )
        .group_by(Subscription.mailing_list_id)
    )
    return {list_id: order for list_id, order in rows}


def look(people: Sequence[int], shelf: Shelf, *, now: datetime) -> list[Reader]:
    """Return those of some people of whom something is due, and what is for them."""
    found = _people(people)
    dues = _dues(list(found), now=now)
    facts = taken.facts(list(dues), shelf)
    return [
        _reader(subscriber_id, *found[subscriber_id], theirs, shelf, facts, now=now)
        for subscriber_id, theirs in dues.items()
    ]


def unchanged(found: Sequence[Reader]) -> list[Reader]:
    """Return the readers of whom all is as it was seen; they are ours until the transaction ends.

    Of whom another clock holds something is left out, as is who left, or wants mail more or
    less often since.
    """
    seen = {due.subscription_id: due for reader in found for due in reader.dues}
    rows = db.session.execute(
        sa.select(
            Subscription.id,
            Subscription.state,
            Subscription.frequency,
            Subscription.digest_after,
            Subscription.digest_due_at,
            Subscription.digest_owed_since,
        )
        .where(Subscription.id.in_(numbers.each(list(seen))))
        .order_by(Subscription.id)
        .with_for_update(key_share=True, skip_locked=True)
    )
    same = {
        number
        for number, state, *stands in rows
        if state is SubscriptionState.CONFIRMED and stands == seen[number].stands
    }
    return [reader for reader in found if all(due.subscription_id in same for due in reader.dues)]


def _people(people: Sequence[int]) -> dict[int, tuple[str, str, bool]]:
    """Return language, provider, and whether they may be mailed, by number."""
    rows = db.session.execute(
        sa.select(
            Subscriber.id,
            Subscriber.language,
            Subscriber.canonical,
            Subscriber.id.in_(audience.suppressed()),
        )
        .where(Subscriber.id.in_(numbers.each(people)))
        .order_by(Subscriber.id)
    )
    return {
        number: (language, providers.of(canonical), not is_suppressed)
        for number, language, canonical, is_suppressed in rows
    }


def _dues(people: Sequence[int], *, now: datetime) -> dict[int, list[Due]]:
    """Return what is due of each, with what is due later on the same day where they are."""
    rows = db.session.execute(
        sa.select(
            Subscription.id,
            Subscription.subscriber_id,
            Subscription.mailing_list_id,
            Subscription.frequency,
            Subscription.digest_after,
            Subscription.digest_due_at,
            Subscription.digest_gaps,
            Subscription.digest_owed_since,
        )
        .where(
            Subscription.subscriber_id.in_(numbers.each(people)),
            Subscription.state == SubscriptionState.CONFIRMED,
            Subscription.digest_due_at <= now + taken.A_DAY,
        )
        .order_by(Subscription.subscriber_id, Subscription.mailing_list_id)
    ).all()
    topics = _topics([row[0] for row in rows])
    found: dict[int, list[Due]] = defaultdict(list)
    zone_of = zones.of_people(numbers.each(people))
    for number, subscriber_id, list_id, frequency, after, due_at, gaps, owed in rows:
        assert due_at is not None
        found[subscriber_id].append(
            Due(
                number,
                list_id,
                frequency,
                after,
                due_at,
                zone_of[subscriber_id],
                topics.get(number, frozenset()),
                gaps,
                owed,
            )
        )
    return {
        number: [one for one in theirs if _is_today(one, now=now)]
        for number, theirs in found.items()
        if any(one.due_at <= now for one in theirs)
    }


def _topics(subscription_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    columns = subscription_topic.c
    rows = db.session.execute(
        sa.select(columns.subscription_id, columns.topic_id).where(
            columns.subscription_id.in_(numbers.each(subscription_ids))
        )
    )
    found: dict[int, list[int]] = defaultdict(list)
    for subscription_id, topic_id in rows:
        found[subscription_id].append(topic_id)
    return {number: frozenset(theirs) for number, theirs in found.items()}


def _is_today(due: Due, *, now: datetime) -> bool:
    return due.due_at <= now or _day(due.due_at, due.zone) == _day(now, due.zone)


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(clock.zone(zone)).date()


def _reader(
    subscriber_id: int,
    language: str,
    provider: str,
    may_be_mailed: bool,
    dues: Sequence[Due],
    shelf: Shelf,
    facts: Facts,
    *,
    now: datetime,
) -> Reader:
    wanted: list[Entry] = []
    if may_be_mailed:
        for due in dues:
            wanted += _wanted(subscriber_id, due, shelf, facts)
    if not wanted:
        return Reader(subscriber_id, provider, None, dues)
    lists = {one.list_id for one in wanted}
    in_it = [due for due in dues if due.list_id in lists]
    run = Run(in_it[0].list_id, _period(in_it), _day(now, in_it[0].zone))
    wanted.sort(key=lambda one: (one.begun_at, one.number))
    text = Text(run, language, tuple(one.number for one in wanted))
    return Reader(subscriber_id, provider, text, dues)


def _wanted(subscriber_id: int, due: Due, shelf: Shelf, facts: Facts) -> list[Entry]:
    """Return what is for one subscription, by the same rule as `audience.gets_digest`."""
    found: list[Entry] = []
    for one in shelf.of(due.subscription_id, due.list_id, due.after):
        had_it = (subscriber_id, one.corrects) in facts.got
        # Whoever has what is wrong is told after a pause, whatever else they do not want of it.
        if digest_windows.is_in_gap(one.order, due.gaps) and not had_it:
            continue
        if (subscriber_id, one.send_id) in facts.alone:
            continue
        if one.corrects is not None:
            if had_it or any(other.number == one.corrects for other in found):
                found.append(one)
        elif not one.topics or not due.topics or one.topics & due.topics:
            found.append(one)
    return found


def _period(dues: Iterable[Due]) -> Period:
    """Return what a digest is called: by the list that is heard from most often."""
    frequencies = {due.frequency for due in dues}
    for frequency in PERIODS:
        if frequency in frequencies:
            return PERIODS[frequency]
    raise AssertionError("nothing is due")


def moves(readers: Iterable[Reader], shelf: Shelf, *, now: datetime) -> Mapping[Any, list[int]]:
    """Return the subscriptions that go on, by where their next window begins and when it ends."""
    found: dict[tuple[int, datetime | None, datetime | None], list[int]] = defaultdict(list)
    mornings: dict[tuple[Frequency, str, datetime, bool], datetime | None] = {}
    for reader in readers:
        for due in reader.dues:
            waits = shelf.keeps(due.subscription_id, due.list_id)
            key = (due.frequency, due.zone, max(now, due.due_at), waits)
            if key not in mornings:
                find = digest_windows.due_in if waits else digest_windows.next_due
                mornings[key] = find(key[0], key[1], now=key[2])
            after = max(due.after, shelf.last.get(due.list_id, 0))
            owed = due.owed_since if due.subscription_id in shelf.held else None
            found[after, mornings[key], owed].append(due.subscription_id)
    return found
