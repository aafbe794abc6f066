"""Another address to sign in with: it counts once the link that was mailed there is used."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import addresses, links
from newsletter.accounts.models import AddressChange, Editor, SignInLink
from newsletter.errors import DeadLink, InvalidInput, Refused
from newsletter.extensions import db, rows_changed

LIFETIME = timedelta(hours=24)
"""How long the link lives."""


def ask(editor: Editor, address: str, *, now: datetime) -> str | None:
    """Note the wish and return the link for the new address; None if somebody else has it.

    Who asks is not told which of the two it is: the desk names nobody's address.
    """
    wanted = addresses.parse(address).canonical
    if wanted == editor.email:
        raise InvalidInput("This is your address already.", field="address")
    forget(editor)
    change = AddressChange(editor_id=editor.id, address=wanted, asked_at=now)
    db.session.add(change)
    db.session.flush()
    return None if _is_taken(wanted) else links.CHANGE_ADDRESS.url(str(change.id), now=now)


def read(token: str, *, now: datetime) -> tuple[Editor, str]:
    """Return whose address becomes which by this link; raise DeadLink."""
    change = db.session.get(AddressChange, int(links.CHANGE_ADDRESS.read(token, now=now)))
    if change is None or change.asked_at + LIFETIME <= now:
        raise DeadLink
    editor = db.session.get_one(Editor, change.editor_id)
    if not editor.active:
        raise DeadLink
    return editor, change.address


def confirm(token: str, *, now: datetime) -> tuple[Editor, str]:
    """Let the new address count; return the editor and the old one. DeadLink the second time.

    Sign-in links that lie in the old mailbox are dead from now on.
    """
    editor, address = read(token, now=now)
    used = db.session.execute(
        sa.delete(AddressChange).where(
            AddressChange.editor_id == editor.id, AddressChange.address == address
        )
    )
    if rows_changed(used) != 1:
        raise DeadLink
    if _is_taken(address):
        raise Refused("Another editor signs in with this address by now. Choose another one.")
    old, editor.email = editor.email, address
    db.session.execute(
        sa.update(SignInLink)
        .where(SignInLink.editor_id == editor.id, SignInLink.used_at.is_(None))
        .values(used_at=now)
    )
    db.session.flush()
    return editor, old


def forget(editor: Editor) -> None:
    """End the wish of an editor, if there is one."""
    db.session.execute(sa.delete(AddressChange).where(AddressChange.editor_id == editor.id))


def _is_taken(address: str) -> bool:
    return db.session.scalar(sa.select(Editor.id).where(Editor.email == address)) is not None
