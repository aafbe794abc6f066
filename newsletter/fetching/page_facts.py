"""What a page says about itself: title, description, language, date, canonical address.

Pure: bytes in, plain text out. Whoever wrote the page may lie or attack, so
everything is read as text, cut, and taken only in the form that it should have.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urljoin, urlsplit

from newsletter.errors import FetchFailed
from newsletter.fetching import guard, linked_data
from newsletter.fetching.linked_data import Statement
from newsletter.fetching.markup import elements
from newsletter.fetching.plain import charset_of, decoded, line

LONGEST_TITLE = 300
LONGEST_DESCRIPTION = 500
LONGEST_SITE = 120
"""Characters of the longest title, description and name of a site that are taken."""

_LANGUAGE = re.compile(
    r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
_EARLIEST = date(1990, 1, 1)

_LINKED_DATA = "application/ld+json"
_DESCRIPTIONS = ("og:description", "twitter:description", "description", "dcterms.description")

# Where pages say when they were published, the most certain first.
_DATES = (
    *("article:published_time", "og:article:published_time", "citation_publication_date"),
    *("dcterms.issued", "dcterms.date", "dc.date.issued", "dc.date", "date", "pubdate"),
)


@dataclass(frozen=True)
class PageFacts:
    """What a page says about itself; empty where it does not say it.

    `url` is the address to link to: the page's canonical one if that is on the same site.
    """

    url: str
    title: str = ""
    description: str = ""
    site: str = ""
    language: str = ""
    published_on: date | None = None


def read(body: bytes, *, content_type: str, url: str) -> PageFacts:
    """Return what the HTML page `body`, found at `url`, says about itself."""
    page = _looked_through(decoded(body, charset_of(content_type)))
    site = line(page.metas.get("og:site_name", ""), most=LONGEST_SITE)
    said = linked_data.statement(page.scripts)
    return PageFacts(
        url=_canonical(page, url),
        title=_title(page, said, site),
        description=_first(
            [*map(page.metas.get, _DESCRIPTIONS), said.description], most=LONGEST_DESCRIPTION
        ),
        site=site,
        language=_language(page, said),
        published_on=_first_day([*map(page.metas.get, _DATES), said.published, *page.times]),
    )


@dataclass
class _Page:
    """What of a page may say something about it."""

    language: str = ""
    canonical: str = ""
    title: str = ""
    heading: str = ""
    metas: dict[str, str] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)


def _looked_through(text: str) -> _Page:
    page, seen = _Page(), set()
    for element in elements(text):
        seen.add(element.name)
        facts = element.attributes
        match element.name:
            case "html":
                page.language = page.language or facts.get("lang", "")
            case "meta":
                name = facts.get("property") or facts.get("name") or ""
                if facts.get("content", "").strip():
                    page.metas.setdefault(name.strip().lower(), facts["content"])
            case "link" if "canonical" in facts.get("rel", "").lower().split():
                page.canonical = page.canonical or facts.get("href", "").strip()
            case "script" if facts.get("type", "").strip().lower() == _LINKED_DATA:
                page.scripts.append(element.text)
            # Pictures have titles, too.
            case "title" if not {"body", "svg"} & seen:
                page.title = page.title or element.text
            case "h1":
                page.heading = page.heading or element.text
            # Other times on a page are opening hours.
            case "time" if "article" in seen or "pubdate" in facts:
                page.times.append(facts.get("datetime", ""))
    return page


def _title(page: _Page, said: Statement, site: str) -> str:
    """Return the title; that of the window without the name of the site behind it."""
    named = (page.metas.get(name) for name in ("og:title", "twitter:title"))
    window = _without_site(page.title, site)
    return _first([*named, said.headline, window, page.heading], most=LONGEST_TITLE)


def _without_site(title: str, site: str) -> str:
    """Return a title like `Guidance on MMS | Example` without the name of the site at its end."""
    whole = line(title, most=2 * LONGEST_TITLE)
    start = whole.removesuffix(site).rstrip()
    bare = start.rstrip("|–—-:·•»").rstrip()
    return bare if site and bare and bare != start else whole


def _first(candidates: Sequence[str | None], *, most: int) -> str:
    """Return the first candidate that has a word in it, as one line."""
    lines = (line(text, most=most) for text in candidates if text)
    return next((text for text in lines if text), "")


def _language(page: _Page, said: Statement) -> str:
    named = (page.metas.get(name) for name in ("og:locale", "dc.language"))
    for text in (page.language, *named, said.language):
        match = _LANGUAGE.fullmatch((text or "").strip())
        if match is not None:
            tongue, script, place = match.groups()
            parts = (tongue.lower(), script and script.capitalize(), place and place.upper())
            return "-".join(part for part in parts if part)
    return ""


def _first_day(texts: Iterable[str | None]) -> date | None:
    """Return the first text that begins with a day, as that day in the writer's own zone."""
    for text in texts:
        match = _DAY.match((text or "").strip().replace("/", "-"))
        if match is None:
            continue
        try:
            day = date.fromisoformat(match[0])
        except ValueError:
            continue
        if day >= _EARLIEST:
            return day
    return None


def _canonical(page: _Page, url: str) -> str:
    """Return the page's own address for itself, if it is one of the same site."""
    for text in (page.canonical, page.metas.get("og:url", "")):
        try:
            there = guard.target(urljoin(url, text))
        except (FetchFailed, ValueError):
            continue
        # Many sites name their front page on every page, by mistake.
        is_front = there.path == "/" and urlsplit(url).path.strip("/") != ""
        if text and not is_front and _site(there.url) == _site(url):
            return there.url
    return url


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
