"""What is in the index is found by its words; on PostgreSQL it is the same (tests/services)."""

from datetime import date

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import searching
from newsletter.extensions import db, reading
from newsletter.issues import composing
from newsletter.library.models import Item
from newsletter.searching import Index
from tests.conftest import NOW
from tests.factories import make_item, make_list
from tests.naughty import NAUGHTY

TEXTS = {
    1: ("Guidance on MMS", "What to do after delivery with leftover tablets."),
    2: ("A tool", "Guidance for antenatal care. Delivery after the visit."),
    3: ("Éducation des mères", "L’allaitement maternel."),
    4: ("التعليم والصحة", "تغذية الأمهات"),
    5: ("健康な母", "妊娠中の栄養"),
    6: ("Delivery", "after"),
}


@pytest.fixture
def filled(app: Flask) -> None:
    fill()


def fill() -> None:
    """Put the texts in; a test with services does the same on PostgreSQL."""
    for number, (title, text) in TEXTS.items():
        searching.put(Index.ITEMS, number, title=title, text=text)
    db.session.commit()


def found(search: str, index: Index = Index.ITEMS) -> list[int]:
    """The numbers of what is found, the smallest first."""
    with reading():
        return sorted(db.session.scalars(searching.matching(index, search)))


SEARCHES = [
    ("guid", [1, 2]),
    ("GUIDANCE mms", [1]),
    ("tool", [2]),
    ("ool", []),
    ("tablets guidance", [1]),
    ("tablets tool", []),
    ('"after delivery"', [1]),
    ('"delivery after"', [2]),
    ('"after deliv"', []),
    # No row of words goes on from the title into the text.
    ('"mms what"', []),
    ("education mere", [3]),
    ("ALLAITEMENT", [3]),
    ("l'allait", [3]),
    ("تعليم", [4]),
    ("للأُمّهات", [4]),
    ("صحة", [4]),
    ("栄養", [5]),
    ("康", [5]),
    ("", []),
    ("***", []),
    ("guidance NOT mms", []),
]


@pytest.mark.parametrize(("search", "numbers"), SEARCHES)
def test_every_word_has_to_be_there_and_may_be_only_begun(
    filled: None, search: str, numbers: list[int]
) -> None:
    assert found(search) == numbers


def best(search: str, *, most: int) -> list[int]:
    """The best of the items that have a row; those of an even year only."""
    found = searching.best(Index.ITEMS, search)
    question = (
        sa.select(Item.id)
        .join(found, found.c.id == Item.id)
        .where(Item.published_on >= date(2025, 1, 1))
        .order_by(found.c.place, found.c.id.desc())
    )
    with reading():
        return list(db.session.scalars(question.limit(most)))


def make_items() -> None:
    """Five items about the same; the third is too old."""
    for number in range(1, 6):
        item = make_item(f"item-{number}", published_on=date(2024 + number % 3, 1, 1))
        title = "Delivery" if number in (2, 3) else "Other"
        searching.put(Index.ITEMS, item.id, title=title, text="on the delivery of tablets")
    db.session.commit()


def test_what_has_it_in_the_title_is_best_and_then_the_newest(app: Flask) -> None:
    make_items()
    assert best("delivery", most=10) == [2, 5, 4, 1]
    assert best("delivery", most=2) == [2, 5]
    assert best("delivery tablets", most=10) == [5, 4, 2, 1]
    assert best("unheard", most=10) == []
    assert best("%", most=10) == []


def test_each_kind_of_thing_has_its_own_index(filled: None) -> None:
    searching.put(Index.ISSUES, 1, title="Guidance", text="")
    assert found("guid", Index.ISSUES) == [1]
    assert found("guid", Index.IMAGES) == []


def test_what_is_put_again_is_found_by_the_new_words_only(filled: None) -> None:
    searching.put(Index.ITEMS, 1, title="Renamed", text="")
    db.session.commit()
    assert found("guidance") == [2]
    assert found("renamed") == [1]
    searching.drop(Index.ITEMS, 1)
    db.session.commit()
    assert found("renamed") == []


def test_what_is_rolled_back_is_not_found(filled: None) -> None:
    searching.put(Index.ITEMS, 7, title="Never", text="")
    db.session.rollback()
    assert found("never") == []


@pytest.mark.parametrize(
    "text", [*NAUGHTY, '"', '" "" x', "a" * 10_000, "\ud800", "x\0y", "ﷺ" * 200]
)
def test_nothing_that_is_typed_is_a_mistake(filled: None, text: str) -> None:
    found(text)
    found(f'"{text}"')
    searching.put(Index.ITEMS, 1, title=text, text=text)


def test_what_was_there_before_the_index_is_found_too(app: Flask) -> None:
    make_items()
    issue = composing.create_issue(
        make_list(), subject="Iron", introduction="and *zinc*", by=None, now=NOW
    )
    number = issue.id
    db.session.commit()
    db.session.remove()
    flask_migrate.downgrade(revision="0015")
    flask_migrate.upgrade()
    assert found("guidance") == [1, 2, 3, 4, 5]
    assert found("iron zinc", Index.ISSUES) == [number]
