"""What the desk answers when something is refused: the sentence, and the way back."""

from http import HTTPStatus

from flask import render_template, request
from werkzeug.exceptions import Forbidden, NotFound, RequestEntityTooLarge

from newsletter.desk.guard import blueprint
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
    """Show how much may be sent at once."""
    return _page(refuse_body(), HTTPStatus.REQUEST_ENTITY_TOO_LARGE), error.code


def _page(sentence: str, status: HTTPStatus) -> str:
    db.session.rollback()
    return render_template(
        "desk/refusal.html",
        heading=HEADINGS.get(status, "This did not work"),
        sentence=sentence,
        back=_way_back(request.path) if status in LEADS_BACK else "/desk/",
    )


def _way_back(path: str) -> str:
    """Return the page that a refused button stood on: the issue's own, else its place's."""
    _, _, place, *rest = path.split("/")
    return f"/desk/issues/{rest[0]}" if place == "issues" and rest else f"/desk/{place}/"
