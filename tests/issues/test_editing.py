"""Changing a composition gives another one, or a sentence at the field that is wrong."""

from dataclasses import replace
from datetime import date

import pytest

from newsletter.errors import InvalidInput
from newsletter.issues import editing
from newsletter.issues.composition import BlockKind, Composition, PickedItem, Words
from newsletter.issues.texts import Texts
from newsletter.library.models import ItemKind

ITEM = PickedItem(
    slug="one",
    kind=ItemKind.NEWS,
    title="The title",
    summary="The summary.",
    url="https://example.org/one",
    published_on=date(2027, 3, 1),
    language="en",
)


def with_kinds(*kinds: BlockKind) -> Composition:
    whole = editing.blank("en")
    for kind in kinds:
        whole = editing.with_block(whole, kind)
    return whole


def kinds(whole: Composition) -> list[BlockKind]:
    return [block.kind for block in whole.blocks]


def test_a_blank_issue_has_one_edition_and_says_nothing() -> None:
    whole = editing.blank("pt-br")
    assert whole == Composition({"pt-BR": Texts("", "", "")})


def test_blocks_go_to_the_end_or_below_another() -> None:
    whole = with_kinds(BlockKind.TEXT, BlockKind.HEADING)
    whole = editing.with_block(whole, BlockKind.DIVIDER, after=whole.blocks[0].key)
    assert kinds(whole) == [BlockKind.TEXT, BlockKind.DIVIDER, BlockKind.HEADING]
    assert len({block.key for block in whole.blocks}) == 3
    assert all(editing.is_key(block.key) for block in whole.blocks)


@pytest.mark.parametrize(("by", "place"), [(-1, 0), (1, 2), (-9, 0), (9, 2), (0, 1)])
def test_a_block_moves_and_stops_at_either_end(by: int, place: int) -> None:
    whole = with_kinds(BlockKind.TEXT, BlockKind.DIVIDER, BlockKind.HEADING)
    key = whole.blocks[1].key
    assert editing.moved(whole, key, by).blocks[place].key == key


def test_an_order_that_names_not_all_loses_none() -> None:
    whole = with_kinds(BlockKind.TEXT, BlockKind.DIVIDER, BlockKind.HEADING)
    keys = [block.key for block in whole.blocks]
    ordered = editing.in_order(whole, [keys[2], "nobody", keys[2], keys[0]])
    assert [block.key for block in ordered.blocks] == [keys[2], keys[0], keys[1]]


def test_items_come_in_their_order_and_none_twice() -> None:
    whole = editing.with_items(editing.blank("en"), [ITEM, replace(ITEM, slug="two")])
    again = editing.with_items(whole, [ITEM, replace(ITEM, slug="three")])
    assert again.slugs == ("one", "two", "three")


def test_pages_from_elsewhere_may_come_twice() -> None:
    page = PickedItem("A page", "", "https://example.org/", "en")
    assert len(editing.with_items(editing.blank("en"), [page, page]).blocks) == 2


def test_the_originals_words_are_not_kept_as_an_items_own() -> None:
    whole = editing.with_items(editing.blank("en"), [ITEM])
    key = whole.blocks[0].key
    own = editing.with_words(whole, key, "en", Words(title="Mine", text=ITEM.summary))
    assert own.blocks[0].says("en") == Words(title="Mine")
    same = Words(title=ITEM.title, text=ITEM.summary)
    assert editing.with_words(own, key, "en", same).blocks[0].words == {}
    assert editing.without_words(own, key, "en").blocks[0].words == {}


def test_a_summary_is_emptied_only_where_the_field_shows_the_original() -> None:
    whole = editing.with_items(editing.blank("en"), [ITEM])
    key = whole.blocks[0].key
    assert editing.with_words(whole, key, "en", Words()).blocks[0].says("en").is_silent
    assert editing.with_words(whole, key, "fr", Words()).blocks[0].words == {}


@pytest.mark.parametrize(
    ("kind", "typed", "field"),
    [
        (BlockKind.TEXT, Words(text="x" * 100_001), "text"),
        (BlockKind.TEXT, Words(text="a\x00b"), "text"),
        (BlockKind.HEADING, Words(title="x" * 301), "title"),
        (BlockKind.HEADING, Words(title="a\ud800"), "title"),
        (BlockKind.BUTTON, Words(url="javascript:alert(1)"), "url"),
        (BlockKind.BUTTON, Words(url="data:text/html,x"), "url"),
        (BlockKind.BUTTON, Words(url="//example.org"), "url"),
        (BlockKind.BUTTON, Words(url="https://user:secret@example.org/"), "url"),
        (BlockKind.BUTTON, Words(url="https://example.org/" + "x" * 2_000), "url"),
        (BlockKind.IMAGE, Words(text="x" * 501), "text"),
        (BlockKind.ITEM, Words(text="x" * 2_001), "text"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field(
    kind: BlockKind, typed: Words, field: str
) -> None:
    whole = with_kinds(kind)
    key = whole.blocks[0].key
    with pytest.raises(InvalidInput) as caught:
        editing.with_words(whole, key, "en", typed)
    assert caught.value.field == f"{key}-{field}"


def test_a_heading_is_one_line() -> None:
    whole = with_kinds(BlockKind.HEADING)
    key = whole.blocks[0].key
    said = editing.with_words(whole, key, "en", Words(title="  New\n this\tmonth "))
    assert said.blocks[0].says("en").title == "New this month"


def test_editions_are_added_and_taken_out_with_all_their_words() -> None:
    whole = with_kinds(BlockKind.TEXT)
    key = whole.blocks[0].key
    whole = editing.with_edition(whole, "FR")
    whole = editing.with_texts(whole, "fr", Texts("Sujet", "", ""))
    whole = editing.with_words(whole, key, "fr", Words(text="Bonjour"))
    assert whole.languages == ("en", "fr")
    gone = editing.without_edition(whole, "fr")
    assert (gone.languages, gone.blocks[0].words) == (("en",), {})


@pytest.mark.parametrize("tag", ["", "en", "english", "e", "x-y", "<b>"])
def test_an_edition_needs_a_language_of_its_own(tag: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        editing.with_edition(editing.blank("en"), tag)
    assert caught.value.field == "language"


def test_the_first_edition_stays() -> None:
    with pytest.raises(InvalidInput):
        editing.without_edition(editing.blank("en"), "en")


def test_there_is_an_end_to_everything() -> None:
    whole = with_kinds(*[BlockKind.DIVIDER] * editing.MAX_BLOCKS)
    with pytest.raises(InvalidInput, match="at most 150"):
        editing.with_block(whole, BlockKind.TEXT)
    many = [replace(ITEM, slug=f"item-{number}") for number in range(101)]
    with pytest.raises(InvalidInput, match="at most 100 items"):
        editing.with_items(editing.blank("en"), many)
    whole = editing.blank("en")
    for number in range(editing.MAX_EDITIONS - 1):
        whole = editing.with_edition(whole, f"{chr(97 + number)}{chr(97 + number)}")
    with pytest.raises(InvalidInput, match="at most 12"):
        editing.with_edition(whole, "zz")


@pytest.mark.parametrize("change", ["moved", "without", "with_words"])
def test_a_block_that_is_gone_is_said_to_be(change: str) -> None:
    arguments = {"moved": [1], "without": [], "with_words": ["en", Words()]}[change]
    with pytest.raises(InvalidInput, match="no longer in the issue"):
        getattr(editing, change)(editing.blank("en"), "b0123456789", *arguments)
