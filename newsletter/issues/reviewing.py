"""Approval by a second person: ask a colleague, who approves one version or sends it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from newsletter import inputs, limits, links
from newsletter.accounts import Editor
from newsletter.errors import InvalidInput, Refused
from newsletter.extensions import db
from newsletter.issues import approval, merge_fields, revisions, workflow
from newsletter.issues.models import Issue, IssueState, Review, ReviewStep
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.subscriptions import senders

LONGEST_NOTE = 1000
"""Characters of a note to a colleague."""

ASKS_AN_HOUR = 20
"""How often one editor may ask: each time, colleagues get mail."""


@dataclass(frozen=True)
class Step:
    """One step between two colleagues, with their names; `asked` is empty for anybody."""

    step: ReviewStep
    version: int
    by: str
    asked: str
    note: str
    at: datetime


def ask(
    issue: Issue, *, by: Editor, of: Editor | None = None, note: str = "", now: datetime
) -> Sequence[Editor]:
    """Ask one colleague, or with None anybody who may, to approve; mail and return them.

    Raises InvalidInput for a colleague who may not, or if there is nobody, and
    TooOften. Who asks is never asked.
    """
    words = inputs.printable(note, field="note", most=LONGEST_NOTE)
    able = [editor for editor in approval.approvers(issue) if editor.id != by.id]
    if of is not None and of not in able:
        raise InvalidInput(
            f"{of.name or of.email} may not approve issue {issue.id}. Ask somebody else.",
            field="of",
        )
    if not able:
        raise InvalidInput(
            f"Nobody else may send issues of {issue.mailing_list.name}. "
            "An admin can add a colleague who may.",
            field="of",
        )
    _count(by, now=now)
    asked = able if of is None else [of]
    workflow.ask_for_review(issue, by=by, of=of, now=now)
    _note(issue, ReviewStep.ASKED, by=by, of=of, note=words, now=now)
    for editor in asked:
        _mail("approval", editor, issue, by=by, note=words, now=now)
    return asked


def approve(issue: Issue, *, by: Editor, version: int, now: datetime) -> bool:
    """Approve exactly the version that was read, as a second person; tell who asked.

    False if a second person had approved it before. Raises StaleVersion if somebody
    saved since, Refused for who may not approve it.
    """
    is_old = issue.state is IssueState.APPROVED and approval.is_by_second_person(issue)
    sentence = approval.why_not(issue, by)
    if version == issue.version and (is_old or sentence):
        if is_old:
            return False
        raise Refused(sentence)
    workflow.approve(issue, by=by, seen_version=version, now=now)
    _note(issue, ReviewStep.APPROVED, by=by, now=now)
    _tell_who_asked("approved", issue, by=by, note="", now=now)
    return True


def send_back(issue: Issue, *, by: Editor, note: str, now: datetime) -> None:
    """Give it back to be written on, with a note that is kept, and mailed to who asked."""
    words = inputs.printable(note, field="note", most=LONGEST_NOTE).strip()
    if not words:
        raise InvalidInput("Write what has to change.", field="note")
    workflow.send_back(issue)
    _note(issue, ReviewStep.SENT_BACK, by=by, note=words, now=now)
    _tell_who_asked("sent-back", issue, by=by, note=words, now=now)


def steps(issue: Issue, most: int = 20) -> Sequence[Step]:
    """Return the newest steps, the newest first."""
    by, of = aliased(Editor), aliased(Editor)
    found = db.session.execute(
        sa.select(Review, by, of)
        .join(by, by.id == Review.by_id)
        .outerjoin(of, of.id == Review.of_id)
        .where(Review.issue_id == issue.id)
        .order_by(Review.id.desc())
        .limit(most)
    )
    return [
        Step(row.step, row.version, _called(who), _called(asked), row.note, row.at)
        for row, who, asked in found
    ]


def _count(editor: Editor, *, now: datetime) -> None:
    limits.count(
        "approval",
        str(editor.id),
        window=timedelta(hours=1),
        most=ASKS_AN_HOUR,
        now=now,
        sentence=f"You asked {ASKS_AN_HOUR} times within the hour. Talk to your colleagues, "
        "or wait for the next hour.",
    )


def _note(
    issue: Issue,
    step: ReviewStep,
    *,
    by: Editor,
    of: Editor | None = None,
    note: str = "",
    now: datetime,
) -> None:
    db.session.add(
        Review(
            issue_id=issue.id,
            version=issue.version,
            step=step,
            by_id=by.id,
            of_id=of.id if of else None,
            note=note.strip(),
            at=now,
        )
    )
    db.session.flush()


def _tell_who_asked(kind: str, issue: Issue, *, by: Editor, note: str, now: datetime) -> None:
    """Mail who asked for approval, or else who saved it last, unless they did it themselves."""
    asker = db.session.get(Editor, issue.review_asked_by_id) if issue.review_asked_by_id else None
    asker = asker or revisions.last_saver(issue)
    if asker is not None and asker.active and asker.id != by.id:
        _mail(kind, asker, issue, by=by, note=note, now=now)


def _mail(kind: str, to: Editor, issue: Issue, *, by: Editor, note: str, now: datetime) -> None:
    page = f"/desk/issues/{issue.id}"
    facts: dict[str, Any] = {
        "issue_number": str(issue.id),
        "version": str(issue.version),
        "subject": merge_fields.neutral(issue.editions[0].subject),
        "list_name": issue.mailing_list.name,
        "by": _called(by),
        "note": note,
        "desk_url": links.public_url(f"{page}/review" if kind == "approval" else page),
    }
    outbox.enqueue(
        kind,
        to=to.email,
        language="en",
        sender=Mailbox("Stay Informed", senders.desk_address()),
        facts=facts,
        now=now,
    )


def _called(editor: Editor | None) -> str:
    return (editor.name or editor.email) if editor else ""
