"""Signing up as JSON, for the organisation's other sites and programs: docs/api.md.

The same checks, limits, trap and answers as the form (STANDARDS XA05). Scripts of other sites
may ask only from pages that the desk names, and never with cookies (STANDARDS XA20).
"""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from newsletter import clock, languages, links, page_language, web
from newsletter.errors import NotAllowed, Unreadable
from newsletter.extensions import db
from newsletter.page_language import gettext
from newsletter.public import asking
from newsletter.public.asking import TRAP, Typed
from newsletter.subscriptions import consent, embedding, lists
from newsletter.subscriptions.models import Frequency, MailingList

PREFIX = "/api/"
HERE = "/api/v1/subscriptions"

MOST_TOPICS = 200

ONE_TEXT = ("list", "address", "name", "language", "frequency", asking.SHOWN_WORDS, TRAP)

PREFLIGHT_KEPT = 600
"""Seconds that a browser remembers what a page may ask."""

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


def init_app(app: Flask) -> None:
    """Say below /api/ what went wrong as problem details (RFC 9457)."""
    web.show_errors_below(PREFIX, _problem, app=app)


@blueprint.get("/")
def show_lists() -> Response:
    """Say which lists there are, what can be chosen, and the words to show beside the button."""
    public = lists.public_lists()
    _admit(public)
    return jsonify(
        {
            "subscriptions": links.public_url(HERE),
            "privacy": links.public_url(page_language.to("/privacy")),
            "frequencies": [frequency.value for frequency in Frequency],
            "languages": list(languages.OFFERED),
            "leave_empty": TRAP,
            "lists": [_about(mailing_list) for mailing_list in public],
        }
    )


@blueprint.route("/subscriptions", methods=["OPTIONS"], provide_automatic_options=False)
def say_what_is_allowed() -> Response:
    """Answer a browser that asks whether a page may post here."""
    _admit(lists.public_lists())
    response = Response(status=HTTPStatus.NO_CONTENT, headers={"Allow": "POST, OPTIONS"})
    if g.get("readable_by"):
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_KEPT)
    return response


@blueprint.post("/subscriptions")
def subscribe() -> tuple[Response, int]:
    """Take a sign-up; the answer is the same whoever the address belongs to."""
    # Read before the database is asked: who sends slowly holds up nobody else.
    typed, slug = _typed(_fields())
    page_language.speak(typed.language)
    public = lists.public_lists()
    _admit(public)
    mailing_list = next((row for row in public if row.slug == slug or not slug), None)
    if mailing_list is None:
        typed.errors["list"] = gettext("There is no such list to sign up for.")
    else:
        _refuse_other_sites(mailing_list)
    wish = None
    if mailing_list is not None and not typed.errors:
        wish = asking.take(mailing_list, typed, page=HERE, now=clock.now())
    if wish is None:
        db.session.rollback()
        return _refusal(typed.errors)
    db.session.commit()
    said = gettext(
        "We wrote to %(address)s. Open the link in that e-mail and press the button there.",
        address=wish.address.spelling,
    )
    response = jsonify({"message": said, "language": page_language.spoken()})
    response.headers["Content-Language"] = page_language.spoken()
    asking.answer_when_all_do(typed)
    return response, HTTPStatus.ACCEPTED


@blueprint.after_request
def _let_read(response: Response) -> Response:
    """Let scripts of a page that the desk names read the answer; nobody's cookies come along."""
    response.vary.add("Origin")
    if origin := g.get("readable_by"):
        response.headers["Access-Control-Allow-Origin"] = origin
    return response


def _admit(public: Sequence[MailingList]) -> None:
    """Note who may read the answer: a page of one of the lists, named by its browser."""
    origin = request.headers.get("Origin", "")
    g.readable_by = origin if origin in embedding.origins(public) else ""


def _refuse_other_sites(mailing_list: MailingList) -> None:
    """Refuse what comes from a page elsewhere that this list does not name; programs name none."""
    origin = request.headers.get("Origin", "")
    allowed = embedding.origins([mailing_list])
    if origin and origin not in {current_app.config["PUBLIC_URL"], *allowed}:
        raise NotAllowed(
            f"Pages of {origin[:80]} may not sign readers up for this list. "
            "An admin names them at the list, under its form for other sites."
        )


def _fields() -> dict[str, Any]:
    """Return the object in the body; refuse what is none, or would mean two things."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        fields = json.loads(request.get_data(), object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as exc:
        raise Unreadable(f"This is no JSON that can be read: {str(exc)[:120]}.") from exc
    if not isinstance(fields, dict):
        raise Unreadable("Send one JSON object with the fields of the form.")
    return fields


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return dict(pairs)


def _typed(fields: dict[str, Any]) -> tuple[Typed, str]:
    """Return what stands in the fields, and the short name of the list; others are ignored."""
    errors: dict[str, str] = {}
    texts = dict.fromkeys(ONE_TEXT, "")
    for name in texts:
        value = fields.get(name) or ""
        if _is_text(value):
            texts[name] = value
        else:
            errors[name] = "This must be a text."
    topics = fields.get("topics") or []
    if not isinstance(topics, list) or len(topics) > MOST_TOPICS or not all(map(_is_text, topics)):
        errors["topics"], topics = "This must be a list of the short names of topics.", []
    slug, trap, words = texts.pop("list"), texts.pop(TRAP), texts.pop(asking.SHOWN_WORDS)
    return Typed(**texts, topics=topics, trap=trap, words=words, errors=errors), slug


def _is_text(value: object) -> bool:
    """Tell whether a value is a text that a database can keep."""
    return isinstance(value, str) and "\0" not in value and not _has_half_letters(value)


def _has_half_letters(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _refusal(errors: dict[str, str]) -> tuple[Response, int]:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    told = [{"field": field, "detail": sentence} for field, sentence in errors.items()]
    return _problem(status, " ".join(errors.values()), errors=told), status


def _problem(status: HTTPStatus, sentence: str, **more: object) -> Response:
    """Return problem details; the type is nothing but the status."""
    about = {"type": "about:blank", "title": status.phrase, "status": status.value}
    response = jsonify({**about, "detail": sentence, **more})
    response.mimetype = "application/problem+json"
    return response


def _about(mailing_list: MailingList) -> dict[str, object]:
    words = consent.wording(mailing_list.name, page_language.ours(), tracking=mailing_list.tracking)
    return {
        "list": mailing_list.slug,
        "name": mailing_list.name,
        "description": mailing_list.description,
        "language": mailing_list.default_language,
        "topics": [{"slug": topic.slug, "name": topic.name} for topic in mailing_list.topics],
        "consent": {"text": words.text, "language": words.language, "words": words.digest},
    }
