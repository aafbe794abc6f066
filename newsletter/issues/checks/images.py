"""Images: what they say to who does not see them, and how much they weigh."""

import re
from collections.abc import Iterator

from newsletter.issues import editions, merge_fields
from newsletter.issues.checks.facts import Facts
from newsletter.issues.checks.findings import Finding, Level, shown
from newsletter.issues.composition import Block, Composition

LARGEST = 1_000_000
LARGEST_SUM = 2_000_000
"""Bytes of one image, and of all of an issue (STANDARDS H16)."""

FEWEST_LETTERS = 200
"""Letters that a mail with images says without them, at least (STANDARDS H06)."""

_FILE_NAME = re.compile(
    r"\S+\.(?:jpe?g|png|gif|webp|svg|bmp|tiff?|heic|avif)"
    r"|(?:img|dsc[fn]?|pxl|image|photo|picture|untitled|screen\s?shot|whatsapp image)[-_ ]*"
    r"[\d][\d\s._:()atpm-]*",
    re.I,
)


def check(facts: Facts) -> Iterator[Finding]:
    """Judge each image, and all of them beside the words."""
    whole = facts.whole
    blocks = [block for block in whole.blocks if block.image is not None]
    for block in blocks:
        yield from _said(block, whole)
        yield from _weight(block, facts)
    if blocks:
        yield from _all_weight(blocks, facts)
        yield from _few_words(whole)


def _said(block: Block, whole: Composition) -> Iterator[Finding]:
    place, first = f"block-{block.key}", block.says(whole.first_language)
    if block.image is not None and block.image.is_decorative:
        if any(block.says(language).url for language in whole.languages):
            yield Finding(
                Level.WARN,
                "decorative-link",
                "An image that is only decoration leads somewhere.",
                "Who does not see it meets a link without words. Say where it leads in an "
                "alternative text, or take the link away.",
                place,
                about=first.url,
            )
        return
    if not first.text.strip():
        yield Finding(
            Level.WARN,
            "no-alt",
            "An image has no alternative text.",
            "Who does not see it is told nothing in its place. Say what it shows.",
            place,
        )
    for language in whole.languages:
        text = block.says(language).text.strip()
        if text and _FILE_NAME.fullmatch(text):
            yield Finding(
                Level.WARN,
                "alt-file-name",
                f"The alternative text “{shown(text)}” is the name of a file.",
                "It is read out in place of the image. Say what the image shows.",
                place,
                language,
                about=text,
            )


def _weight(block: Block, facts: Facts) -> Iterator[Finding]:
    octets = facts.octets.get(block.image.number, 0) if block.image else 0
    if octets > LARGEST:
        yield Finding(
            Level.WARN,
            "large-image",
            f"An image has {octets / 1_000_000:.1f} megabytes.",
            "On a slow line it comes late or never. Make it smaller and upload it again.",
            f"block-{block.key}",
            about=str(block.image.number if block.image else ""),
        )


def _all_weight(blocks: list[Block], facts: Facts) -> Iterator[Finding]:
    numbers = {block.image.number for block in blocks if block.image}
    octets = sum(facts.octets.get(number, 0) for number in numbers)
    if octets > LARGEST_SUM:
        yield Finding(
            Level.WARN,
            "large-images",
            f"The images have {octets / 1_000_000:.1f} megabytes together.",
            f"More than {LARGEST_SUM // 1_000_000} are slow on a telephone, and cost its owner.",
            "blocks",
            about=" ".join(map(str, sorted(numbers))),
        )


def _few_words(whole: Composition) -> Iterator[Finding]:
    for language in whole.languages:
        words = merge_fields.neutral(editions.plain_words(whole, language))
        if sum(map(str.isalnum, words)) < FEWEST_LETTERS:
            yield Finding(
                Level.WARN,
                "few-words",
                "The issue is images with hardly any words.",
                "Many programs show no images at first, and filters take such mail for fraud.",
                "blocks",
                language,
            )
