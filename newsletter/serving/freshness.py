"""Public answers that browsers and the caches between may keep for a while, and ask about again."""

from datetime import datetime, timedelta

from flask import Response, make_response, request

PAGE = timedelta(minutes=1)
"""A withdrawal or a correction is to be seen soon."""

NOT_AT_ALL = timedelta()
"""For forms: each time somebody asks whether it is still the same."""

FEED = timedelta(minutes=5)
RARELY = timedelta(hours=1)
"""For what only programs read, once a day."""


def public(
    answer: Response | str, *, keep: timedelta, modified_at: datetime | None = None
) -> Response:
    """Return an answer that anybody may keep; who has it already gets 304 and no body.

    `modified_at` is only for what consists of nothing but dated things: of pages, also what
    stands around them changes.
    """
    response = make_response(answer)
    seconds = int(keep.total_seconds())
    response.headers["Cache-Control"] = f"public, max-age={seconds}" if seconds else "no-cache"
    # A weak one: the same text, packed or not.
    response.add_etag(weak=True)
    response.vary.add("Accept-Language")
    if modified_at is not None:
        response.last_modified = modified_at
    response.make_conditional(request)
    return response
