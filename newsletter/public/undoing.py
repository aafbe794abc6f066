"""Taking back what was pressed on a reader's page, or what a good-bye mail tells of."""

from collections.abc import Sequence

from flask import Blueprint, render_template

from newsletter import clock, links, page_language
from newsletter.extensions import db
from newsletter.links import Link
from newsletter.subscriptions import undoing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import Subscriber, Tracking
from newsletter.subscriptions.undoing import Undo
from newsletter.web import client_ip

blueprint = Blueprint("undoing", __name__)


@blueprint.get("/undo/<token>")
def ask(token: str) -> str:
    """Ask what the button on the page before has asked already: whoever reloads comes here."""
    return _ask(links.UNDO, token)


@blueprint.post("/undo/<token>")
def undo(token: str) -> str:
    """Take back what was pressed."""
    return _undo(links.UNDO, token)


@blueprint.get("/undo/by-mail/<token>")
def ask_by_mail(token: str) -> str:
    """Ask; mail scanners change nothing here."""
    return _ask(links.UNDO_BY_MAIL, token)


@blueprint.post("/undo/by-mail/<token>")
def undo_by_mail(token: str) -> str:
    """Take back what a good-bye mail told of."""
    return _undo(links.UNDO_BY_MAIL, token)


def _ask(link: Link, token: str) -> str:
    _speak(undoing.read(link, token, now=clock.now()))
    return render_template("public/undo.html")


def _undo(link: Link, token: str) -> str:
    now = clock.now()
    rows = undoing.read(link, token, now=now)
    _speak(rows)
    for row in rows:
        undoing.undo(row, origin=Origin(page="/undo", ip=client_ip() or None), now=now)
    page = render_template(
        "public/undone.html",
        # The page must not tell whether this reader was recorded: others may see it.
        may_have_been_recorded=any(
            one.tracking is Tracking.INDIVIDUAL for one in undoing.lists_left(rows)
        ),
    )
    db.session.commit()
    return page


def _speak(rows: Sequence[Undo]) -> None:
    for row in rows[:1]:
        page_language.speak(db.session.get_one(Subscriber, row.subscriber_id).language)
