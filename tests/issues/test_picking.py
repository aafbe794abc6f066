"""The basket, what was sent before, and what changed since it was picked."""

from datetime import date, timedelta

from flask import Flask

from newsletter.issues import composing, picking
from newsletter.issues.models import Issue
from newsletter.library import catalogue
from newsletter.subscriptions.models import MailingList
from tests.conftest import NOW
from tests.factories import make_item, make_list, make_topic

LATER = NOW + timedelta(hours=1)


def sent(mailing_list: MailingList, *items: str, days_ago: int = 7) -> Issue:
    issue = composing.create_issue(mailing_list, items=items, by=None, now=NOW)
    issue.begun_at = NOW - timedelta(days=days_ago)
    return issue


def slugs(basket: picking.Basket) -> list[str]:
    return [choice.item.slug for choice in basket.choices]


def test_without_an_issue_before_everything_is_new(app: Flask) -> None:
    make_item("old", published_on=date(2020, 1, 1))
    basket = picking.basket(make_list())
    assert (basket.since, slugs(basket), basket.has_older) == (None, ["old"], False)


def test_what_was_published_or_changed_since_is_offered(app: Flask) -> None:
    news = make_list()
    for slug in ("untouched", "changed", "fresh"):
        make_item(slug, published_on=date(2020, 1, 1)).updated_at = NOW - timedelta(days=90)
    catalogue.find_items(["changed"])[0].updated_at = NOW
    catalogue.find_items(["fresh"])[0].published_on = NOW.date()
    last = sent(news)
    basket = picking.basket(news)
    assert basket.since == last.begun_at
    assert sorted(slugs(basket)) == ["changed", "fresh"]
    assert len(slugs(picking.basket(news, everything=True))) == 3


def test_an_issue_to_other_topics_or_another_list_does_not_count(app: Flask) -> None:
    mms, bep = make_topic("mms"), make_topic("bep")
    news = make_list(topics=(mms, bep))
    sent(make_list("other"), days_ago=1)
    of_bep = sent(news, days_ago=2)
    of_bep.topics = [bep]
    of_all = sent(news, days_ago=5)
    assert picking.last_issue_at(news, topics=[mms]) == of_all.begun_at
    assert picking.last_issue_at(news) == of_bep.begun_at


def test_a_correction_is_no_issue_that_things_are_new_since(app: Flask) -> None:
    news = make_list()
    last = sent(news)
    sent(news, days_ago=1).corrects_id = last.id
    assert picking.last_issue_at(news) == last.begun_at


def test_what_was_sent_says_where_and_when(app: Flask) -> None:
    news = make_list()
    item = make_item("one")
    first, second = sent(news, "one", days_ago=9), sent(news, "one", days_ago=2)
    sent(make_list("other"), "one")
    composing.create_issue(news, items=["one"], by=None, now=NOW)
    found = picking.sent_in(news, [item.id])[item.id]
    assert [one.number for one in found] == [first.id, second.id]
    assert found[0].at == first.begun_at
    assert picking.sent_in(news, [item.id], besides=second)[item.id] == found[:1]


def test_a_change_is_drift_until_somebody_decides(app: Flask) -> None:
    item = make_item("one", title="As it was")
    issue = composing.create_issue(make_list(), items=["one"], by=None, now=NOW)
    whole = composing.current(issue)
    assert picking.drifted(whole, picking.items_of(whole)) == []
    catalogue.change_item(item, region="Asia", now=LATER)
    # Nothing that a reader sees is different.
    assert picking.drifted(whole, picking.items_of(whole)) == []
    catalogue.change_item(item, title="As it is", now=LATER)
    [drift] = picking.drifted(whole, picking.items_of(whole))
    assert (drift.is_withdrawn, drift.now) == (False, item)
    kept = drift.block.item
    assert kept is not None
    left = picking.left_as_it_was(kept, item)
    assert left.title == "As it was"
    assert not picking._is_changed(left, item)
    assert picking.picked(item).title == "As it is"


def test_a_withdrawn_item_is_drift(app: Flask) -> None:
    item = make_item("one")
    issue = composing.create_issue(make_list(), items=["one"], by=None, now=NOW)
    item.withdrawn_at = NOW
    whole = composing.current(issue)
    [drift] = picking.drifted(whole, picking.items_of(whole))
    assert drift.is_withdrawn
    [gone] = picking.drifted(whole, {})
    assert gone.is_withdrawn
