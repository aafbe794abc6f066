"""Images: what they say, and what they weigh."""

from dataclasses import replace

import pytest

from newsletter.issues.composition import Block, BlockKind
from tests.issues.checks.situations import IMAGE, block, found, issue

LONG = "word " * 60


def picture(alt: str = "A nurse hands out tablets", url: str = "") -> Block:
    return block(BlockKind.IMAGE, text=alt, url=url)


def test_an_image_that_says_what_it_shows_is_fine() -> None:
    assert found(issue(picture(), introduction=LONG), octets={1: 900_000}) == []


@pytest.mark.parametrize(
    ("alt", "code"),
    [
        ("", "no-alt"),
        ("clinic.jpg", "alt-file-name"),
        ("IMG_2041", "alt-file-name"),
        ("Screenshot 2027-03-01 at 09.41", "alt-file-name"),
        ("image1.png", "alt-file-name"),
    ],
)
def test_an_alternative_text_that_says_nothing(alt: str, code: str) -> None:
    assert found(issue(picture(alt), introduction=LONG)) == [("warn", code, "block-b1")]


@pytest.mark.parametrize("alt", ["Image of a nurse", "Photo: WHO", "2,041 tablets", "Picture book"])
def test_an_alternative_text_that_only_looks_so(alt: str) -> None:
    assert found(issue(picture(alt), introduction=LONG)) == []


def test_decoration_needs_no_words_unless_it_leads_somewhere() -> None:
    plain = replace(picture(""), image=replace(IMAGE, is_decorative=True))
    assert found(issue(plain, introduction=LONG)) == []
    linked = replace(picture("", "https://example.org/"), image=replace(IMAGE, is_decorative=True))
    assert found(issue(linked, introduction=LONG)) == [("warn", "decorative-link", "block-b1")]


def test_a_heavy_image_is_found() -> None:
    whole = issue(picture(), introduction=LONG)
    assert found(whole, octets={1: 1_000_001}) == [("warn", "large-image", "block-b1")]


def test_the_sum_of_all_images_is_found_and_one_shown_twice_counts_once() -> None:
    def shown(*numbers: int) -> list[tuple[str, str, str]]:
        blocks = [
            replace(picture(), key=f"b{place}", image=replace(IMAGE, number=number))
            for place, number in enumerate(numbers)
        ]
        return found(issue(*blocks, introduction=LONG), octets={1: 900_000, 2: 900_000, 3: 300_000})

    assert shown(1, 2, 3) == [("warn", "large-images", "blocks")]
    assert shown(1, 1, 2) == []


def test_images_with_hardly_any_words_are_found() -> None:
    whole = issue(picture(), introduction="Look.")
    assert found(whole) == [("warn", "few-words", "blocks")]
