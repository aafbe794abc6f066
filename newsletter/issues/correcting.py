"""Corrections: a short issue to exactly those who got another one, which then says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.accounts import Editor
from newsletter.errors import Refused
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.composition import Composition
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.texts import MAX_LINE, Texts
from newsletter.translating import translator


@dataclass(frozen=True)
class Correction:
    """An issue that corrects another one; `begun_at` is when its readers began to get it."""

    number: int
    state: IssueState
    begun_at: datetime | None


def begin(issue: Issue, *, by: Editor | None, now: datetime) -> tuple[Issue, bool]:
    """Begin a correction of an issue that readers got; return it, and whether it is new.

    It says in every language of the issue that it is a correction, and has a
    sentence to complete. One that is being written is returned as it is: a
    second click makes no second one. Raises Refused if nobody got the issue.
    """
    if issue.begun_at is None:
        raise Refused(
            f"Nobody got issue {issue.id} yet. Stop it if it is scheduled, and change it."
        )
    # Two clicks at once: the second one waits here, and finds the first one's draft.
    db.session.execute(sa.select(Issue.id).where(Issue.id == issue.id).with_for_update())
    for known in of(issue):
        if known.begun_at is None and known.state is not IssueState.CANCELLED:
            return composing.find_issue(known.number), False
    wrong = composing.approved(issue)
    whole = Composition(
        editions={
            language: _texts(issue, language, texts.subject)
            for language, texts in wrong.editions.items()
        }
    )
    begun = composing.begin(
        issue.mailing_list, whole, topics=issue.topics, corrects=issue, by=by, now=now
    )
    return begun, True


def of(issue: Issue) -> Sequence[Correction]:
    """Return the corrections of an issue, the newest first."""
    found = db.session.execute(
        sa.select(Issue.id, Issue.state, Issue.begun_at)
        .where(Issue.corrects_id == issue.id)
        .order_by(Issue.id.desc())
    )
    return [Correction(*row) for row in found]


def caution(correction: Issue) -> str:
    """Return what to mind before sending a correction, or nothing."""
    if correction.corrects_id is None:
        return ""
    wrong = composing.find_issue(correction.corrects_id)
    if wrong.state not in (IssueState.SENDING, IssueState.PAUSED):
        return ""
    how = "is still being sent" if wrong.state is IssueState.SENDING else "is paused"
    return (
        f"Issue {wrong.id} {how}. Who gets it after this correction begins gets no correction: "
        f"cancel issue {wrong.id} first."
    )


def _texts(issue: Issue, language: str, subject: str) -> Texts:
    ours = translator(language)
    assert issue.begun_at is not None
    marked = ours.gettext("Correction: %(subject)s", subject="").strip()
    again = subject if subject.startswith(marked) else f"{marked} {subject}"
    return Texts(
        subject=again[:MAX_LINE],
        preheader="",
        introduction=ours.gettext(
            "In issue %(number)s of %(day)s we wrote that TK. That was wrong. Correct is: TK.",
            number=issue.id,
            day=ours.day(issue.begun_at.date()),
        ),
    )
