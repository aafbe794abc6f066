"""To one's own page: an address is asked for, a link is mailed, buttons open and close it.

What a browser shows is a signed, short-lived cookie below /manage only. Nobody sets it but
the button of a mailed link, which works once.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as AnyResponse

from newsletter import addresses, clock, page_language, traces
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.page_language import gettext, to
from newsletter.subscriptions import managing
from newsletter.subscriptions.models import Subscriber
from newsletter.web import client_network

COOKIE = "manage"
PATH = "/manage"

OURS = frozenset({"same-origin", "none"})
"""What a browser says of the page that a request of our own pages came from."""

Given = ParamSpec("Given")
Answer = str | tuple[str, int] | AnyResponse
View = Callable[Given, Answer]

blueprint = Blueprint("manage", __name__)


def readers_own(view: Callable[Concatenate[Subscriber, Given], Answer]) -> View[Given]:
    """Let only whom the page belongs to in, with who they are; send all others to the question."""

    @wraps(view)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        reader = _reader()
        if reader is None:
            return redirect(to(PATH), HTTPStatus.SEE_OTHER)
        _refuse_others()
        page_language.speak(reader.language)
        return view(reader, *args, **kwargs)

    return guarded


def current_reader() -> Subscriber | None:
    """Return whose page is open in this browser."""
    return _reader()


def was_open() -> bool:
    """Tell whether this browser shows that a page was open in it, whether it is still or not."""
    return bool(request.cookies.get(COOKIE))


@blueprint.post("/manage")
def ask() -> Answer:
    """Mail a link; the answer is the same whoever the address belongs to."""
    typed = request.form.get("address", "")
    now = clock.now()
    try:
        address = addresses.parse(typed)
    except InvalidInput as exc:
        return show_question(typed, {"address": exc.said(gettext)}), HTTPStatus.UNPROCESSABLE_ENTITY
    managing.count_request(client_network(), now=now)
    is_kept = traces.came_from(address.canonical)
    managing.ask(address, is_kept=is_kept, language=page_language.spoken(), now=now)
    db.session.commit()
    return render_template("public/manage/mailed.html", address=address.spelling)


def show_question(address: str = "", errors: dict[str, str] | None = None) -> str:
    """Ask for the address."""
    return render_template("public/manage/ask.html", address=address, errors=errors or {})


@blueprint.get("/manage/open/<token>")
def ask_to_open(token: str) -> str:
    """Show one button; mail scanners change nothing here."""
    page_language.speak(managing.read(token, now=clock.now()).language)
    return render_template("public/manage/open.html")


@blueprint.post("/manage/open/<token>")
def open_page(token: str) -> AnyResponse:
    """Use the link up and open the page in this browser."""
    reader, shown = managing.use(token, now=clock.now())
    page_language.speak(reader.language)
    db.session.commit()
    response = redirect(to(PATH), HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE,
        shown,
        max_age=managing.LIFETIME,
        path=PATH,
        secure=current_app.config["IS_PRODUCTION"],
        httponly=True,
        samesite="Strict",
    )
    return response


@blueprint.post("/manage/close")
def close() -> Response:
    """Close the page in this browser; again is harmless."""
    _refuse_others()
    managing.end(request.cookies.get(COOKIE, ""), now=clock.now())
    page = render_template(
        "public/manage/told.html",
        heading=gettext("Your page is closed"),
        sentences=[gettext("Nobody can open it on this device any more without a new link.")],
        back=False,
    )
    db.session.commit()
    return forgetting(page)


def forgetting(page: str) -> Response:
    """Return a page after which this browser shows nothing any more."""
    response = make_response(page)
    response.delete_cookie(COOKIE, path=PATH)
    return response


def _reader() -> Subscriber | None:
    shown = request.cookies.get(COOKIE, "")
    return managing.reader_of(shown, now=clock.now()) if shown else None


def _refuse_others() -> None:
    """Refuse what a page elsewhere made a browser send (STANDARDS XD01).

    The cookie is not sent then, so this is a second bolt. Without a Referer browsers name
    no origin, and then `Sec-Fetch-Site` tells.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin", "null")
    if site not in OURS or origin not in ("null", current_app.config["PUBLIC_URL"]):
        abort(HTTPStatus.FORBIDDEN)
