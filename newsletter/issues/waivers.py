"""Warnings that somebody lets pass, each with a reason, for exactly what was found."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from newsletter import inputs
from newsletter.accounts import Editor
from newsletter.errors import InvalidInput, NotFound, Refused
from newsletter.extensions import db
from newsletter.issues.checks import Finding, Level, Waived
from newsletter.issues.models import Issue, Waiver

FEWEST_LETTERS = 8
LONGEST_REASON = 300
"""Letters of a reason: a few words at least, which somebody understands a year later."""

GONE = "This finding is not there any more."


def waive(issue: Issue, finding: Finding, reason: str, *, by: Editor, now: datetime) -> Waiver:
    """Let a warning pass, and keep why; doing it again changes the reason.

    Raises Refused for what is no warning, InvalidInput for a reason that says nothing.
    """
    if finding.level is not Level.WARN:
        raise Refused("Only warnings can be let pass. What stops an issue has to be mended.")
    words = checked_reason(reason)
    waiver = _find(issue, finding.identity) or Waiver(issue_id=issue.id, finding=finding.identity)
    waiver.sentence, waiver.reason = finding.sentence[:500], words
    waiver.waived_by_id, waiver.waived_at = by.id, now
    db.session.add(waiver)
    db.session.flush()
    return waiver


def checked_reason(reason: str) -> str:
    """Return a reason in the form to keep; raise InvalidInput for one that says nothing."""
    words = inputs.one_line(reason, field="reason", most=LONGEST_REASON)
    if len(words.split()) < 2 or len(words) < FEWEST_LETTERS:
        raise InvalidInput("Write in a few words why it may pass.", field="reason")
    return words


def withdraw(issue: Issue, identity: str) -> Waiver:
    """Let a warning stand again; return what was kept of it, or raise NotFound."""
    waiver = _find(issue, identity)
    if waiver is None:
        raise NotFound("This warning was not let pass, or it stands again already.")
    db.session.delete(waiver)
    db.session.flush()
    return waiver


def find(findings: Sequence[Finding], identity: str) -> Finding:
    """Return the finding that a form names; raise NotFound where it is mended by now."""
    for finding in findings:
        if finding.identity == identity:
            return finding
    raise NotFound(GONE)


def marked(issue: Issue, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, those that somebody lets pass marked with who, when and why.

    They come last among the warnings. What is about something else by now is
    another finding, and stands.
    """
    if not any(finding.level is Level.WARN for finding in findings):
        return list(findings)
    rows = db.session.execute(
        sa.select(Waiver, Editor)
        .outerjoin(Editor, Editor.id == Waiver.waived_by_id)
        .where(Waiver.issue_id == issue.id)
    )
    known = {
        waiver.finding: Waived(waiver.reason, _called(editor), waiver.waived_at)
        for waiver, editor in rows
    }
    found = [
        replace(one, waived=known.get(one.identity)) if one.level is Level.WARN else one
        for one in findings
    ]
    order = list(Level)
    return sorted(found, key=lambda one: (order.index(one.level), one.waived is not None))


def _find(issue: Issue, identity: str) -> Waiver | None:
    return db.session.scalar(
        sa.select(Waiver).where(Waiver.issue_id == issue.id, Waiver.finding == identity[:64])
    )


def _called(editor: Editor | None) -> str:
    return (editor.name or editor.email) if editor else ""
