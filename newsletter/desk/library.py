"""The library behind the scenes: add items, change them, withdraw and restore them."""

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import clock
from newsletter.accounts import Action, may
from newsletter.audit import Deed
from newsletter.comments import reading
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import blueprint, needs, the_editor
from newsletter.desk.noting import changes, note, values_of
from newsletter.extensions import db
from newsletter.library import browsing, catalogue, facts
from newsletter.library.models import Item, ItemKind
from newsletter.library.words import KIND_NAMES

FIELDS = (
    *("kind", "title", "summary", "url", "body", "published_on", "region", "language"),
    *("comments_until", "comments_invitation"),
)

LAST_PAGE = 10_000


@blueprint.get("/library/")
@needs(Action.WRITE)
def show_library() -> str:
    """List items, withdrawn ones too, with a search."""
    chosen = {name: request.args.get(name, "").strip() for name in ("q", "kind")}
    page = browsing.search_items(
        text=chosen["q"],
        kind=chosen["kind"],
        with_withdrawn=True,
        page=request.args.get("page", 1, type=int),
    )
    return render_template(
        "desk/library.html", page=page, chosen=chosen, kind_names=KIND_NAMES, kinds=_kinds()
    )


@blueprint.get("/library/new")
@needs(Action.WRITE)
def show_new_item() -> str:
    """Ask for the facts of a new item."""
    today = clock.now().date()
    form = Form(
        dict.fromkeys(FIELDS, "")
        | {"kind": ItemKind.NEWS.value, "language": "en", "published_on": today.isoformat()}
    )
    return render_template("desk/item.html", form=form, **_facts(None))


@blueprint.post("/library/new")
@needs(Action.WRITE)
def add_item() -> Response | tuple[str, int]:
    """Add an item."""
    form = typed(*FIELDS, lists=("topics",))
    with form.checking():
        item = catalogue.add_item(**_read(form), now=clock.now())
    if form.errors:
        return show_again("desk/item.html", form, **_facts(None))
    note(Deed.ITEM_ADDED, item.slug)
    return _saved(item, "Added")


@blueprint.get("/library/item/<slug>")
@needs(Action.WRITE)
def show_item_form(slug: str) -> str:
    """Show the facts of an item, to be changed."""
    item = catalogue.find_item(slug)
    values = {name: str(getattr(item, name) or "") for name in FIELDS}
    form = Form(values, {"topics": [topic.slug for topic in item.topics]})
    return render_template("desk/item.html", form=form, **_facts(item))


@blueprint.post("/library/item/<slug>")
@needs(Action.WRITE)
def change_item(slug: str) -> Response | tuple[str, int]:
    """Change an item; its address stays."""
    item = catalogue.find_item(slug)
    before = values_of(item, (*FIELDS, "topics"))
    form = typed(*FIELDS, lists=("topics",))
    with form.checking():
        catalogue.change_item(item, **_read(form), now=clock.now())
    if form.errors:
        return show_again("desk/item.html", form, **_facts(item))
    note(Deed.ITEM_CHANGED, item.slug, changes(item, before))
    return _saved(item, "Saved")


@blueprint.post("/library/item/<slug>/withdraw")
@needs(Action.WRITE)
def withdraw_item(slug: str) -> Response:
    """Take an item out of the public lists; its page stays and says so."""
    item = catalogue.find_item(slug)
    catalogue.withdraw_item(item, now=clock.now())
    note(Deed.ITEM_WITHDRAWN, item.slug)
    return _saved(item, "Withdrawn")


@blueprint.post("/library/item/<slug>/restore")
@needs(Action.WRITE)
def restore_item(slug: str) -> Response:
    """Put an item back into the public lists."""
    item = catalogue.find_item(slug)
    catalogue.restore_item(item, now=clock.now())
    note(Deed.ITEM_RESTORED, item.slug)
    return _saved(item, "Restored")


def _read(form: Form) -> dict[str, Any]:
    published_on: date | None = facts.published_on(form.values["published_on"])
    return {
        **form.values,
        "published_on": published_on,
        "comments_until": facts.comments_until(form.values["comments_until"]),
        "topics": catalogue.find_topics(form.lists["topics"]),
    }


def _facts(item: Item | None) -> dict[str, object]:
    known: dict[str, object] = {
        "item": item,
        "kind_name": KIND_NAMES[item.kind] if item else "",
        "topics": catalogue.topics(),
        "kinds": _kinds(),
    }
    if item is None or not may(the_editor(), Action.REVIEW_MEMBERS):
        return known
    return known | _comments(item)


def _comments(item: Item) -> dict[str, object]:
    number = min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)
    found, has_more = reading.of_item(item, number=number)
    path = f"/desk/library/item/{item.slug}?page={{}}#comments"
    return {
        "comments": found,
        "comments_count": reading.count_of(item),
        "newer": path.format(number - 1) if number > 1 else "",
        "older": path.format(number + 1) if has_more else "",
    }


def _kinds() -> list[tuple[str, str]]:
    return [(kind.value, words) for kind, words in KIND_NAMES.items()]


def _saved(item: Item, what: str) -> Response:
    slug, title = item.slug, item.title
    db.session.commit()
    flash(f"{what}: {title}")
    return redirect(f"/desk/library/item/{slug}", code=303)
