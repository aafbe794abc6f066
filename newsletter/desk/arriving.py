"""Arriving at the desk: half a session while the second factor is missing, then a whole one."""

import logging
import re
from datetime import datetime

from flask import after_this_request, redirect
from flask.wrappers import Response as FlaskResponse
from werkzeug.wrappers import Response

from newsletter.accounts import Editor, SignInWay, second_factors
from newsletter.audit import Deed
from newsletter.desk import browser_session, known_browsers
from newsletter.desk.alerts import Alert, mail_alert
from newsletter.desk.noting import note
from newsletter.extensions import db

log = logging.getLogger(__name__)

CODE_PAGE = "/desk/sign-in-code"

_WITHIN_THE_DESK = re.compile(r"/desk/[A-Za-z0-9/._~?=&%+-]*\Z")


def arrive(editor: Editor, way: SignInWay, *, next_page: str, now: datetime) -> Response:
    """Let the editor in by password or link, or ask for the second factor; commits."""
    if not second_factors.has_second_factor(editor):
        return let_in(editor, way, next_page=next_page, now=now)
    browser_session.begin_half(editor, way, next_page=within_the_desk(next_page), now=now)
    db.session.commit()
    return redirect(CODE_PAGE, code=303)


def let_in(
    editor: Editor, way: SignInWay, *, next_page: str, now: datetime, also: str = ""
) -> Response:
    """Begin the session, write down how, and open the page that was asked for; commits."""
    number = editor.id
    if editor.joined_at is None:
        editor.joined_at = now
    elif not known_browsers.number_here(editor):
        mail_alert(editor, Alert.NEW_BROWSER, now=now)
    browser_session.begin(editor, way, now=now)
    words = f"{way} and {also}" if also else way.value
    note(Deed.EDITOR_SIGNED_IN, number, words, by=editor)
    db.session.commit()
    after_this_request(lambda response: _remember(response, editor))
    log.info("editor %s signed in by %s", number, words)
    return redirect(within_the_desk(next_page), code=303)


def within_the_desk(page: str) -> str:
    """Return the page asked for, if it is one of the desk's; never an address elsewhere."""
    return page if _WITHIN_THE_DESK.match(page) and ".." not in page else "/desk/"


def _remember(response: FlaskResponse, editor: Editor) -> FlaskResponse:
    known_browsers.remember(response, editor)
    return response
