from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from newsletter.errors import InvalidInput, NotFound
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


# Adding


def test_an_item_is_kept_as_it_was_typed() -> None:
    mms = make_topic("mms")
    item = add(
        body="**Now**",
        topics=[mms],
        region=" Global ",
        language="FR",
        published_on=date(2025, 1, 20),
    )
    db.session.expire_all()
    assert item.slug == "guidance-on-mms"
    assert item.kind is ItemKind.GUIDANCE
    assert (item.title, item.summary, item.body) == ("Guidance on MMS", "What to do.", "**Now**")
    assert item.url == "https://example.org/mms"
    assert (item.region, item.language, item.published_on) == ("Global", "fr", date(2025, 1, 20))
    assert item.topics == [mms]
    assert item.created_at == item.updated_at == NOW
    assert item.withdrawn_at is None


def test_without_a_date_an_item_is_of_today() -> None:
    assert add().published_on == NOW.date()
    assert add(published_on=None).published_on == NOW.date()


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"kind": "poem"}, "kind"),
        ({"title": " "}, "title"),
        ({"summary": ""}, "summary"),
        ({"url": "example.org"}, "url"),
        ({"url": "", "body": " "}, "url"),
        ({"language": "english"}, "language"),
        ({"region": "x" * 121}, "region"),
        ({"slug": "Not A Slug"}, "slug"),
    ],
)
def test_a_fact_that_cannot_be_used_is_named_and_nothing_is_kept(
    facts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(**facts)
    assert caught.value.field == field
    assert db.session.scalar(sa.select(sa.func.count(Item.id))) == 0


def test_an_item_without_a_link_has_a_text() -> None:
    assert add(url="", body="All there is to say.").url == ""


def test_equal_titles_get_numbered_slugs() -> None:
    slugs = [add().slug for _ in range(3)]
    assert slugs == ["guidance-on-mms", "guidance-on-mms-2", "guidance-on-mms-3"]


def test_a_numbered_slug_stays_within_80_characters() -> None:
    first, second = add(title="x" * 100), add(title="x" * 100)
    assert first.slug == "x" * 80
    assert second.slug == "x" * 74 + "-2"


def test_a_title_without_latin_letters_gets_the_kind_for_a_slug() -> None:
    assert add(title="دليل جديد").slug == "guidance"
    assert add(title="إرشادات").slug == "guidance-2"


def test_a_chosen_slug_that_is_taken_is_refused_and_the_work_goes_on() -> None:
    add(slug="mms")
    with pytest.raises(InvalidInput, match="“mms” is taken") as caught:
        add(slug="mms")
    assert caught.value.field == "slug"
    assert add(slug="mms-again").id is not None


# Changing and withdrawing


def test_a_change_touches_what_is_given_and_keeps_the_slug() -> None:
    item = add(topics=[make_topic("mms")], region="Global")
    later = NOW + timedelta(days=1)
    catalogue.change_item(item, now=later, title="Better guidance", topics=[])
    db.session.expire_all()
    assert (item.title, item.slug) == ("Better guidance", "guidance-on-mms")
    assert item.topics == []
    assert (item.region, item.url) == ("Global", "https://example.org/mms")
    assert (item.created_at, item.updated_at) == (NOW, later)


def test_a_wrong_change_changes_nothing() -> None:
    item = add()
    with pytest.raises(InvalidInput):
        catalogue.change_item(item, now=NOW, title="Better guidance", url="nowhere")
    assert item.title == "Guidance on MMS"
    assert item not in db.session.dirty


def test_a_withdrawn_item_leaves_the_lists_and_keeps_its_page() -> None:
    item = add(region="Global")
    catalogue.withdraw_item(item, now=NOW)
    assert found() == []
    assert found(with_withdrawn=True) == ["guidance-on-mms"]
    assert list(catalogue.latest_items(3)) == []
    assert list(browsing.regions()) == []
    assert list(catalogue.all_items()) == [item]
    assert catalogue.find_item("guidance-on-mms") is item


def test_withdrawing_twice_keeps_the_first_time() -> None:
    item = add()
    catalogue.withdraw_item(item, now=NOW)
    catalogue.withdraw_item(item, now=NOW + timedelta(days=1))
    assert item.withdrawn_at == NOW


def test_a_restored_item_is_listed_again() -> None:
    item = add()
    catalogue.withdraw_item(item, now=NOW)
    catalogue.restore_item(item, now=NOW + timedelta(days=1))
    assert item.withdrawn_at is None
    assert item.updated_at == NOW + timedelta(days=1)
    assert found() == ["guidance-on-mms"]


# Finding


@pytest.mark.parametrize("slug", ["unknown", "", "../etc", "a\0b", "x" * 500])
def test_an_unknown_slug_is_not_found(slug: str) -> None:
    with pytest.raises(NotFound):
        catalogue.find_item(slug)


def test_items_are_found_in_the_order_asked_for() -> None:
    make_item("one")
    make_item("two")
    assert [item.slug for item in catalogue.find_items(["two", "one"])] == ["two", "one"]
    assert catalogue.find_items([]) == []


def test_of_several_slugs_the_unknown_one_is_named() -> None:
    make_item("one")
    with pytest.raises(NotFound, match="“three”"):
        catalogue.find_items(["one", "three"])


def test_the_newest_come_first() -> None:
    make_item("old", published_on=date(2021, 3, 10))
    make_item("new", published_on=date(2025, 1, 20))
    make_item("new-too", published_on=date(2025, 1, 20))
    assert found() == ["new-too", "new", "old"]
    assert [item.slug for item in catalogue.latest_items(2)] == ["new-too", "new"]


def test_the_best_have_it_in_the_title_and_withdrawn_ones_are_among_them() -> None:
    add(slug="in-title", title="Iron")
    item = add(slug="withdrawn", title="Folate", summary="With iron.")
    catalogue.withdraw_item(item, now=NOW)
    add(slug="newest", title="Zinc", summary="Without iron.")
    best = catalogue.find_by_words("iron", most=10)
    assert [item.slug for item in best] == ["in-title", "newest", "withdrawn"]
    assert [item.slug for item in catalogue.find_by_words("iron", most=1)] == ["in-title"]


# Topics


def test_topics_come_by_name() -> None:
    catalogue.add_topic("mms", "Multiple micronutrients")
    catalogue.add_topic("bep", "Balanced energy protein")
    assert [topic.slug for topic in catalogue.topics()] == ["bep", "mms"]


def test_a_topic_is_added_once() -> None:
    catalogue.add_topic("mms", "MMS")
    with pytest.raises(InvalidInput, match="“mms” already") as caught:
        catalogue.add_topic("mms", "Other")
    assert caught.value.field == "slug"
    assert len(catalogue.topics()) == 1


def test_topics_are_found_in_the_order_asked_for_each_once() -> None:
    mms, bep = make_topic("mms"), make_topic("bep")
    assert catalogue.find_topics(["mms", "bep", "mms"]) == [mms, bep]
    assert catalogue.find_topics([]) == []


def test_an_unknown_topic_is_named_beside_the_known_ones() -> None:
    make_topic("mms")
    with pytest.raises(InvalidInput, match="“poems” is not a topic. Choose from mms.") as caught:
        catalogue.find_topics(["mms", "poems"])
    assert caught.value.field == "topics"


def test_where_there_are_no_topics_it_says_so() -> None:
    with pytest.raises(InvalidInput, match="There are no topics yet."):
        catalogue.find_topics(["mms"])
