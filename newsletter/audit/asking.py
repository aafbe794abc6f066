"""Asking the log: what happened, the newest first, and who may see which part of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.accounts import Action, Editor, allowed_lists, may
from newsletter.audit.deeds import Sentence, sentence
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db, reading

PAGE_SIZE = 50
"""Entries on one page."""

CHUNK = 1_000
"""Entries that are read at a time where all of them are wanted."""

LOOKED_THROUGH = 10_000
"""The newest entries that a search for words looks through."""

SHARED_KINDS = ("item", "topic", "image")
"""What every editor works with, whatever their lists are."""

Conditions = Sequence[sa.ColumnElement[bool]]


@dataclass(frozen=True)
class Question:
    """Which entries are asked for; nothing said means all of them."""

    editor_id: int | None = None
    kind: str = ""
    issue: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did, as the table has it."""

    id: int
    at: datetime
    editor_id: int | None
    actor: str
    deed: str
    channel: str
    kind: str
    key: str
    mailing_list_id: int | None
    detail: str

    def says(self, editors: Mapping[str, str] | None = None) -> Sentence:
        """Return what follows the name; `editors` are the names of editors by their number."""
        name = (editors or {}).get(self.key, "") if self.kind == "editor" else ""
        return sentence(self.deed, self.key, self.detail, name=name)


@dataclass(frozen=True)
class Page:
    """Some entries, the newest first; `older` is what `before` has to be for those that follow."""

    entries: Sequence[Entry]
    older: int | None


def ask(
    question: Question,
    *,
    seen_by: Editor | None,
    before: int | None = None,
    most: int = PAGE_SIZE,
) -> Page:
    """Return up to `most` entries, of those older than number `before` where that is given.

    `seen_by` is for whom: admins see everything, others what concerns their lists,
    what all share, and what they did themselves. None is somebody at the machine.
    """
    return _page(_wanted(question, seen_by), before=before, most=most)


def everything(question: Question, *, seen_by: Editor) -> Iterator[Entry]:
    """Give all entries, the newest first, with no transaction open while somebody uses them."""
    return _chunks(_wanted(question, seen_by))


def find_by_words(search: str, *, seen_by: Editor, most: int) -> Sequence[Entry]:
    """Return the newest entries that have all words of a search, in any part of them."""
    parts = sa.func.lower(
        AuditEntry.actor + " " + AuditEntry.deed + " " + AuditEntry.key + " " + AuditEntry.detail
    )
    wanted = [parts.contains(word.lower(), autoescape=True) for word in search.split()]
    if not wanted:
        return []
    newest = sa.select(sa.func.max(AuditEntry.id) - LOOKED_THROUGH).scalar_subquery()
    visible = _wanted(Question(), seen_by)
    return _page([AuditEntry.id > newest, *visible, *wanted], before=None, most=most).entries


def _chunks(wanted: Conditions) -> Iterator[Entry]:
    before: int | None = None
    while True:
        with reading():
            found = _page(wanted, before=before, most=CHUNK)
        yield from found.entries
        before = found.older
        if before is None:
            return


def _page(wanted: Conditions, *, before: int | None, most: int) -> Page:
    question = sa.select(*AuditEntry.__table__.columns).where(*wanted)
    if before is not None:
        question = question.where(AuditEntry.id < before)
    rows = db.session.execute(question.order_by(AuditEntry.id.desc()).limit(most + 1)).all()
    entries = [Entry(**row._mapping) for row in rows[:most]]
    return Page(entries, entries[-1].id if len(rows) > most else None)


def _wanted(question: Question, seen_by: Editor | None) -> Conditions:
    wanted = [] if seen_by is None else _visible_to(seen_by)
    if question.editor_id is not None:
        wanted.append(AuditEntry.editor_id == question.editor_id)
    if question.issue is not None:
        wanted += [AuditEntry.kind == "issue", AuditEntry.key == str(question.issue)]
    elif question.kind:
        wanted.append(AuditEntry.kind == question.kind)
    if question.since is not None:
        wanted.append(AuditEntry.at >= question.since)
    if question.until is not None:
        wanted.append(AuditEntry.at < question.until)
    return wanted


def _visible_to(editor: Editor) -> list[sa.ColumnElement[bool]]:
    if may(editor, Action.MANAGE_EDITORS):
        return []
    allowed = allowed_lists(editor)
    listed = AuditEntry.mailing_list_id
    theirs = listed.is_not(None) if allowed is None else listed.in_(sorted(allowed))
    return [theirs | AuditEntry.kind.in_(SHARED_KINDS) | (AuditEntry.editor_id == editor.id)]
