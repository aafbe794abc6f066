"""Browsers in which an editor signed in before: a cookie of their own says so.

Wrong passwords and codes from elsewhere do not hold an editor up in a browser that they know
(STANDARDS XD05), and a sign-in in one that they do not know is told to them by mail.
"""

import secrets
from datetime import timedelta

from flask import current_app, request
from flask.wrappers import Response

from newsletter import clock
from newsletter.accounts import Editor
from newsletter.errors import DeadLink
from newsletter.links import Link

COOKIE = "desk-browser"
KEPT = timedelta(days=365)
MARK = Link("known browser", "", KEPT)


def number_here(editor: Editor | None) -> str:
    """Return the random number of this browser if `editor` signed in here before, else nothing."""
    try:
        mark = MARK.read(request.cookies.get(COOKIE, ""), now=clock.now())
    except DeadLink:
        return ""
    whose, _, number = mark.partition(".")
    return number if editor is not None and whose == str(editor.id) else ""


def remember(response: Response, editor: Editor) -> None:
    """Let this browser be known as one of the editor's, with a year from now."""
    number = number_here(editor) or secrets.token_hex(16)
    response.set_cookie(
        COOKIE,
        MARK.token(f"{editor.id}.{number}", now=clock.now()),
        max_age=KEPT,
        path=current_app.config["SESSION_COOKIE_PATH"],
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
