"""What editors may do: their roles, what each allows, and the mailing lists they are bound to."""

import enum
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from newsletter.accounts.models import Editor, Role, editor_mailing_list
from newsletter.errors import InvalidInput
from newsletter.extensions import db


class RoleName(enum.StrEnum):
    """What an editor may do: write; write and send; all of it and manage editors and lists."""

    AUTHOR = "author"
    EDITOR = "editor"
    ADMIN = "admin"


class Action(enum.StrEnum):
    """What the desk can be used for; every page and button needs one of these."""

    WRITE = "write issues and library items"
    SEND = "schedule, send, stop and pause issues"
    SEE_SUBSCRIBERS = "look subscribers up and suppress addresses"
    REVIEW_MEMBERS = "accept and decline members, and read comments"
    LIFT_SUPPRESSIONS = "let suppressed addresses be mailed again"
    ERASE_SUBSCRIBERS = "erase a subscriber from all lists, for good"
    MANAGE_LISTS = "add and change mailing lists"
    MANAGE_EDITORS = "add editors and change what they may do"


RIGHTS: Mapping[RoleName, frozenset[Action]] = {
    RoleName.AUTHOR: frozenset({Action.WRITE}),
    RoleName.EDITOR: frozenset(
        {Action.WRITE, Action.SEND, Action.SEE_SUBSCRIBERS, Action.REVIEW_MEMBERS}
    ),
    RoleName.ADMIN: frozenset(Action),
}
"""The whole of who may do what."""


def may(editor: Editor, action: Action) -> bool:
    """Tell whether one of the roles of `editor`, who is active, allows `action`."""
    return editor.active and any(action in RIGHTS[RoleName(role.name)] for role in editor.roles)


def bind_to_lists(editor: Editor, mailing_list_ids: Collection[int]) -> None:
    """Let the editor use these mailing lists and no other; with none named, all of them.

    Admins manage all lists, so they are never bound: raises InvalidInput.
    """
    if mailing_list_ids and role_of(editor) is RoleName.ADMIN:
        raise InvalidInput(
            "An admin may use every list. Tick none, or choose another role.", field="lists"
        )
    db.session.execute(
        sa.delete(editor_mailing_list).where(editor_mailing_list.c.editor_id == editor.id)
    )
    for mailing_list_id in sorted(set(mailing_list_ids)):
        db.session.execute(
            sa.insert(editor_mailing_list).values(
                editor_id=editor.id, mailing_list_id=mailing_list_id
            )
        )


def allowed_lists(editor: Editor) -> frozenset[int] | None:
    """Return the ids of the mailing lists that the editor may use; None means all of them."""
    if role_of(editor) is RoleName.ADMIN:
        return None
    bound = db.session.scalars(
        sa.select(editor_mailing_list.c.mailing_list_id).where(
            editor_mailing_list.c.editor_id == editor.id
        )
    )
    return frozenset(bound) or None


def bound_lists() -> dict[int, frozenset[int]]:
    """Return of every editor who is bound to lists, which."""
    found: dict[int, set[int]] = {}
    for editor_id, list_id in db.session.execute(sa.select(editor_mailing_list)):
        found.setdefault(editor_id, set()).add(list_id)
    return {editor_id: frozenset(ids) for editor_id, ids in found.items()}


def may_use_list(editor: Editor, mailing_list_id: int) -> bool:
    """Tell whether the editor may use this mailing list and its issues."""
    allowed = allowed_lists(editor)
    return allowed is None or mailing_list_id in allowed


def who_may(action: Action, mailing_list_id: int) -> Sequence[Editor]:
    """Return the editors whom `action` is allowed on this mailing list, by name.

    Who was invited and never came is nobody to ask or to write to yet.
    """
    roles = [role.value for role, rights in RIGHTS.items() if action in rights]
    bound = sa.select(editor_mailing_list).where(editor_mailing_list.c.editor_id == Editor.id)
    is_free = ~bound.exists() | Editor.roles.any(Role.name == RoleName.ADMIN.value)
    to_this_one = bound.where(editor_mailing_list.c.mailing_list_id == mailing_list_id).exists()
    question = (
        sa.select(Editor)
        .where(Editor.active, Editor.joined_at.is_not(None), is_free | to_this_one)
        .where(Editor.roles.any(Role.name.in_(roles)))
        .options(joinedload(Editor.roles))
        .order_by(Editor.name, Editor.email)
    )
    return db.session.scalars(question).unique().all()


def role_of(editor: Editor) -> RoleName:
    """Return the role of `editor` that allows most."""
    names = [RoleName(role.name) for role in editor.roles]
    return max(names, key=lambda name: len(RIGHTS[name]), default=RoleName.AUTHOR)
