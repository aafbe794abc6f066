"""Looking through the library: by filters, by words, and from one item to others like it."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from newsletter import inputs, searching
from newsletter.extensions import db
from newsletter.library.models import Item, ItemKind, Topic, item_topic
from newsletter.searching import Index

PAGE_SIZE = 20
"""Items on one page of a search."""

_YEAR = re.compile("[1-9][0-9]{3}")
_NEWEST_FIRST = (Item.published_on.desc(), Item.id.desc())


class Filters(TypedDict, total=False):
    """What items have to fit; an empty filter lets everything through.

    `topic` is a slug. Every word of `text` must stand in the title, summary,
    body or region, or begin a word there. A value that nothing has finds nothing.
    """

    kind: str
    topic: str
    region: str
    year: str
    text: str
    with_withdrawn: bool


@dataclass(frozen=True)
class Page:
    """One page of a search; `number` counts from 1, `total` counts the items on all pages."""

    items: Sequence[Item]
    number: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty search has one."""
        return max(1, math.ceil(self.total / PAGE_SIZE))


@dataclass(frozen=True)
class Facets:
    """How many items each value of a filter would leave, with the other filters as they are."""

    kind: Mapping[str, int]
    topic: Mapping[str, int]
    region: Mapping[str, int]
    year: Mapping[str, int]


def search_items(*, page: int = 1, **asked: Unpack[Filters]) -> Page:
    """Return one page of the items that fit every filter, the newest first.

    A page beyond the last one is the last one.
    """
    fitting = _conditions(asked).values()
    total = db.session.scalars(sa.select(sa.func.count(Item.id)).where(*fitting)).one()
    number = min(max(page, 1), Page([], 1, total).pages)
    question = newest_first().where(*fitting).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return Page(db.session.scalars(question).all(), number, total)


def facets(**asked: Unpack[Filters]) -> Facets:
    """Return what each filter could be set to, and how many items that would leave."""
    fitting = _conditions(asked)
    year = sa.cast(sa.extract("year", Item.published_on), sa.Integer)
    counts = {
        name: sa.select(value, sa.func.count(Item.id))
        .where(*(wanted for other, wanted in fitting.items() if other != name))
        .group_by(value)
        for name, value in (("kind", Item.kind), ("region", Item.region), ("year", year))
    }
    counts["topic"] = (
        sa.select(Topic.slug, sa.func.count(Item.id))
        .join(item_topic, item_topic.c.topic_id == Topic.id)
        .join(Item, Item.id == item_topic.c.item_id)
        .where(*(wanted for name, wanted in fitting.items() if name != "topic"))
        .group_by(Topic.slug)
    )
    found = {
        name: {str(value): number for value, number in db.session.execute(question) if value}
        for name, question in counts.items()
    }
    return Facets(
        kind=found["kind"],
        topic=found["topic"],
        region=dict(sorted(found["region"].items())),
        year=dict(sorted(found["year"].items(), reverse=True)),
    )


def related(item: Item, *, most: int) -> Sequence[Item]:
    """Return the items with the most topics of this one, of equals the newest."""
    wanted = [topic.id for topic in item.topics]
    if not wanted:
        return []
    shared = (
        sa.select(item_topic.c.item_id, sa.func.count().label("number"))
        .where(item_topic.c.topic_id.in_(wanted), item_topic.c.item_id != item.id)
        .group_by(item_topic.c.item_id)
        .subquery()
    )
    return db.session.scalars(
        sa.select(Item)
        .join(shared, shared.c.item_id == Item.id)
        .where(Item.withdrawn_at.is_(None))
        .order_by(shared.c.number.desc(), Item.published_on.desc(), Item.id.desc())
        .limit(most)
    ).all()


def last_changed(most: int, *, topic: str = "") -> Sequence[Item]:
    """Return the `most` items that are new, were changed, withdrawn or restored last.

    Who has seen one is to hear what became of it, however old it is.
    """
    question = _with_topics().order_by(Item.updated_at.desc(), *_NEWEST_FIRST).limit(most)
    return db.session.scalars(question.where(_has_topic(topic)) if topic else question).all()


def regions() -> Sequence[str]:
    """Return the regions that listed items are about, in the order of the alphabet."""
    question = sa.select(Item.region).where(Item.region != "", Item.withdrawn_at.is_(None))
    return db.session.scalars(question.distinct().order_by(Item.region)).all()


def newest_first() -> sa.Select[Item]:
    """Return the question for all items with their topics, the newest first."""
    return _with_topics().order_by(*_NEWEST_FIRST)


def _with_topics() -> sa.Select[Item]:
    return sa.select(Item).options(selectinload(Item.topics))


def _conditions(asked: Filters) -> dict[str, Any]:
    """Return what an item has to fulfil, by the name of the filter that asks for it."""
    wanted: dict[str, sa.ColumnElement[bool]] = {}
    if not asked.get("with_withdrawn"):
        wanted["withdrawn"] = Item.withdrawn_at.is_(None)
    if kind := asked.get("kind"):
        wanted["kind"] = Item.kind == ItemKind(kind) if kind in list(ItemKind) else sa.false()
    if topic := asked.get("topic"):
        wanted["topic"] = _has_topic(topic)
    if region := asked.get("region"):
        # PostgreSQL refuses text with a NUL in it, even to compare with.
        wanted["region"] = sa.false() if "\0" in region else Item.region == region
    if year := asked.get("year"):
        wanted["year"] = _is_of(year)
    if (text := asked.get("text", "")).strip():
        wanted["text"] = Item.id.in_(searching.matching(Index.ITEMS, text))
    return wanted


def _has_topic(slug: str) -> sa.ColumnElement[bool]:
    return Item.topics.any(Topic.slug == slug) if inputs.is_slug(slug) else sa.false()


def _is_of(year: str) -> sa.ColumnElement[bool]:
    if _YEAR.fullmatch(year) is None:
        return sa.false()
    return Item.published_on.between(date(int(year), 1, 1), date(int(year), 12, 31))
