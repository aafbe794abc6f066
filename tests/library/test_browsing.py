from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from newsletter.library import browsing, catalogue
from newsletter.library.models import Item, ItemKind
from tests.conftest import NOW
from tests.factories import make_item, make_topic

pytestmark = pytest.mark.usefixtures("app")


def add(**facts: Any) -> Item:
    """Add an item of which only the fact that matters is passed in."""
    known = {
        "kind": "guidance",
        "title": "Guidance on MMS",
        "summary": "What to do.",
        "url": "https://example.org/mms",
    }
    return catalogue.add_item(now=NOW, **{**known, **facts})


def found(**filters: Any) -> list[str]:
    """The slugs of the first page that `filters` give."""
    return [item.slug for item in browsing.search_items(**filters).items]


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """Collect the statements that reach the database inside."""
    statements: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(db.engine, "before_cursor_execute", note)


def test_filters_are_all_applied() -> None:
    mms, bep = make_topic("mms"), make_topic("bep")
    make_item("a", kind=ItemKind.NEWS, topics=(mms, bep), region="Global")
    make_item("b", kind=ItemKind.NEWS, topics=(bep,), region="Global")
    make_item("c", kind=ItemKind.TOOL, topics=(mms,), region="Global")
    make_item("d", kind=ItemKind.NEWS, topics=(mms,), region="LMICs")
    assert found(kind="news", topic="mms", region="Global") == ["a"]
    assert found(kind="news") == ["d", "b", "a"]
    assert found(topic="mms") == ["d", "c", "a"]
    assert found(region="LMICs") == ["d"]


@pytest.mark.parametrize(
    "filters",
    [
        {"kind": "poem"},
        {"kind": "NEWS\0"},
        {"topic": "nothing"},
        {"topic": "a\0b"},
        {"region": "Atlantis"},
        {"region": "a\0b"},
        {"text": "unheard"},
    ],
)
def test_an_unknown_value_finds_nothing(filters: dict[str, str]) -> None:
    make_item()
    page = browsing.search_items(**filters)
    assert (list(page.items), page.total, page.number, page.pages) == ([], 0, 1, 1)


def test_every_word_must_stand_somewhere_in_any_case() -> None:
    add(slug="a", title="Guidance on MMS", summary="After delivery.", body="Leftover tablets.")
    add(slug="b", title="Guidance on BEP", summary="Before delivery.")
    assert found(text="GUIDANCE delivery") == ["b", "a"]
    assert found(text="guidance leftover") == ["a"]
    assert found(text="leftover before") == []
    assert found(text=" \t ") == ["b", "a"]


def test_signs_only_part_the_words() -> None:
    add(slug="percent", title="100% of women")
    add(slug="underscore", title="The file name a_b")
    add(slug="none", title="Neither acb nor 10")
    assert found(text="100%") == ["percent"]
    assert found(text="a_b") == ["underscore"]
    assert found(text="%") == []
    assert found(text="'; --") == []


def test_a_word_may_be_only_begun_and_a_quote_is_whole() -> None:
    add(slug="a", title="Guidance on supplements")
    add(slug="b", title="Supplements on guidance")
    assert found(text="supp guid") == ["b", "a"]
    assert found(text='"guidance on supplements"') == ["a"]
    assert found(text="plements") == []


def test_a_changed_item_is_found_by_its_new_words_only() -> None:
    item = add(slug="a", title="Guidance on MMS")
    catalogue.change_item(item, title="A toolkit", now=NOW)
    assert found(text="toolkit") == ["a"]
    assert found(text="guidance") == []


@pytest.mark.parametrize("text", ["Éducation", "éducation", "ÉDUCATION", "e\u0301ducation"])
def test_accented_letters_are_found_in_any_case(text: str) -> None:
    add(slug="fr", title="Éducation des mères", language="fr")
    assert found(text=text) == ["fr"]


@pytest.mark.parametrize("text", ["a" * 100_000, "x " * 50_000, "é " * 50_000, "\0", "\udc80 mms"])
def test_no_search_text_is_too_much(text: str) -> None:
    add()
    assert browsing.search_items(text=text).total in (0, 1)


def test_a_search_is_cut_into_pages_of_twenty() -> None:
    for number in range(45):
        make_item(f"item-{number}")
    first, third = browsing.search_items(), browsing.search_items(page=3)
    assert (len(first.items), first.number, first.total, first.pages) == (20, 1, 45, 3)
    assert [item.slug for item in third.items] == [f"item-{n}" for n in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(("asked", "got"), [(0, 1), (-5, 1), (3, 2), (10**30, 2)])
def test_a_page_that_does_not_exist_is_the_nearest_one(asked: int, got: int) -> None:
    for number in range(21):
        make_item(f"item-{number}")
    assert browsing.search_items(page=asked).number == got


def test_the_number_of_queries_does_not_grow_with_the_items(app: Flask) -> None:
    topics = (make_topic("mms"), make_topic("bep"))
    for number in range(15):
        make_item(f"item-{number}", topics=topics)
    db.session.expunge_all()
    with counted_queries() as queries:
        names = [topic.name for item in browsing.search_items().items for topic in item.topics]
    assert len(names) == 30
    assert len(queries) == 3


def test_regions_are_named_once_in_order() -> None:
    make_item("a", region="LMICs")
    make_item("b", region="Global")
    make_item("c", region="Global")
    make_item("d")
    assert list(browsing.regions()) == ["Global", "LMICs"]


# Facets


def test_a_facet_counts_what_each_choice_would_leave() -> None:
    mms, bep = make_topic("mms"), make_topic("bep")
    make_item("a", topics=(mms,), region="Global", published_on=date(2025, 1, 1))
    make_item("b", topics=(mms, bep), region="LMICs", published_on=date(2024, 12, 31))
    make_item("c", kind=ItemKind.NEWS, title="Other", published_on=date(2024, 2, 1))
    facets = browsing.facets()
    assert facets.kind == {"guidance": 2, "news": 1}
    assert facets.topic == {"mms": 2, "bep": 1}
    assert facets.region == {"Global": 1, "LMICs": 1}
    assert list(facets.year.items()) == [("2025", 1), ("2024", 2)]


def test_a_facet_knows_the_other_filters_but_not_its_own() -> None:
    mms, bep = make_topic("mms"), make_topic("bep")
    make_item("a", title="Leftover", topics=(mms,), published_on=date(2025, 1, 1))
    make_item("b", title="Leftover", topics=(bep,), published_on=date(2024, 1, 1))
    make_item("c", title="Other", topics=(bep,), published_on=date(2023, 1, 1))
    facets = browsing.facets(topic="mms", text="leftover")
    assert facets.topic == {"mms": 1, "bep": 1}
    assert facets.year == {"2025": 1}


def test_what_was_withdrawn_is_not_counted() -> None:
    catalogue.withdraw_item(make_item(), now=NOW)
    assert browsing.facets() == browsing.Facets({}, {}, {}, {})


@pytest.mark.parametrize(
    ("year", "slugs"),
    [
        ("2025", ["a"]),
        ("2024", ["b"]),
        ("2023", []),
        ("x", []),
        ("0000", []),
        ("20250", []),
        ("²025", []),
    ],
)
def test_a_year_is_from_its_first_day_to_its_last(year: str, slugs: list[str]) -> None:
    make_item("a", published_on=date(2025, 1, 1))
    make_item("b", published_on=date(2024, 12, 31))
    assert found(year=year) == slugs


# Others like it


def test_related_are_those_with_the_most_topics_of_it_then_the_newest() -> None:
    mms, bep, sqlns = make_topic("mms"), make_topic("bep"), make_topic("sqlns")
    item = make_item("this", topics=(mms, bep))
    make_item("one-old", topics=(mms,), published_on=date(2020, 1, 1))
    make_item("one-new", topics=(bep,), published_on=date(2024, 1, 1))
    make_item("both", topics=(mms, bep), published_on=date(2019, 1, 1))
    make_item("none", topics=(sqlns,))
    catalogue.withdraw_item(make_item("gone", topics=(mms, bep)), now=NOW)
    related = browsing.related(item, most=3)
    assert [one.slug for one in related] == ["both", "one-new", "one-old"]
    assert browsing.related(make_item("alone"), most=3) == []


def test_the_newest_for_feeds_have_the_withdrawn_ones() -> None:
    mms = make_topic("mms")
    make_item("old", published_on=date(2020, 1, 1))
    catalogue.withdraw_item(make_item("new", topics=(mms,)), now=NOW)
    assert [item.slug for item in browsing.last_changed(5)] == ["new", "old"]
    assert [item.slug for item in browsing.last_changed(5, topic="mms")] == ["new"]
