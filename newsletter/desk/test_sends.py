"""An issue by mail to those who make it, before anybody else gets it."""

import logging

from flask import flash, redirect
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.delivery import previewing
from newsletter.desk import looks
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.mailing import mail_test
from newsletter.desk.noting import note_issue
from newsletter.extensions import db
from newsletter.issues import editions

log = logging.getLogger(__name__)


@blueprint.post("/issues/<int:number>/test")
@needs(Action.WRITE)
def send_test(number: int) -> Response:
    """Mail the edition that is looked at to who is signed in, marked as a test."""
    editor = the_editor()
    issue, look = the_issue(number), looks.asked(number)
    language = editions.nearest(previewing.whole_of(issue).languages, look.language)
    mail_test(issue, editor, language=language, now=clock.now())
    note_issue(Deed.ISSUE_TESTED, issue, "themselves")
    db.session.commit()
    log.info("test of issue %s sent to editor %s", number, editor.id)
    flash(f"A test is on its way to {editor.email}. Its unsubscribe link works and ends nothing.")
    return redirect(look.page(), code=303)
