"""An issue by mail to those who make it, before anybody else gets it."""

import logging
from collections.abc import Sequence
from http import HTTPStatus

from flask import flash, redirect, request
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Action, Editor, who_may
from newsletter.audit import Deed
from newsletter.delivery import previewing
from newsletter.desk import looks
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.looks import Look
from newsletter.desk.mailing import mail_tests
from newsletter.desk.noting import note_issue
from newsletter.desk.previews import preview_page
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.issues import editions
from newsletter.issues.models import Issue

log = logging.getLogger(__name__)

EVERY = "every"
"""What `editions` says when all of them are sent, and not the one that is looked at."""


@blueprint.post("/issues/<int:number>/test")
@needs(Action.WRITE)
def send_test(number: int) -> Response:
    """Mail the edition that is looked at to who is signed in, marked as a test."""
    issue, look, me = the_issue(number), looks.asked(number), the_editor()
    _send(issue, _languages(issue, look), [me])
    flash(f"A test is on its way to {me.email}. Its unsubscribe link works and ends nothing.")
    return redirect(look.page(), code=303)


@blueprint.post("/issues/<int:number>/test/group")
@needs(Action.WRITE)
def send_tests(number: int) -> Response:
    """Mail the edition, or every one, to the ticked editors of its list."""
    issue, look = the_issue(number), looks.asked(number)
    form = typed("editions", lists=("to",))
    people: Sequence[Editor] = ()
    with form.checking():
        people = _ticked(issue, form)
    if form.errors:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return preview_page(the_issue(number), look, test_form=form, status=status)
    is_every = request.form.get("editions") == EVERY
    languages = previewing.whole_of(issue).languages if is_every else _languages(issue, look)
    _send(issue, languages, people)
    whom = people[0].email if len(people) == 1 else f"{len(people)} editors"
    what = "A test is" if len(languages) == 1 else f"Tests in {len(languages)} languages are"
    flash(f"{what} on the way to {whom}. Their unsubscribe links work and end nothing.")
    return redirect(look.page(), code=303)


def _languages(issue: Issue, look: Look) -> Sequence[str]:
    return [editions.nearest(previewing.whole_of(issue).languages, look.language)]


def _ticked(issue: Issue, form: Form) -> Sequence[Editor]:
    """Return whom the form names, of those who work on the list: mail goes to nobody else."""
    wanted = set(form.lists["to"])
    people = [one for one in who_may(Action.WRITE, issue.mailing_list_id) if str(one.id) in wanted]
    if not people:
        raise InvalidInput("Tick at least one person who gets the test.", field="to")
    return people


def _send(issue: Issue, languages: Sequence[str], people: Sequence[Editor]) -> None:
    me = the_editor()
    mail_tests(issue, languages, to=people, by=me, now=clock.now())
    note_issue(Deed.ISSUE_TESTED, issue, _whom(people, me))
    db.session.commit()
    log.info("test of issue %s sent by editor %s to %s editors", issue.id, me.id, len(people))


def _whom(people: Sequence[Editor], me: Editor) -> str:
    others = len([one for one in people if one.id != me.id])
    colleagues = f"{others} colleague{'' if others == 1 else 's'}" if others else ""
    myself = "themselves" if others < len(people) else ""
    return " and ".join(one for one in (myself, colleagues) if one)
