"""The public library: search what was published, read one item."""

from flask import Blueprint, render_template, request
from markupsafe import Markup

from newsletter import markdown, searching
from newsletter.library import catalogue
from newsletter.library.words import BUTTON_WORDS, KIND_NAMES

FILTERS = ("q", "kind", "topic", "region")
"""The fields of the search form, by their names in the address."""

blueprint = Blueprint("library", __name__, url_prefix="/library")


@blueprint.get("/")
def search() -> str:
    """Show the items that fit the form, a page at a time; what nothing fits is an empty page."""
    chosen = {
        name: request.args.get(name, "").strip()[: searching.LONGEST_SEARCH] for name in FILTERS
    }
    page = catalogue.search_items(
        kind=chosen["kind"],
        topic=chosen["topic"],
        region=chosen["region"],
        text=chosen["q"],
        page=request.args.get("page", 1, type=int),
    )
    choices = {
        "kind": {kind.value: name for kind, name in KIND_NAMES.items()},
        "topic": {topic.slug: topic.name for topic in catalogue.topics()},
        "region": {region: region for region in catalogue.regions()},
    }
    return render_template(
        "public/library.html",
        page=page,
        chosen=chosen,
        # Only what was chosen goes into the links to other pages.
        in_links={name: value for name, value in chosen.items() if value},
        choices=choices,
        longest_search=searching.LONGEST_SEARCH,
        kind_names=KIND_NAMES,
    )


@blueprint.get("/<slug>")
def show_item(slug: str) -> str:
    """Show one item; a withdrawn one keeps its words, says what became of it, and leads nowhere."""
    item = catalogue.find_item(slug)
    return render_template(
        "public/item.html",
        item=item,
        body=Markup(markdown.to_html(item.body)),
        kind_names=KIND_NAMES,
        button_words=BUTTON_WORDS[item.kind],
    )
