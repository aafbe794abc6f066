"""All issues in a list: filters by state, list and year, and the numbers of what was sent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import render_template, request

from newsletter import reports
from newsletter.accounts import Action
from newsletter.desk.guard import blueprint, my_lists, needs
from newsletter.issues import overview
from newsletter.issues.models import IssueState
from newsletter.subscriptions import lists

STATES: Mapping[str, tuple[str, Collection[IssueState]]] = {
    "written": (
        "Being written",
        (IssueState.DRAFT, IssueState.REVIEW, IssueState.APPROVED),
    ),
    "scheduled": ("Scheduled", (IssueState.SCHEDULED,)),
    "moving": ("On their way", (IssueState.SENDING, IssueState.PAUSED)),
    "sent": ("Sent", (IssueState.SENT,)),
    "cancelled": ("Cancelled", (IssueState.CANCELLED,)),
}
"""What the filter calls the states, and which it means."""

BEGUN = (IssueState.SENDING, IssueState.PAUSED, IssueState.SENT, IssueState.CANCELLED)
"""The states in which an issue may have readers, and so numbers."""

LAST_PAGE = 10_000


@dataclass(frozen=True)
class Chosen:
    """What the filters say; what they do not know counts as not chosen."""

    state: str
    slug: str
    year: int | None

    def page(self, number: int) -> str:
        """Return the address of a page of what was chosen."""
        asked = {"state": self.state, "list": self.slug, "year": self.year or "", "page": number}
        return "/desk/issues/?" + urlencode({name: value for name, value in asked.items() if value})


@blueprint.get("/issues/")
@needs(Action.WRITE)
def show_issues() -> str:
    """List issues, the newest first."""
    mine = my_lists()
    known = {row.slug: row for row in lists.all_lists(only=mine)}
    years = overview.years(lists=mine)
    chosen = _chosen(known, years)
    number = min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)
    lines, has_older = overview.lines(
        states=STATES[chosen.state][1] if chosen.state else (),
        lists=frozenset({known[chosen.slug].id}) if chosen.slug else mine,
        year=chosen.year,
        page=number,
    )
    begun = [line.number for line in lines if line.state in BEGUN]
    return render_template(
        "desk/issues.html",
        lines=lines,
        numbers=reports.reports_of(begun) if begun else {},
        chosen=chosen,
        states=[(value, words) for value, (words, _) in STATES.items()],
        mailing_lists=[(slug, row.name) for slug, row in known.items()],
        years=[(year, year) for year in years],
        page=number,
        newer=chosen.page(number - 1) if number > 1 else "",
        older=chosen.page(number + 1) if has_older else "",
    )


def _chosen(known: Collection[str], years: Collection[int]) -> Chosen:
    state, slug = request.args.get("state", ""), request.args.get("list", "")
    year = request.args.get("year", type=int)
    return Chosen(
        state=state if state in STATES else "",
        slug=slug if slug in known else "",
        year=year if year in years else None,
    )
