"""One editor, as an admin sees them: role and lists, invitation, second factors, in or out."""

import logging

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import accounts, clock
from newsletter.accounts import Action, Editor, passkeys, second_factors, sessions
from newsletter.audit import Deed
from newsletter.desk.alerts import Alert, mail_alert
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import blueprint, needs, the_editor
from newsletter.desk.mailing import mail_sign_in_link
from newsletter.desk.noting import note
from newsletter.desk.people import ROLES, chosen_lists, in_words, invite, list_options
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.subscriptions import lists

log = logging.getLogger(__name__)


@blueprint.get("/editors/<int:number>")
@needs(Action.MANAGE_EDITORS)
def show_editor(number: int) -> str:
    """Show what an editor may do and how they sign in."""
    editor = _get(number)
    allowed = accounts.allowed_lists(editor)
    bound = [one.slug for one in lists.all_lists(only=allowed)] if allowed else []
    form = Form({"role": accounts.role_of(editor).value}, {"lists": bound})
    return render_template("desk/editor.html", form=form, **_facts(editor))


@blueprint.post("/editors/<int:number>/role")
@needs(Action.MANAGE_EDITORS)
def change_role(number: int) -> Response | tuple[str, int]:
    """Give an editor another role or other lists; with another role they sign in again."""
    editor, form = _get(number), typed("role", lists=("lists",))
    before = accounts.role_of(editor)
    with form.checking():
        chosen = chosen_lists(form.lists["lists"])
        if form.values["role"] != before:
            accounts.change_role(editor, form.values["role"])
        accounts.bind_to_lists(editor, [one.id for one in chosen])
    if form.errors:
        return show_again("desk/editor.html", form, **_facts(_get(number)))
    role = accounts.role_of(editor)
    deed = Deed.EDITOR_BOUND if role is before else Deed.EDITOR_ROLE_CHANGED
    note(deed, number, in_words(role.value, chosen))
    words = "Saved." if role is before else "Saved. They sign in again."
    return _done(editor, "given another role or other lists", words)


@blueprint.post("/editors/<int:number>/link")
@needs(Action.MANAGE_EDITORS)
def mail_link(number: int) -> Response:
    """Mail an editor a new sign-in link; who never came gets the invitation again."""
    editor = _get(number)
    if editor.joined_at is None:
        invite(editor, by=the_editor())
    else:
        mail_sign_in_link(
            editor, lifetime=accounts.PRINTED_LINK, now=clock.now(), invited_by=the_editor()
        )
    note(Deed.EDITOR_LINK_MADE, number)
    return _done(editor, "mailed a link", "A link that lives 24 hours is on its way to {}.")


@blueprint.post("/editors/<int:number>/withdraw")
@needs(Action.MANAGE_EDITORS)
def withdraw_invitation(number: int) -> Response:
    """Take back the invitation of somebody who never came."""
    editor = _get(number)
    address = editor.email
    is_gone = accounts.withdraw_invitation(editor)
    note(Deed.EDITOR_INVITATION_WITHDRAWN, number)
    db.session.commit()
    stays = " They were asked for something already, so their name stays there, deactivated."
    flash(f"The invitation of {address} is withdrawn. Its link is dead.{'' if is_gone else stays}")
    return redirect("/desk/editors/", code=303)


@blueprint.post("/editors/<int:number>/sign-out")
@needs(Action.MANAGE_EDITORS)
def sign_editor_out(number: int) -> Response:
    """Sign an editor out everywhere, for a computer that was lost."""
    editor = _get(number)
    sessions.end_sessions(editor)
    note(Deed.EDITOR_CHANGED, number, "signed out everywhere")
    return _done(editor, "signed out", "{} is signed out everywhere.")


@blueprint.post("/editors/<int:number>/reset")
@needs(Action.MANAGE_EDITORS, proof=True)
def reset_factors(number: int) -> Response:
    """Take away second factors and passkeys, for a phone that was lost, and tell the editor."""
    editor, admin = _get(number), the_editor()
    second_factors.remove_all(editor)
    mail_alert(editor, Alert.FACTOR_RESET, admin.name or admin.email, now=clock.now())
    note(Deed.EDITOR_FACTOR_RESET, number)
    log.warning("alert: second factors of editor %s taken away by %s", number, admin.id)
    return _done(editor, "without second factors", "{} signs in by password or link alone.")


@blueprint.post("/editors/<int:number>/deactivate")
@needs(Action.MANAGE_EDITORS)
def deactivate_editor(number: int) -> Response:
    """Keep an editor out from now on."""
    editor = _get(number)
    accounts.deactivate(editor)
    note(Deed.EDITOR_DEACTIVATED, number)
    return _done(editor, "deactivated", "{} is signed out and cannot sign in any more.")


@blueprint.post("/editors/<int:number>/activate")
@needs(Action.MANAGE_EDITORS)
def activate_editor(number: int) -> Response:
    """Let an editor in again."""
    editor = _get(number)
    accounts.activate(editor)
    note(Deed.EDITOR_ACTIVATED, number)
    return _done(editor, "activated", "{} may sign in again.")


def _get(number: int) -> Editor:
    editor = db.session.get(Editor, number)
    if editor is None:
        raise NotFound("There is no such editor.")
    return editor


def _facts(editor: Editor) -> dict[str, object]:
    return {
        "editor": editor,
        "role": accounts.role_of(editor).value,
        "factor_since": second_factors.added_at(editor),
        "passkeys": passkeys.passkeys_of(editor),
        "sessions": sessions.sessions_of(editor, now=clock.now()),
        "roles": ROLES,
        "lists": list_options(),
    }


def _done(editor: Editor, what: str, words: str) -> Response:
    number, address, admin_id = editor.id, editor.email, the_editor().id
    db.session.commit()
    log.info("editor %s %s by editor %s", number, what, admin_id)
    flash(words.format(address))
    return redirect(f"/desk/editors/{number}", code=303)
