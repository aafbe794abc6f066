"""Something to say, and no empty part."""

import pytest

from newsletter.issues.composition import Block, BlockKind
from tests.issues.checks.situations import block, found, issue, item


@pytest.mark.parametrize(
    "blocks", [(), (block(BlockKind.DIVIDER),), (block(BlockKind.HEADING, title="News"),)]
)
def test_an_issue_that_says_nothing_is_stopped(blocks: tuple[Block, ...]) -> None:
    stop = ("stop", "nothing-to-say", "introduction")
    assert stop in found(issue(*blocks, introduction=" "))


def test_items_alone_are_enough() -> None:
    assert found(issue(item(), introduction="")) == []


@pytest.mark.parametrize(
    ("one", "finding"),
    [
        (block(BlockKind.TEXT, text=" "), ("warn", "empty-text")),
        (block(BlockKind.TEXT, text="## \n\nText"), ("warn", "empty-heading")),
        (block(BlockKind.HEADING), ("warn", "empty-heading")),
        (block(BlockKind.BUTTON), ("warn", "empty-button")),
        (block(BlockKind.BUTTON, title="Read the guidance"), ("stop", "button-address")),
        (block(BlockKind.BUTTON, url="https://example.org/"), ("stop", "button-words")),
        (item(title=""), ("stop", "untitled-item")),
    ],
)
def test_a_part_that_lacks_something(one: Block, finding: tuple[str, str]) -> None:
    assert found(issue(one)) == [(*finding, "block-b1")]


def test_a_divider_needs_no_words() -> None:
    assert found(issue(block(BlockKind.DIVIDER))) == []
