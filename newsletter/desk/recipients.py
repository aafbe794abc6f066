"""Who stands behind the numbers of an issue: lists a page at a time, and all of them as CSV."""

from collections.abc import Iterator
from datetime import timedelta

from flask import Flask, Response, abort, current_app, render_template, request

from newsletter import clock, limits
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.moving import deciding
from newsletter.desk.noting import note_issue
from newsletter.extensions import db, reading
from newsletter.issues import naming
from newsletter.reports import numbers, recipients, who
from newsletter.reports.who import Group

MOST_EXPORTS = 20
"""Files that one editor may take an hour."""


@blueprint.get("/issues/<int:number>/who/<group>")
@needs(Action.SEE_SUBSCRIBERS)
def show_who(number: int, group: str) -> str:
    """Show the readers behind one number, or one reason, of an issue."""
    issue = the_issue(number)
    if group not in list(Group):
        abort(404)
    reason = request.args.get("reason", "")
    return render_template(
        "desk/issue_who.html",
        issue=issue,
        group=group,
        reason=numbers.find_failure(number, reason) if reason else None,
        page=who.page(number, Group(group), reason=reason, after=_after()),
        is_first=not _after(),
        after=_after() or "",
        **deciding(clock.now()),
    )


@blueprint.post("/issues/<int:number>/recipients.csv")
@needs(Action.SEE_SUBSCRIBERS)
def export_recipients(number: int) -> Response:
    """Give all readers of an issue with their states and reasons, as they are read."""
    issue = the_issue(number)
    limits.count(
        "export of recipients",
        str(the_editor().id),
        window=timedelta(hours=1),
        most=MOST_EXPORTS,
        now=clock.now(),
        sentence=f"You took {MOST_EXPORTS} such files within the hour. Wait for the next hour.",
    )
    note_issue(Deed.ISSUE_EXPORTED, issue)
    db.session.commit()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy's own method
    return Response(
        _file(app, number),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{_called(number)}-recipients.csv"'},
    )


def _file(app: Flask, number: int) -> Iterator[str]:
    """Give the file part by part; between two, nothing is held for who loads it."""
    # By this mark spreadsheets know that it is UTF-8.
    yield "\ufeff" + recipients.head()
    last = 0
    while True:
        with app.app_context(), reading():
            part = recipients.part(number, after=last)
        if not part.last:
            return
        yield part.lines
        last = part.last


def _after() -> int:
    text = request.args.get("after", "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _called(number: int) -> str:
    return naming.called(number).replace(" ", "-")
