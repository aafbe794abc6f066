"""PostgreSQL finds what SQLite finds, and takes any text."""

from flask import Flask

from newsletter import searching
from newsletter.extensions import db
from newsletter.searching import Index
from tests.naughty import NAUGHTY
from tests.searching.test_index import SEARCHES, best, fill, found, make_items


def test_the_same_is_found(app: Flask) -> None:
    fill()
    assert [(search, found(search)) for search, _ in SEARCHES] == SEARCHES


def test_what_is_best_is_the_same(app: Flask) -> None:
    make_items()
    assert best("delivery", most=10) == [2, 5, 4, 1]
    assert best("delivery tablets", most=2) == [5, 4]


def test_nothing_that_is_typed_is_a_mistake(app: Flask) -> None:
    for text in [*NAUGHTY, '" "" x', "\ud800", "x\0y"]:
        found(text)
        found(f'"{text}"')
        searching.put(Index.ITEMS, 1, title=text, text=text)


def test_the_largest_text_is_taken(app: Flask) -> None:
    # Each word is another one, as long as a word may be, in letters of four octets.
    alphabet = [chr(0x1D7F) + chr(code) for code in range(0x10400, 0x10428)]
    many = " ".join(
        "".join(alphabet[number // 40**place % 40] for place in range(3)) + "\U00010428" * 37
        for number in range(16_000)
    )
    searching.put(Index.ITEMS, 1, title="Large", text=many)
    db.session.commit()
    assert found("large") == [1]
