from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa

from newsletter import sample
from newsletter.extensions import db
from newsletter.library import browsing, catalogue
from newsletter.library.models import Item, ItemKind
from newsletter.sample.items import ITEMS
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import make_item, make_list, make_topic

pytestmark = pytest.mark.usefixtures("app")


def test_an_empty_installation_gets_a_public_list_with_all_topics() -> None:
    assert sample.load(now=NOW) is True
    mailing_list = lists.public_list()
    assert mailing_list is not None
    assert (mailing_list.slug, mailing_list.name) == ("stay-informed", "Stay Informed")
    assert "Sample" in mailing_list.postal_address
    assert {topic.slug for topic in mailing_list.topics} == {
        *("news", "maternal-nutrition", "mms", "bep")
    }


def test_the_sample_library_has_something_of_every_kind_and_topic() -> None:
    sample.load(now=NOW)
    items = list(catalogue.all_items())
    assert len(items) >= 12
    assert {item.kind for item in items} == set(ItemKind)
    for topic in catalogue.topics():
        assert browsing.search_items(topic=topic.slug).total > 0
    assert len(browsing.regions()) == 3


def test_the_dated_facts_have_their_dates() -> None:
    sample.load(now=NOW)
    launch = catalogue.find_item("healthy-mothers-healthy-babies-consortium-launched")
    toolkit = catalogue.find_item("social-media-toolkit-for-the-mms-tag-guidance")
    assert launch.published_on == date(2021, 3, 10)
    assert toolkit.published_on == date(2025, 1, 20)
    assert catalogue.find_item("mission-and-objectives").published_on == NOW.date()


def test_the_links_of_the_sample_lead_to_a_reserved_name_only() -> None:
    sample.load(now=NOW)
    links = [item.url for item in catalogue.all_items() if item.url]
    assert len(links) > 10
    assert all(link.startswith("https://example.org/") for link in links)


def test_loading_twice_changes_nothing() -> None:
    sample.load(now=NOW)
    assert sample.load(now=NOW) is False
    assert db.session.scalar(sa.select(sa.func.count(MailingList.id))) == 1
    assert db.session.scalar(sa.select(sa.func.count(Item.id))) == len(ITEMS)


@pytest.mark.parametrize("make_something", [make_list, make_item, make_topic])
def test_nothing_is_mixed_into_what_somebody_has_begun(
    make_something: Callable[[], object],
) -> None:
    make_something()
    before = db.session.scalar(sa.select(sa.func.count(Item.id)))
    assert sample.load(now=NOW) is False
    assert db.session.scalar(sa.select(sa.func.count(Item.id))) == before
