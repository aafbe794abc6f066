"""Digests: the list of them; each has the page of an issue that is on its way or over."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import render_template, request
from werkzeug.routing import IntegerConverter

from newsletter import reports
from newsletter.accounts import Action
from newsletter.delivery.digests import overview
from newsletter.desk import moving, progress, recipients, steering
from newsletter.desk.guard import blueprint, my_lists, needs
from newsletter.desk.issue_list import LAST_PAGE

PAGES: Mapping[str, Callable[..., Any]] = {
    "": progress.show_report,
    "/report": progress.show_report,
    "/progress": moving.show_moving,
    "/live": moving.show_live,
    "/providers": moving.show_providers,
    "/who/<group>": recipients.show_who,
}
"""What is shown of a digest as of an issue."""

CHANGES: Mapping[str, Callable[..., Any]] = {
    "/trace": progress.trace_reader,
    "/pause": steering.pause_issue,
    "/resume": steering.resume_issue,
    "/cancel": steering.cancel_issue,
    "/resolve": steering.resolve_issue,
    "/recipients.csv": recipients.export_recipients,
}
"""What is done to it as to an issue, or looked up by a form."""


class DigestConverter(IntegerConverter):
    """The number of a digest as addresses have it, 3, and as the ledger has it, -3."""

    def to_python(self, value: str) -> Any:
        """Return the number in the ledger."""
        return -super().to_python(value)

    def to_url(self, value: Any) -> str:
        """Return the number in an address."""
        return super().to_url(-value)


@blueprint.get("/digests/")
@needs(Action.WRITE)
def show_digests() -> str:
    """List the digests, the newest first, with their numbers, and say when the next are due."""
    mine = my_lists()
    number = min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)
    lines, has_older = overview.lines(lists=mine, page=number)
    return render_template(
        "desk/digests.html",
        lines=lines,
        numbers=reports.reports_of([line.number for line in lines]) if lines else {},
        next=overview.next_due(lists=mine),
        page=number,
        newer=f"/desk/digests/?page={number - 1}" if number > 1 else "",
        older=f"/desk/digests/?page={number + 1}" if has_older else "",
    )


for end, view in PAGES.items():
    blueprint.add_url_rule(f"/digests/<digest:number>{end}", view_func=view)
blueprint.add_url_rule("/digests/<digest:number>/cancel", view_func=moving.ask_cancel)
for end, change in CHANGES.items():
    blueprint.add_url_rule(f"/digests/<digest:number>{end}", view_func=change, methods=["POST"])
