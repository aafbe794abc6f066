"""Sending: one plain sentence, then schedule or send; stop, pause, resume, cancel."""

import logging
from datetime import timedelta

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import addresses, clock
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.delivery import control, planning, preflight, resolving
from newsletter.delivery.resolving import Decision
from newsletter.desk.forms import Form, show_again, typed, typed_version, zone_options
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_issue
from newsletter.desk.showing import wall as wall_words
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue, IssueState

log = logging.getLogger(__name__)

HOLD = 10
LONGEST_HOLD = 60
"""Minutes between “Send” and the first mail, in which Stop takes everything back."""


@blueprint.get("/issues/<int:number>/send")
@needs(Action.SEND)
def show_sending(number: int) -> str | Response:
    """Say whom the issue would go to, what the checks found, and ask when."""
    issue = the_issue(number)
    if issue.state not in composing.EDITABLE:
        return redirect(f"/desk/issues/{number}")
    form = Form(
        {"version": str(issue.version), "at": "", "zone": the_editor().zone, "hold": str(HOLD)}
    )
    return render_template("desk/issue_send.html", form=form, **_facts(issue))


@blueprint.post("/issues/<int:number>/schedule")
@needs(Action.SEND)
def schedule_issue(number: int) -> Response | tuple[str, int]:
    """Approve what was shown and schedule it for a wall time in a zone."""
    issue = the_issue(number)
    form = typed("version", "at", "zone")
    with form.checking():
        wall = clock.parse_wall_time(form.values["at"])
        _approve(issue, form)
        workflow.schedule(
            issue,
            wall,
            form.values["zone"],
            by=the_editor(),
            now=clock.now(),
            findings=preflight.examine(issue),
        )
        note_issue(Deed.ISSUE_SCHEDULED, issue, wall_words(wall, form.values["zone"]))
    return _answer(issue, form, "scheduled")


@blueprint.post("/issues/<int:number>/send")
@needs(Action.SEND)
def send_issue(number: int) -> Response | tuple[str, int]:
    """Approve what was shown and send it after a hold."""
    issue = the_issue(number)
    form = typed("version", "hold")
    with form.checking():
        hold = _hold(form.values["hold"])
        _approve(issue, form)
        workflow.send_soon(
            issue,
            hold,
            by=the_editor(),
            now=clock.now(),
            findings=preflight.examine(issue),
        )
        note_issue(Deed.ISSUE_SENT, issue, f"after a hold of {form.values['hold']} minutes")
    return _answer(issue, form, "set to be sent")


@blueprint.post("/issues/<int:number>/stop")
@needs(Action.SEND)
def stop_issue(number: int) -> Response:
    """Take a scheduled issue back before its first mail."""
    issue = the_issue(number)
    workflow.stop(issue)
    note_issue(Deed.ISSUE_STOPPED, issue)
    return _done(number, "stopped", f"Stopped. Nobody got issue {number}; it is as it was.")


@blueprint.post("/issues/<int:number>/pause")
@needs(Action.SEND)
def pause_issue(number: int) -> Response:
    """Stop between two recipients."""
    issue = the_issue(number)
    control.pause(issue)
    note_issue(Deed.ISSUE_PAUSED, issue)
    return _done(number, "paused", f"Issue {number} is paused. Everybody left waits.")


@blueprint.post("/issues/<int:number>/resume")
@needs(Action.SEND)
def resume_issue(number: int) -> Response:
    """Go on where it stopped."""
    issue = the_issue(number)
    control.resume(issue, now=clock.now())
    note_issue(Deed.ISSUE_RESUMED, issue)
    return _done(number, "resumed", f"Issue {number} goes on where it stopped.")


@blueprint.post("/issues/<int:number>/cancel")
@needs(Action.SEND)
def cancel_issue(number: int) -> Response:
    """End the issue for good."""
    issue = the_issue(number)
    # It commits, and what it commits has to have its entry.
    note_issue(Deed.ISSUE_CANCELLED, issue)
    control.cancel(issue, now=clock.now())
    return _done(number, "cancelled", f"Issue {number} is cancelled. Who got it keeps it.")


@blueprint.post("/issues/<int:number>/resolve")
@needs(Action.SEND)
def resolve_issue(number: int) -> Response:
    """Decide what is uncertain: all of an issue, or what went to one reader."""
    issue = the_issue(number)
    form = typed("as", "address")
    if form.values["as"] not in list(Decision):
        raise InvalidInput("Choose whether it counts as sent or is sent again.")
    decision = Decision(form.values["as"])
    address = addresses.parse(form.values["address"]) if form.values["address"] else None
    found = resolving.resolve(
        issue,
        decision,
        by=the_editor().signature,
        now=clock.now(),
        address=address,
    )
    note_issue(Deed.ISSUE_RESOLVED, issue, f"{decision}, {found.decided:,} messages")
    return _done(number, f"resolved as {decision}", " ".join(found.sentences(decision)))


def _approve(issue: Issue, form: Form) -> None:
    version = typed_version(form)
    was_approved = issue.state is IssueState.APPROVED
    workflow.approve(issue, by=the_editor(), now=clock.now(), seen_version=version)
    if not was_approved:
        note_issue(Deed.ISSUE_APPROVED, issue, f"version {issue.version}")


def _hold(text: str) -> timedelta:
    if not text.isdecimal() or len(text) > 4 or int(text) > LONGEST_HOLD:
        raise InvalidInput(f"Write a number of minutes from 0 to {LONGEST_HOLD}.", field="hold")
    return timedelta(minutes=int(text))


def _facts(issue: Issue) -> dict[str, object]:
    return {
        "issue": issue,
        "audience": planning.audience_count(issue),
        "findings": preflight.examine(issue),
        "zones": zone_options(),
        "longest_hold": LONGEST_HOLD,
        "is_approved": issue.state is IssueState.APPROVED,
    }


def _answer(issue: Issue, form: Form, what: str) -> Response | tuple[str, int]:
    if form.errors:
        editor = the_editor()
        form.values = {"at": "", "zone": editor.zone, "hold": str(HOLD), **form.values}
        return show_again("desk/issue_send.html", form, **_facts(issue))
    return _done(issue.id, what, "")


def _done(number: int, what: str, words: str) -> Response:
    """Commit one move, note who made it (STANDARDS XD23), and show how things stand."""
    editor_id = the_editor().id
    db.session.commit()
    log.info("issue %s %s by editor %s", number, what, editor_id)
    if words:
        flash(words)
    return redirect(f"/desk/issues/{number}", code=303)
