"""The revisions of an issue: read one, list them, go back to one, thin out the automatic ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.accounts import Editor
from newsletter.errors import NotFound
from newsletter.extensions import db, once
from newsletter.issues import composition
from newsletter.issues.composition import Composition
from newsletter.issues.models import Issue, Revision

APART = timedelta(minutes=5)
"""Of what was saved by itself, one revision is kept for each stretch of this length."""


@dataclass(frozen=True)
class Line:
    """One revision in a list; `saved_by` is a name, or empty for a command."""

    version: int
    saved_at: datetime
    saved_by: str
    is_automatic: bool


def composition_at(issue: Issue, version: int) -> Composition:
    """Return all that an issue said in one of its versions; raise NotFound.

    A page needs it for many things, and no version changes: it is read once.
    """
    found = once(("composition", issue.id, version), lambda: _read(issue.id, version))
    if found is None:
        raise NotFound(f"Issue {issue.id} has no version {version} that is kept.")
    return found


def remember(issue: Issue, plain: Mapping[str, Any]) -> None:
    """Keep at hand what was just written as the newest version."""
    once(("composition", issue.id, issue.version), lambda: composition.from_json(plain))


def _read(number: int, version: int) -> Composition | None:
    plain = db.session.scalar(
        sa.select(Revision.content).where(Revision.issue_id == number, Revision.version == version)
    )
    return None if plain is None else composition.from_json(plain)


def lines(issue: Issue, *, before: int | None = None, most: int = 50) -> Sequence[Line]:
    """Return the newest `most` revisions, or those older than version `before`."""
    question = (
        sa.select(
            Revision.version, Revision.saved_at, Editor.name, Editor.email, Revision.is_automatic
        )
        .outerjoin(Editor, Editor.id == Revision.saved_by_id)
        .where(Revision.issue_id == issue.id)
        .order_by(Revision.version.desc())
        .limit(most)
    )
    if before is not None:
        question = question.where(Revision.version < before)
    return [
        Line(version, saved_at, name or email or "", is_automatic)
        for version, saved_at, name, email, is_automatic in db.session.execute(question)
    ]


def line(issue: Issue, version: int) -> Line:
    """Return one revision as a list shows it; raise NotFound."""
    found = lines(issue, before=version + 1, most=1)
    if not found or found[0].version != version:
        raise NotFound(f"Issue {issue.id} has no version {version} that is kept.")
    return found[0]


def last_saver(issue: Issue) -> Editor | None:
    """Return who saved the newest version, or None for a command."""
    return saver_of(issue, issue.version)


def saver_of(issue: Issue, version: int) -> Editor | None:
    """Return who saved a version, or None for a command."""
    return db.session.scalar(
        sa.select(Editor)
        .join(Revision, Revision.saved_by_id == Editor.id)
        .where(Revision.issue_id == issue.id, Revision.version == version)
    )


def are_steps_of(issue: Issue, window: str, *, since: int, by: Editor | None) -> bool:
    """Tell whether all that was saved since a version was saved by itself, from this window.

    A button may be pressed before the answer to such a save is there, or the answer be
    lost: nobody should be told that they are in their own way. What was thinned out was
    saved from the same window as what came after it.
    """
    if by is None or not window:
        return False
    steps = db.session.execute(
        sa.select(Revision.is_automatic, Revision.window, Revision.saved_by_id).where(
            Revision.issue_id == issue.id, Revision.version > since
        )
    )
    return {tuple(step) for step in steps} == {(True, window, by.id)}


def keep(issue: Issue, version: int) -> None:
    """Keep a version for good, however it was saved: somebody dealt with exactly this one."""
    db.session.execute(
        sa.update(Revision)
        .where(Revision.issue_id == issue.id, Revision.version == version, ~Revision.is_kept)
        .values(is_kept=True)
        .execution_options(synchronize_session=False)
    )


def thin_out(issue: Issue) -> None:
    """Drop the revision before the newest if it was a mere step between two automatic saves.

    Of what one window saved by itself one is kept for every few minutes; what
    somebody saved by hand stays for good, and so does what was asked about, approved,
    sent, tested or gone back to.
    """
    newest = db.session.scalars(
        sa.select(Revision)
        .where(Revision.issue_id == issue.id)
        .order_by(Revision.version.desc())
        .limit(3)
        .options(sa.orm.defer(Revision.content))
        # Whether it is to be kept was said beside the session.
        .execution_options(populate_existing=True)
    ).all()
    if len(newest) < 3:
        return
    last, step, before = newest
    is_step = step.is_automatic and last.is_automatic and _saver(step) == _saver(last)
    if is_step and not step.is_kept and last.saved_at - before.saved_at < APART:
        db.session.execute(sa.delete(Revision).where(Revision.id == step.id))


def _saver(revision: Revision) -> tuple[int | None, str]:
    return revision.saved_by_id, revision.window
