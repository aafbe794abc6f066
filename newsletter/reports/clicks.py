"""How often the links of an issue were followed, without saying anything of a single person.

Who agreed to be recorded is counted as a reader. Of everybody else, what fewer than five did is not
shown, and nothing of a link that only a few got: a number would be somebody (STANDARDS XJ08).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.delivery.models import CompiledEdition, Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.subscriptions.agreeing import ReaderClick
from newsletter.subscriptions.models import Subscription, Tracking
from newsletter.tracking.models import ClickDay, TrackedLink

FEWEST = 5
"""The smallest number that is shown of those who did not agree to be recorded."""

FEWEST_READERS = 20
"""So many of them must have got a link: five requests may be one person's, who came back."""


@dataclass(frozen=True)
class Count:
    """How often something was followed; `people` is None where they are too few to be shown.

    So is `machines` where too few got it. `readers` are those who agreed, and still do.
    """

    people: int | None
    machines: int | None
    readers: int = 0


@dataclass(frozen=True)
class Clicks:
    """What was counted of one issue."""

    mode: Tracking
    by_link: Sequence[tuple[str, Count]]
    by_day: Sequence[tuple[date, Count]]
    # Numbers that are too small to be shown; the days are then left out.
    is_partly_hidden: bool
    # Of those who agreed, and still do: how many followed a link.
    readers: int

    @property
    def people(self) -> int:
        """The sum of what is shown: what is hidden cannot be found by taking away."""
        return sum(count.people or 0 for _, count in self.by_link)


def clicks(issue: Issue) -> Clicks | None:
    """Return what was counted, or None if the links of the issue lead straight to their pages."""
    editions = _editions(issue)
    if not editions:
        return None
    mode = editions[0].mode
    links = _by_link(issue, _unnamed(issue, editions))
    days = _by_day(issue)
    # The sums of both tables are equal: what is hidden in one could be reckoned by the other.
    is_partly_hidden = any(count.people is None for _, count in (*links, *days))
    return Clicks(
        mode=mode,
        by_link=links,
        by_day=[] if is_partly_hidden else days,
        is_partly_hidden=is_partly_hidden,
        readers=_readers(issue) if mode is Tracking.INDIVIDUAL else 0,
    )


class _Edition(NamedTuple):
    id: int
    mode: Tracking
    keys: Sequence[str]


def _editions(issue: Issue) -> list[_Edition]:
    """Return which links each edition of a counted issue has."""
    rows = db.session.execute(
        sa.select(
            CompiledEdition.id,
            CompiledEdition.content[("tracking", "mode")].as_string(),
            CompiledEdition.content[("tracking", "links")].as_json(),
        )
        .join(Send, Send.id == CompiledEdition.send_id)
        .where(Send.issue_id == issue.id)
        .order_by(CompiledEdition.id)
    )
    return [_Edition(number, Tracking(mode), tuple(links)) for number, mode, links in rows if mode]


def _unnamed(issue: Issue, editions: Sequence[_Edition]) -> Counter[str]:
    """Return how many readers who did not agree to be recorded got each link."""
    got = (
        sa.select(Delivery.edition_id, sa.func.count())
        .join(Send, Send.id == Delivery.send_id)
        .where(Send.issue_id == issue.id, Delivery.state == DeliveryState.SENT)
        .group_by(Delivery.edition_id)
    )
    if editions[0].mode is Tracking.INDIVIDUAL:
        agreed = sa.select(Subscription.subscriber_id).where(
            Subscription.mailing_list_id == issue.mailing_list_id, Subscription.agreed_to_tracking
        )
        got = got.where(Delivery.subscriber_id.not_in(agreed))
    readers = {number: count for number, count in db.session.execute(got)}
    by_link: Counter[str] = Counter()
    for edition in editions:
        by_link.update(dict.fromkeys(edition.keys, readers.get(edition.id, 0)))
    return by_link


def _by_link(issue: Issue, unnamed: Counter[str]) -> list[tuple[str, Count]]:
    named = (
        sa.select(sa.func.count())
        .where(ReaderClick.link_key == TrackedLink.key)
        .correlate(TrackedLink)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(TrackedLink.key, TrackedLink.address, _PEOPLE, _MACHINES, named)
        .outerjoin(ClickDay, ClickDay.link_key == TrackedLink.key)
        .where(TrackedLink.issue_id == issue.id)
        .group_by(TrackedLink.key, TrackedLink.address)
    )
    found = [
        (address, _count(people, machines, readers, got=unnamed[key]))
        for key, address, people, machines, readers in rows
    ]
    return sorted(found, key=lambda one: (-one[1].readers, -(one[1].people or 0), one[0]))


def _by_day(issue: Issue) -> list[tuple[date, Count]]:
    rows = db.session.execute(
        sa.select(ClickDay.day, _PEOPLE, _MACHINES)
        .join(TrackedLink, TrackedLink.key == ClickDay.link_key)
        .where(TrackedLink.issue_id == issue.id)
        .group_by(ClickDay.day)
        .order_by(ClickDay.day)
    )
    return [
        (day, _count(people, machines, 0, got=FEWEST_READERS)) for day, people, machines in rows
    ]


_PEOPLE = sa.func.coalesce(sa.func.sum(ClickDay.people), 0)
_MACHINES = sa.func.coalesce(sa.func.sum(ClickDay.machines), 0)


def _count(people: int, machines: int, readers: int, *, got: int) -> Count:
    if got < FEWEST_READERS:
        return Count(None, None, readers)
    return Count(None if 0 < people < FEWEST else people, machines, readers)


def _readers(issue: Issue) -> int:
    return (
        db.session.scalar(
            sa.select(sa.func.count(ReaderClick.subscription_id.distinct()))
            .join(TrackedLink, TrackedLink.key == ReaderClick.link_key)
            .where(TrackedLink.issue_id == issue.id)
        )
        or 0
    )
