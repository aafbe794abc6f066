"""An issue on its way: how far, how fast, at whom, and whether to end it."""

from datetime import datetime, timedelta

from flask import Response, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from newsletter import clock, reports
from newsletter.accounts import Action, may
from newsletter.delivery.models import Provider
from newsletter.delivery.resolving import RISKS
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.steering import micros
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.naming import desk_path
from newsletter.reports import Progress, Report, who
from newsletter.reports.by_provider import providers
from newsletter.reports.progress import held_providers, in_words
from newsletter.reports.who import Group
from newsletter.web import policy

REFRESH = {IssueState.SENDING: 5, IssueState.SCHEDULED: 15}
"""Seconds after which the framed progress is loaded again, while it moves or is about to."""

WAITING_REFRESH = 15
"""The same for an issue that goes on by itself when the relay answers."""

SOON = 2
"""Seconds after which a page is loaded again whose numbers or readers are being gathered."""

MOST_PROVIDERS = 8
"""Providers on the page of an issue; all of them have a page of their own."""

UNDER_WAY = (IssueState.SENDING, IssueState.PAUSED)
"""States in which the rest can be cancelled."""


@blueprint.get("/issues/<int:number>/progress")
@needs(Action.WRITE)
def show_moving(number: int) -> Response:
    """Show how far, how fast and how much longer: a frame that loads itself again.

    A frame, so that the page around it keeps still for who reads or types there. With
    scripts, the page fetches `show_live` instead.
    """
    issue = the_issue(number)
    now = clock.now()
    progress = reports.progress_of(number, now=now, is_watched=True)
    page = render_template(
        "desk/issue_moving.html",
        issue=issue,
        progress=progress,
        left=_left(issue, progress, now=now),
        held=list(_held(issue, now=now).values()),
        refresh=_refresh(issue) if progress.gathered is None else SOON,
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = policy(frame_ancestors="'self'")
    return response


@blueprint.get("/issues/<int:number>/live")
@needs(Action.WRITE)
def show_live(number: int) -> str:
    """Show the pieces of an issue's page that change while it is sent, for its script."""
    issue = the_issue(number)
    now = clock.now()
    progress = reports.progress_of(number, now=now, is_watched=True)
    return render_template(
        "desk/issue_live.html",
        issue=issue,
        progress=progress,
        time_left=_left(issue, progress, now=now),
        **facts(issue, progress.numbers, now=now),
    )


@blueprint.get("/issues/<int:number>/providers")
@needs(Action.WRITE)
def show_providers(number: int) -> Response:
    """Show where the recipients of an issue are by provider of their mailboxes.

    While a large issue is being counted, the page says so and loads itself again.
    """
    now = clock.now()
    issue = the_issue(number)
    found = providers(number, now=now)
    page = render_template(
        "desk/issue_providers.html",
        issue=issue,
        found=found,
        held=_held(issue, now=now),
    )
    response = make_response(page)
    if found is None:
        response.headers["Refresh"] = str(SOON)
    return response


@blueprint.get("/issues/<int:number>/cancel")
@needs(Action.SEND)
def ask_cancel(number: int) -> str | AnyResponse:
    """Say how many have it and how many will not, and ask once more."""
    issue = the_issue(number)
    if issue.state not in UNDER_WAY:
        return redirect(desk_path(number))
    return render_template(
        "desk/issue_cancel.html",
        issue=issue,
        subject=issue.editions[0].subject,
        numbers=reports.report(number),
    )


def facts(issue: Issue, numbers: Report, *, now: datetime) -> dict[str, object]:
    """Return what the pieces show that a script keeps true."""
    sees_readers = may(the_editor(), Action.SEE_SUBSCRIBERS)
    return {
        "numbers": numbers,
        "is_moving": _refresh(issue) is not None,
        "who": f"{desk_path(issue.id)}/who" if sees_readers else "",
        "found": providers(issue.id, now=now),
        "held": _held(issue, now=now),
        "most_providers": MOST_PROVIDERS,
        "uncertain": _uncertain(issue, numbers) if sees_readers else None,
        **deciding(now),
    }


def _held(issue: Issue, *, now: datetime) -> dict[str, Provider]:
    """Return the providers that an issue waits for, by name; what is over waits for nobody."""
    if issue.state not in UNDER_WAY:
        return {}
    return {one.name: one for one in held_providers(now=now)}


def deciding(now: datetime) -> dict[str, object]:
    """Return what is said where something uncertain is decided, and as of when."""
    return {"risks": RISKS, "shown_at": micros(now)}


def _uncertain(issue: Issue, numbers: Report) -> who.Page | None:
    """Return the first of those that a person decides about, for who may do that."""
    if not numbers.uncertain or not may(the_editor(), Action.SEND):
        return None
    return who.page(issue.id, Group.UNCERTAIN)


def _left(issue: Issue, progress: Progress, *, now: datetime) -> str:
    """Return how long it takes until the last mail, or, before its time, until the first one."""
    left = progress.left
    if issue.state is IssueState.SCHEDULED:
        left = max(workflow.due_at(issue) - now, timedelta(0))
    return in_words(left) if left is not None else ""


def _refresh(issue: Issue) -> int | None:
    return WAITING_REFRESH if workflow.is_waiting_for_relay(issue) else REFRESH.get(issue.state)
