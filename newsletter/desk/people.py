"""Who may sign in: everybody at a glance, and inviting somebody."""

import logging
from collections.abc import Sequence
from http import HTTPStatus

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import accounts, clock
from newsletter.accounts import Action, Editor, RoleName, passkeys, second_factors
from newsletter.audit import Deed
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, needs, the_editor
from newsletter.desk.mailing import mail_invitation
from newsletter.desk.noting import note
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList

log = logging.getLogger(__name__)

ROLES = [
    (RoleName.AUTHOR.value, "Author: writes issues and library items"),
    (RoleName.EDITOR.value, "Editor: also sends, and looks subscribers up"),
    (RoleName.ADMIN.value, "Admin: also manages lists and editors"),
]
"""The roles as a form shows them."""

WHAT_FOR = {
    RoleName.AUTHOR: "to write issues and library items",
    RoleName.EDITOR: "to write and send issues, and to look subscribers up",
    RoleName.ADMIN: "to write and send issues, and to manage lists and editors",
}
"""What somebody with a role is invited for."""


@blueprint.get("/editors/")
@needs(Action.MANAGE_EDITORS)
def show_editors() -> str:
    """List everybody, with a form for one more."""
    return _page(Form({"address": "", "name": "", "role": RoleName.AUTHOR.value}))


@blueprint.post("/editors/")
@needs(Action.MANAGE_EDITORS)
def add_editor() -> Response | tuple[str, int]:
    """Add an editor and mail them an invitation with a link that lives a day."""
    now = clock.now()
    form = typed("address", "name", "role", lists=("lists",))
    with form.checking():
        chosen = chosen_lists(form.lists["lists"])
        editor = accounts.add_editor(**form.values, now=now)
        accounts.bind_to_lists(editor, [one.id for one in chosen])
        invite(editor, by=the_editor())
    if form.errors:
        return _page(form), HTTPStatus.UNPROCESSABLE_ENTITY
    note(Deed.EDITOR_INVITED, editor.id, in_words(form.values["role"], chosen))
    number, address, admin_id = editor.id, editor.email, the_editor().id
    db.session.commit()
    log.info("editor %s added by editor %s", number, admin_id)
    flash(f"An invitation with a link that lives 24 hours is on its way to {address}.")
    return redirect("/desk/editors/", code=303)


def invite(editor: Editor, *, by: Editor) -> None:
    """Mail somebody who never signed in what they are invited for, and a new link."""
    allowed = accounts.allowed_lists(editor)
    mail_invitation(
        editor,
        by=by,
        what_for=WHAT_FOR[accounts.role_of(editor)],
        list_names=[one.name for one in lists.all_lists(only=allowed)] if allowed else [],
        now=clock.now(),
    )


def chosen_lists(slugs: Sequence[str]) -> list[MailingList]:
    """Return the lists that were ticked; raise InvalidInput for one that is gone."""
    known = {one.slug: one for one in lists.all_lists()}
    if not set(slugs) <= set(known):
        raise InvalidInput("One of these lists is gone. Tick the others again.", field="lists")
    return [one for slug, one in known.items() if slug in slugs]


def in_words(role: str, bound_to: Sequence[MailingList]) -> str:
    """Return what an editor may do, for those who read about it later."""
    names = ", ".join(one.slug for one in bound_to)
    return f"{role} of {names}" if names else role


def list_options() -> list[tuple[str, str]]:
    """Return the lists as a form shows them."""
    return [(one.slug, one.name) for one in lists.all_lists()]


def _page(form: Form) -> str:
    names = {one.id: one.name for one in lists.all_lists()}
    bound = accounts.bound_lists()
    return render_template(
        "desk/editors.html",
        form=form,
        editors=accounts.all_editors(),
        role_of=accounts.role_of,
        bound={number: [names[one] for one in sorted(ids)] for number, ids in bound.items()},
        with_app=second_factors.who_has_one(),
        with_passkeys=passkeys.count_by_editor(),
        roles=ROLES,
        lists=list_options(),
    )
