"""“Send a correction”: a draft to exactly those who got an issue."""

from flask import flash, redirect
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_issue
from newsletter.extensions import db
from newsletter.issues import correcting


@blueprint.post("/issues/<int:number>/correct")
@needs(Action.WRITE)
def correct_issue(number: int) -> Response:
    """Begin a correction, or go on with the one that is being written."""
    issue = the_issue(number)
    correction, is_new = correcting.begin(issue, by=the_editor(), now=clock.now())
    if is_new:
        note_issue(Deed.ISSUE_CORRECTED, issue, f"issue {correction.id}")
        note_issue(Deed.ISSUE_CREATED, correction)
    to = correction.id
    db.session.commit()
    if not is_new:
        flash(f"Issue {to} is being written as the correction already.")
    return redirect(f"/desk/issues/{to}", code=303)
