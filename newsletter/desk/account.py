"""An editor's own account: name, time zone, password."""

import logging

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import accounts, clock
from newsletter.accounts import (
    Editor,
    SignInWay,
    passkeys,
    recovery_codes,
    second_factors,
    sessions,
)
from newsletter.audit import Deed
from newsletter.desk import browser_session, guessing
from newsletter.desk.alerts import Alert, mail_alert
from newsletter.desk.forms import Form, show_again, typed, zone_options
from newsletter.desk.guard import SIGNED_IN, blueprint, needs, the_editor, the_session
from newsletter.desk.noting import note
from newsletter.errors import InvalidInput
from newsletter.extensions import db

log = logging.getLogger(__name__)

NEXT_DAY = "next-day"
"""What the form calls the numbers that come by mail after a day."""


@blueprint.get("/account/")
@needs(SIGNED_IN)
def show_account() -> str:
    """Show name, zone and role of who is signed in."""
    editor = the_editor()
    mails = [NEXT_DAY] if editor.wants_next_day else []
    form = Form({"name": editor.name, "zone": editor.zone}, {"mails": mails})
    return render_template("desk/account.html", form=form, **_facts(editor))


@blueprint.post("/account/")
@needs(SIGNED_IN)
def change_account() -> Response | tuple[str, int]:
    """Change name, zone and what comes by mail."""
    editor = the_editor()
    form = typed("name", "zone", lists=("mails",))
    before = editor.name
    with form.checking():
        accounts.change_details(editor, **form.values)
        accounts.choose_mails(editor, next_day=NEXT_DAY in form.lists["mails"])
    if form.errors:
        return show_again("desk/account.html", form, **_facts(editor))
    if editor.name != before:
        note(Deed.EDITOR_RENAMED, editor.id, f"{_quoted(before)} to {_quoted(editor.name)}")
    db.session.commit()
    flash("Saved.")
    return redirect("/desk/account/", code=303)


def _quoted(name: str) -> str:
    return f"“{name}”" if name else "none"


def _facts(editor: Editor) -> dict[str, object]:
    return {
        "zones": zone_options(),
        "sessions": sessions.sessions_of(editor, now=clock.now()),
        "this_session": the_session(),
        "factor_since": second_factors.added_at(editor),
        "codes_left": recovery_codes.left(editor),
        "passkeys": passkeys.passkeys_of(editor),
    }


@blueprint.get("/account/password")
@needs(SIGNED_IN)
def show_password() -> str:
    """Ask for a new password."""
    return render_template("desk/password.html", form=Form({}), needs_old=_needs_old(the_editor()))


@blueprint.post("/account/password")
@needs(SIGNED_IN)
def change_password() -> Response | tuple[str, int]:
    """Set the password; every other session of this editor ends."""
    editor, now = the_editor(), clock.now()
    is_first = editor.password is None
    form = typed("old", "password", "again")
    needs_old = _needs_old(editor)
    old_fits = not needs_old or _old_fits(editor, form.values["old"])
    with form.checking():
        _check_passwords(form, old_fits=old_fits)
        accounts.set_password(editor, form.values["password"], now=now)
    if form.errors:
        # Passwords are the one thing that a form does not show again.
        form.values = {}
        return show_again("desk/password.html", form, needs_old=needs_old)
    note(Deed.EDITOR_PASSWORD_SET, editor.id)
    mail_alert(editor, Alert.PASSWORD_SET, now=now)
    browser_session.begin(editor, SignInWay.PASSWORD, now=now)
    db.session.commit()
    log.info("editor %s set a password", editor.id)
    flash("Your password is set. You are signed out everywhere else.")
    # A second factor is offered after the first password, never forced.
    offers_factor = is_first and not second_factors.has_second_factor(editor)
    return redirect("/desk/account/second-factor" if offers_factor else "/desk/", code=303)


def _needs_old(editor: Editor) -> bool:
    """Tell whether the old password is asked for: not soon after a sign-in by link."""
    here = the_session()
    forgot_it = here.way is SignInWay.LINK and sessions.is_fresh(here, now=clock.now())
    return editor.password is not None and not forgot_it


def _old_fits(editor: Editor, old: str) -> bool:
    """Count the try, so that a borrowed desk is no place to guess, and check it."""
    known_hash = editor.password
    guessing.count_proof(editor, now=clock.now())
    # The count stands whatever follows, and nobody waits for a lock while argon2 works.
    db.session.commit()
    return accounts.password_matches(known_hash, old)


def _check_passwords(form: Form, *, old_fits: bool) -> None:
    if not old_fits:
        raise InvalidInput("This is not your password of now. Type it again.", field="old")
    if form.values["password"] != form.values["again"]:
        raise InvalidInput("The two are not the same. Type both again.", field="again")
