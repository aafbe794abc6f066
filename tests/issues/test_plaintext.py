"""Sanitised HTML becomes text that says the same and stays within 78 columns."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import markdown
from newsletter.issues import plaintext


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("One\ntwo", "One two"),
        ("One  \ntwo", "One\ntwo"),
        ("One\n\nTwo", "One\n\nTwo"),
        ("# Heading\n\nText", "Heading\n-------\n\nText"),
        ("**bold** and *soft* and `code`", "bold and soft and code"),
        ("- one\n- two\n  - inner", "- one\n- two\n  - inner"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("- one\n\n  more\n- two", "- one\n\n  more\n\n- two"),
        ("> quoted\n>\n> twice", "> quoted\n>\n> twice"),
        ("a\n\n---\n\nb", "a\n\n--------------------\n\nb"),
        ("```\na  b\n c\n```", "    a  b\n     c"),
        ("| a | b |\n|---|---|\n| 1 | **2** |", "a | b\n1 | 2"),
        ("a < b & c > d", "a < b & c > d"),
        ("<b>raw</b>", "<b>raw</b>"),
        ("", ""),
    ],
)
def test_markdown_keeps_its_structure(source: str, text: str) -> None:
    assert plaintext.from_html(markdown.to_html(source)) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("[words](https://example.org/a?b=1&c=2)", "words (https://example.org/a?b=1&c=2)"),
        ("<https://example.org/a>", "https://example.org/a"),
        ("https://example.org/a", "https://example.org/a"),
        ("[example.org](https://example.org/)", "https://example.org/"),
        ("[write](mailto:a@example.org)", "write (mailto:a@example.org)"),
        ("a@example.org", "a@example.org"),
        ("**[words](https://example.org/)**", "words (https://example.org/)"),
        ("![alt](https://example.org/x.png)", "!alt (https://example.org/x.png)"),
        ("[bad](javascript:alert(1))", "[bad](javascript:alert(1))"),
    ],
)
def test_every_link_keeps_its_address(source: str, text: str) -> None:
    assert plaintext.from_html(markdown.to_html(source)) == text


def test_long_lines_are_wrapped_inside_their_block() -> None:
    words = "word " * 40
    source = f"{words}\n\n- {words}\n\n> {words}\n"
    lines = plaintext.from_html(markdown.to_html(source)).split("\n")
    assert max(map(len, lines)) <= 78
    assert len([line for line in lines if line.startswith("- ")]) == 1
    assert len([line for line in lines if line.startswith("  word")]) == 2
    assert len([line for line in lines if line.startswith("> word")]) == 3


def test_an_address_is_never_broken() -> None:
    address = "https://example.org/" + "a" * 200
    lines = plaintext.from_html(markdown.to_html(f"See [this page]({address}) now")).split("\n")
    assert lines == ["See this page", f"({address})", "now"]


def test_wide_characters_count_twice_and_may_part() -> None:
    lines = plaintext.wrap("维生素" * 30).split("\n")
    assert [len(line) for line in lines] == [39, 39, 12]
    assert "".join(lines) == "维生素" * 30


def test_a_line_does_not_begin_with_a_closing_mark_or_inside_a_composed_sign() -> None:
    assert plaintext.wrap("维" * 39 + "。维").split("\n") == ["维" * 38, "维。维"]
    family = "👩‍👩‍👧"
    lines = plaintext.wrap(family * 30).split("\n")
    assert all(line == family * (len(line) // len(family)) for line in lines)


@given(st.text(alphabet="ab é\n維", max_size=400), st.integers(10, 78))
def test_wrapping_keeps_every_letter_and_the_width(text: str, width: int) -> None:
    wrapped = plaintext.wrap(text, width=width)
    assert "".join(wrapped.split()) == "".join(text.split())
    for line in wrapped.split("\n"):
        if "維" not in line and not any(len(word) > width for word in line.split()):
            assert len(line) <= width


@given(st.lists(st.text(alphabet="abcdefgh", min_size=1, max_size=12), max_size=60))
def test_plain_words_wrap_like_the_standard_library(words: list[str]) -> None:
    assert plaintext.wrap(" ".join(words)).split("\n") == (
        textwrap.wrap(" ".join(words), 78) or [""]
    )
