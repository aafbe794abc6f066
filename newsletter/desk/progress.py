"""How an issue is getting on: numbers that add up, reasons, and “Did X get it?”."""

from http import HTTPStatus

from flask import Response, after_this_request, make_response, render_template, request

from newsletter import addresses, clock, reports
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.audit.deeds import NOBODY
from newsletter.delivery import planning
from newsletter.delivery.resolving import RISK
from newsletter.desk.forms import Form
from newsletter.desk.guard import blueprint, my_lists, needs, the_issue
from newsletter.desk.noting import note_issue
from newsletter.errors import InvalidAddress, NotFound
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.reports import Trace
from newsletter.reports.by_provider import providers
from newsletter.reports.progress import held_providers, in_words
from newsletter.subscriptions import signup
from newsletter.web import policy

REFRESH = {IssueState.SENDING: 5, IssueState.SCHEDULED: 15}
"""Seconds after which the framed progress is loaded again, while it moves or is about to."""

WAITING_REFRESH = 15
"""The same for an issue that goes on by itself when the relay answers."""

SOON = 2
"""Seconds after which a page is loaded again whose numbers or readers are being gathered."""


@blueprint.get("/issues/<int:number>/report")
@needs(Action.WRITE)
def show_report(number: int) -> str:
    """Show the numbers of an issue."""
    return show_progress(the_issue(number))


@blueprint.get("/issues/<int:number>/progress")
@needs(Action.WRITE)
def show_moving(number: int) -> Response:
    """Show how far, how fast and how much longer: a frame that loads itself again.

    A frame, so that the page around it keeps still for who reads or types there.
    """
    issue = the_issue(number)
    now = clock.now()
    progress = reports.progress_of(number, now=now)
    page = render_template(
        "desk/issue_moving.html",
        issue=issue,
        progress=progress,
        left=in_words(progress.left) if progress.left is not None else "",
        held=held_providers(now=now) if issue.state is IssueState.SENDING else [],
        refresh=_refresh(issue) if progress.gathered is None else SOON,
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = policy(frame_ancestors="'self'")
    return response


@blueprint.get("/issues/<int:number>/providers")
@needs(Action.WRITE)
def show_providers(number: int) -> Response:
    """Show where the recipients of an issue are by provider of their mailboxes.

    While a large issue is being counted, the page says so and loads itself again.
    """
    issue = the_issue(number)
    now = clock.now()
    found = providers(number, now=now)
    page = render_template(
        "desk/issue_providers.html",
        issue=issue,
        found=found,
        held={one.name: one for one in held_providers(now=now)},
    )
    response = make_response(page)
    if found is None:
        response.headers["Refresh"] = str(SOON)
    return response


@blueprint.post("/issues/<int:number>/trace")
@needs(Action.SEE_SUBSCRIBERS)
def trace_reader(number: int) -> tuple[str, int]:
    """Say whether one reader got the issue and, if not, why not.

    Posted, so that no address stands in a browser's history or a server's log.
    """
    issue = the_issue(number)
    form = Form({"address": request.form.get("address", "")})
    found = None
    try:
        found = reports.trace(number, form.values["address"], lists=my_lists())
    except (InvalidAddress, NotFound) as exc:
        form.errors["address"] = str(exc)
    note_issue(Deed.ISSUE_TRACED, issue, _whom(form.values["address"]) if found else NOBODY)
    db.session.commit()
    status = HTTPStatus.OK if found else HTTPStatus.UNPROCESSABLE_ENTITY
    return show_progress(issue, form, found), status


def show_progress(issue: Issue, form: Form | None = None, trace: Trace | None = None) -> str:
    """Return the page of an issue that is beyond writing."""
    after_this_request(_let_it_frame)
    return render_template(
        "desk/issue_progress.html",
        issue=issue,
        subject=issue.editions[0].subject,
        numbers=reports.report(issue.id),
        failures=reports.failures(issue.id),
        audience=planning.audience_count(issue) if issue.state is IssueState.SCHEDULED else None,
        is_clock_alive=reports.clock_is_alive(now=clock.now()),
        is_moving=_refresh(issue) is not None,
        waits_for_relay=workflow.is_waiting_for_relay(issue),
        risk=RISK,
        form=form or Form({"address": ""}),
        trace=trace,
    )


def _whom(address: str) -> str:
    """Return whom an address belongs to, for the log, which has numbers only."""
    subscriber = signup.find_subscriber(addresses.parse(address))
    return f"subscriber {subscriber.id}" if subscriber else NOBODY


def _refresh(issue: Issue) -> int | None:
    return WAITING_REFRESH if workflow.is_waiting_for_relay(issue) else REFRESH.get(issue.state)


def _let_it_frame(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = policy(frame_src="'self'")
    return response
