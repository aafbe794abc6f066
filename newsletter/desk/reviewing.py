"""Approval by a second person: ask, look at it, approve exactly what was read, or send it back."""

import logging
from http import HTTPStatus

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Action, Editor
from newsletter.audit import Deed
from newsletter.delivery import preflight
from newsletter.desk.forms import Form, typed, typed_version
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_issue
from newsletter.desk.showing import in_a_row
from newsletter.errors import InvalidInput, NotFound, StaleVersion
from newsletter.extensions import db
from newsletter.issues import (
    approval,
    composing,
    differences,
    editions,
    rendering,
    reviewing,
    revisions,
)
from newsletter.issues.composition import Composition
from newsletter.issues.differences import Difference
from newsletter.issues.models import Issue, IssueState
from newsletter.web import policy

log = logging.getLogger(__name__)


@blueprint.get("/issues/<int:number>/review")
@needs(Action.WRITE)
def show_review(number: int) -> Response:
    """Show what is to be approved and the buttons for it; or ask whom to ask."""
    issue = the_issue(number)
    if issue.state not in composing.EDITABLE:
        return redirect(f"/desk/issues/{number}")
    return _page(issue, Form({"of": "", "note": "", "version": str(issue.version)}))


@blueprint.post("/issues/<int:number>/review")
@needs(Action.WRITE)
def ask_for_approval(number: int) -> Response:
    """Ask a colleague, or everybody who may, to approve the issue."""
    issue = the_issue(number)
    form = typed("of", "note")
    with form.checking():
        asked = reviewing.ask(
            issue,
            by=the_editor(),
            of=_colleague(issue, form.values["of"]),
            note=form.values["note"],
            now=clock.now(),
        )
        names = in_a_row([one.name or one.email for one in asked])
        whom = in_a_row([one.signature for one in asked])
        note_issue(Deed.ISSUE_HANDED_OVER, issue, f"version {issue.version}, by {whom}")
    if form.errors:
        return _again(number, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    db.session.commit()
    log.info("approval of issue %s asked for by editor %s", number, the_editor().id)
    flash(f"{names} got an e-mail. Saving issue {number} again takes the question back.")
    return redirect(f"/desk/issues/{number}", code=303)


@blueprint.post("/issues/<int:number>/approve")
@needs(Action.SEND)
def approve_issue(number: int) -> Response:
    """Approve the version that was read, if it is still the newest."""
    issue = the_issue(number)
    form = typed("version")
    version = 0
    with form.checking():
        version = typed_version(form)
        try:
            is_new = reviewing.approve(issue, by=the_editor(), version=version, now=clock.now())
        except StaleVersion as exc:
            raise InvalidInput(
                f"You read version {exc.yours} of issue {number}, and it is version {exc.theirs} "
                "by now. Nothing is approved. Look at what changed, then approve that one."
            ) from exc
    if form.errors:
        return _again(number, form, HTTPStatus.CONFLICT, seen=version)
    if is_new:
        note_issue(Deed.ISSUE_APPROVED, issue, f"version {version}")
        db.session.commit()
        log.info("version %s of issue %s approved by editor %s", version, number, the_editor().id)
    flash(f"Version {version} of issue {number} is approved.")
    return redirect(f"/desk/issues/{number}/review", code=303)


@blueprint.post("/issues/<int:number>/send-back")
@needs(Action.SEND)
def send_issue_back(number: int) -> Response:
    """Give the issue back to who asked, with a note."""
    issue = the_issue(number)
    form = typed("note", "version")
    with form.checking():
        reviewing.send_back(issue, by=the_editor(), note=form.values["note"], now=clock.now())
        note_issue(Deed.ISSUE_SENT_BACK, issue, f"version {issue.version}")
    if form.errors:
        return _again(number, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    db.session.commit()
    log.info("issue %s sent back by editor %s", number, the_editor().id)
    flash(f"Issue {number} went back with your note.")
    return redirect(f"/desk/issues/{number}/review", code=303)


def _again(number: int, form: Form, status: HTTPStatus, *, seen: int | None = None) -> Response:
    issue = the_issue(number)
    form.values = {"of": "", "note": "", **form.values, "version": str(issue.version)}
    return _page(issue, form, status, seen=seen)


def _page(
    issue: Issue, form: Form, status: HTTPStatus = HTTPStatus.OK, *, seen: int | None = None
) -> Response:
    """Return the page; it shows what differs from `seen`, or from what a colleague saw last."""
    me = the_editor()
    whole = composing.current(issue)
    wanted = request.args.get("lang", "")
    language = wanted if wanted in whole.editions else whole.first_language
    able = approval.approvers(issue)
    steps = reviewing.steps(issue)
    shown = [one.version for one in steps if one.version < issue.version]
    seen = seen or max(shown, default=None)
    page = render_template(
        "desk/issue_review.html",
        issue=issue,
        form=form,
        language=language,
        languages=whole.languages,
        preview=rendering.preview(
            editions.in_language(whole, language), rendering.masthead_of(issue)
        ),
        findings=preflight.examine(issue),
        saver=revisions.last_saver(issue),
        approver=_person(issue.approved_by_id),
        asked=_person(issue.review_asked_of_id),
        why_not="" if me in able else approval.why_not(issue, me),
        is_waiting=issue.state is IssueState.REVIEW,
        colleagues=[(str(one.id), one.name or one.email) for one in able if one is not me],
        steps=steps,
        seen=seen,
        differences=_differences(issue, seen, whole),
    )
    response = make_response(page, status)
    response.headers["Content-Security-Policy"] = policy(frame_src="'self'")
    return response


def _differences(issue: Issue, seen: int | None, whole: Composition) -> list[Difference] | None:
    """Return what differs from the version that was shown before; None if that is not kept."""
    if seen is None:
        return None
    try:
        return differences.between(revisions.composition_at(issue, seen), whole)
    except NotFound:
        return None


def _person(editor_id: int | None) -> Editor | None:
    return db.session.get(Editor, editor_id) if editor_id else None


def _colleague(issue: Issue, chosen: str) -> Editor | None:
    if not chosen:
        return None
    for editor in approval.approvers(issue):
        if str(editor.id) == chosen:
            return editor
    raise InvalidInput("This colleague may not approve it. Ask somebody else.", field="of")
