"""What search engines are told: which pages there are (sitemaps.org), and which are nobody's."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, current_app, render_template

from newsletter import links, page_language
from newsletter.errors import NotFound
from newsletter.issues import archiving
from newsletter.library import catalogue
from newsletter.marking import marked
from newsletter.serving import freshness

MOST = 50_000
"""Addresses in one file: the protocol allows no more."""

PAGES = ("/", "/archive/", "/library/", "/members/join", "/privacy")

PRIVATE = ("/desk/", "/mailbox", "/manage")
"""Beside the pages of personal links: what begins so is not for search engines."""

TOKEN = "<token>"

blueprint = Blueprint("crawling", __name__)


@dataclass(frozen=True)
class Place:
    """A page there is, and when it last changed, if that is known."""

    address: str
    changed_at: datetime | None = None


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Name what is not for search engines: the desk, and every page of a personal link."""
    rules = (rule.rule for rule in current_app.url_map.iter_rules())
    personal = {rule.partition(TOKEN)[0] for rule in rules if TOKEN in rule}
    private = {*PRIVATE, *(path for path in personal if not path.startswith(PRIVATE))}
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in sorted(private)),
        f"Sitemap: {links.public_url('/sitemap.xml')}",
    ]
    answer = Response("\n".join(lines) + "\n", mimetype="text/plain")
    return freshness.public(answer, keep=freshness.RARELY)


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """Name every public page, or, where one file cannot hold them, the files that do."""
    count = sum(1 for _ in _places())
    if count <= MOST:
        return _sitemap(_places())
    parts = range(1, math.ceil(count / MOST) + 1)
    addresses = [links.public_url(f"/sitemap-{number}.xml") for number in parts]
    return _xml(render_template("public/sitemap_index.xml", addresses=addresses))


@blueprint.get("/sitemap-<int:number>.xml")
def part_of_sitemap(number: int) -> Response:
    """Name the public pages of one file among several."""
    begins = max(0, number - 1) * MOST
    places = list(itertools.islice(_places(), begins, number * MOST))
    if not places:
        raise NotFound(marked("There are fewer pages than that."))
    return _sitemap(iter(places))


def _sitemap(places: Iterator[Place]) -> Response:
    return _xml(render_template("public/sitemap.xml", places=places))


def _xml(document: str) -> Response:
    answer = Response(document, mimetype="application/xml")
    return freshness.public(answer, keep=freshness.RARELY)


def _places() -> Iterator[Place]:
    """Give every page for search engines, in an order that new ones do not change."""
    for path in PAGES:
        yield Place(links.public_url(path))
    for number, languages, changed_at in archiving.numbers():
        path = f"/archive/{number}"
        yield Place(links.public_url(path), changed_at)
        if len(languages) > 1:
            for language in languages:
                address = links.public_url(page_language.plain(path, lang=language))
                yield Place(address, changed_at)
    for slug, changed_at in catalogue.listed():
        yield Place(links.public_url(f"/library/{slug}"), changed_at)
