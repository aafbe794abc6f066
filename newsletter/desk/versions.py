"""The versions of an issue: what was saved when and by whom, what differs, and going back."""

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.desk import composer_form
from newsletter.desk.forms import typed
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_issue, note_saved
from newsletter.extensions import db
from newsletter.issues import composing, differences, revisions

PER_PAGE = 50


@blueprint.get("/issues/<int:number>/versions")
@needs(Action.WRITE)
def show_versions(number: int) -> str:
    """List the versions that are kept, the newest first."""
    issue = the_issue(number)
    before = request.args.get("before", type=int)
    lines = revisions.lines(issue, before=before, most=PER_PAGE + 1)
    return render_template(
        "desk/issue_versions.html",
        issue=issue,
        lines=lines[:PER_PAGE],
        has_older=len(lines) > PER_PAGE,
        is_first_page=before is None,
    )


@blueprint.get("/issues/<int:number>/versions/<int:version>")
@needs(Action.WRITE)
def show_version(number: int, version: int) -> str:
    """Show what is different between one version and another, the newest if none is named."""
    issue = the_issue(number)
    other = request.args.get("with", issue.version, type=int)
    old, new = sorted((version, other))
    return render_template(
        "desk/issue_version.html",
        issue=issue,
        version=version,
        old=revisions.line(issue, old),
        new=revisions.line(issue, new),
        differences=differences.between(
            revisions.composition_at(issue, old), revisions.composition_at(issue, new)
        ),
        may_restore=issue.state in composing.EDITABLE and version != issue.version,
    )


@blueprint.post("/issues/<int:number>/versions/<int:version>/restore")
@needs(Action.WRITE)
def restore_version(number: int, version: int) -> Response:
    """Save what a version said once more, as the newest; nothing in between is lost."""
    issue = the_issue(number)
    seen = composer_form.number(typed("version").values["version"])
    me, now = the_editor(), clock.now()
    saved = composing.restore(issue, version, based_on_version=seen, by=me, now=now)
    note_issue(Deed.ISSUE_VERSION_RESTORED, issue, f"version {version}")
    note_saved(issue, saved, by_hand=False)
    db.session.commit()
    flash(f"The issue says again what version {version} said. Everything in between is kept.")
    return redirect(f"/desk/issues/{number}", code=303)
