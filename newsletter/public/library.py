"""The public library: search what was published, read one item."""

from dataclasses import dataclass, field

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from newsletter import clock, links, markdown, page_language, searching
from newsletter.comments import commenting
from newsletter.issues import archiving
from newsletter.library import browsing, catalogue
from newsletter.library.models import Item
from newsletter.library.words import BUTTON_WORDS, KIND_NAMES
from newsletter.page_language import gettext
from newsletter.public import cards, sharing
from newsletter.public.cards import Card, Feed
from newsletter.serving import freshness

FILTERS = ("q", "kind", "topic", "region", "year")
"""The fields of the search form, by their names in the address."""

RELATED = 4
"""Other items that a page of one names."""

TRAP = "website"
"""The field of the form for comments that no person sees."""

blueprint = Blueprint("library", __name__, url_prefix="/library")


@dataclass
class Typed:
    """What stands in the form for comments, to be shown again beside what is wrong with it."""

    name: str = ""
    address: str = ""
    comment: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@blueprint.get("/")
def search() -> Response:
    """Show the items that fit the form, a page at a time; what nothing fits is an empty page."""
    chosen = {
        name: request.args.get(name, "").strip()[: searching.LONGEST_SEARCH] for name in FILTERS
    }
    asked = browsing.Filters(
        kind=chosen["kind"],
        topic=chosen["topic"],
        region=chosen["region"],
        year=chosen["year"],
        text=chosen["q"],
    )
    page = browsing.search_items(**asked, page=request.args.get("page", 1, type=int))
    topics = {topic.slug: topic.name for topic in catalogue.topics()}
    shown = render_template(
        "public/library.html",
        page=page,
        chosen=chosen,
        # Only what was chosen goes into the links to other pages.
        in_links={name: value for name, value in chosen.items() if value},
        facets=browsing.facets(**asked),
        topics=topics,
        longest_search=searching.LONGEST_SEARCH,
        kind_names=KIND_NAMES,
        card=cards.of_page(
            topics.get(chosen["topic"]) or gettext("Library"),
            gettext("News, guidance, tools, events and publications, the newest first."),
            "/library/",
            feeds=_feeds(topics),
            # Whatever somebody looked for is no page of its own for search engines.
            is_indexed=bool(page.total) and not chosen["q"],
            **chosen,
            page=page.number if page.number > 1 else 0,
        ),
    )
    return freshness.public(shown, keep=freshness.PAGE)


@blueprint.get("/<slug>")
def show_item(slug: str) -> Response:
    """Show one item; a withdrawn one keeps its words, says what became of it, and leads nowhere."""
    return freshness.public(item_page(catalogue.find_item(slug), Typed()), keep=freshness.PAGE)


def item_page(item: Item, typed: Typed) -> str:
    """Return the page of an item; while it asks for comments, with the form and what was typed."""
    card = _card(item)
    return render_template(
        "public/item.html",
        item=item,
        typed=typed,
        asks=commenting.is_open(item, now=clock.now()),
        longest_comment=commenting.LONGEST_TEXT,
        trap=TRAP,
        body=Markup(markdown.to_html(item.body)),
        kind_names=KIND_NAMES,
        button_words=BUTTON_WORDS[item.kind],
        related=browsing.related(item, most=RELATED),
        issues=archiving.with_item(item, language=page_language.spoken()),
        ways=sharing.ways(item.title, card.address),
        card=card,
    )


def _card(item: Item) -> Card:
    return Card(
        title=item.title,
        description=item.summary,
        address=links.public_url(f"/library/{item.slug}"),
        language=item.language,
        kind="article",
        feeds=_feeds({topic.slug: topic.name for topic in item.topics}),
        is_indexed=item.withdrawn_at is None,
    )


def _feeds(topics: dict[str, str]) -> tuple[Feed, ...]:
    return (
        cards.feed(gettext("Library"), "/library/feed.xml"),
        *(cards.feed(name, f"/library/topics/{slug}.xml") for slug, name in topics.items()),
    )
