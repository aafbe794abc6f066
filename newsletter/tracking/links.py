"""The links of an issue that lead over this installation."""

from collections.abc import Mapping, Set
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.extensions import db, insert
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import MailingList, Tracking
from newsletter.tracking.models import TrackedLink


def remember(issue_id: int, addresses: Mapping[str, str]) -> None:
    """Note where each key leads; again is harmless, also for two at once (STANDARDS XB22)."""
    rows = [
        {"key": key, "issue_id": issue_id, "address": address} for key, address in addresses.items()
    ]
    if rows:
        db.session.execute(insert(TrackedLink).values(rows).on_conflict_do_nothing())


class Led(NamedTuple):
    """Where a key leads, and of what issue it is."""

    link: TrackedLink
    mailing_list_id: int
    tracking: Tracking
    begun_at: datetime | None


def find(key: str) -> Led | None:
    """Return where a key leads, and what its list records now; or None."""
    row = db.session.execute(
        sa.select(TrackedLink, Issue.mailing_list_id, MailingList.tracking, Issue.begun_at)
        .join(Issue, Issue.id == TrackedLink.issue_id)
        .join(MailingList, MailingList.id == Issue.mailing_list_id)
        .where(TrackedLink.key == key)
    ).one_or_none()
    return None if row is None else Led(*row)


def counted(keys: Set[str]) -> set[str]:
    """Return which of these are links of lists that record something now."""
    if not keys:
        return set()
    return set(
        db.session.scalars(
            sa.select(TrackedLink.key)
            .join(Issue, Issue.id == TrackedLink.issue_id)
            .join(MailingList, MailingList.id == Issue.mailing_list_id)
            .where(TrackedLink.key.in_(keys), MailingList.tracking != Tracking.NONE)
        )
    )
