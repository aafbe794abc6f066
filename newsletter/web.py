"""What the doors share: safe methods that cannot write, headers, who asks, error pages."""

import ipaddress
from collections.abc import Callable
from contextlib import ExitStack
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

from flask import (
    Flask,
    Response,
    current_app,
    g,
    make_response,
    render_template,
    request,
)
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError
from werkzeug.routing import IntegerConverter, Map, RequestRedirect

from newsletter import errors, extensions
from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.page_language import gettext
from newsletter.serving.bodies import OneRequest

View = TypeVar("View", bound=Callable[..., object])

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

PAGE_POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "frame-src": "'none'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
"""The content security policy of every page: nothing inline, nothing from elsewhere."""

FRAME_POLICY = (
    "sandbox; default-src 'none'; img-src 'self' https:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'"
)
"""The policy of a framed message: its own styles, no scripts, no forms, no origin."""

FRAME_POLICY_WITHOUT_IMAGES = FRAME_POLICY.replace("img-src 'self' https:", "img-src 'none'")
"""The same where no image may be fetched, as in programs that show none."""

STATUS: dict[type[errors.NewsletterError], HTTPStatus] = {
    errors.DeadLink: HTTPStatus.NOT_FOUND,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Unreadable: HTTPStatus.BAD_REQUEST,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Refused: HTTPStatus.CONFLICT,
    errors.TooOften: HTTPStatus.TOO_MANY_REQUESTS,
}
"""Which status code tells a browser about which family of errors."""

FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via")
"""Headers by which a proxy says that it passes on what somebody else asked."""

SENTENCES = {
    400: marked("The request could not be read. Go back and try again."),
    403: marked("You are not allowed to do this. Somebody with more rights can."),
    404: marked("There is no such page. Look at the address, or begin at the start page."),
    405: marked("This address does not take that kind of request."),
    415: marked("This address does not take that kind of content."),
    500: marked(
        "Something went wrong on our side, and it has been noted. Nothing of yours was lost. "
        "Try again in a minute."
    ),
}
"""What a page says about a status code that no error of ours explains."""


ANY_FAULT = marked("This did not work.")

MOST_READ_IN_VAIN = 64 * 1024 * 1024
"""Bytes of a body that are read although it is too large."""

LARGER_BODIES: dict[Callable[..., object], tuple[int, Callable[[], bool]]] = {}
"""Views that take more than MAX_CONTENT_LENGTH, how many bytes, and who may send that much."""


CLIENT = "newsletter.web.client"
"""Where the address of who asks stands once it is known; several ask for it in one request."""

ErrorPage = Callable[[HTTPStatus, str], str | Response | None]
ERROR_PAGES = "error_pages"


class RowNumber(IntegerConverter):
    """An <int:...> in a path that fits a column of the database; others are no page."""

    def __init__(self, map: Map, max: int = 2**31 - 1) -> None:
        super().__init__(map, max=max)


def init_app(app: Flask) -> None:
    """Give every door of `app` its guards, headers and error pages; call it before the doors."""
    app.request_class = OneRequest
    app.url_map.converters["int"] = RowNumber
    app.before_request(_begin)
    app.teardown_request(_end)
    app.after_request(_add_headers)
    app.register_error_handler(errors.NewsletterError, _show_error)
    app.register_error_handler(HTTPException, _show_http_error)


def show_errors_below(prefix: str, page: ErrorPage, *, app: Flask) -> None:
    """Let a door show the errors of the addresses below `prefix` on a page of its own.

    `page` gets the status and the sentence; where it returns None, the readers' page is shown.
    """
    app.extensions.setdefault(ERROR_PAGES, {})[prefix] = page


def policy(**changes: str) -> str:
    """Return the page policy with some directives changed, as in `policy(frame_src="'self'")`."""
    directives = PAGE_POLICY | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def allow_larger_body(view: View, octets: int, *, to: Callable[[], bool]) -> View:
    """Let `view` take a body of so many bytes, if `to` says yes about who sends it."""
    LARGER_BODIES[view] = (octets, to)
    return view


def refuse_body() -> str:
    """Return what is said about a body that is larger than this address takes.

    Some of the rest is read first: a browser that is cut off while it sends shows no answer.
    """
    if request.environ.get("wsgi.input_terminated"):
        body, left = request.environ["wsgi.input"], MOST_READ_IN_VAIN
        while left > 0 and (piece := body.read(min(left, 65_536))):
            left -= len(piece)
    most = (request.max_content_length or 0) // 1024 // 1024
    return gettext(
        "This is too large to be taken: what is sent at once may have at most %(most)s MB.",
        most=most,
    )


def client_ip() -> str:
    """Return the address of who asks, believing forwarding headers of trusted proxies only.

    Empty where the server gave no address that can be read (STANDARDS C02).
    """
    if CLIENT not in request.environ:
        request.environ[CLIENT] = _client_ip()
    return str(request.environ[CLIENT])


def _client_ip() -> str:
    from_right = [request.remote_addr or "", *reversed(_forwarded_for())]
    for text in from_right:
        try:
            peer = ipaddress.ip_address(text)
        except ValueError:
            return ""
        if not any(peer in network for network in _trusted()):
            return str(peer)
    return from_right[-1]


def is_local() -> bool:
    """Tell whether who asks sits on this machine.

    A proxy on this machine that TRUSTED_PROXIES does not name makes everybody look
    local: what it passed on, and says so, is never taken for that.
    """
    ip = client_ip()
    if not ip or not ipaddress.ip_address(ip).is_loopback:
        return False
    return ip != request.remote_addr or not any(name in request.headers for name in FORWARDING)


def client_network() -> str:
    """Return the /24 or /48 network of who asks: what sign-ups are limited by."""
    ip = client_ip()
    if not ip:
        return "unknown"
    prefix = 24 if "." in ip and ":" not in ip else 48
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def _forwarded_for() -> list[str]:
    hops = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
    return [hop.strip() for hop in hops if hop.strip()]


def _trusted() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]
    networks = current_app.config["TRUSTED_PROXIES"]
    return networks


def _begin() -> None:
    g.guards = ExitStack()
    if request.method in SAFE_METHODS:
        # The database itself refuses to write for a GET (STANDARDS L05, XB16).
        g.guards.enter_context(extensions.reading())
    else:
        _raise_limit()
    # PostgreSQL takes no NUL in a text, and nobody types one.
    typed = [*(request.view_args or {}).values(), *request.args.values()]
    if request.method not in SAFE_METHODS:
        for values in request.form.listvalues():
            typed += values
    if any("\0" in text for text in typed if isinstance(text, str)):
        raise BadRequest


def _raise_limit() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view not in LARGER_BODIES:
        return
    octets, may_send = LARGER_BODIES[view]
    # A slow upload must not hold the database: who sends it is asked in a transaction that
    # is over before the body is read.
    with extensions.reading():
        if may_send():
            request.max_content_length = octets


def _end(error: BaseException | None) -> None:
    guards: ExitStack | None = g.pop("guards", None)
    if guards is not None:
        guards.close()


def _add_headers(response: Response) -> Response:
    headers = response.headers
    if isinstance(request.routing_exception, RequestRedirect):
        # A slash was missing. Werkzeug would name the host that asked (STANDARDS XD08).
        target = urlsplit(request.routing_exception.new_url)
        headers["Location"] = target._replace(scheme="", netloc="").geturl()
    headers.setdefault("Content-Security-Policy", policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Permissions-Policy", "interest-cohort=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if "token" in (request.view_args or {}):
        # Somebody published their link: what it opens is still nobody else's.
        headers.setdefault("X-Robots-Tag", "noindex")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    return response


def _show_error(error: errors.NewsletterError) -> tuple[str | Response, int, dict[str, str]]:
    db.session.rollback()
    known = (code for family, code in STATUS.items() if isinstance(error, family))
    status = next(known, HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {}
    if isinstance(error, errors.TooOften):
        headers["Retry-After"] = str(error.retry_after)
    page = _error_page(status, error.said(gettext), is_dead_link=isinstance(error, errors.DeadLink))
    return page, status, headers


def _show_http_error(error: HTTPException) -> Response:
    db.session.rollback()
    code = error.code or 500
    if isinstance(error, InternalServerError):
        code = 500
    sentence = error.description or ""
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        sentence = refuse_body()
    elif code in SENTENCES or not sentence:
        sentence = gettext(SENTENCES.get(code, ANY_FAULT))
    response = make_response(_error_page(HTTPStatus(code), sentence), code)
    if error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _error_page(status: HTTPStatus, sentence: str, *, is_dead_link: bool = False) -> str | Response:
    pages: dict[str, ErrorPage] = current_app.extensions.get(ERROR_PAGES, {})
    for prefix, page in pages.items():
        if request.path.startswith(prefix) and (shown := page(status, sentence)) is not None:
            return shown
    return render_template(
        "errors/error.html", status=status, sentence=sentence, is_dead_link=is_dead_link
    )
