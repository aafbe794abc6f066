"""Two versions compared: what is gone, what is new, where."""

from hypothesis import given
from hypothesis import strategies as st

from newsletter.issues import differences, editing
from newsletter.issues.composition import BlockKind, Composition, Words
from newsletter.issues.texts import Texts
from tests.timing import within


def saying(subject: str = "Subject", text: str = "Words") -> Composition:
    whole = editing.with_texts(editing.blank("en"), "en", Texts(subject, "", ""))
    whole = editing.with_block(whole, BlockKind.TEXT)
    return editing.with_words(whole, whole.blocks[0].key, "en", Words(text=text))


def test_what_is_the_same_is_no_difference() -> None:
    whole = saying()
    assert differences.between(whole, whole) == []


def test_words_are_compared_one_by_one() -> None:
    old = saying()
    new = editing.with_words(old, old.blocks[0].key, "en", Words(text="Other Words"))
    [found] = differences.between(old, new)
    assert (found.what, found.language) == ("Text", "en")
    assert [(piece.how, piece.words) for piece in found.pieces] == [
        ("new", "Other "),
        ("same", "Words"),
    ]


def test_blocks_come_go_and_move() -> None:
    old = editing.with_block(saying(), BlockKind.DIVIDER)
    text, divider = (block.key for block in old.blocks)
    added = editing.with_block(old, BlockKind.HEADING)
    assert [one.what for one in differences.between(old, added)] == ["Heading, added"]
    assert [one.what for one in differences.between(added, old)] == ["Heading, taken out"]
    swapped = editing.in_order(old, [divider, text])
    assert [one.what for one in differences.between(old, swapped)] == ["The order"]


def test_an_edition_that_came_shows_its_texts() -> None:
    old = saying()
    new = editing.with_texts(editing.with_edition(old, "fr"), "fr", Texts("Sujet", "", ""))
    [found] = differences.between(old, new)
    assert (found.what, found.language, found.pieces[0].how) == ("Subject", "fr", "new")


def test_the_longest_texts_are_compared_in_a_moment() -> None:
    within(1, lambda: differences.words("a b " * 25_000, "b a " * 25_000))
    within(1, lambda: differences.words("a b " * 2_500, "b a " * 2_499))


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_make_up_both_texts(old: str, new: str) -> None:
    pieces = differences.words(old, new)
    assert "".join(piece.words for piece in pieces if piece.how != "new") == old
    assert "".join(piece.words for piece in pieces if piece.how != "gone") == new
