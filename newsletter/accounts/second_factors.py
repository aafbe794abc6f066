"""The second factor: an app that makes codes, set up with a code, never taking one twice."""

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.accounts import one_time_codes, passkeys, recovery_codes, sealing
from newsletter.accounts.models import Authenticator, Editor
from newsletter.accounts.sessions import end_sessions
from newsletter.errors import InvalidInput, Refused
from newsletter.extensions import db, rows_changed

log = logging.getLogger(__name__)

OFFER = timedelta(hours=1)
"""How long a new secret waits for its first code."""


def offer(editor: Editor, *, now: datetime) -> None:
    """Make a secret for an app; it counts once a code of it was typed, and until then the old."""
    row = _row(editor) or Authenticator(editor_id=editor.id)
    row.offered_secret = sealing.seal(one_time_codes.new_secret(), owner=editor.id)
    row.offered_at = now
    db.session.add(row)
    db.session.flush()


def offered_secret(editor: Editor, *, now: datetime) -> str | None:
    """Return the secret that waits for its first code, or None."""
    row = _row(editor)
    if row is None or row.offered_secret is None or row.offered_at is None:
        return None
    if now - row.offered_at >= OFFER:
        return None
    return sealing.unseal(row.offered_secret, owner=editor.id)


def confirm(editor: Editor, code: str, *, now: datetime) -> None:
    """Let the offered secret count from now on, because `code` shows that an app has it."""
    secret = offered_secret(editor, now=now)
    if secret is None:
        raise Refused("This code waited too long to be used. Begin the set-up again.")
    step = one_time_codes.matching_step(secret, code, now=now)
    if step is None:
        raise InvalidInput(
            "This is not the code that the app shows for this account now. Type the newest one; "
            "if it is refused again, compare the clock of your phone.",
            field="code",
        )
    db.session.execute(
        sa.update(Authenticator)
        .where(Authenticator.editor_id == editor.id)
        .values(
            secret=sealing.seal(secret, owner=editor.id),
            added_at=now,
            last_step=step,
            offered_secret=None,
            offered_at=None,
        )
    )


def added_at(editor: Editor) -> datetime | None:
    """Return since when a second factor is asked for, or None."""
    row = _row(editor)
    return row.added_at if row is not None and row.secret is not None else None


def has_second_factor(editor: Editor) -> bool:
    """Tell whether a code is asked for when the editor signs in by password or link."""
    return added_at(editor) is not None


def who_has_one() -> frozenset[int]:
    """Return the ids of all editors who have a second factor."""
    return frozenset(
        db.session.scalars(
            sa.select(Authenticator.editor_id).where(Authenticator.secret.is_not(None))
        )
    )


def take_code(editor: Editor, code: str, *, now: datetime) -> bool:
    """Use up a code of the editor's app; False if it is wrong or was used before.

    One conditional UPDATE decides: of twenty requests with one code, one gets in.
    """
    row = _row(editor)
    if row is None or row.secret is None:
        return False
    secret = sealing.unseal(row.secret, owner=editor.id)
    if secret is None:
        log.error(
            "the second factor of editor %s cannot be read: was SECRET_KEY changed "
            "without SECRET_KEY_FALLBACKS?",
            editor.id,
        )
        return False
    step = one_time_codes.matching_step(secret, code, now=now)
    if step is None:
        return False
    taken = db.session.execute(
        sa.update(Authenticator)
        .where(Authenticator.editor_id == editor.id, Authenticator.last_step < step)
        # Sealed anew each time, it follows SECRET_KEY.
        .values(last_step=step, secret=sealing.seal(secret, owner=editor.id))
        .execution_options(synchronize_session=False)
    )
    return rows_changed(taken) == 1


def remove(editor: Editor) -> None:
    """Ask for no second factor any more; the recovery codes go with it."""
    db.session.execute(sa.delete(Authenticator).where(Authenticator.editor_id == editor.id))
    recovery_codes.forget(editor)


def remove_all(editor: Editor) -> None:
    """Take away the app, its recovery codes and every passkey, and sign the editor out."""
    remove(editor)
    passkeys.remove_all(editor)
    end_sessions(editor)


def _row(editor: Editor) -> Authenticator | None:
    return db.session.get(Authenticator, editor.id, populate_existing=True)
