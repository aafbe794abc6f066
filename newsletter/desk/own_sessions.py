"""Where an editor is signed in: ending one session, or all but this one."""

import logging

from flask import flash, redirect
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import sessions
from newsletter.audit import Deed
from newsletter.desk.guard import SIGNED_IN, blueprint, needs, the_editor, the_session
from newsletter.desk.noting import note
from newsletter.errors import NotFound
from newsletter.extensions import db

log = logging.getLogger(__name__)


@blueprint.post("/account/sessions/<int:number>/end")
@needs(SIGNED_IN)
def end_session(number: int) -> Response:
    """Sign out in one other browser."""
    editor = the_editor()
    found = [one for one in sessions.sessions_of(editor, now=clock.now()) if one.id == number]
    if not found:
        raise NotFound("This session has ended already.")
    browser = found[0].browser
    sessions.end_session(found[0])
    note(Deed.EDITOR_SIGNED_OUT, editor.id, f"in {browser}")
    db.session.commit()
    flash(f"Signed out in {browser}.")
    return redirect("/desk/account/#sessions", code=303)


@blueprint.post("/account/sessions/end-others")
@needs(SIGNED_IN)
def end_other_sessions() -> Response:
    """Sign out everywhere but here."""
    editor = the_editor()
    sessions.end_sessions(editor, besides=the_session())
    note(Deed.EDITOR_SIGNED_OUT, editor.id, "everywhere else")
    db.session.commit()
    log.info("editor %s signed out everywhere else", editor.id)
    flash("You are signed out everywhere else.")
    return redirect("/desk/account/#sessions", code=303)
