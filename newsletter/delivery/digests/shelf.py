"""The issues that digests are made of, list by list in the order in which they began."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.delivery.models import Send
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState, issue_topic
from newsletter.subscriptions.models import MailingList


@dataclass(frozen=True)
class Entry:
    """One issue; `send_id` is its run, by which it is known who had it by itself."""

    number: int
    list_id: int
    order: int
    begun_at: datetime
    topics: frozenset[int]
    corrects: int | None
    send_id: int


@dataclass(frozen=True)
class Shelf:
    """What there is at one moment; `last` is by list up to where a digest goes.

    `owed` is by subscription what was taken away from its reader before, and `held` are
    the subscriptions that have to wait for some of it; `waiting` are the lists of which
    not all goes into a digest yet.
    """

    entries: Mapping[int, Sequence[Entry]]
    last: Mapping[int, int]
    owed: Mapping[int, Sequence[Entry]] = field(default_factory=dict)
    held: frozenset[int] = frozenset()
    waiting: frozenset[int] = frozenset()
    _windows: dict[tuple[int, int], list[Entry]] = field(default_factory=dict)

    def window(self, list_id: int, after: int) -> list[Entry]:
        """Return what began after an order of a list, up to where a digest goes."""
        known = self._windows.get((list_id, after))
        if known is None:
            last = self.last.get(list_id, 0)
            known = [one for one in self.entries.get(list_id, ()) if after < one.order <= last]
            self._windows[list_id, after] = known
        return known

    def of(self, subscription_id: int, list_id: int, after: int) -> Sequence[Entry]:
        """Return the window of one subscription with what is owed to it, the oldest first."""
        window = self.window(list_id, after)
        # What is owed of the window itself is there already, or waits with it.
        before = [one for one in self.owed.get(subscription_id, ()) if one.order <= after]
        return sorted([*before, *window], key=lambda one: one.order) if before else window

    def keeps(self, subscription_id: int, list_id: int) -> bool:
        """Tell whether something for a subscription waits: no digest is the last until then."""
        return list_id in self.waiting or subscription_id in self.held

    @property
    def all_entries(self) -> list[Entry]:
        """All of it, the oldest first."""
        whole = (*self.entries.values(), *self.owed.values())
        found = {one for some in whole for one in some}
        return sorted(found, key=lambda one: (one.begun_at, one.number))


def fill(after: Mapping[int, int], owed: Mapping[int, frozenset[int]]) -> Shelf:
    """Return what began in each list after the order that `after` has for it, and what is owed.

    A digest waits behind an issue that a person paused, or that stopped by itself: who
    looks may still cancel it, and what was cancelled is in no digest. One that only waits
    for the relay holds up nothing.
    """
    last = dict(
        db.session.execute(
            sa.select(MailingList.id, MailingList.issues_begun).where(MailingList.id.in_(after))
        ).all()
    )
    rows = db.session.execute(
        sa.select(
            Issue.id,
            Issue.mailing_list_id,
            Issue.begun_order,
            Issue.begun_at,
            Issue.corrects_id,
            Send.id,
            (Issue.state == IssueState.PAUSED) & ~workflow.waits_for_relay(),
        )
        .join(Send, Send.issue_id == Issue.id)
        .where(
            sa.or_(
                Issue.id.in_({number for issues in owed.values() for number in issues}),
                *(
                    (Issue.mailing_list_id == list_id) & (Issue.begun_order > order)
                    for list_id, order in after.items()
                ),
            ),
            Issue.state != IssueState.CANCELLED,
        )
        .order_by(Issue.mailing_list_id, Issue.begun_order)
    ).all()
    return _arrange(rows, after, last, owed)


def _arrange(
    rows: Sequence[Any],
    after: Mapping[int, int],
    last: dict[int, int],
    owed: Mapping[int, frozenset[int]],
) -> Shelf:
    topics = _topics([row[0] for row in rows])
    entries: dict[int, list[Entry]] = defaultdict(list)
    known: dict[int, Entry] = {}
    waiting: set[int] = set()
    lists: set[int] = set()
    for number, list_id, order, begun_at, corrects, send_id, is_held in rows:
        assert order is not None and begun_at is not None
        one = Entry(number, list_id, order, begun_at, topics[number], corrects, send_id)
        known[number] = one
        if order > after[list_id]:
            entries[list_id].append(one)
        if is_held:
            waiting.add(number)
            if order > after[list_id]:
                last[list_id] = min(last[list_id], order - 1)
                lists.add(list_id)
    held = {subscription_id for subscription_id, issues in owed.items() if issues & waiting}
    ready = {
        subscription_id: [known[number] for number in issues if number in known]
        for subscription_id, issues in owed.items()
        if subscription_id not in held
    }
    return Shelf(entries, last, ready, frozenset(held), frozenset(lists))


def _topics(numbers: Sequence[int]) -> Mapping[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for number, topic_id in db.session.execute(
        sa.select(issue_topic.c.issue_id, issue_topic.c.topic_id).where(
            issue_topic.c.issue_id.in_(numbers)
        )
    ):
        found[number].add(topic_id)
    return {number: frozenset(found[number]) for number in numbers}
