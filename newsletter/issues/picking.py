"""Items for an issue: the basket to choose from, what was sent before, what changed since."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from newsletter.extensions import db
from newsletter.issues.composition import Block, Composition, PickedItem
from newsletter.issues.models import Issue, IssueKind, issue_item
from newsletter.library.models import Item, Topic
from newsletter.subscriptions.models import MailingList

BASKET_SIZE = 100
"""Items that the basket offers at first, newest first."""

LARGEST_BASKET = 1_000
"""Items that it offers at most; older ones are found in the library."""


@dataclass(frozen=True)
class Sent:
    """The number of an issue that took an item to readers, and when it began to."""

    number: int
    at: datetime


@dataclass(frozen=True)
class Choice:
    """An item in the basket and the issues that it was sent in, latest last."""

    item: Item
    sent_in: tuple[Sent, ...]


@dataclass(frozen=True)
class Basket:
    """What there is to choose from: since when, by topic, and whether there are older items.

    `is_cut` says that it does not show all that there is since then.
    """

    since: datetime | None
    groups: tuple[tuple[str, tuple[Choice, ...]], ...]
    has_older: bool
    is_cut: bool = False

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All of it, group by group."""
        return tuple(choice for _, group in self.groups for choice in group)


@dataclass(frozen=True)
class Listed:
    """An item as the library has it now; `url` is empty where it leads nowhere else."""

    title: str
    url: str
    is_withdrawn: bool


@dataclass(frozen=True)
class Drift:
    """An item that is no longer what was picked: `now` is what the library says, None if gone."""

    block: Block
    now: Item | None

    @property
    def is_withdrawn(self) -> bool:
        """Tell whether it is no longer to be read at all."""
        return self.now is None or self.now.withdrawn_at is not None


def picked(item: Item) -> PickedItem:
    """Return an item of the library as an issue keeps it."""
    return PickedItem(
        slug=item.slug,
        kind=item.kind,
        title=item.title,
        summary=item.summary,
        url=item.url,
        published_on=item.published_on,
        language=item.language,
        seen_at=item.updated_at.isoformat(),
    )


def left_as_it_was(kept: PickedItem, now: Item) -> PickedItem:
    """Return what is kept of an item, marked as decided: the change of `now` is not taken over."""
    return replace(kept, seen_at=now.updated_at.isoformat())


def basket(
    mailing_list: MailingList,
    *,
    topics: Sequence[Topic] = (),
    everything: bool = False,
    most: int = BASKET_SIZE,
    besides: Issue | None = None,
) -> Basket:
    """Return `most` items to choose from, the newest first, grouped by topic.

    Those published or changed since the last issue to this audience began; with
    `everything`, or if there was none, the newest of all. Withdrawn ones are not offered.
    """
    since = None if everything else last_issue_at(mailing_list, topics=topics)
    question = (
        sa.select(Item)
        .where(Item.withdrawn_at.is_(None))
        .options(selectinload(Item.topics))
        .order_by(Item.published_on.desc(), Item.id.desc())
        .limit(most + 1)
    )
    if since is not None:
        question = question.where((Item.published_on >= since.date()) | (Item.updated_at >= since))
    items = db.session.scalars(question).all()
    offered = items[:most]
    is_cut = len(items) > most
    sent = sent_in(mailing_list, [item.id for item in offered], besides=besides)
    choices = [Choice(item, tuple(sent[item.id])) for item in offered]
    return Basket(since, tuple(_by_topic(choices)), since is not None or is_cut, is_cut)


def last_issue_at(mailing_list: MailingList, *, topics: Sequence[Topic] = ()) -> datetime | None:
    """Return when the last issue to this list, and to one of `topics` if given, began; or None."""
    question = sa.select(sa.func.max(Issue.begun_at)).where(
        Issue.mailing_list_id == mailing_list.id,
        Issue.corrects_id.is_(None),
        Issue.kind == IssueKind.ISSUE,
    )
    if topics:
        wanted = [topic.id for topic in topics]
        question = question.where(~Issue.topics.any() | Issue.topics.any(Topic.id.in_(wanted)))
    return db.session.scalar(question)


def sent_in(
    mailing_list: MailingList, item_ids: Sequence[int], *, besides: Issue | None = None
) -> dict[int, list[Sent]]:
    """Return by item id the list's issues that took the item to readers, the latest last."""
    found = db.session.execute(
        sa.select(issue_item.c.item_id, Issue.id, Issue.begun_at)
        .join(Issue, Issue.id == issue_item.c.issue_id)
        .where(
            Issue.mailing_list_id == mailing_list.id,
            Issue.begun_at.is_not(None),
            issue_item.c.item_id.in_(item_ids),
            Issue.id != (besides.id if besides else None),
        )
        .order_by(Issue.id)
    )
    numbers: dict[int, list[Sent]] = defaultdict(list)
    for item_id, number, at in found:
        numbers[item_id].append(Sent(number, at))
    return numbers


def count_unused(*, lists: frozenset[int] | None = None) -> int:
    """Count the items that came since the last issue began, of any list or of `lists`.

    Those that an issue has already, a draft too, and withdrawn ones are not counted;
    before the first issue there are none.
    """
    last = sa.select(sa.func.max(Issue.begun_at)).where(
        Issue.corrects_id.is_(None), Issue.kind == IssueKind.ISSUE
    )
    if lists is not None:
        last = last.where(Issue.mailing_list_id.in_(lists))
    return (
        db.session.scalar(
            sa.select(sa.func.count(Item.id)).where(
                Item.withdrawn_at.is_(None),
                Item.created_at >= last.scalar_subquery(),
                ~sa.exists().where(issue_item.c.item_id == Item.id),
            )
        )
        or 0
    )


def items_in(issue_ids: Collection[int]) -> dict[int, list[Listed]]:
    """Return what the library says now of the items that these issues have, issue by issue."""
    found = db.session.execute(
        sa.select(issue_item.c.issue_id, Item.title, Item.url, Item.withdrawn_at.is_not(None))
        .join(Item, Item.id == issue_item.c.item_id)
        .where(issue_item.c.issue_id.in_(issue_ids))
        .order_by(Item.id)
    )
    items: dict[int, list[Listed]] = defaultdict(list)
    for issue_id, *facts in found:
        items[issue_id].append(Listed(*facts))
    return items


@dataclass(frozen=True)
class Shelf:
    """Of an issue's items by slug: as the library has them now, and who had them before."""

    items: Mapping[str, Item]
    sent: Mapping[str, Sequence[Sent]]


def shelf(issue: Issue, *wholes: Composition) -> Shelf:
    """Return what there is to know of the items of what an issue says, or is about to say."""
    items = items_of(*wholes)
    found = sent_in(issue.mailing_list, [item.id for item in items.values()], besides=issue)
    sent = {slug: found[item.id] for slug, item in items.items() if found.get(item.id)}
    return Shelf(items, sent)


def items_of(*wholes: Composition) -> dict[str, Item]:
    """Return the library's items of an issue by slug, as they are now."""
    slugs = {slug for whole in wholes for slug in whole.slugs}
    if not slugs:
        return {}
    found = db.session.scalars(sa.select(Item).where(Item.slug.in_(slugs)))
    return {item.slug: item for item in found}


def drifted(whole: Composition, items: Mapping[str, Item]) -> list[Drift]:
    """Return what was withdrawn or changed since it was picked; `items` are the library's now."""
    found = []
    for block in whole.blocks:
        if block.item is None or not block.item.slug:
            continue
        now = items.get(block.item.slug)
        if now is None or now.withdrawn_at is not None or _is_changed(block.item, now):
            found.append(Drift(block, now))
    return found


def _is_changed(kept: PickedItem, now: Item) -> bool:
    if now.updated_at.isoformat() == kept.seen_at:
        return False
    return picked(now) != replace(kept, seen_at=now.updated_at.isoformat())


def _by_topic(choices: Iterable[Choice]) -> Iterable[tuple[str, tuple[Choice, ...]]]:
    """Group by each item's first topic: topics by name, items without one last."""
    groups: dict[str, list[Choice]] = defaultdict(list)
    for choice in choices:
        groups[choice.item.topics[0].name if choice.item.topics else ""].append(choice)
    for name in sorted(groups, key=lambda name: (not name, name)):
        yield name, tuple(groups[name])
