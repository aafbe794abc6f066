"""How lists grow: how many each had at the end of a day, and who came and went, counted once.

Days are those of UTC. A day is written down when it is over and never again, so that the
past stays as it was when people are erased.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from newsletter.extensions import db, insert
from newsletter.subscriptions.models import (
    ListDay,
    MailingList,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)

LOOKED_BACK = timedelta(days=366)
"""How far the first count of a list goes back; what a year's chart needs."""

DAY = timedelta(days=1)
AT_A_TIME = 10_000


@dataclass(frozen=True)
class Day:
    """One day of one list, or of several together."""

    day: date
    confirmed: int
    joined: int
    left: int


def count_days(*, now: datetime) -> int:
    """Write down the days that are over and not counted yet, and return how many.

    Twice at once is harmless: what is there already stays as it is.
    """
    yesterday = now.astimezone(UTC).date() - DAY
    newest = sa.func.max(ListDay.day)
    counted = db.session.execute(
        sa.select(MailingList.id, MailingList.created_at, newest)
        .outerjoin(ListDay, ListDay.mailing_list_id == MailingList.id)
        .group_by(MailingList.id, MailingList.created_at)
        .order_by(MailingList.id)
    ).all()
    written = 0
    for list_id, created_at, last in counted:
        begins = last + DAY if last else _first_day(list_id, created_at, yesterday)
        if begins <= yesterday:
            written += _write(list_id, _count(list_id, begins, yesterday))
    return written


def days(
    *, since: date, until: date | None = None, lists: Collection[int] | None = None
) -> Sequence[Day]:
    """Return the counted days of all lists, or of `lists`, summed up day by day."""
    question = (
        sa.select(
            ListDay.day,
            sa.func.sum(ListDay.confirmed),
            sa.func.sum(ListDay.joined),
            sa.func.sum(ListDay.left),
        )
        .where(ListDay.day >= since)
        .group_by(ListDay.day)
        .order_by(ListDay.day)
    )
    if until is not None:
        question = question.where(ListDay.day <= until)
    if lists is not None:
        question = question.where(ListDay.mailing_list_id.in_(lists))
    return [Day(day, *map(int, counts)) for day, *counts in db.session.execute(question)]


def changes(*, since: date) -> dict[int, tuple[int, int]]:
    """Return by list how many joined and how many left on the counted days since then."""
    found = db.session.execute(
        sa.select(ListDay.mailing_list_id, sa.func.sum(ListDay.joined), sa.func.sum(ListDay.left))
        .where(ListDay.day >= since)
        .group_by(ListDay.mailing_list_id)
    )
    return {list_id: (int(joined), int(left)) for list_id, joined, left in found}


def subscribers_now(lists: Collection[int] | None = None) -> dict[int, int]:
    """Return how many are on each list at this moment, those who paused among them."""
    # Counted list by list: joined and grouped, the same rows take twice as long.
    count = (
        sa.select(sa.func.count())
        .select_from(Subscription)
        .where(
            Subscription.mailing_list_id == MailingList.id,
            Subscription.state.in_([SubscriptionState.CONFIRMED, SubscriptionState.PAUSED]),
        )
        .correlate(MailingList)
        .scalar_subquery()
    )
    question = sa.select(MailingList.id, count)
    if lists is not None:
        question = question.where(MailingList.id.in_(lists))
    return {list_id: count for list_id, count in db.session.execute(question)}


def _first_day(list_id: int, created_at: datetime, yesterday: date) -> date:
    """Return where a list begins to be counted: at most a year ago, at its first reader."""
    first = db.session.scalar(
        sa.select(sa.func.min(SubscriptionInterval.started_at))
        .join(Subscription, Subscription.id == SubscriptionInterval.subscription_id)
        .where(Subscription.mailing_list_id == list_id)
    )
    began = min(first, created_at) if first else created_at
    return max(began.astimezone(UTC).date(), yesterday - LOOKED_BACK)


def _count(list_id: int, begins: date, ends: date) -> list[Day]:
    """Count the days from `begins` to `ends` from the intervals that touch them."""
    since, until = _midnight(begins), _midnight(ends + DAY)
    joined: Counter[date] = Counter()
    left: Counter[date] = Counter()
    for started_at, ended_at in _intervals(list_id, since, until):
        if since <= started_at < until:
            joined[started_at.date()] += 1
        if ended_at is not None and since <= ended_at < until:
            left[ended_at.date()] += 1
    confirmed = _open_at(list_id, since)
    counted = []
    for number in range((ends - begins).days + 1):
        day = begins + number * DAY
        confirmed += joined[day] - left[day]
        counted.append(Day(day, confirmed, joined[day], left[day]))
    return counted


def _intervals(
    list_id: int, since: datetime, until: datetime
) -> "sa.Result[datetime, datetime | None]":
    """Return when the intervals started and ended that did either between two moments."""
    started, ended = SubscriptionInterval.started_at, SubscriptionInterval.ended_at
    return db.session.execute(
        sa.select(started, ended)
        .join(Subscription, Subscription.id == SubscriptionInterval.subscription_id)
        .where(
            Subscription.mailing_list_id == list_id,
            ((started >= since) & (started < until)) | ((ended >= since) & (ended < until)),
        )
        .execution_options(yield_per=AT_A_TIME)
    )


def _open_at(list_id: int, moment: datetime) -> int:
    """Count who was on the list just before a moment."""
    ended = SubscriptionInterval.ended_at
    return (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(SubscriptionInterval)
            .join(Subscription, Subscription.id == SubscriptionInterval.subscription_id)
            .where(
                Subscription.mailing_list_id == list_id,
                SubscriptionInterval.started_at < moment,
                ended.is_(None) | (ended >= moment),
            )
        )
        or 0
    )


def _write(list_id: int, counted: Sequence[Day]) -> int:
    rows = [
        {
            "mailing_list_id": list_id,
            "day": one.day,
            "confirmed": one.confirmed,
            "joined": one.joined,
            "left": one.left,
        }
        for one in counted
    ]
    db.session.execute(insert(ListDay).on_conflict_do_nothing(), rows)
    return len(rows)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
