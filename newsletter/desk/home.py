"""The first page of the desk: what needs a person now, what comes next, what was last."""

from flask import render_template

from newsletter import clock, reports
from newsletter.desk.guard import SIGNED_IN, blueprint, my_lists, needs
from newsletter.issues import overview
from newsletter.issues.models import IssueState


@blueprint.get("/")
@needs(SIGNED_IN)
def show_home() -> str:
    """Show what needs somebody now, with the numbers of what is on its way."""
    last = overview.last_sent(lists=my_lists())
    running = _lines(IssueState.SENDING, IssueState.PAUSED)
    shown = running if last is None else [*running, last]
    return render_template(
        "desk/home.html",
        drafts=_lines(IssueState.DRAFT, IssueState.REVIEW, IssueState.APPROVED),
        scheduled=_lines(IssueState.SCHEDULED),
        running=running,
        last=last,
        numbers={line.number: reports.report(line.number) for line in shown},
        is_clock_alive=reports.clock_is_alive(now=clock.now()),
    )


def _lines(*states: IssueState) -> list[overview.Line]:
    return overview.lines(states=states, lists=my_lists())[0]
