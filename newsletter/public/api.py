"""Signing up as JSON, for the organisation's other sites and programs: docs/api.md.

The same checks, limits, trap and answers as the form (STANDARDS XA05). Scripts of other sites
may ask only from pages that the desk names, and never with cookies (STANDARDS XA20).
"""

import json
from http import HTTPStatus
from typing import Any, TypeGuard

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from newsletter import clock, languages, links, page_language, web
from newsletter.errors import NotAllowed, Unreadable
from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.page_language import gettext
from newsletter.public import asking
from newsletter.public.asking import TRAP, Typed
from newsletter.subscriptions import consent, embedding, lists, offering
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
    return jsonify(
        {
            "subscriptions": links.public_url(HERE),
            "privacy": links.public_url(page_language.to("/privacy")),
            "frequencies": [frequency.value for frequency in Frequency],
            "languages": list(languages.OFFERED),
            "leave_empty": TRAP,
            "lists": [_about(mailing_list) for mailing_list in lists.public_lists()],
        }
    )


@blueprint.route("/subscriptions", methods=["OPTIONS"], provide_automatic_options=False)
def say_what_is_allowed() -> Response:
    """Answer a browser that asks whether a page may post here."""
    return Response(status=HTTPStatus.NO_CONTENT, headers={"Allow": "POST, OPTIONS"})


@blueprint.post("/subscriptions")
def subscribe() -> tuple[Response, int]:
    """Take a sign-up; the answer is the same whoever the address belongs to."""
    # Read before the database is asked: who sends slowly holds up nobody else.
    fields = _fields()
    page_language.speak(_text(fields, "language") or "")
    typed, slug = _typed(fields)
    offer = offering.of(slug)
    if offer is None:
        typed.errors["list"] = gettext("There is no such list to sign up for.")
    else:
        _refuse_other_sites(offer.mailing_list)
    wish = None
    if offer is not None and not typed.errors:
        wish = asking.take(offer, typed, page=HERE, now=clock.now())
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
    """Let scripts of a page that the desk names read any answer; nobody's cookies come along.

    It is asked last: whatever went wrong before, such a page learns of it, and no slow body is
    waited for while the database is read.
    """
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if not origin or origin not in embedding.origins(lists.public_lists()):
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_KEPT)
    return response


def _refuse_other_sites(mailing_list: MailingList) -> None:
    """Refuse what comes from a page elsewhere that this list does not name; programs name none."""
    origin = request.headers.get("Origin", "")
    allowed = embedding.origins([mailing_list])
    if origin and origin not in {current_app.config["PUBLIC_URL"], *allowed}:
        raise NotAllowed(
            marked(
                "Pages of %(site)s may not sign readers up for this list. "
                "An admin names them at the list, under its form for other sites."
            ),
            site=page_language.ours().isolated(origin[:80]),
        )


def _fields() -> dict[str, Any]:
    """Return the object in the body; refuse what is none, or would mean two things."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        fields = json.loads(request.get_data(), object_pairs_hook=_once_each)
    except json.JSONDecodeError as exc:
        raise Unreadable(
            marked("This is no JSON from line %(line)s, character %(column)s on."),
            line=exc.lineno,
            column=exc.colno,
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise Unreadable(marked("This is no JSON that can be read.")) from exc
    if not isinstance(fields, dict):
        raise Unreadable(marked("Send one JSON object with the fields of the form."))
    return fields


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise Unreadable(marked("A name stands twice in one object of this JSON. Send it once."))
    return dict(pairs)


def _typed(fields: dict[str, Any]) -> tuple[Typed, str]:
    """Return what stands in the fields, and the short name of the list; others are ignored."""
    errors: dict[str, str] = {}
    texts = dict.fromkeys(ONE_TEXT, "")
    for name in texts:
        value = _text(fields, name)
        if value is None:
            errors[name] = gettext("This must be a text.")
        texts[name] = value or ""
    topics = fields.get("topics") or []
    if not isinstance(topics, list) or len(topics) > MOST_TOPICS or not all(map(_is_text, topics)):
        errors["topics"] = gettext("This must be a list of the short names of topics.")
        topics = []
    slug, trap, words = texts.pop("list"), texts.pop(TRAP), texts.pop(asking.SHOWN_WORDS)
    return Typed(**texts, topics=topics, trap=trap, words=words, errors=errors), slug


def _text(fields: dict[str, Any], name: str) -> str | None:
    """Return the text in a field, empty if there is nothing, or None for what is no text."""
    value = fields.get(name) or ""
    return value if _is_text(value) else None


def _is_text(value: object) -> TypeGuard[str]:
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
    carried = consent.sealed(words, mailing_list.id)
    return {
        "list": mailing_list.slug,
        "name": mailing_list.name,
        "description": mailing_list.description,
        "language": mailing_list.default_language,
        "topics": [{"slug": topic.slug, "name": topic.name} for topic in mailing_list.topics],
        "consent": {"text": words.text, "language": words.language, "words": carried},
    }
