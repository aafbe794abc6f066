"""The words about an image."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InvalidInput
from newsletter.media import texts
from newsletter.media.texts import LONGEST_ALT, LONGEST_NAME, ImageTexts


def test_an_image_says_what_it_shows() -> None:
    words = texts.check(" A clinic ", " A nurse\nhands out  tablets ", is_decorative=False)
    assert words == ImageTexts("A clinic", "A nurse hands out tablets", False)


def test_what_is_only_decoration_says_nothing() -> None:
    assert texts.check("Line", " ", is_decorative=True) == ImageTexts("Line", "", True)


@pytest.mark.parametrize(
    ("alt", "is_decorative", "sentence"),
    [
        ("", False, "Say what the image shows"),
        (" \n ", False, "Say what the image shows"),
        ("A nurse", True, "no alternative text"),
        ("IMG_2041.JPG", False, "name of a file"),
        ("logo-final.v2.png", False, "name of a file"),
        ("a" * (LONGEST_ALT + 1), False, "Shorten it"),
        ("bell\x07", False, "cannot be shown"),
        ("half \ud83d", False, "cannot be shown"),
    ],
)
def test_words_that_help_nobody_are_refused(alt: str, is_decorative: bool, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as caught:
        texts.check("Name", alt, is_decorative=is_decorative)
    assert caught.value.field == "alt"


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("clinic.jpg", "clinic"),
        ("C:\\Users\\Edith\\clinic at night.jpeg", "clinic at night"),
        ("../../etc/passwd", "passwd"),
        ("..", "A nurse"),
        (".jpg", "jpg"),
        ("CON.png", "CON"),
        ("a\0b\x1b[31m.png", "ab[31m"),
        ("half\ud83d.png", "half"),
        ("<script>.png", "<script>"),
        ("x" * 4000 + ".png", "x" * LONGEST_NAME),
        ("", "A nurse"),
    ],
)
def test_without_a_name_the_files_own_is_taken(file_name: str, name: str) -> None:
    words = texts.check("", "A nurse", is_decorative=False, file_name=file_name)
    assert words.name == name


@given(file_name=st.text(st.characters(), max_size=300))
def test_no_name_of_a_file_is_trouble(file_name: str) -> None:
    words = texts.check("", "A nurse", is_decorative=False, file_name=file_name)
    assert 0 < len(words.name) <= LONGEST_NAME
    assert words.name.isprintable()
