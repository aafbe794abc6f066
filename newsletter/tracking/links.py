"""The links of an issue that lead over this installation."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from newsletter.extensions import db, insert
from newsletter.issues.models import Issue
from newsletter.tracking.models import TrackedLink


def remember(issue_id: int, addresses: Mapping[str, str]) -> None:
    """Note where each key leads; again is harmless, also for two at once (STANDARDS XB22)."""
    rows = [
        {"key": key, "issue_id": issue_id, "address": address} for key, address in addresses.items()
    ]
    if rows:
        db.session.execute(insert(TrackedLink).values(rows).on_conflict_do_nothing())


def find(key: str) -> tuple[TrackedLink, int, datetime | None] | None:
    """Return where a key leads, with the list of its issue and when that began; or None."""
    row = db.session.execute(
        sa.select(TrackedLink, Issue.mailing_list_id, Issue.begun_at)
        .join(Issue, Issue.id == TrackedLink.issue_id)
        .where(TrackedLink.key == key)
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])
