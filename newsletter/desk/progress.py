"""How an issue is getting on: numbers that add up, reasons, and “Did X get it?”."""

from http import HTTPStatus

from flask import render_template, request

from newsletter import clock, reports
from newsletter.accounts import Action
from newsletter.delivery import planning
from newsletter.desk.forms import Form
from newsletter.desk.guard import blueprint, needs
from newsletter.errors import InvalidAddress, NotFound
from newsletter.issues import composing
from newsletter.issues.models import Issue, IssueState
from newsletter.reports import Trace


@blueprint.get("/issues/<int:number>/report")
@needs(Action.WRITE)
def show_report(number: int) -> str:
    """Show the numbers of an issue."""
    return show_progress(composing.find_issue(number))


@blueprint.post("/issues/<int:number>/trace")
@needs(Action.SEE_SUBSCRIBERS)
def trace_reader(number: int) -> str | tuple[str, int]:
    """Say whether one reader got the issue and, if not, why not.

    Posted, so that no address stands in a browser's history or a server's log.
    """
    issue = composing.find_issue(number)
    form = Form({"address": request.form.get("address", "")})
    try:
        found = reports.trace(number, form.values["address"])
    except (InvalidAddress, NotFound) as exc:
        form.errors["address"] = str(exc)
        return show_progress(issue, form), HTTPStatus.UNPROCESSABLE_ENTITY
    return show_progress(issue, form, found)


def show_progress(issue: Issue, form: Form | None = None, trace: Trace | None = None) -> str:
    """Return the page of an issue that is beyond writing."""
    return render_template(
        "desk/issue_progress.html",
        issue=issue,
        subject=composing.content_of(issue).subject,
        numbers=reports.report(issue.id),
        failures=reports.failures(issue.id),
        audience=planning.audience_count(issue) if issue.state is IssueState.SCHEDULED else None,
        is_clock_alive=reports.clock_is_alive(now=clock.now()),
        form=form or Form({"address": ""}),
        trace=trace,
    )
