"""The gate of the desk: every page says what it needs, and nothing is open by accident."""

from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from flask import Blueprint, abort, current_app, g, redirect, request
from flask_login import current_user  # type: ignore[import-untyped]  # it has no types
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]  # it has no types
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import (
    Action,
    Editor,
    EditorSession,
    allowed_lists,
    may,
    role_of,
    sessions,
)
from newsletter.delivery.digests import overview as digests
from newsletter.desk import browser_session, stale_forms
from newsletter.desk.security import csrf
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.issues import composing, naming
from newsletter.issues.models import Issue
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList
from newsletter.web import SAFE_METHODS, View, allow_larger_body

PUBLIC = "public"
"""What a page needs that is there for people who are not signed in."""

SIGNED_IN = "signed in"
"""What a page needs that every editor may use."""

blueprint = Blueprint("desk", __name__, url_prefix="/desk")

_needs: dict[Callable[..., object], Action | str] = {}
_needs_proof: set[Callable[..., object]] = set()


def needs(
    what: Action | str, *, proof: bool = False, largest_body: int | None = None
) -> Callable[[View], View]:
    """Mark a view with the right that it needs; a view without a mark is open to nobody.

    With `proof`, who is signed in must have proved who they are a short while ago. With
    `largest_body` it takes so many bytes from those who have the right.
    """

    def mark(view: View) -> View:
        _needs[view] = what
        if proof:
            _needs_proof.add(view)
        if largest_body is not None:
            allow_larger_body(view, largest_body, to=partial(_has_right, what))
        return view

    return mark


def signed_in_editor() -> Editor | None:
    """Return who is signed in, or None."""
    editor = current_user._get_current_object()
    return editor if isinstance(editor, Editor) else None


def the_editor() -> Editor:
    """Return who is signed in, on a page that nobody else sees."""
    editor = signed_in_editor()
    if editor is None:
        abort(403)
    return editor


def my_lists() -> frozenset[int] | None:
    """Return the ids of the lists that who is signed in may use; None means all of them.

    Asked once a request: a page needs it for many things.
    """
    if "my_lists" not in g:
        g.my_lists = allowed_lists(the_editor())
    found: frozenset[int] | None = g.my_lists
    return found


def the_issue(number: int) -> Issue:
    """Return the issue with this number, if it is one of the editor's lists; else raise NotFound.

    The sentence is the same for an issue of another list and for none: a
    number that is guessed tells nothing (STANDARDS XD10).
    """
    issue = composing.find_issue(number) if number > 0 else _digest(number)
    mine = my_lists()
    if not _is_mine(issue.mailing_list_id) or (
        number < 0 and mine is not None and not digests.is_of(issue, mine)
    ):
        raise NotFound(_no_such(number))
    return issue


def _digest(number: int) -> Issue:
    """Return the digest with this number, which is below zero; raise NotFound."""
    known = [joinedload(Issue.mailing_list)]
    found = db.session.get(Issue, number, options=known) if number > -(2**31) else None
    if found is None:
        raise NotFound(_no_such(number))
    return found


def _no_such(number: int) -> str:
    return f"There is no {naming.called(number)}."


def the_list(slug: str) -> MailingList:
    """Return the mailing list called `slug`, if the editor may use it; else raise NotFound."""
    mailing_list = lists.find_list(slug)
    if mailing_list is None or not _is_mine(mailing_list.id):
        raise NotFound(f"There is no list “{slug[:80]}”.")
    return mailing_list


def _has_right(what: Action | str) -> bool:
    editor = signed_in_editor()
    return editor is not None and (not isinstance(what, Action) or may(editor, what))


def _is_mine(mailing_list_id: int) -> bool:
    mine = my_lists()
    return mine is None or mailing_list_id in mine


@blueprint.before_request
def _check() -> Response | None:
    _refuse_forged()
    view = current_app.view_functions[request.endpoint or ""]
    what = _needs.get(view)
    if what is None:
        abort(403)
    if what == PUBLIC:
        return None
    if signed_in_editor() is None:
        if request.method not in SAFE_METHODS and stale_forms.has_words():
            # The session ended while somebody wrote: a page to sign in on would lose the words.
            raise CSRFError("You are signed out.")
        return _to_page("/desk/sign-in", back="/desk/")
    if not _has_right(what):
        abort(403)
    if view in _needs_proof and not sessions.is_fresh(the_session(), now=clock.now()):
        # The page that the button stood on: /desk/account/passkeys of /desk/account/passkeys/new.
        return _to_page("/desk/account/proof", back="/".join(request.path.split("/")[:4]))
    if request.method not in SAFE_METHODS:
        # Only what is sent is use: a page that loads itself again keeps nobody signed in,
        # and a GET writes nothing.
        sessions.note_use(the_session(), now=clock.now())
    return None


def the_session() -> EditorSession:
    """Return the session of who is signed in, on a page that nobody else sees."""
    found = browser_session.this_session()
    if found is None:
        abort(403)
    return found


@blueprint.context_processor
def who_is_there() -> dict[str, object]:
    """Let templates show only what the editor may use."""
    editor = signed_in_editor()
    return {
        "me": editor,
        "my_role": role_of(editor) if editor else None,
        "may": lambda action: editor is not None and may(editor, Action[action]),
    }


def _refuse_forged() -> None:
    """Take a change only from a form of ours: the session's token, and no other site."""
    if request.method in SAFE_METHODS:
        return
    # Browsers say where a request began, whatever the page's referrer policy is (XD01).
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise CSRFError("The request came from another site.")
    csrf.protect()


def _to_page(page: str, *, back: str) -> Response:
    """Lead to a page that leads on to what was asked for; after a refused POST to `back`."""
    where = request.full_path.rstrip("?") if request.method in SAFE_METHODS else back
    return redirect(f"{page}?next={quote(where, safe='/')}", code=303)
