"""The page of an issue beyond writing: numbers that add up, reasons, “Did X get it?”."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from flask import Response, after_this_request, render_template, request
from markupsafe import Markup

from newsletter import charts, clock, reports
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.audit.deeds import NOBODY
from newsletter.charts import Point
from newsletter.delivery.digests import overview
from newsletter.desk import moving
from newsletter.desk.forms import Form
from newsletter.desk.guard import blueprint, my_lists, needs, the_issue
from newsletter.desk.holding import show_held
from newsletter.desk.noting import note_issue
from newsletter.desk.showing import day_and_time, here
from newsletter.errors import InvalidAddress, NotFound
from newsletter.extensions import commit_to_show, reading
from newsletter.issues import correcting, workflow
from newsletter.issues.models import Issue, IssueKind, IssueState
from newsletter.reports import Report, Trace, clicks, hours, stories, tracing
from newsletter.reports.stories import Step
from newsletter.web import policy

TICK_EVERY = 12
"""Hours between two words under the chart of the first days."""


@blueprint.get("/issues/<int:number>/report")
@needs(Action.WRITE)
def show_report(number: int) -> str:
    """Show the numbers of an issue."""
    return show_progress(the_issue(number))


@blueprint.post("/issues/<int:number>/trace")
@needs(Action.SEE_SUBSCRIBERS)
def trace_reader(number: int) -> tuple[str, int]:
    """Say whether one reader got the issue and, if not, why not.

    Posted, so that no address stands in a browser's history or a server's log.
    """
    issue = the_issue(number)
    address = request.form.get("address", "")
    form = Form({"address": address})
    found: Trace | None = None
    story: Sequence[Step] = ()
    whom = NOBODY
    try:
        case = tracing.find_case(issue, address, lists=my_lists())
        found, story = tracing.explain(case), stories.story(case)
        if case.subscriber is not None:
            whom = f"subscriber {case.subscriber.id}"
    except (InvalidAddress, NotFound) as exc:
        form.errors["address"] = str(exc)
    note_issue(Deed.ISSUE_TRACED, issue, whom)
    commit_to_show()
    status = HTTPStatus.OK if found else HTTPStatus.UNPROCESSABLE_ENTITY
    # What sends may write while the page is made.
    with reading():
        return show_progress(issue, form, found, story), status


def show_progress(
    issue: Issue,
    form: Form | None = None,
    trace: Trace | None = None,
    story: Sequence[Step] = (),
) -> str:
    """Return the page of an issue that is beyond writing."""
    if issue.state is IssueState.SCHEDULED and issue.kind is IssueKind.ISSUE:
        return show_held(issue)
    after_this_request(_let_it_frame)
    now = clock.now()
    numbers = reports.report(issue.id)
    is_digest = issue.kind is IssueKind.DIGEST
    return render_template(
        "desk/issue_progress.html",
        issue=issue,
        subject=issue.editions[0].subject,
        failures=reports.failures(issue.id),
        left=reports.left(issue.id),
        clicks=None if is_digest else clicks.clicks(issue),
        charts=_charts(issue) if _has_course(issue, numbers, now=now) else [],
        is_clock_alive=reports.clock_is_alive(now=now),
        waits_for_relay=workflow.is_waiting_for_relay(issue),
        form=form or Form({"address": ""}),
        trace=trace,
        story=story,
        corrections=[] if is_digest else correcting.of(issue),
        digest=overview.contents(issue) if is_digest else None,
        **moving.facts(issue, numbers, now=now),
    )


def _has_course(issue: Issue, numbers: Report, *, now: datetime) -> bool:
    """Tell whether there is something to draw: of the first hour on its way it is one column."""
    is_moving = issue.state in (IssueState.SENDING, IssueState.PAUSED)
    is_early = issue.begun_at is not None and now - issue.begun_at < hours.HOUR
    return bool(numbers.sent) and not (is_moving and is_early)


def _charts(issue: Issue) -> list[Markup]:
    """Draw the first two days: what the relay took, and below it who left."""
    found = hours.first_hours(issue.id)
    times = [here(hour.at) for hour in found]
    labels = [
        (day_and_time(at), f"{at:%H:%M}" if number % TICK_EVERY == 0 else "")
        for number, at in enumerate(times)
    ]
    sent = charts.columns(
        [Point(label, hour.sent, tick) for hour, (label, tick) in zip(found, labels, strict=True)],
        name="sent-by-hour",
        title="Taken by our relay, by hour",
        what="People",
        empty="Our relay took nothing of it within two days.",
    )
    left = charts.columns(
        [Point(label, hour.left, tick) for hour, (label, tick) in zip(found, labels, strict=True)],
        name="left-by-hour",
        title="Left by its links, by hour",
        what="People",
        empty="Nobody left by its links within two days.",
    )
    return [sent, left]


def _let_it_frame(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = policy(frame_src="'self'")
    return response
