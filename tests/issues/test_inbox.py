"""The line of an inbox: whole where there is room, else visibly cut."""

import pytest

from newsletter.issues import inbox


@pytest.mark.parametrize(
    ("line", "most", "shown"),
    [
        ("", 10, ""),
        ("just right", 10, "just right"),
        ("one letter too many", 18, "one letter too ma…"),
        ("no space before it", 3, "no…"),
    ],
)
def test_a_line_is_cut_where_there_is_no_room(line: str, most: int, shown: str) -> None:
    assert inbox.cut(line, most) == shown


def test_a_phone_shows_less_than_a_computer() -> None:
    on_computer, on_phone = inbox.lines("s" * 50, "p" * 50)
    assert (on_computer.subject, on_computer.preheader) == ("s" * 50, "p" * 50)
    assert (on_phone.subject, on_phone.preheader) == ("s" * 39 + "…", "p" * 39 + "…")
