"""How an issue will look: framed HTML, plain text, and a test to oneself."""

import logging

from flask import Response, flash, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from newsletter import clock
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.delivery import preflight
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.mailing import mail_test
from newsletter.desk.noting import note_issue
from newsletter.extensions import db
from newsletter.issues import composing, rendering
from newsletter.issues.rendering import Preview
from newsletter.web import FRAME_POLICY, policy

log = logging.getLogger(__name__)


@blueprint.get("/issues/<int:number>/preview")
@needs(Action.WRITE)
def show_preview(number: int) -> Response:
    """Show both parts and what the checks say."""
    issue = the_issue(number)
    page = render_template(
        "desk/issue_preview.html",
        issue=issue,
        preview=_preview(number),
        findings=preflight.examine(issue) if issue.state in composing.EDITABLE else None,
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = policy(frame_src="'self'")
    return response


@blueprint.get("/issues/<int:number>/preview.html")
@needs(Action.WRITE)
def show_html_part(number: int) -> Response:
    """Show the HTML part alone, under the policy of a framed message."""
    response = make_response(_preview(number).html)
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    return response


@blueprint.get("/issues/<int:number>/preview.txt")
@needs(Action.WRITE)
def show_text_part(number: int) -> Response:
    """Show the plain-text part alone."""
    return Response(_preview(number).text, mimetype="text/plain")


@blueprint.post("/issues/<int:number>/test")
@needs(Action.WRITE)
def send_test(number: int) -> AnyResponse:
    """Mail the issue to who is signed in, marked as a test."""
    editor = the_editor()
    issue = the_issue(number)
    mail_test(issue, editor, now=clock.now())
    note_issue(Deed.ISSUE_TESTED, issue, "themselves")
    db.session.commit()
    log.info("test of issue %s sent to editor %s", number, editor.id)
    flash(f"A test is on its way to {editor.email}. Its unsubscribe link works and ends nothing.")
    return redirect(f"/desk/issues/{number}/preview", code=303)


def _preview(number: int) -> Preview:
    issue = the_issue(number)
    # Beyond writing, what counts is what was approved, whatever the library says by now.
    is_fixed = issue.state not in composing.EDITABLE and issue.approved_version is not None
    content = composing.approved_content(issue) if is_fixed else composing.content_of(issue)
    return rendering.preview(content, rendering.masthead_of(issue))
