"""The pages of the development mailbox, `/mailbox`: in development only, and then for anybody."""

from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, render_template, request

from newsletter import erasure, web
from newsletter.errors import NotFound
from newsletter.mailbox import reading, store

PAGE = 50
"""Messages on one page of the list."""

BEGINNING = 65_536
"""Bytes that are read of each message of the list: its headers are among them."""

blueprint = Blueprint("mailbox", __name__, url_prefix="/mailbox")


def init_app(app: Flask) -> None:
    """Give `app` the pages, where there is a mailbox; erasure reaches what one kept before."""
    if app.config["USES_MAILBOX"]:
        app.register_blueprint(blueprint)
    erasure.also(app, lambda canonicals: store.forget(_folder(), canonicals))


@dataclass(frozen=True)
class Line:
    """One message in the list."""

    name: str
    subject: str
    envelope: store.Envelope


@blueprint.get("", strict_slashes=False)
def index() -> str:
    """The newest messages, or those before the one that `?before=` names."""
    names = store.names(_folder())
    before = request.args.get("before", "")
    wanted = [name for name in names if not before or name < before]
    lines = [line for name in wanted[:PAGE] if (line := _line(name))]
    older = wanted[PAGE - 1] if len(wanted) > PAGE else None
    return render_template("mailbox/index.html", lines=lines, older=older, before=before)


@blueprint.get("/<name>")
def message(name: str) -> Response:
    """One message: its envelope, HTML part in a frame, links, plain text and headers."""
    page = render_template(
        "mailbox/message.html",
        name=name,
        message=reading.read(store.raw(_folder(), name)),
        envelope=store.envelope_of(_folder(), name),
        shown=reading.SHOWN,
    )
    return Response(page, headers={"Content-Security-Policy": web.policy(frame_src="'self'")})


@blueprint.get("/<name>/html")
def html(name: str) -> Response:
    """The HTML part as it came, for the frame, under the policy of framed messages."""
    html_part = reading.read(store.raw(_folder(), name)).html_part
    if html_part is None:
        raise NotFound("This message has no HTML part.")
    headers = {
        "Content-Security-Policy": web.FRAME_POLICY,
        # A browser refuses a sandboxed page in a new tab that this policy isolates.
        "Cross-Origin-Opener-Policy": "unsafe-none",
    }
    return Response(html_part, mimetype="text/html", headers=headers)


@blueprint.get("/<name>/raw")
def raw(name: str) -> Response:
    """The bytes as they were received."""
    return Response(store.raw(_folder(), name), mimetype="text/plain")


def _line(name: str) -> Line | None:
    """Return what the list says of a message; None when a newer one pushed it out just now."""
    try:
        beginning = store.raw(_folder(), name, limit=BEGINNING)
        return Line(name, reading.subject(beginning), store.envelope_of(_folder(), name))
    except NotFound:
        return None


def _folder() -> Path:
    return store.folder_of(Path(current_app.config["INSTANCE_PATH"]))
