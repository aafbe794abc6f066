"""Atom feeds (RFC 4287): of the archive and of each list, of the library and of each topic.

A feed has the address of the page that it follows for its id, and an entry that of its page without
a language: whoever changes the language of a feed does not get everything anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from flask import Blueprint, Response, render_template

from newsletter import links, page_language
from newsletter.errors import NotFound
from newsletter.issues import archiving
from newsletter.issues.archiving import Entry
from newsletter.library import browsing, catalogue
from newsletter.library.models import Item
from newsletter.library.words import KIND_NAMES
from newsletter.marking import marked
from newsletter.page_language import gettext
from newsletter.serving import freshness
from newsletter.subscriptions import lists

MOST = 20
"""Entries in a feed."""

NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was last changed."""

NO_FEED = marked("There is no such feed. The archive and the library have theirs.")

blueprint = Blueprint("feeds", __name__)


@dataclass(frozen=True)
class FeedEntry:
    """One entry: `identity` never changes, `address` may lead to one language of it."""

    identity: str
    address: str
    title: str
    summary: str
    language: str
    author: str
    published_at: datetime
    changed_at: datetime
    categories: tuple[tuple[str, str], ...] = ()


@blueprint.get("/feed.xml")
def of_archive() -> Response:
    """Return the issues of all public lists that are new or were corrected last."""
    return _feed(gettext("Archive"), "/feed.xml", "/archive/", _issues())


@blueprint.get("/archive/lists/<slug>.xml")
def of_list(slug: str) -> Response:
    """Return the issues of one public list that are new or were corrected last."""
    mailing_list = lists.public_list(slug)
    if mailing_list is None:
        raise NotFound(NO_FEED)
    path = f"/archive/lists/{slug}.xml"
    return _feed(mailing_list.name, path, f"/archive/?list={slug}", _issues(slug))


@blueprint.get("/library/feed.xml")
def of_library() -> Response:
    """Return the items of the library that are new or were changed last."""
    return _feed(gettext("Library"), "/library/feed.xml", "/library/", _items())


@blueprint.get("/library/topics/<slug>.xml")
def of_topic(slug: str) -> Response:
    """Return the items on one topic that are new or were changed last."""
    topic = next((one for one in catalogue.topics() if one.slug == slug), None)
    if topic is None:
        raise NotFound(NO_FEED)
    path = f"/library/topics/{slug}.xml"
    return _feed(topic.name, path, f"/library/?topic={slug}", _items(slug))


def _issues(list_slug: str = "") -> list[FeedEntry]:
    spoken = page_language.spoken()
    changed = archiving.last_changed(MOST, list_slug=list_slug, language=spoken)
    return [_of_issue(one) for one in changed]


def _items(topic: str = "") -> list[FeedEntry]:
    return [_of_item(one) for one in browsing.last_changed(MOST, topic=topic)]


def _of_issue(entry: Entry) -> FeedEntry:
    path = f"/archive/{entry.number}"
    is_one_of_many = len(entry.languages) > 1
    address = page_language.plain(path, lang=entry.language) if is_one_of_many else path
    return FeedEntry(
        identity=links.public_url(path),
        address=links.public_url(address),
        title=entry.subject,
        summary=entry.preheader,
        language=entry.language,
        author=entry.list_name,
        published_at=entry.sent_at,
        changed_at=entry.changed_at,
    )


def _of_item(item: Item) -> FeedEntry:
    address = links.public_url(f"/library/{item.slug}")
    kind = ((item.kind.value, gettext(KIND_NAMES[item.kind])),)
    title = item.title
    if item.withdrawn_at is not None:
        title = gettext("Withdrawn: %(title)s", title=title)
    return FeedEntry(
        identity=address,
        address=address,
        title=title,
        summary=item.summary,
        language=item.language,
        author="",
        published_at=datetime.combine(item.published_on, time(), UTC),
        changed_at=item.updated_at,
        categories=kind + tuple((topic.slug, topic.name) for topic in item.topics),
    )


def _feed(title: str, path: str, page: str, entries: Sequence[FeedEntry]) -> Response:
    changed_at = max((entry.changed_at for entry in entries), default=NOTHING_YET)
    document = render_template(
        "public/feed.xml",
        title=title,
        identity=links.public_url(page),
        itself=links.public_url(page_language.to(path)),
        page=links.public_url(page),
        changed_at=changed_at,
        entries=entries,
    )
    response = Response(document, mimetype="application/atom+xml")
    response.headers["Content-Language"] = page_language.spoken()
    return freshness.public(response, keep=freshness.FEED, modified_at=changed_at)
