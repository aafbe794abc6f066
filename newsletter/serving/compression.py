"""Answers packed with gzip: a reader on a slow line waits for a third of the bytes.

What stands beside a secret is sent as it is: where somebody else can put words into an answer, its
packed length tells what else stands in it (BREACH). So pages of a personal link, of a session and
for whoever brings a cookie are never packed, which leaves what is the same for everybody.
"""

import gzip

from flask import Flask, Response, request, session

LEVEL = 6
"""Above it, gzip takes twice the time for a hundredth of the bytes."""

LEAST = 400
"""Octets of a body that are worth packing: all of it fits into one packet."""

TEXTS = frozenset(
    {
        "application/atom+xml",
        "application/json",
        "application/problem+json",
        "application/xml",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
        "text/plain",
    }
)


def init_app(app: Flask) -> None:
    """Pack what `app` answers; what is registered after this still changes the text itself."""
    app.after_request(_packed)


def pack(octets: bytes) -> bytes:
    """Return the same, packed; the same text makes the same octets."""
    return gzip.compress(octets, LEVEL, mtime=0)


def is_welcome() -> bool:
    """Tell whether who asks can unpack."""
    return request.accept_encodings.quality("gzip") > 0


def _packed(response: Response) -> Response:
    if not _may_be_packed(response):
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code == 304 or not is_welcome():
        return response
    octets = response.get_data()
    if len(octets) >= LEAST:
        response.set_data(pack(octets))
        response.content_encoding = "gzip"
    return response


def _may_be_packed(response: Response) -> bool:
    """Tell whether an answer is a whole text, the same for everybody who asks."""
    return (
        request.method in ("GET", "HEAD")
        and response.mimetype in TEXTS
        and not response.is_streamed
        and not response.direct_passthrough
        and not response.content_encoding
        and not request.cookies
        # Its cookie is only set when all else is done; what it protects a form with stands there.
        and not session.modified
        and "token" not in (request.view_args or {})
    )
