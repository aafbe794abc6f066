"""“Share your thoughts”: what readers think of an item that asks for it, for the secretariat."""

from http import HTTPStatus

from flask import Blueprint, render_template, request

from newsletter import addresses, clock, page_language
from newsletter.comments import commenting
from newsletter.comments.commenting import Thought
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.page_language import gettext
from newsletter.public.library import TRAP, Typed, item_page
from newsletter.web import client_network

blueprint = Blueprint("comments", __name__, url_prefix="/library")


@blueprint.post("/<slug>/comments")
def say(slug: str) -> tuple[str, int]:
    """Take a comment; nothing of it is published."""
    now = clock.now()
    item = catalogue.find_item(slug)
    typed = Typed(
        name=request.form.get("name", ""),
        address=request.form.get("address", ""),
        comment=request.form.get("comment", ""),
    )
    thought = _read(typed)
    if thought is not None:
        commenting.count_request(client_network(), now=now)
        if not request.form.get(TRAP):
            try:
                commenting.add(item, thought, now=now)
            except InvalidInput as exc:
                typed.errors["address"] = exc.said(gettext)
    if typed.errors:
        db.session.rollback()
        return item_page(catalogue.find_item(slug), typed), HTTPStatus.UNPROCESSABLE_ENTITY
    page = render_template("public/commented.html", item=item)
    db.session.commit()
    return page, HTTPStatus.OK


def _read(typed: Typed) -> Thought | None:
    """Return the checked comment, or None with the errors noted beside the fields."""
    checks = (
        ("name", commenting.name, typed.name),
        ("comment", commenting.text, typed.comment),
    )
    found: dict[str, str] = {}
    for field, check, text in checks:
        try:
            found[field] = check(text)
        except InvalidInput as exc:
            typed.errors[field] = exc.said(gettext)
    try:
        address = addresses.parse(typed.address)
    except InvalidInput as exc:
        typed.errors["address"] = exc.said(gettext)
    if typed.errors:
        return None
    return Thought(
        name=found["name"],
        address=address,
        text=found["comment"],
        language=page_language.spoken(),
    )
