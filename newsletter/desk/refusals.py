"""What the desk answers when something is refused: the sentence, and the way back."""

from http import HTTPStatus

from flask import g, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Forbidden, NotFound, RequestEntityTooLarge

from newsletter.desk.guard import blueprint, who_is_there
from newsletter.errors import NewsletterError, TooOften
from newsletter.extensions import db
from newsletter.web import SENTENCES, STATUS, refuse_body

HEADINGS = {
    403: "Not yours to do",
    404: "Not found",
    409: "Not possible as things stand",
    413: "Too large",
    429: "Too many at once",
}

BROKEN = "Our fault"

LEADS_BACK = (HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
"""After these the page is offered that the button stood on."""


@blueprint.errorhandler(NewsletterError)
def show_refusal(error: NewsletterError) -> tuple[str, int, dict[str, str]]:
    """Show why a step was refused; nothing of it is kept."""
    status = next(code for family, code in STATUS.items() if isinstance(error, family))
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooOften) else {}
    return _page(str(error), status), status, headers


@blueprint.errorhandler(Forbidden)
@blueprint.errorhandler(NotFound)
def show_closed_door(error: Forbidden | NotFound) -> tuple[str, int]:
    """Show that a page is not for this editor, or does not exist."""
    return _page(SENTENCES[error.code], HTTPStatus(error.code)), error.code


@blueprint.errorhandler(RequestEntityTooLarge)
def show_too_large(error: RequestEntityTooLarge) -> tuple[str, int]:
    """Show how much may be sent at once, and what became of it."""
    sentence = f"{refuse_body()} Nothing of it was saved; what was saved before is as it was."
    if request.endpoint == "desk.save_issue":
        sentence += (
            " With JavaScript, this browser kept your words as far as it has room for them, "
            "and offers them on the page of the issue."
        )
    return _page(sentence, HTTPStatus.REQUEST_ENTITY_TOO_LARGE), error.code


def show_error(status: HTTPStatus, sentence: str) -> str | None:
    """Return the page of an error that no page of the desk met; None for who is not signed in.

    The database may be what failed: then nobody is known to be signed in.
    """
    try:
        db.session.rollback()
        who = who_is_there()
    except SQLAlchemyError:
        # Every template asks Flask-Login who is there, and it would ask the database once more.
        g._login_user = None
        return None
    if who["me"] is None:
        return None
    return render_template(
        "desk/refusal.html",
        heading=BROKEN if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _heading(status),
        sentence=sentence,
        back="/desk/",
        **who,
    )


def _page(sentence: str, status: HTTPStatus) -> str:
    db.session.rollback()
    return render_template(
        "desk/refusal.html",
        heading=_heading(status),
        sentence=sentence,
        back=_way_back(request.path) if status in LEADS_BACK else "/desk/",
    )


def _heading(status: HTTPStatus) -> str:
    return HEADINGS.get(status, "This did not work")


def _way_back(path: str) -> str:
    """Return the page that a refused button stood on: the issue's own, else its place's."""
    _, _, place, *rest = path.split("/")
    return f"/desk/issues/{rest[0]}" if place == "issues" and rest else f"/desk/{place}/"
