"""Passkeys: signing in by one, and an editor's own."""

import logging
from http import HTTPStatus

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Editor, SignInWay, passkeys, second_factors
from newsletter.audit import Deed
from newsletter.desk import browser_session, guessing
from newsletter.desk.alerts import Alert, mail_alert
from newsletter.desk.arriving import let_in, within_the_desk
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import PUBLIC, SIGNED_IN, blueprint, needs, the_editor, the_session
from newsletter.desk.noting import note
from newsletter.errors import InvalidInput
from newsletter.extensions import db

log = logging.getLogger(__name__)

PAGE = "/desk/account/passkeys"

CHALLENGE = "challenge"
"""Where the cookie has what this browser was asked to sign."""


@blueprint.post("/sign-in-passkey/options")
@needs(PUBLIC)
def sign_in_options() -> FlaskResponse:
    """Tell a script what to ask the device for; the answer is the same for everybody."""
    now = clock.now()
    guessing.count_passkey_asked(now=now)
    return _asked(*passkeys.sign_in_options(now=now))


@blueprint.post("/sign-in-passkey")
@needs(PUBLIC)
def sign_in_by_passkey() -> Response | tuple[str, int]:
    """Sign in by what a device signed; no code is asked for after that."""
    form, now = typed("answer", "next"), clock.now()
    with form.checking():
        passkey = passkeys.recognise(form.values["answer"], _challenge(), now=now)
    if form.errors:
        page = render_template(
            "desk/sign_in.html",
            address="",
            next_page=within_the_desk(form.values["next"]),
            error=form.errors[""],
            passkeys_are_possible=passkeys.are_possible(),
        )
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    editor = db.session.get_one(Editor, passkey.editor_id)
    return let_in(editor, SignInWay.PASSKEY, next_page=form.values["next"], now=now)


@blueprint.post("/account/proof/options")
@needs(SIGNED_IN)
def proof_options() -> FlaskResponse:
    """Tell a script which devices could prove that this is still the editor."""
    return _asked(*passkeys.sign_in_options(now=clock.now(), editor=the_editor()))


@blueprint.post("/account/proof/passkey")
@needs(SIGNED_IN)
def prove_by_passkey() -> Response | tuple[str, int]:
    """Take what one of the editor's devices signed as proof."""
    form, now = typed("answer", "next"), clock.now()
    with form.checking():
        passkey = passkeys.recognise(form.values["answer"], _challenge(), now=now)
        if passkey.editor_id != the_editor().id:
            raise InvalidInput(passkeys.REFUSED)
    if form.errors:
        flash(passkeys.REFUSED)
        return redirect("/desk/account/proof?next=" + within_the_desk(form.values["next"]), 303)
    the_session().proved_at = now
    db.session.commit()
    return redirect(within_the_desk(form.values["next"]), code=303)


@blueprint.get("/account/passkeys")
@needs(SIGNED_IN, proof=True)
def show_passkeys() -> str:
    """List the editor's passkeys, with a form for one more."""
    form = Form({"name": browser_session.this_browser()})
    return render_template("desk/passkeys.html", form=form, **_facts())


@blueprint.post("/account/passkeys/options")
@needs(SIGNED_IN, proof=True)
def registration_options() -> FlaskResponse:
    """Tell a script what kind of passkey to ask the device for."""
    return _asked(*passkeys.registration_options(the_editor(), now=clock.now()))


@blueprint.post("/account/passkeys/new")
@needs(SIGNED_IN, proof=True)
def add_passkey() -> Response | tuple[str, int]:
    """Keep the passkey that the device made."""
    editor, form, now = the_editor(), typed("name", "answer"), clock.now()
    challenge = _challenge()
    with form.checking():
        passkey = passkeys.add_passkey(
            editor, form.values["answer"], challenge, name=form.values["name"], now=now
        )
    if form.errors:
        return show_again("desk/passkeys.html", form, **_facts())
    name = passkey.name
    note(Deed.EDITOR_FACTOR_ADDED, editor.id, f"the passkey “{name}”")
    mail_alert(editor, Alert.PASSKEY_ADDED, name, now=now)
    db.session.commit()
    log.info("editor %s added a passkey", editor.id)
    return _done(f"{name} is added. Use it when you sign in next time.")


@blueprint.post("/account/passkeys/<int:number>/rename")
@needs(SIGNED_IN, proof=True)
def rename_passkey(number: int) -> Response | tuple[str, int]:
    """Call a passkey something else."""
    form = typed("name")
    with form.checking():
        passkeys.rename(passkeys.get_passkey(the_editor(), number), form.values["name"])
    if form.errors:
        return show_again("desk/passkeys.html", form, **_facts())
    db.session.commit()
    return _done("Saved.")


@blueprint.post("/account/passkeys/<int:number>/remove")
@needs(SIGNED_IN, proof=True)
def remove_passkey(number: int) -> Response:
    """Let nobody sign in by this passkey any more."""
    editor = the_editor()
    passkey = passkeys.get_passkey(editor, number)
    name = passkey.name
    passkeys.remove(passkey)
    note(Deed.EDITOR_FACTOR_REMOVED, editor.id, f"the passkey “{name}”")
    mail_alert(editor, Alert.PASSKEY_REMOVED, name, now=clock.now())
    db.session.commit()
    log.warning("alert: editor %s removed a passkey", editor.id)
    return _done(f"{name} is removed: nobody signs in by it any more.")


def _asked(options: str, challenge: bytes) -> FlaskResponse:
    """Return the options, and remember in this browser's cookie what it was asked."""
    db.session.commit()
    session[CHALLENGE] = bytes_to_base64url(challenge)
    return FlaskResponse(options, mimetype="application/json")


def _challenge() -> bytes:
    return base64url_to_bytes(str(session.pop(CHALLENGE, "")))


def _facts() -> dict[str, object]:
    return {
        "passkeys": passkeys.passkeys_of(the_editor()),
        "are_possible": passkeys.are_possible(),
        "has_factor": second_factors.has_second_factor(the_editor()),
        "most": passkeys.LONGEST_NAME,
    }


def _done(words: str) -> Response:
    flash(words)
    return redirect(PAGE, code=303)
