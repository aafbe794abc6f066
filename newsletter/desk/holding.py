"""A scheduled issue: when it goes out and to whom, Stop, and another time."""

from http import HTTPStatus

from flask import after_this_request, render_template
from flask.typing import ResponseReturnValue
from flask.wrappers import Response

from newsletter import clock, reports
from newsletter.accounts import Action, Editor
from newsletter.audit import Deed
from newsletter.delivery import announcing, audience, preflight
from newsletter.desk import choosing
from newsletter.desk.forms import Form, typed, zone_options
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_issue
from newsletter.desk.showing import wall as wall_words
from newsletter.desk.steering import done
from newsletter.errors import Refused
from newsletter.extensions import db
from newsletter.issues import checks, correcting, workflow
from newsletter.issues.checks import Level
from newsletter.issues.models import Issue, IssueState
from newsletter.reports.progress import in_words
from newsletter.web import policy


@blueprint.post("/issues/<int:number>/stop")
@needs(Action.SEND)
def stop_issue(number: int) -> ResponseReturnValue:
    """Take a scheduled issue back before its first mail."""
    issue = the_issue(number)
    workflow.stop(issue)
    note_issue(Deed.ISSUE_STOPPED, issue)
    return done(number, "stopped", f"Stopped. Nobody got issue {number}; it is as it was.")


@blueprint.post("/issues/<int:number>/reschedule")
@needs(Action.SEND)
def reschedule_issue(number: int) -> ResponseReturnValue:
    """Give a scheduled issue another time; it stays scheduled all the while."""
    issue = the_issue(number)
    if issue.state is not IssueState.SCHEDULED:
        raise Refused(workflow.how_it_stands(issue))
    form = typed("at", "zone", "shown_for", "do")
    if form.values["do"] == choosing.SAY:
        return show_held(issue, form)
    with form.checking():
        _move(issue, form)
    if form.errors:
        return show_held(the_issue(number), form), HTTPStatus.UNPROCESSABLE_ENTITY
    return done(number, "rescheduled", f"Issue {number} has another time now.")


def _move(issue: Issue, form: Form) -> None:
    now = clock.now()
    at = choosing.typed_moment(form, now=now)
    findings = preflight.examine(issue, at=at)
    choosing.refuse_unseen(form, findings)
    workflow.reschedule(issue, at.wall, at.zone, by=the_editor(), now=now, findings=findings)
    note_issue(Deed.ISSUE_RESCHEDULED, issue, wall_words(at.wall, at.zone) + checks.stood(findings))


def show_held(issue: Issue, form: Form | None = None) -> str:
    """Return the page of a scheduled issue; with `form`, what is said of another time for it."""
    assert issue.state is IssueState.SCHEDULED and issue.send_at and issue.zone
    after_this_request(_let_it_frame)
    now = clock.now()
    due_at = workflow.due_at(issue)
    is_moving = form is not None
    form = form or Form({"at": f"{issue.send_at:%Y-%m-%dT%H:%M}", "zone": issue.zone})
    choice = choosing.choose(form, choosing.MOVE, now=now) if is_moving else None
    found = audience.of(issue)
    findings = preflight.examine(issue, recipients=found.everybody)
    by = db.session.get(Editor, issue.scheduled_by_id) if issue.scheduled_by_id else None
    return render_template(
        "desk/issue_held.html",
        issue=issue,
        subject=issue.editions[0].subject,
        said=announcing.announce(issue.id, found, announcing.on(issue.send_at, issue.zone)),
        due_at=due_at,
        is_elsewhere=issue.zone != the_editor().zone,
        due_in=in_words(due_at - now) if due_at > now else "",
        by=by,
        caution=correcting.caution(issue),
        findings=[one for one in findings if one.level is not Level.NOTE or one.place == "time"],
        is_clock_alive=reports.clock_is_alive(now=now),
        zones=zone_options(),
        form=form,
        choice=choice,
        choice_said=choice and announcing.announce(issue.id, found, choice.words),
        choice_findings=preflight.judge(issue, choice.moment) if choice else [],
    )


def _let_it_frame(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = policy(frame_src="'self'")
    return response
