"""Passwords: what one has to be, setting it, checking it."""

import unicodedata
from datetime import datetime

import sqlalchemy as sa
from flask_security.utils import hash_password, verify_password

from newsletter.accounts import address_changes
from newsletter.accounts.models import Editor, SignInLink
from newsletter.accounts.sessions import end_sessions
from newsletter.errors import InvalidInput
from newsletter.extensions import db

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
"""Characters; a longer text would only keep the processor busy."""

# The hash of a text that nobody knows. Checking a password against it takes as
# long as against an editor's own, so the time does not tell who has an account (XD07).
DECOY_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$KEUoRSgl5BwD4LxXag0hJA$k48ZRZ"
    "orS/dkI9t6vYdM44/gTp6l1tZRv7q+3FJJ/5k"
)


def set_password(editor: Editor, password: str, *, now: datetime) -> None:
    """Set the password, end every session and kill every open sign-in link (STANDARDS XD04)."""
    text = _normal(password)
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
        raise InvalidInput(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters. "
            "Several words in a row are easy to remember and hard to guess.",
            field="password",
        )
    if text.casefold() in (editor.email.casefold(), editor.name.casefold()):
        raise InvalidInput("Your address and your name are easy to guess.", field="password")
    if len(set(text)) < 5:
        raise InvalidInput("This repeats too few characters to be safe.", field="password")
    editor.password = hash_password(text)
    end_sessions(editor)
    # A stranger at the desk may have asked for one, and is locked out by this.
    address_changes.forget(editor)
    db.session.execute(
        sa.update(SignInLink)
        .where(SignInLink.editor_id == editor.id, SignInLink.used_at.is_(None))
        .values(used_at=now)
    )
    db.session.flush()


def password_matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` belongs to the stored hash.

    It takes the same time for None: an unknown address, or an editor without
    a password. No database is asked, so no lock needs to be held meanwhile.
    """
    known = password_hash or DECOY_HASH
    fits = verify_password(_normal(password)[:LONGEST_PASSWORD], known)
    return fits and password_hash is not None


def _normal(password: str) -> str:
    """Return the password in the one form that every keyboard's spelling of it has."""
    return unicodedata.normalize("NFKC", password)
