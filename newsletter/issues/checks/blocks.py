"""What an issue is made of: something to say, and no part that is empty."""

from collections.abc import Iterator

from newsletter.issues import editions
from newsletter.issues.checks import typed
from newsletter.issues.checks.facts import Facts
from newsletter.issues.checks.findings import Finding, Level, shown
from newsletter.issues.checks.typed import Sort
from newsletter.issues.composition import Block, BlockKind, Composition
from newsletter.issues.content import Divider, Heading


def check(facts: Facts) -> Iterator[Finding]:
    """Judge the blocks by what the first edition says, which stands in for all others."""
    whole = facts.whole
    yield from _nothing_to_say(whole)
    for block in whole.blocks:
        yield from _empty(block, whole.first_language)
    for one in typed.texts(whole):
        if one.sort is Sort.MARKDOWN and typed.in_prose(one.text).has_empty_heading:
            yield Finding(
                Level.WARN,
                "empty-heading",
                f"The {one.name} has a heading without words.",
                "Who goes from heading to heading by ear meets one that says nothing.",
                one.place,
                one.language,
            )


def _nothing_to_say(whole: Composition) -> Iterator[Finding]:
    said = editions.in_language(whole, whole.first_language)
    is_saying = any(not isinstance(block, (Divider, Heading)) for block in said.blocks)
    if not said.introduction.strip() and not is_saying:
        yield Finding(
            Level.STOP,
            "nothing-to-say",
            "The issue has neither items nor an introduction.",
            "There is nothing in it to read.",
            "introduction",
        )


def _empty(block: Block, language: str) -> Iterator[Finding]:
    place, said = f"block-{block.key}", block.says(language)
    match block.kind:
        case BlockKind.TEXT if not said.text.strip():
            yield _left_out("empty-text", "A text is empty.", place)
        case BlockKind.HEADING if not said.title.strip():
            yield _left_out("empty-heading", "A heading is empty.", place)
        case BlockKind.BUTTON:
            yield from _button(said.title.strip(), said.url, place)
        case BlockKind.ITEM if block.item is not None and not (said.title or block.item.title):
            yield Finding(
                Level.STOP,
                "untitled-item",
                "A page from elsewhere has no title.",
                "The title is what readers press. Write one.",
                place,
            )


def _button(words: str, url: str, place: str) -> Iterator[Finding]:
    if not words and not url:
        yield _left_out("empty-button", "A button is empty.", place)
    elif not url:
        yield Finding(
            Level.STOP,
            "button-address",
            f"The button “{shown(words)}” leads nowhere.",
            "Readers would press it in vain. Write where it leads.",
            place,
        )
    elif not words:
        yield Finding(
            Level.STOP,
            "button-words",
            "A button has no words.",
            "Nobody would see it, and who hears it read out hears only an address.",
            place,
        )


def _left_out(code: str, sentence: str, place: str) -> Finding:
    why = "It is left out of the mail. Fill it in, or take it out."
    return Finding(Level.WARN, code, sentence, why, place)
