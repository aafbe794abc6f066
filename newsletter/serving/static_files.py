"""Style sheets, scripts and the icon: packed once, kept by browsers until they change.

Their addresses carry the beginning of the hash of what is in them (`?v=`), so that a browser never
has to ask again and never has an old one. Who asks without it, or for an older one, gets what there
is now and has to ask the next time.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from newsletter.serving import compression

VERSION = "v"
"""The argument that names what is in the file."""

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent; `written` tells when it has to be read again."""

    octets: bytes
    packed: bytes
    mimetype: str
    version: str
    written: tuple[int, int]


_known: dict[Path, StaticFile] = {}


def init_app(app: Flask) -> None:
    """Let `app` send its static files so, and name their versions in every address of them."""
    app.view_functions["static"] = send
    app.url_defaults(_name_version)


def send(filename: str) -> Response:
    """Send one of the files; the browser keeps it for good if it asked for what is in it."""
    found = _find(filename)
    if found is None:
        raise NotFound
    is_packed = len(found.packed) < len(found.octets) and compression.is_welcome()
    response = Response(found.packed if is_packed else found.octets, mimetype=found.mimetype)
    if is_packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    is_this = request.args.get(VERSION) == found.version
    response.headers["Cache-Control"] = FOREVER if is_this else ASK_AGAIN
    # A weak one: the same text, packed or not.
    response.set_etag(found.version, weak=True)
    response.make_conditional(request)
    return response


def _name_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and VERSION not in values:
        found = _find(values.get("filename", ""))
        if found is not None:
            values[VERSION] = found.version


def _find(filename: str) -> StaticFile | None:
    """Return the file, read and packed once unless it was written since; None if there is none."""
    joined = safe_join(str(current_app.static_folder), filename)
    if joined is None:
        return None
    path = Path(joined)
    try:
        if not path.is_file():
            return None
        state = path.stat()
        written = (state.st_mtime_ns, state.st_size)
        known = _known.get(path)
        if known is None or known.written != written:
            known = _known[path] = _read(path, written)
    except (OSError, ValueError):
        # A name that no file can have, or one that was taken away this moment.
        return None
    return known


def _read(path: Path, written: tuple[int, int]) -> StaticFile:
    octets = path.read_bytes()
    mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = mimetype in compression.TEXTS
    return StaticFile(
        octets=octets,
        packed=compression.pack(octets) if is_text else octets,
        mimetype=mimetype,
        version=hashlib.sha256(octets).hexdigest()[:12],
        written=written,
    )
