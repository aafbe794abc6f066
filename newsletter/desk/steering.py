"""An issue on its way: pause, resume, cancel, and decide what is uncertain."""

import logging
from datetime import UTC, datetime, timedelta

from flask import flash, redirect
from werkzeug.wrappers import Response

from newsletter import addresses, clock
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.delivery import control, resolving
from newsletter.delivery.resolving import Decision, Shown
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, needs, the_editor, the_issue
from newsletter.desk.noting import note_issue
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.issues.naming import desk_path, titled

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """Return an instant as the number that forms carry."""
    return (at - EPOCH) // timedelta(microseconds=1)


@blueprint.post("/issues/<int:number>/pause")
@needs(Action.SEND)
def pause_issue(number: int) -> Response:
    """Stop between two recipients."""
    issue = the_issue(number)
    control.pause(issue, now=clock.now())
    note_issue(Deed.ISSUE_PAUSED, issue)
    return done(number, "paused", f"{titled(number)} is paused. Everybody left waits.")


@blueprint.post("/issues/<int:number>/resume")
@needs(Action.SEND)
def resume_issue(number: int) -> Response:
    """Go on where it stopped."""
    issue = the_issue(number)
    control.resume(issue, now=clock.now())
    note_issue(Deed.ISSUE_RESUMED, issue)
    return done(number, "resumed", f"{titled(number)} goes on where it stopped.")


@blueprint.post("/issues/<int:number>/cancel")
@needs(Action.SEND)
def cancel_issue(number: int) -> Response:
    """End the issue for good."""
    issue = the_issue(number)
    # It commits, and what it commits has to have its entry.
    note_issue(Deed.ISSUE_CANCELLED, issue)
    control.cancel(issue, now=clock.now())
    return done(number, "cancelled", _ending(issue))


def _ending(issue: Issue) -> str:
    if issue.begun_at is None:
        return f"{titled(issue.id)} is given up. Nobody got it."
    return f"{titled(issue.id)} is cancelled. Who got it keeps it."


@blueprint.post("/issues/<int:number>/resolve")
@needs(Action.SEND)
def resolve_issue(number: int) -> Response:
    """Decide what is uncertain: all of an issue, or what went to one reader."""
    issue = the_issue(number)
    form = typed("as", "address", "shown", "shown_at", "back", "after")
    if form.values["as"] not in list(Decision):
        raise InvalidInput("Choose whether it counts as sent or is sent again.")
    decision = Decision(form.values["as"])
    address = addresses.parse(form.values["address"]) if form.values["address"] else None
    shown = None if address else _shown(form)
    found = resolving.resolve(
        issue,
        decision,
        by=the_editor().signature,
        now=clock.now(),
        address=address,
        shown=shown,
    )
    note_issue(Deed.ISSUE_RESOLVED, issue, f"{decision}, {found.decided:,} messages")
    said = " ".join(found.sentences(decision))
    return done(number, f"resolved as {decision}", said, page=_page_of(form))


def _shown(form: Form) -> Shown:
    """Return what stood on the page of who decides about everything that is uncertain."""
    count, at = form.values["shown"], form.values["shown_at"]
    if not all(text.isascii() and text.isdecimal() and len(text) <= 16 for text in (count, at)):
        raise InvalidInput("This form has lost what it showed. Load the page again.")
    return Shown(int(count), EPOCH + timedelta(microseconds=int(at)))


def _page_of(form: Form) -> str:
    """Return the page on which the decision was made, as it ends after the issue’s own."""
    if form.values["back"] != "who":
        return ""
    after = form.values["after"]
    is_number = after.isascii() and after.isdecimal() and len(after) < 19
    return "/who/uncertain" + (f"?after={after}" if is_number else "")


def done(number: int, what: str, words: str, *, page: str = "") -> Response:
    """Commit one move, note who made it (STANDARDS XD23), and show how things stand."""
    editor_id = the_editor().id
    db.session.commit()
    log.info("issue %s %s by editor %s", number, what, editor_id)
    if words:
        flash(words)
    return redirect(f"{desk_path(number)}{page}", code=303)
