"""The second step of signing in: a code of the app, or a recovery code."""

import logging
from datetime import datetime
from http import HTTPStatus

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import clock, limits
from newsletter.accounts import EditorSession, passkeys, recovery_codes, second_factors, sessions
from newsletter.audit import Deed
from newsletter.desk import browser_session, guessing
from newsletter.desk.alerts import Alert, mail_alert
from newsletter.desk.arriving import let_in
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import PUBLIC, blueprint, needs
from newsletter.desk.noting import note
from newsletter.extensions import db

log = logging.getLogger(__name__)


@blueprint.get("/sign-in-code")
@needs(PUBLIC)
def show_code_page() -> str | Response:
    """Ask for the code, of whom password or link let half in."""
    if browser_session.this_half(now=clock.now()) is None:
        return _begin_again("Sign in first; the code is asked for after that.")
    return _page(Form({}))


@blueprint.post("/sign-in-code")
@needs(PUBLIC)
def enter_code() -> Response | tuple[str, int]:
    """Sign in with a code of the app; each works once."""
    now = clock.now()
    half = browser_session.this_half(now=now)
    if half is None:
        return _begin_again("This took too long. Sign in again.")
    if not sessions.count_try(half):
        return _give_up(half, now=now)
    editor, way = half.editor, half.way
    guessing.count_code(editor, now=now)
    # The count stands whatever follows.
    db.session.commit()
    form = typed("code")
    if not second_factors.take_code(editor, form.values["code"], now=now):
        return _refuse(
            "code",
            "This is not the code of now, or it was used before. Wait for the next one.",
        )
    sessions.end_session(half)
    return let_in(editor, way, next_page=browser_session.next_page(), now=now, also="code")


@blueprint.post("/sign-in-recovery")
@needs(PUBLIC)
def enter_recovery_code() -> Response | tuple[str, int]:
    """Sign in with a recovery code; it is used up."""
    now = clock.now()
    half = browser_session.this_half(now=now)
    if half is None:
        return _begin_again("This took too long. Sign in again.")
    if not sessions.count_try(half):
        return _give_up(half, now=now)
    editor, way = half.editor, half.way
    guessing.count_recovery_code(editor, now=now)
    db.session.commit()
    if not recovery_codes.use(editor, typed("recovery").values["recovery"]):
        return _refuse("recovery", "This is none of your codes, or it was used before.")
    sessions.end_session(half)
    note(Deed.EDITOR_RECOVERY_USED, editor.id, by=editor)
    left = recovery_codes.left(editor)
    mail_alert(editor, Alert.RECOVERY_USED, left or "none", now=now)
    log.warning("alert: editor %s signed in with a recovery code, %s are left", editor.id, left)
    return let_in(editor, way, next_page="/desk/account/", now=now, also="recovery code")


def _give_up(half: EditorSession, *, now: datetime) -> Response:
    """End half a session in which too many codes were wrong, and tell its editor once a day."""
    if limits.may_mail("wrong codes", half.editor.email, now=now):
        mail_alert(half.editor, Alert.WRONG_CODES, now=now)
    log.warning("alert: too many wrong codes of editor %s after a right password", half.editor_id)
    sessions.end_session(half)
    db.session.commit()
    return _begin_again("Too many codes were wrong. Sign in again, then type the newest code.")


def _begin_again(sentence: str) -> Response:
    flash(sentence)
    return redirect("/desk/sign-in", code=303)


def _refuse(field: str, sentence: str) -> tuple[str, int]:
    db.session.rollback()
    return _page(Form({}, errors={field: sentence})), HTTPStatus.UNPROCESSABLE_ENTITY


def _page(form: Form) -> str:
    return render_template(
        "desk/sign_in_code.html",
        form=form,
        next_page=browser_session.next_page(),
        passkeys_are_possible=passkeys.are_possible(),
    )
