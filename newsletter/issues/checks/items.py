"""Items of the library in an issue: withdrawn, changed, sent before, twice."""

from collections import defaultdict
from collections.abc import Iterator

from newsletter.issues.checks.facts import Facts
from newsletter.issues.checks.findings import Finding, Level, long_date, shown
from newsletter.issues.composition import Block, PickedItem


def check(facts: Facts) -> Iterator[Finding]:
    """Judge each item by what the library and earlier issues say of it."""
    for block in facts.whole.blocks:
        if block.item is not None:
            yield from _item(block.item, block.key, facts)
    yield from _twice(facts)


def _item(item: PickedItem, key: str, facts: Facts) -> Iterator[Finding]:
    title, place = shown(item.title), f"block-{key}"
    if key in facts.withdrawn:
        yield Finding(
            Level.STOP,
            "withdrawn-item",
            f"“{title}” was withdrawn from the library.",
            "It is no longer to be read. Take it out, or restore it in the library.",
            place,
            about=item.slug,
        )
    if key in facts.changed:
        yield Finding(
            Level.WARN,
            "changed-item",
            f"“{title}” was changed in the library since it was picked.",
            "The issue still says what it said then. Take over the new text, or keep the old one.",
            place,
            about=f"{item.slug} {facts.changed[key]}",
        )
    sent = facts.sent_in.get(item.slug)
    if sent is not None:
        yield Finding(
            Level.WARN,
            "sent-before",
            f"“{title}” was already in issue {sent.number} ({long_date(sent.at.date())}).",
            "Readers of this list have had it.",
            place,
            about=f"{item.slug} {sent.number}",
        )


def _twice(facts: Facts) -> Iterator[Finding]:
    """Find pages that two items lead to; an item itself is in an issue only once."""
    leading: dict[str, list[Block]] = defaultdict(list)
    for block in facts.whole.blocks:
        if block.item is not None and block.item.url:
            leading[block.item.url.rstrip("/")].append(block)
    for address, blocks in leading.items():
        for block in blocks[1:]:
            title = shown(block.item.title if block.item else "")
            yield Finding(
                Level.WARN,
                "twice",
                f"“{title}” leads where another item of this issue leads.",
                "Readers would read the same thing twice.",
                f"block-{block.key}",
                about=address,
            )
