"""The issues that digests are made of, list by list in the order in which they began."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

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
    """What there is at one moment; `last` is by list up to where a digest goes."""

    entries: Mapping[int, Sequence[Entry]]
    last: Mapping[int, int]
    _windows: dict[tuple[int, int], list[Entry]] = field(default_factory=dict)

    def window(self, list_id: int, after: int) -> list[Entry]:
        """Return what began after an order of a list, up to where a digest goes."""
        known = self._windows.get((list_id, after))
        if known is None:
            last = self.last.get(list_id, 0)
            known = [one for one in self.entries.get(list_id, ()) if after < one.order <= last]
            self._windows[list_id, after] = known
        return known

    @property
    def all_entries(self) -> list[Entry]:
        """All of it, the oldest first."""
        found = [one for of_list in self.entries.values() for one in of_list]
        return sorted(found, key=lambda one: (one.begun_at, one.number))


def fill(after: Mapping[int, int]) -> Shelf:
    """Return what began in each list after the order that `after` has for it.

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
                sa.false(),
                *(
                    (Issue.mailing_list_id == list_id) & (Issue.begun_order > order)
                    for list_id, order in after.items()
                ),
            ),
            Issue.state != IssueState.CANCELLED,
        )
        .order_by(Issue.mailing_list_id, Issue.begun_order)
    ).all()
    topics = _topics([row[0] for row in rows])
    entries: dict[int, list[Entry]] = defaultdict(list)
    for number, list_id, order, begun_at, corrects, send_id, is_held in rows:
        assert order is not None and begun_at is not None
        if is_held:
            last[list_id] = min(last[list_id], order - 1)
        entries[list_id].append(
            Entry(number, list_id, order, begun_at, topics[number], corrects, send_id)
        )
    return Shelf(entries, last)


def _topics(numbers: Sequence[int]) -> Mapping[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for number, topic_id in db.session.execute(
        sa.select(issue_topic.c.issue_id, issue_topic.c.topic_id).where(
            issue_topic.c.issue_id.in_(numbers)
        )
    ):
        found[number].add(topic_id)
    return {number: frozenset(found[number]) for number in numbers}
