"""A form whose session is over: nothing of it is done, and what was typed into it is shown again.

Pages of the desk are kept by no browser, so going back would show a page without those words.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from flask import render_template, request
from flask_login import current_user  # type: ignore[import-untyped]  # it has no types

from newsletter.extensions import db

_SECRET = re.compile(r"token|password|code|credential|answer|secret")
"""Fields whose words are shown to nobody, also not to who typed them."""

_CARRIED = frozenset(
    ("version", "began", "window", "language", "order", "mailing_list", "topics", "next", "do")
)
"""Fields that no person types."""

_WRITING = re.compile(r"/desk/issues/([0-9]+)\Z")
"""The form that can be sent again from here: it saves words, and nothing else."""

_LABELS = {"title": "Title", "text": "Text", "url": "Address"}
"""What the fields of a block are called; their names begin with its key."""


@dataclass(frozen=True)
class Typed:
    """One field with the words that were typed into it."""

    name: str
    label: str
    words: str


def has_words() -> bool:
    """Tell whether something was typed into the form that was posted."""
    return any(_typed())


def show() -> tuple[str, int]:
    """Say that nothing was done, and show what was typed, to be sent again or copied.

    What another site sent was typed by nobody here: it is not shown, and cannot be sent.
    """
    db.session.rollback()
    is_foreign = request.headers.get("Sec-Fetch-Site", "") in ("cross-site", "same-site")
    # Only a browser that says so sent the form from a page of ours: a button for it is safe.
    is_ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    issue = _WRITING.match(request.path)
    page = render_template(
        "desk/stale_form.html",
        is_foreign=is_foreign,
        is_signed_in=current_user.is_authenticated,
        typed=[] if is_foreign else list(_typed()),
        carried=_carried(),
        again=request.path if issue and is_ours else "",
        issue_number=issue[1] if issue else "",
    )
    return page, HTTPStatus.BAD_REQUEST


def _typed() -> Iterator[Typed]:
    for name, words in request.form.items(multi=True):
        if words.strip() and name not in _CARRIED and not _SECRET.search(name):
            yield Typed(name, _label(name), words)


def _carried() -> Sequence[tuple[str, str]]:
    """Return what goes along unseen; the pressed button is always the one that saves."""
    fields = request.form.items(multi=True)
    return [(name, text) for name, text in fields if name in _CARRIED and name != "do"]


def _label(name: str) -> str:
    ending = name.rpartition("-")[2]
    return _LABELS.get(ending) or name.replace("_", " ").replace("-", " ").capitalize()
