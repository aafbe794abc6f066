"""Quoted-printable that nobody on the way has a reason to touch."""

import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.mail.encoding import can_stand, quoted_lines, quoted_printable
from tests.message_standards import check_untouchable
from tests.naughty import NAUGHTY

# The same examples each time, however busy the machine is.
steady = settings(max_examples=300, deadline=None, derandomize=True, database=None)
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=200)


@steady
@given(pieces=st.lists(texts | st.sampled_from(NAUGHTY).map(lambda one: one.replace("\r", ""))))
def test_pieces_encoded_apart_decode_to_their_texts_in_a_row(pieces: list[str]) -> None:
    octets = b"".join(map(quoted_lines, pieces)) + quoted_printable("end")
    text = "".join(pieces) + "end\n"
    assert quopri.decodestring(octets).replace(b"\r\n", b"\n") == text.encode("utf-8", "replace")
    check_untouchable(octets)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", b"\r\n"),
        ("a", b"a\r\n"),
        ("a\rb\r\nc\n", b"a\r\nb\r\nc\r\n"),
        ("a  b   c ", b"a =20b =20=20c=20\r\n"),
        ("\ta", b"=09a\r\n"),
        (".", b"=2E\r\n"),
        ("From me", b"=46rom me\r\n"),
        ("Fromage", b"Fromage\r\n"),
        ("x" * 75, b"x" * 75 + b"\r\n"),
        ("x" * 76, b"x" * 75 + b"=\r\nx\r\n"),
        ("x" * 75 + ".", b"x" * 75 + b"=\r\n=2E\r\n"),
        ("x" * 74 + "=", b"x" * 74 + b"=\r\n=3D\r\n"),
        ("x" * 73 + "=", b"x" * 73 + b"=\r\n=3D\r\n"),
        ("x" * 72 + "=", b"x" * 72 + b"=3D\r\n"),
    ],
)
def test_lines_are_written_like_this(text: str, octets: bytes) -> None:
    assert quoted_printable(text) == octets


def test_an_endless_line_takes_no_endless_time() -> None:
    octets = quoted_printable("ü.From " * 200_000)
    assert max(map(len, octets.split(b"\r\n"))) == 76


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("", True),
        ("New guidance, 7 = seven", True),
        ("x" * 63, True),
        ("x" * 64, False),
        ("two  blanks", False),
        (" before", False),
        ("after ", False),
        ("=?utf-8?q?=41?=", False),
        ("Übung", False),
    ],
)
def test_a_text_stands_as_it_is_where_nothing_would_change_it(text: str, stands: bool) -> None:
    assert can_stand(text) is stands
