"""What is published: items and their topics; adding, changing, withdrawing and finding one."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TypedDict, Unpack

import sqlalchemy as sa

from newsletter import inputs, languages, searching
from newsletter.errors import InvalidInput, NotFound
from newsletter.extensions import add_if_free, db
from newsletter.library import browsing, facts
from newsletter.library.models import Item, Topic
from newsletter.marking import marked
from newsletter.searching import Index

ROOM_FOR_NUMBER = 6
"""Characters kept free at the end of a numbered slug, as in -12345."""


class ItemFacts(TypedDict, total=False):
    """What is known about an item, as it was typed; an item has a `url` or a `body`, or both."""

    kind: str
    title: str
    summary: str
    url: str
    body: str
    published_on: date | None
    topics: Sequence[Topic]
    region: str
    language: str
    comments_until: date | None
    comments_invitation: str


def add_item(*, slug: str | None = None, now: datetime, **typed: Unpack[ItemFacts]) -> Item:
    """Add an item and return it, flushed; raise InvalidInput, whose `field` names the fact.

    Without a slug the title makes one; if it is taken, -2, -3 and so on follow.
    Left out, the date is today (UTC), the language English, all else empty.
    """
    known: ItemFacts = {"language": "en", "published_on": now.date()}
    item = _fill(Item(created_at=now), {**known, **typed}, now=now)
    if slug is None:
        _insert_with_a_free_slug(item)
    else:
        item.slug = inputs.slug(slug)
        if not add_if_free(item):
            raise InvalidInput(f"The slug “{slug}” is taken. Choose another.", field="slug")
    make_findable(item)
    return item


def change_item(item: Item, *, now: datetime, **typed: Unpack[ItemFacts]) -> Item:
    """Change the facts that are given, check them as `add_item` does, and return the item.

    The slug stays as it is, whatever the title becomes: mailed links contain it.
    """
    known: ItemFacts = {
        "kind": item.kind,
        "title": item.title,
        "summary": item.summary,
        "url": item.url,
        "body": item.body,
        "published_on": item.published_on,
        "topics": item.topics,
        "region": item.region,
        "language": item.language,
        "comments_until": item.comments_until,
        "comments_invitation": item.comments_invitation,
    }
    _fill(item, {**known, **typed}, now=now)
    db.session.flush()
    make_findable(item)
    return item


def make_findable(item: Item) -> None:
    """Put the words of an item into the index; whoever writes one past the verbs calls this."""
    text = f"{item.summary} {item.body} {item.region}"
    searching.put(Index.ITEMS, item.id, title=item.title, text=text)


def withdraw_item(item: Item, *, now: datetime) -> None:
    """Take the item out of the lists; its page stays and says so. Twice changes nothing."""
    if item.withdrawn_at is None:
        item.withdrawn_at = item.updated_at = now
        db.session.flush()


def restore_item(item: Item, *, now: datetime) -> None:
    """Put a withdrawn item back into the lists."""
    if item.withdrawn_at is not None:
        item.withdrawn_at = None
        item.updated_at = now
        db.session.flush()


def find_item(slug: str) -> Item:
    """Return the item, withdrawn or not, with its topics; raise NotFound for an unknown slug."""
    return find_items([slug])[0]


def find_items(slugs: Sequence[str]) -> list[Item]:
    """Return the items in the order of their slugs; raise NotFound naming an unknown one."""
    possible = [slug for slug in slugs if inputs.is_slug(slug)]
    question = browsing.newest_first().where(Item.slug.in_(possible))
    found = {item.slug: item for item in db.session.scalars(question)}
    for slug in slugs:
        if slug not in found:
            raise NotFound(
                marked("There is no item “%(slug)s” in the library."),
                slug=slug[: inputs.LONGEST_SLUG],
            )
    return [found[slug] for slug in slugs]


def withdrawn_among(slugs: Sequence[str]) -> dict[str, datetime]:
    """Return which of these items were withdrawn, and when."""
    found = db.session.execute(
        sa.select(Item.slug, Item.withdrawn_at).where(
            Item.slug.in_(slugs), Item.withdrawn_at.is_not(None)
        )
    )
    return {slug: at for slug, at in found if at is not None}


def listed() -> Iterator[tuple[str, datetime]]:
    """Give short name and last change of every item that is not withdrawn, the oldest first."""
    question = sa.select(Item.slug, Item.updated_at).where(Item.withdrawn_at.is_(None))
    rows = db.session.execute(question.order_by(Item.id).execution_options(yield_per=1_000))
    return ((slug, updated_at) for slug, updated_at in rows)


def find_by_words(search: str, *, most: int) -> Sequence[Item]:
    """Return the items, withdrawn ones too, that have all words of a search, the best first."""
    found = searching.best(Index.ITEMS, search)
    question = sa.select(Item).join(found, found.c.id == Item.id).limit(most)
    return db.session.scalars(question.order_by(found.c.place, found.c.id.desc())).all()


def latest_items(most: int) -> Sequence[Item]:
    """Return the `most` newest items that are not withdrawn."""
    statement = browsing.newest_first().where(Item.withdrawn_at.is_(None)).limit(most)
    return db.session.scalars(statement).all()


def all_items() -> Iterator[Item]:
    """Give every item, withdrawn ones too, the newest first, a few hundred in memory at a time."""
    return iter(db.session.scalars(browsing.newest_first().execution_options(yield_per=500)))


def topics() -> Sequence[Topic]:
    """Return all topics by name."""
    return db.session.scalars(sa.select(Topic).order_by(Topic.name, Topic.id)).all()


def add_topic(slug: str, name: str) -> Topic:
    """Add a topic and return it, flushed; raise InvalidInput where slug or name cannot be used."""
    topic = Topic(slug=inputs.slug(slug), name=facts.topic_name(name))
    if not add_if_free(topic):
        raise InvalidInput(f"There is a topic “{slug}” already.", field="slug")
    return topic


def find_topics(slugs: Sequence[str]) -> list[Topic]:
    """Return the topics in the order of their slugs, each once.

    Raises InvalidInput naming the first slug that no topic has.
    """
    known = {topic.slug: topic for topic in topics()}
    for slug in slugs:
        if slug not in known:
            there_are = f"Choose from {', '.join(known)}." if known else "There are no topics yet."
            raise InvalidInput(
                f"“{slug[: inputs.LONGEST_SLUG]}” is not a topic. {there_are}", field="topics"
            )
    return [known[slug] for slug in dict.fromkeys(slugs)]


def _fill(item: Item, typed: ItemFacts, *, now: datetime) -> Item:
    """Put the checked facts into `item`; nothing is changed if one of them is wrong."""
    checked = {
        "kind": facts.kind(typed.get("kind", "")),
        "title": facts.title(typed.get("title", "")),
        "summary": facts.summary(typed.get("summary", "")),
        "url": facts.url(typed.get("url", "")),
        "body": facts.body(typed.get("body", "")),
        "published_on": typed.get("published_on") or now.date(),
        "topics": list(typed.get("topics", ())),
        "region": facts.region(typed.get("region", "")),
        "language": languages.tag(typed.get("language", "")),
        "comments_until": typed.get("comments_until"),
        "comments_invitation": facts.invitation(typed.get("comments_invitation", "")),
    }
    if not checked["url"] and not checked["body"]:
        raise InvalidInput("Give the item a link, a text or both.", field="url")
    for name, value in checked.items():
        setattr(item, name, value)
    item.updated_at = now
    return item


def _insert_with_a_free_slug(item: Item) -> None:
    base = inputs.slug_from(item.title) or item.kind.value
    stem = base[: inputs.LONGEST_SLUG - ROOM_FOR_NUMBER].rstrip("-")
    while True:
        taken = set(db.session.scalars(sa.select(Item.slug).where(Item.slug.startswith(stem))))
        numbered = (f"{stem}-{number}" for number in itertools.count(2))
        item.slug = next(slug for slug in itertools.chain([base], numbered) if slug not in taken)
        # Another process may take the slug meanwhile; the next look sees it.
        if add_if_free(item):
            return
