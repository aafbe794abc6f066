"""The last step: one sentence that says what will happen, and the button that repeats its verb."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from newsletter import clock
from newsletter.accounts import Action, Editor
from newsletter.audit import Deed
from newsletter.delivery import announcing, audience, preflight
from newsletter.desk import choosing
from newsletter.desk.choosing import AT, FIELDS, MOVE, SAY, SOON
from newsletter.desk.forms import Form, typed, typed_version, zone_options
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_issue
from newsletter.desk.showing import wall as wall_words
from newsletter.desk.steering import done
from newsletter.errors import Refused
from newsletter.extensions import db
from newsletter.issues import approval, checks, composing, correcting, times, workflow
from newsletter.issues.checks import Finding, Level
from newsletter.issues.models import Issue, IssueState


@blueprint.get("/issues/<int:number>/send")
@needs(Action.SEND)
def show_sending(number: int) -> ResponseReturnValue:
    """Say whom the issue would go to and when, what the checks found, and ask.

    What was chosen already may stand in the address: on the way back from elsewhere
    it is not lost.
    """
    issue = the_issue(number)
    if issue.state not in composing.EDITABLE:
        return redirect(f"/desk/issues/{number}")
    return _page(issue, Form(choosing.carried(request.args)), choosing.way_of(request.args))


@blueprint.get("/issues/<int:number>/sentence")
@needs(Action.SEND)
def say_sentence(number: int) -> ResponseReturnValue:
    """Say the sentence for what is being chosen, and what the checks say, to the page's script."""
    issue = the_issue(number)
    way = MOVE if request.args.get("when") == MOVE else choosing.way_of(request.args)
    if (issue.state is not IssueState.SCHEDULED) if way == MOVE else not _is_open(issue):
        return jsonify(state=issue.state)
    form = Form({name: request.args.get(name, "") for name in FIELDS})
    choice = choosing.choose(form, way, now=clock.now())
    found = audience.of(issue)
    if way == MOVE:
        findings = preflight.judge(issue, choice.moment)
    else:
        findings = preflight.examine(issue, at=choice.moment, recipients=found.everybody)
    said = announcing.announce(number, found, choice.words)
    return jsonify(
        state=issue.state,
        sentence=said.sentence,
        left_out=said.left_out,
        oddity=choice.oddity,
        wrong=" ".join(form.errors.values()),
        warnings=sum(finding.stands for finding in findings),
        is_stopped=_is_stopped(findings),
        checks=render_template(
            "desk/issue_chosen.html",
            issue=issue,
            way=way,
            findings=findings,
            came_from=choosing.path(number, way, form.values),
        ),
    )


@blueprint.post("/issues/<int:number>/schedule")
@needs(Action.SEND)
def schedule_issue(number: int) -> ResponseReturnValue:
    """Approve what was shown and schedule it for a wall time in a zone."""
    return _press(number, AT)


@blueprint.post("/issues/<int:number>/send")
@needs(Action.SEND)
def send_issue(number: int) -> ResponseReturnValue:
    """Approve what was shown and send it after a hold."""
    return _press(number, SOON)


def _press(number: int, way: str) -> ResponseReturnValue:
    issue = the_issue(number)
    form = typed("version", *FIELDS, "shown_for", "do")
    if form.values["do"] == SAY:
        return _page(issue, form, way)
    try:
        with form.checking():
            if way == AT:
                _schedule(issue, form)
            else:
                _send_soon(issue, form)
    except Refused as exc:
        return _tell_how_it_stands(number, exc)
    if form.errors:
        return _page(the_issue(number), form, way), HTTPStatus.UNPROCESSABLE_ENTITY
    return done(number, "scheduled" if way == AT else "set to be sent", "")


def _schedule(issue: Issue, form: Form) -> None:
    now = clock.now()
    _approve(issue, form)
    at = choosing.typed_moment(form, now=now)
    findings = preflight.examine(issue, at=at)
    choosing.refuse_unseen(form, findings)
    workflow.schedule(issue, at.wall, at.zone, by=the_editor(), now=now, findings=findings)
    note_issue(Deed.ISSUE_SCHEDULED, issue, wall_words(at.wall, at.zone) + checks.stood(findings))


def _send_soon(issue: Issue, form: Form) -> None:
    now, me = clock.now(), the_editor()
    hold = choosing.typed_hold(form)
    _approve(issue, form)
    findings = preflight.examine(issue, at=choosing.after(hold, now=now))
    workflow.send_soon(issue, hold, zone=me.zone, by=me, now=now, findings=findings)
    note_issue(
        Deed.ISSUE_SENT,
        issue,
        f"after a hold of {form.values['hold']} minutes{checks.stood(findings)}",
    )


def _approve(issue: Issue, form: Form) -> None:
    version = typed_version(form)
    was_approved = issue.state is IssueState.APPROVED
    workflow.approve(issue, by=the_editor(), now=clock.now(), seen_version=version)
    if not was_approved:
        note_issue(Deed.ISSUE_APPROVED, issue, f"version {issue.version}")


def _tell_how_it_stands(number: int, refusal: Refused) -> ResponseReturnValue:
    """Show who pressed second, or twice, that it is done already; raise any other refusal."""
    db.session.rollback()
    issue = the_issue(number)
    if issue.state in composing.EDITABLE:
        raise refusal
    flash(f"{_standing(issue)} Nothing was done twice.")
    return redirect(f"/desk/issues/{number}", code=303)


def _standing(issue: Issue) -> str:
    person = db.session.get(Editor, issue.scheduled_by_id) if issue.scheduled_by_id else None
    by = f" by {person.name or person.email}" if person and person.id != the_editor().id else ""
    if issue.state is IssueState.SCHEDULED and issue.send_at and issue.zone:
        when = wall_words(issue.send_at, issue.zone)
        return f"Issue {issue.id} is scheduled already{by}, for {when}."
    if issue.state is IssueState.SENDING:
        return f"Issue {issue.id} is being sent already."
    return f"Issue {issue.id} is {issue.state} already."


def _page(issue: Issue, form: Form, way: str) -> str:
    now = clock.now()
    kept = choosing.carried(form.values)
    form.values = {"version": str(issue.version), **choosing.with_suggestions(form, way, now=now)}
    choice = choosing.choose(form, way, now=now)
    found = audience.of(issue)
    findings = preflight.examine(issue, at=choice.moment, recipients=found.everybody)
    return render_template(
        "desk/issue_send.html",
        issue=issue,
        form=form,
        way=way,
        ways={one: choosing.path(issue.id, one, kept) for one in (AT, SOON)},
        came_from=choosing.path(issue.id, way, kept),
        said=announcing.announce(issue.id, found, choice.words),
        oddity=choice.oddity,
        caution=correcting.caution(issue),
        findings=findings,
        is_stopped=_is_stopped(findings),
        missing=approval.missing(issue),
        zones=zone_options(),
        longest_hold=times.LONGEST_OFFERED_HOLD,
    )


def _is_open(issue: Issue) -> bool:
    return issue.state in composing.EDITABLE


def _is_stopped(findings: Sequence[Finding]) -> bool:
    return any(finding.level is Level.STOP for finding in findings)
