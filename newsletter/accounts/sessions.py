"""Sessions: who is signed in where, how long that lasts, and how it ends.

They are rows, so that signing out, a new password, another role or being deactivated ends
them at once: the cookie of an ended session opens nothing (STANDARDS XD04).
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from newsletter.accounts.models import Editor, EditorSession, SignInWay
from newsletter.extensions import db, rows_changed

LONGEST_REST = timedelta(hours=12)
"""How long a session lives in which nothing is sent."""

LONGEST = timedelta(days=30)
"""How long a session lives at most."""

HALF_LIFE = timedelta(minutes=10)
"""How long the second factor is waited for."""

MOST_TRIES = 5
"""How many codes are tried before password or link are asked for again."""

SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is known when a session was last used: not every request has to write."""

FRESH = timedelta(minutes=10)
"""How long a proof of who somebody is allows what could lock the owner out."""


def begin(
    editor: Editor, way: SignInWay, *, browser: str, now: datetime, is_half: bool = False
) -> str:
    """Begin a session and return its key, which nobody can ask for again.

    With `is_half` it is not signed in: it waits for the second factor.
    """
    key = secrets.token_urlsafe(32)
    row = EditorSession(
        key_hash=_hash(key),
        editor_id=editor.id,
        way=way,
        is_half=is_half,
        browser=browser[:80],
        begun_at=now,
        seen_at=now,
        proved_at=now,
    )
    db.session.add(row)
    db.session.flush()
    return key


def find(key: str, *, now: datetime, is_half: bool = False) -> EditorSession | None:
    """Return the session with this key, if it lives and its editor may sign in."""
    # Every page of the desk asks this, and what its editor may do right after.
    question = (
        sa.select(EditorSession)
        .join(EditorSession.editor)
        .options(contains_eager(EditorSession.editor).joinedload(Editor.roles))
        .where(
            EditorSession.key_hash == _hash(key),
            EditorSession.is_half == is_half,
            Editor.active,
            *_alive(now),
        )
    )
    return db.session.scalars(question).unique().one_or_none()


def sessions_of(editor: Editor, *, now: datetime) -> Sequence[EditorSession]:
    """Return where the editor is signed in, the last used first."""
    return db.session.scalars(
        sa.select(EditorSession)
        .where(EditorSession.editor_id == editor.id, EditorSession.is_half.is_(False), *_alive(now))
        .order_by(EditorSession.seen_at.desc(), EditorSession.id.desc())
    ).all()


def note_use(session: EditorSession, *, now: datetime) -> None:
    """Note that something was sent, so that the session goes on; not more often than needed."""
    if now - session.seen_at >= SEEN_EVERY:
        session.seen_at = now


def is_fresh(session: EditorSession, *, now: datetime) -> bool:
    """Tell whether the editor proved who they are a short while ago."""
    return now - session.proved_at < FRESH


def count_try(half: EditorSession) -> bool:
    """Count a code that is tried for half a session; False if there were too many.

    One conditional UPDATE counts, so that parallel tries are not more tries.
    """
    counted = db.session.execute(
        sa.update(EditorSession)
        .where(EditorSession.id == half.id, EditorSession.tries < MOST_TRIES)
        .values(tries=EditorSession.tries + 1)
        .execution_options(synchronize_session=False)
    )
    return rows_changed(counted) == 1


def end_session(session: EditorSession) -> None:
    """End one session."""
    db.session.execute(sa.delete(EditorSession).where(EditorSession.id == session.id))


def end_sessions(editor: Editor, *, besides: EditorSession | None = None) -> None:
    """Sign the editor out everywhere, or everywhere but in one session."""
    question = sa.delete(EditorSession).where(EditorSession.editor_id == editor.id)
    if besides is not None:
        question = question.where(EditorSession.id != besides.id)
    db.session.execute(question)


def forget_old(*, now: datetime) -> None:
    """Delete the sessions that ended by themselves."""
    db.session.execute(sa.delete(EditorSession).where(sa.not_(sa.and_(*_alive(now)))))


def _alive(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        EditorSession.begun_at > now - LONGEST,
        EditorSession.seen_at > now - LONGEST_REST,
        sa.or_(EditorSession.is_half.is_(False), EditorSession.begun_at > now - HALF_LIFE),
    )


def _hash(key: str) -> str:
    """Return the hash under which a key is kept; the key is long and random, so this is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
