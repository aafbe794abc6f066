"""What the checks say of an issue, on a page of its own; warnings that somebody lets pass."""

import logging
from http import HTTPStatus
from urllib.parse import parse_qsl

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.delivery import preflight
from newsletter.desk import choosing
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_issue
from newsletter.errors import Refused
from newsletter.extensions import db
from newsletter.issues import composing, waivers
from newsletter.issues.models import Issue, IssueState

log = logging.getLogger(__name__)

PAGES = {"", "/autosave", "/checks", "/preview", "/review", "/send"}
"""The pages of an issue that show findings, as they end; the second one is a piece of the first.

After the last one stands what is being chosen there.
"""


@blueprint.get("/issues/<int:number>/checks")
@needs(Action.WRITE)
def show_checks(number: int) -> str | Response:
    """Show all that the checks say, of every edition."""
    issue = the_issue(number)
    if not _is_open(issue):
        return redirect(f"/desk/issues/{number}")
    return _page(issue, Form({}))


@blueprint.post("/issues/<int:number>/waive")
@needs(Action.WRITE)
def waive_warning(number: int) -> Response | tuple[str, int]:
    """Let one warning pass, with the reason that was typed."""
    issue = the_issue(number)
    form = typed("finding", "reason", "language", "from")
    _refuse_closed(issue)
    with form.checking():
        reason = waivers.checked_reason(form.values["reason"])
        found = waivers.find(preflight.examine(issue), form.values["finding"])
        waivers.waive(issue, found, reason, by=the_editor(), now=clock.now())
        note_issue(Deed.ISSUE_WARNING_WAIVED, issue, f"{found.sentence} {reason}")
    if form.errors:
        return _page(the_issue(number), form), HTTPStatus.UNPROCESSABLE_ENTITY
    db.session.commit()
    log.info("a warning about issue %s waived by editor %s", number, the_editor().id)
    flash("Let pass. The reason is kept with the issue.")
    return _back(number, form)


@blueprint.post("/issues/<int:number>/unwaive")
@needs(Action.WRITE)
def withdraw_waiver(number: int) -> Response:
    """Let one warning stand again."""
    issue = the_issue(number)
    form = typed("finding", "language", "from")
    _refuse_closed(issue)
    waiver = waivers.withdraw(issue, form.values["finding"])
    note_issue(Deed.ISSUE_WAIVER_WITHDRAWN, issue, waiver.sentence)
    db.session.commit()
    flash("The warning stands again.")
    return _back(number, form)


def _page(issue: Issue, form: Form) -> str:
    return render_template(
        "desk/issue_checks.html", issue=issue, form=form, findings=preflight.examine(issue)
    )


def _is_open(issue: Issue) -> bool:
    return issue.state in (*composing.EDITABLE, IssueState.SCHEDULED)


def _refuse_closed(issue: Issue) -> None:
    if not _is_open(issue):
        raise Refused(f"Issue {issue.id} is on its way or over: what was waived stays as it is.")


def _back(number: int, form: Form) -> Response:
    """Lead to the page on which the form stood, and there to the findings."""
    here = f"/desk/issues/{number}"
    page, _, query = form.values["from"].removeprefix(here).partition("?")
    if page not in PAGES or not form.values["from"].startswith(here):
        page = "/checks"
    if page == "/send":
        chosen = dict(parse_qsl(query))
        way = choosing.way_of(chosen)
        return redirect(f"{choosing.path(number, way, chosen)}#checks", code=303)
    page = page.removesuffix("/autosave")
    language = form.values["language"]
    is_tag = language.replace("-", "").isalnum() and language.isascii()
    asked = f"?lang={language}" if is_tag and page in ("", "/preview", "/review") else ""
    return redirect(f"{here}{page}{asked}#checks", code=303)
