"""Who may sign in: admins add editors, change roles, let in and keep out."""

import logging
from http import HTTPStatus

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import accounts, clock
from newsletter.accounts import Action, Editor, RoleName
from newsletter.audit import Deed
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, needs, the_editor
from newsletter.desk.mailing import mail_sign_in_link
from newsletter.desk.noting import note
from newsletter.errors import NotFound
from newsletter.extensions import db

log = logging.getLogger(__name__)

ROLES = [
    (RoleName.AUTHOR.value, "Author: writes issues and library items"),
    (RoleName.EDITOR.value, "Editor: also sends, and looks subscribers up"),
    (RoleName.ADMIN.value, "Admin: also manages lists and editors"),
]
"""The roles as a form shows them."""


@blueprint.get("/editors/")
@needs(Action.MANAGE_EDITORS)
def show_editors() -> str:
    """List everybody, with a form for one more."""
    return _page(Form({"address": "", "name": "", "role": RoleName.AUTHOR.value}))


@blueprint.post("/editors/")
@needs(Action.MANAGE_EDITORS)
def add_editor() -> Response | tuple[str, int]:
    """Add an editor and mail them a link that lives a day."""
    now = clock.now()
    form = typed("address", "name", "role")
    with form.checking():
        editor = accounts.add_editor(**form.values, now=now)
        mail_sign_in_link(editor, lifetime=accounts.PRINTED_LINK, now=now, invited_by=the_editor())
    if form.errors:
        return _page(form), HTTPStatus.UNPROCESSABLE_ENTITY
    note(Deed.EDITOR_INVITED, editor.id, form.values["role"])
    return _done(editor, "added", "A sign-in link that lives 24 hours is on its way to {}.")


@blueprint.post("/editors/<int:number>/role")
@needs(Action.MANAGE_EDITORS)
def change_role(number: int) -> Response:
    """Give an editor another role; they sign in again."""
    editor = _get(number)
    accounts.change_role(editor, typed("role").values["role"])
    note(Deed.EDITOR_ROLE_CHANGED, editor.id, accounts.role_of(editor).value)
    return _done(editor, "given another role", "{} has another role now and signs in again.")


@blueprint.post("/editors/<int:number>/deactivate")
@needs(Action.MANAGE_EDITORS)
def deactivate_editor(number: int) -> Response:
    """Keep an editor out from now on."""
    editor = _get(number)
    accounts.deactivate(editor)
    note(Deed.EDITOR_DEACTIVATED, editor.id)
    return _done(editor, "deactivated", "{} is signed out and cannot sign in any more.")


@blueprint.post("/editors/<int:number>/activate")
@needs(Action.MANAGE_EDITORS)
def activate_editor(number: int) -> Response:
    """Let an editor in again."""
    editor = _get(number)
    accounts.activate(editor)
    note(Deed.EDITOR_ACTIVATED, editor.id)
    return _done(editor, "activated", "{} may sign in again.")


@blueprint.post("/editors/<int:number>/link")
@needs(Action.MANAGE_EDITORS)
def mail_link(number: int) -> Response:
    """Mail an editor a new sign-in link."""
    editor = _get(number)
    mail_sign_in_link(
        editor, lifetime=accounts.PRINTED_LINK, now=clock.now(), invited_by=the_editor()
    )
    note(Deed.EDITOR_LINK_MADE, editor.id)
    return _done(editor, "mailed a link", "A sign-in link that lives 24 hours is on its way to {}.")


def _get(number: int) -> Editor:
    editor = db.session.get(Editor, number)
    if editor is None:
        raise NotFound("There is no such editor.")
    return editor


def _page(form: Form) -> str:
    rows = [(editor, accounts.role_of(editor).value) for editor in accounts.all_editors()]
    return render_template("desk/editors.html", form=form, rows=rows, roles=ROLES)


def _done(editor: Editor, what: str, words: str) -> Response:
    number, address, admin_id = editor.id, editor.email, the_editor().id
    db.session.commit()
    log.info("editor %s %s by editor %s", number, what, admin_id)
    flash(words.format(address))
    return redirect("/desk/editors/", code=303)
