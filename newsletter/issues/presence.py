"""Who has an issue open to write in it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.accounts import Editor
from newsletter.extensions import db, insert
from newsletter.issues.models import Issue, Presence, Revision

RECENT = timedelta(minutes=5)
"""For how long somebody who was seen counts as being there."""


@dataclass(frozen=True)
class Other:
    """A colleague who is writing, too, and when that was last seen."""

    name: str
    seen_at: datetime


def note(issue: Issue, editor: Editor, *, now: datetime) -> None:
    """Note that an editor has the issue open."""
    seen = insert(Presence).values(issue_id=issue.id, editor_id=editor.id, seen_at=now)
    db.session.execute(
        seen.on_conflict_do_update(index_elements=["issue_id", "editor_id"], set_={"seen_at": now})
    )


def others(issue: Issue, editor: Editor, *, now: datetime) -> Sequence[Other]:
    """Return who else has it open or saved it within the last minutes, the latest first."""
    since = now - RECENT
    opened = sa.select(Presence.editor_id, Presence.seen_at.label("at")).where(
        Presence.issue_id == issue.id, Presence.seen_at >= since
    )
    saved = sa.select(Revision.saved_by_id, Revision.saved_at.label("at")).where(
        Revision.issue_id == issue.id, Revision.saved_at >= since
    )
    seen = sa.union_all(opened, saved).subquery()
    latest = sa.func.max(seen.c.at)
    found = db.session.execute(
        sa.select(Editor.name, Editor.email, latest)
        .join(seen, seen.c.editor_id == Editor.id)
        .where(Editor.id != editor.id)
        .group_by(Editor.id, Editor.name, Editor.email)
        .order_by(latest.desc())
    )
    return [Other(name or email, at) for name, email, at in found]


def writing(issue_ids: Collection[int], *, now: datetime) -> dict[int, list[str]]:
    """Return the names of those who have these issues open to write, issue by issue."""
    found = db.session.execute(
        sa.select(Presence.issue_id, Editor.name, Editor.email)
        .join(Editor, Editor.id == Presence.editor_id)
        .where(Presence.issue_id.in_(issue_ids), Presence.seen_at >= now - RECENT)
        .order_by(Presence.seen_at.desc())
    )
    names: dict[int, list[str]] = {}
    for issue_id, name, email in found:
        names.setdefault(issue_id, []).append(name or email)
    return names


def forget_old(*, now: datetime) -> None:
    """Delete what was seen long ago."""
    db.session.execute(sa.delete(Presence).where(Presence.seen_at < now - timedelta(days=1)))
