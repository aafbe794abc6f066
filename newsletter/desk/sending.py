"""The last step: one sentence that says what will happen, and the button that repeats its verb."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from flask import current_app, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from newsletter import clock
from newsletter.accounts import Action, Editor
from newsletter.audit import Deed
from newsletter.delivery import announcing, audience, preflight
from newsletter.desk.forms import Form, typed, typed_version, zone_options
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_issue
from newsletter.desk.showing import wall as wall_words
from newsletter.desk.steering import done
from newsletter.errors import InvalidInput, Refused
from newsletter.extensions import db
from newsletter.issues import approval, checks, composing, correcting, times, workflow
from newsletter.issues.models import Issue, IssueState

AT, SOON = "at", "soon"
"""The two ways: at a wall time in a zone, or now, after a hold."""

SAY = "say"
"""The button that only says the sentence again, which a script does by itself."""

UNKNOWN = "At a time that is not chosen yet,"
"""How the sentence begins while what was typed is no time."""


@dataclass(frozen=True)
class Moment:
    """When it would go out: how the sentence begins, and the time itself for the checks."""

    words: str
    oddity: str = ""
    at: checks.Moment | None = None


@blueprint.get("/issues/<int:number>/send")
@needs(Action.SEND)
def show_sending(number: int) -> ResponseReturnValue:
    """Say whom the issue would go to and when, what the checks found, and ask."""
    issue = the_issue(number)
    if issue.state not in composing.EDITABLE:
        return redirect(f"/desk/issues/{number}")
    way = SOON if request.args.get("when") == SOON else AT
    return _page(issue, Form({}), way)


@blueprint.get("/issues/<int:number>/sentence")
@needs(Action.SEND)
def say_sentence(number: int) -> ResponseReturnValue:
    """Say the sentence for what is being chosen, to the script of the page."""
    issue = the_issue(number)
    if issue.state not in composing.EDITABLE:
        return jsonify(state=issue.state)
    form = Form({name: request.args.get(name, "") for name in ("at", "zone", "hold")})
    moment = _moment(form, SOON if request.args.get("when") == SOON else AT)
    said = announcing.announce(number, audience.of(issue), moment.words)
    return jsonify(
        state=issue.state,
        sentence=said.sentence,
        left_out=said.left_out,
        oddity=moment.oddity,
        wrong=" ".join(form.errors.values()),
    )


@blueprint.post("/issues/<int:number>/schedule")
@needs(Action.SEND)
def schedule_issue(number: int) -> ResponseReturnValue:
    """Approve what was shown and schedule it for a wall time in a zone."""
    return _press(number, typed("version", "at", "zone", "do"), AT)


@blueprint.post("/issues/<int:number>/send")
@needs(Action.SEND)
def send_issue(number: int) -> ResponseReturnValue:
    """Approve what was shown and send it after a hold."""
    return _press(number, typed("version", "hold", "do"), SOON)


def _press(number: int, form: Form, way: str) -> ResponseReturnValue:
    issue = the_issue(number)
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
    wall, zone = clock.parse_wall_time(form.values["at"]), form.values["zone"]
    _approve(issue, form)
    findings = preflight.examine(issue)
    workflow.schedule(issue, wall, zone, by=the_editor(), now=clock.now(), findings=findings)
    note_issue(Deed.ISSUE_SCHEDULED, issue, wall_words(wall, zone))


def _send_soon(issue: Issue, form: Form) -> None:
    hold = _hold(form.values["hold"])
    _approve(issue, form)
    findings = preflight.examine(issue)
    workflow.send_soon(issue, hold, by=the_editor(), now=clock.now(), findings=findings)
    note_issue(Deed.ISSUE_SENT, issue, f"after a hold of {form.values['hold']} minutes")


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


def _moment(form: Form, way: str) -> Moment:
    """Return when it would go out by what is typed; what is wrong with that goes to the form."""
    now = clock.now()
    try:
        if way == SOON:
            hold, zone = _hold(form.values["hold"]), the_editor().zone
            wall = (now + hold).astimezone(clock.zone(zone)).replace(tzinfo=None)
            said = announcing.after(hold, zone=zone, now=now)
            return Moment(said, at=checks.Moment(wall, zone))
        wall, zone = clock.parse_wall_time(form.values["at"]), form.values["zone"]
        times.refuse_impossible(wall, zone, now=now)
        return Moment(
            announcing.on(wall, zone), clock.oddity(wall, zone), checks.Moment(wall, zone)
        )
    except InvalidInput as exc:
        form.errors.setdefault(exc.field or "", str(exc))
        return Moment(UNKNOWN)


def _hold(text: str) -> timedelta:
    longest = times.LONGEST_OFFERED_HOLD
    if not (text.isascii() and text.isdecimal()) or len(text) > 4 or int(text) > longest:
        raise InvalidInput(f"Write a number of minutes from 0 to {longest}.", field="hold")
    return timedelta(minutes=int(text))


def _page(issue: Issue, form: Form, way: str) -> str:
    zone = the_editor().zone
    form.values = {
        "version": str(issue.version),
        "at": f"{times.suggested(zone, now=clock.now()):%Y-%m-%dT%H:%M}",
        "zone": zone,
        "hold": str(current_app.config["HOLD_MINUTES"]),
        **form.values,
    }
    moment = _moment(form, way)
    found = audience.of(issue)
    findings = preflight.examine(issue, at=moment.at, recipients=found.recipients)
    return render_template(
        "desk/issue_send.html",
        issue=issue,
        form=form,
        way=way,
        said=announcing.announce(issue.id, found, moment.words),
        oddity=moment.oddity,
        caution=correcting.caution(issue),
        findings=findings,
        is_stopped=any(finding.level == "stop" for finding in findings),
        warnings=sum(finding.stands for finding in findings),
        missing=approval.missing(issue),
        zones=zone_options(),
        longest_hold=times.LONGEST_OFFERED_HOLD,
    )
