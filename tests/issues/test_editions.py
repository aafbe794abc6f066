"""One language out of a composition, and what it does not say yet."""

from dataclasses import replace

import pytest

from newsletter.issues import content, editing, editions
from newsletter.issues.composition import (
    Block,
    BlockKind,
    Composition,
    PickedImage,
    PickedItem,
    Words,
)
from newsletter.issues.texts import Texts

ITEM = PickedItem("The title", "The summary.", "https://example.org/", "en", slug="one")
IMAGE = PickedImage(1, "/media/a.png", 600, 400)

WHOLE = Composition(
    editions={"en": Texts("Subject", "Preheader", "Hello"), "fr": Texts("Sujet", "", "")},
    blocks=(
        Block("b1", BlockKind.TEXT, {"en": Words(text="Words"), "fr": Words(text="Mots")}),
        Block("b2", BlockKind.HEADING, {"en": Words("Heading")}),
        Block("b3", BlockKind.ITEM, {"fr": Words("Le titre", "Résumé.")}, item=ITEM),
        Block("b4", BlockKind.BUTTON, {"en": Words("Read it", url="https://example.org/x")}),
        Block("b5", BlockKind.IMAGE, {"en": Words(text="A mother")}, image=IMAGE),
        Block("b6", BlockKind.DIVIDER),
    ),
)


def test_an_edition_says_its_own_words_and_borrows_what_it_lacks() -> None:
    french = editions.in_language(WHOLE, "fr")
    assert (french.subject, french.preheader, french.introduction) == ("Sujet", "", "Hello")
    text, heading, row, button, image, rule = french.blocks
    assert text == content.Prose("b1", "Mots", "fr")
    assert heading == content.Heading("b2", "Heading", "en")
    assert isinstance(row, content.ItemRow)
    assert (row.title, row.summary, row.language) == ("Le titre", "Résumé.", "fr")
    assert button == content.Button("b4", "Read it", "https://example.org/x", "en")
    assert isinstance(image, content.Image)
    assert (image.alt, image.language) == ("A mother", "en")
    assert rule == content.Divider("b6")


def test_an_item_speaks_its_own_language_unless_it_was_translated() -> None:
    english = editions.in_language(WHOLE, "en")
    assert english.rows[0] == content.ItemRow(
        slug="one",
        kind=None,
        title="The title",
        summary="The summary.",
        url="https://example.org/",
        published_on=None,
        language="en",
        key="b3",
    )


def test_blocks_that_say_nothing_are_left_out() -> None:
    empty = editing.with_block(editing.blank("en"), BlockKind.TEXT)
    empty = editing.with_block(empty, BlockKind.HEADING)
    empty = editing.with_block(empty, BlockKind.BUTTON)
    assert editions.in_language(empty, "en").blocks == ()


def test_a_decorative_image_has_no_alternative_text() -> None:
    block = Block("b1", BlockKind.IMAGE, image=replace(IMAGE, is_decorative=True))
    whole = Composition({"en": Texts("S", "", ""), "fr": Texts("S", "", "")}, (block,))
    [image] = editions.in_language(whole, "fr").blocks
    assert isinstance(image, content.Image)
    assert (image.alt, image.is_decorative) == ("", True)
    assert editions.missing(whole, "fr") == []


def test_what_an_edition_lacks_is_named_with_its_place() -> None:
    found = [(one.place, one.what) for one in editions.missing(WHOLE, "fr")]
    assert found == [
        ("preheader", "preheader"),
        ("introduction", "introduction"),
        ("block-b2", "a heading"),
        ("block-b4", "the words of a button"),
        ("block-b5", "alternative text of an image"),
    ]
    assert editions.missing(WHOLE, "en") == []


def test_the_words_for_searching_are_all_of_them() -> None:
    words = editions.plain_words(WHOLE, "fr")
    for said in ("Hello", "Mots", "Le titre", "Résumé.", "A mother", "Read it"):
        assert said in words


def test_another_language_comes_first_or_the_only_one_is_renamed() -> None:
    assert editions.with_first(WHOLE, "fr").languages == ("fr", "en")
    assert editions.with_first(WHOLE, "es") == WHOLE
    one = editing.without_edition(WHOLE, "fr")
    renamed = editions.with_first(one, "es")
    assert renamed.languages == ("es",)
    assert renamed.blocks[0].says("es").text == "Words"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("en", "en"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("fr-CA", "fr"),
        ("de", "en"),
        ("", "en"),
        ("p", "en"),
    ],
)
def test_a_reader_gets_the_edition_nearest_to_their_language(wanted: str, chosen: str) -> None:
    assert editions.nearest(("en", "pt-BR", "fr"), wanted) == chosen
