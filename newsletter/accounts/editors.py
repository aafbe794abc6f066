"""Editors: adding and finding them, what they are called, their role, whether they are let in."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from newsletter import addresses, clock
from newsletter.accounts import address_changes
from newsletter.accounts.models import Editor, Role, SignInLink
from newsletter.accounts.rights import Action, RoleName, bind_to_lists, may
from newsletter.accounts.sessions import end_sessions
from newsletter.errors import InvalidAddress, InvalidInput, NotFound, Refused
from newsletter.extensions import add_if_free, db, insert

LONGEST_NAME = 120


def add_editor(address: str, role: RoleName | str, name: str = "", *, now: datetime) -> Editor:
    """Add a person who may sign in; raise InvalidInput for a bad address, role or name.

    There is no password until they set one: a link from make_sign_in_link lets them in.
    """
    email = addresses.parse(address).canonical
    editor = Editor(email=email, roles=[_role(role)], created_at=now)
    change_details(editor, name=name)
    if not add_if_free(editor):
        raise InvalidInput(
            "There is an editor with this address already: change that one instead.",
            field="address",
        )
    return editor


def all_editors() -> Sequence[Editor]:
    """Return everybody who may or might sign in, by name and address."""
    question = sa.select(Editor).options(selectinload(Editor.roles))
    return db.session.scalars(question.order_by(Editor.name, Editor.email)).all()


def find_editor(address: str) -> Editor | None:
    """Return the editor with this address, in whatever spelling, or None."""
    try:
        return _by_email(addresses.parse(address).canonical)
    except InvalidAddress:
        return None


def get_editor(address: str) -> Editor:
    """Return the editor with this address; raise NotFound if there is none."""
    editor = find_editor(address)
    if editor is None:
        raise NotFound(f"There is no editor with the address “{address[:80]}”.")
    return editor


def change_details(editor: Editor, *, name: str, zone: str | None = None) -> None:
    """Change how the editor is called, and whose wall time the desk shows them."""
    text = " ".join(name.split())
    if len(text) > LONGEST_NAME:
        raise InvalidInput(f"A name has at most {LONGEST_NAME} characters.", field="name")
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        raise InvalidInput("A name has no control characters. Type it again.", field="name")
    if zone is not None:
        editor.zone = clock.zone(zone).key
    editor.name = text


def choose_mails(editor: Editor, *, next_day: bool) -> None:
    """Note whether the numbers of an issue that the editor made come by mail after a day."""
    editor.wants_next_day = next_day
    db.session.flush()


def change_role(editor: Editor, role: RoleName | str) -> None:
    """Give the editor another role and end their sessions; the last admin keeps theirs."""
    new = _role(role)
    if new.name != RoleName.ADMIN:
        _keep_an_admin(editor)
    else:
        bind_to_lists(editor, ())
    editor.roles = [new]
    end_sessions(editor)
    db.session.flush()


def deactivate(editor: Editor) -> None:
    """Let the editor in no more, from this moment on; the last admin stays."""
    _keep_an_admin(editor)
    editor.active = False
    end_sessions(editor)
    address_changes.forget(editor)
    # Nor by a link that was mailed before, should they be let in again one day.
    db.session.execute(sa.delete(SignInLink).where(SignInLink.editor_id == editor.id))
    db.session.flush()


def withdraw_invitation(editor: Editor) -> bool:
    """Take back what was offered to somebody who never came; True if nothing of them stays.

    Whose name stands in what others did, because a colleague asked them for something, is
    deactivated: their links are dead all the same.
    """
    if editor.joined_at is not None:
        raise Refused("They have signed in already. Deactivate them instead.")
    _keep_an_admin(editor)
    try:
        with db.session.begin_nested():
            db.session.delete(editor)
    except sa.exc.IntegrityError:
        deactivate(editor)
        return False
    return True


def activate(editor: Editor) -> None:
    """Let a deactivated editor in again, by password or a new link."""
    editor.active = True
    db.session.flush()


def _by_email(email: str) -> Editor | None:
    return db.session.scalar(sa.select(Editor).where(Editor.email == email))


def _role(name: str) -> Role:
    if name not in set(RoleName):
        raise InvalidInput(
            f"“{name[:40]}” is not a role. Roles are {', '.join(RoleName)}.", field="role"
        )
    db.session.execute(insert(Role).values(name=RoleName(name).value).on_conflict_do_nothing())
    return db.session.scalars(sa.select(Role).where(Role.name == name)).one()


def _keep_an_admin(editor: Editor) -> None:
    admins = db.session.scalars(
        sa.select(Editor.id)
        .where(Editor.active, Editor.roles.any(Role.name == RoleName.ADMIN.value))
        .order_by(Editor.id)
        # Two admins who take each other's rights at once: the second waits, and is refused.
        .with_for_update(of=Editor)
    ).all()
    if may(editor, Action.MANAGE_EDITORS) and set(admins) <= {editor.id}:
        raise Refused(
            "This is the only admin. Make somebody else an admin first, "
            "so that somebody can still manage editors."
        )
