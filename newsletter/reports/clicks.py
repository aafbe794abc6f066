"""How often the links of an issue were followed, without saying anything of a single person.

Where a list counts without names, what fewer than five people did is not shown: in a small
list a number would be somebody (STANDARDS XJ08).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from newsletter.delivery.models import CompiledEdition, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import Subscription, Tracking
from newsletter.tracking.models import ClickDay, ReaderClick, TrackedLink

FEWEST = 5
"""The smallest number that is shown where nobody agreed to be recorded."""


@dataclass(frozen=True)
class Count:
    """How often something was followed; `people` is None where they are too few to be shown."""

    people: int | None
    machines: int


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
    mode = db.session.scalar(
        sa.select(CompiledEdition.content[("tracking", "mode")].as_string())
        .join(Send, Send.id == CompiledEdition.send_id)
        .where(Send.issue_id == issue.id)
        .limit(1)
    )
    if mode is None:
        return None
    tracking = Tracking(mode)
    fewest = 0 if tracking is Tracking.INDIVIDUAL else FEWEST
    sums = sa.func.coalesce(sa.func.sum(ClickDay.people), 0)
    machines = sa.func.coalesce(sa.func.sum(ClickDay.machines), 0)
    by_link = db.session.execute(
        sa.select(TrackedLink.address, sums, machines)
        .outerjoin(ClickDay, ClickDay.link_key == TrackedLink.key)
        .where(TrackedLink.issue_id == issue.id)
        .group_by(TrackedLink.key, TrackedLink.address)
        .order_by(sums.desc(), TrackedLink.address)
    )
    by_day = db.session.execute(
        sa.select(ClickDay.day, sums, machines)
        .join(TrackedLink, TrackedLink.key == ClickDay.link_key)
        .where(TrackedLink.issue_id == issue.id)
        .group_by(ClickDay.day)
        .order_by(ClickDay.day)
    )
    links = [(address, _count(n, m, fewest)) for address, n, m in by_link]
    days = [(day, _count(n, m, fewest)) for day, n, m in by_day]
    # The sums of both tables are equal: what is hidden in one could be reckoned by the other.
    is_partly_hidden = any(count.people is None for _, count in (*links, *days))
    return Clicks(
        mode=tracking,
        by_link=links,
        by_day=[] if is_partly_hidden else days,
        is_partly_hidden=is_partly_hidden,
        readers=_readers(issue) if tracking is Tracking.INDIVIDUAL else 0,
    )


def _count(people: int, machines: int, fewest: int) -> Count:
    return Count(None if 0 < people < fewest else people, machines)


def _readers(issue: Issue) -> int:
    return (
        db.session.scalar(
            sa.select(sa.func.count(ReaderClick.subscription_id.distinct()))
            .join(TrackedLink, TrackedLink.key == ReaderClick.link_key)
            .join(Subscription, Subscription.id == ReaderClick.subscription_id)
            .where(TrackedLink.issue_id == issue.id)
        )
        or 0
    )
