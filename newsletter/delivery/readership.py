"""Whom an issue is for: their languages, and how long the values are that merge fields show.

Going through a hundred thousand readers takes a fifth of a second, and the page of an issue asks
with every save. So what took long to count is remembered for a while, in this process.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from newsletter.delivery import audience
from newsletter.extensions import db
from newsletter.issues import merge_fields
from newsletter.issues.checks import Readers
from newsletter.issues.merge_fields import LONGEST_VALUE
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import (
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionState,
)

LONG = 0.02
"""Seconds of counting after which it is remembered."""

REMEMBERED = 300.0
"""Seconds for which it is; a few readers more or less change nothing that is said."""

MOST = 200
"""Counts that are remembered."""

ASKED = 500
"""Readers whose attributes are looked at."""

MOST_OFFERED = 20
"""Attributes that are offered; a menu of more would hide them."""

Key = tuple[int, int | None, tuple[int, ...], tuple[str, ...]]
"""List, corrected issue and topics, which say who is meant, and the merge fields."""


@dataclass(frozen=True)
class Readership:
    """The confirmed readers: by language, without a value, and the bytes of the longest value."""

    by_language: Mapping[str, int] = field(default_factory=dict)
    lacking: Mapping[str, int] = field(default_factory=dict)
    longest: Mapping[str, int] = field(default_factory=dict)

    @property
    def for_checks(self) -> Readers:
        """What the checks know of it."""
        return Readers(self.by_language, self.lacking)

    @property
    def longest_values(self) -> dict[str, str]:
        """Values as long as the longest ones, by merge field."""
        return {path: "w" * min(octets, LONGEST_VALUE) for path, octets in self.longest.items()}


_remembered: WeakKeyDictionary[sa.Engine, dict[Key, tuple[float, Readership]]] = WeakKeyDictionary()


def of(issue: Issue, paths: Sequence[str]) -> Readership:
    """Return whom the issue is for, as far as these merge fields go; suppressed ones count, too."""
    known = _remembered.setdefault(db.engine, {})
    fields = tuple(sorted(paths))
    topics = tuple(sorted(topic.id for topic in issue.topics))
    key = (issue.mailing_list_id, issue.corrects_id, topics, fields)
    began = time.monotonic()
    until, found = known.get(key, (0.0, Readership()))
    if until > began:
        return found
    found = _count(issue, fields)
    now = time.monotonic()
    if now - began > LONG:
        if len(known) >= MOST:
            known.clear()
        known[key] = (now + REMEMBERED, found)
    return found


def attributes_of(mailing_list_id: int) -> list[str]:
    """Return which attributes of readers can be merge fields on a list, the usual ones first.

    The newest readers are asked: what an import brings, all of them have.
    """
    # An index has the newest of each frequency; of all of them together, none has.
    newest = sa.union_all(
        *(sa.select(_newest(mailing_list_id, one).subquery()) for one in Frequency)
    ).subquery()
    known = db.session.scalars(
        sa.select(Subscriber.attributes)
        .join(newest, newest.c.subscriber_id == Subscriber.id)
        .order_by(newest.c.id.desc())
        .limit(ASKED)
    )
    paths = Counter(path for one in known for path in merge_fields.values_of("", one))
    del paths["name"]
    fields = [path for path, _ in paths.most_common() if merge_fields.fields(f"{{{{ {path} }}}}")]
    return [path.removeprefix("attributes.") for path in fields[:MOST_OFFERED]]


def _newest(mailing_list_id: int, frequency: Frequency) -> sa.Select[int, int]:
    return (
        sa.select(Subscription.id, Subscription.subscriber_id)
        .where(
            Subscription.mailing_list_id == mailing_list_id,
            Subscription.state == SubscriptionState.CONFIRMED,
            Subscription.frequency == frequency,
        )
        .order_by(Subscription.id.desc())
        .limit(ASKED)
    )


def _count(issue: Issue, paths: Sequence[str]) -> Readership:
    columns: list[sa.ColumnElement[int]] = []
    for path in paths:
        value = _value(path)
        columns.append(sa.func.count().filter(sa.func.coalesce(sa.func.trim(value), "") == ""))
        columns.append(sa.func.coalesce(sa.func.max(_octets(value)), 0))
    rows = db.session.execute(
        sa.select(Subscriber.language, sa.func.count(), *columns)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(
            *audience.is_addressed(issue, person=Subscriber.id),
            Subscription.state == SubscriptionState.CONFIRMED,
        )
        .group_by(Subscriber.language)
    ).all()
    facts = [row[2:] for row in rows]
    return Readership(
        by_language={row[0]: row[1] for row in rows},
        lacking={path: sum(row[2 * n] for row in facts) for n, path in enumerate(paths)},
        longest={
            path: max((row[2 * n + 1] for row in facts), default=0) for n, path in enumerate(paths)
        },
    )


def _value(path: str) -> sa.SQLColumnExpression[str]:
    attribute = path.removeprefix("attributes.")
    if attribute == path:
        return Subscriber.name
    value: sa.SQLColumnExpression[str] = Subscriber.attributes[attribute].as_string()
    return value


def _octets(value: sa.SQLColumnExpression[str]) -> sa.ColumnElement[int]:
    if db.engine.dialect.name == "sqlite":
        return sa.func.length(sa.cast(value, sa.LargeBinary))
    return sa.func.octet_length(value)
