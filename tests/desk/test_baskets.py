"""Choosing items: what is new, what was sent, and what an issue begins with."""

from datetime import date, timedelta

import pytest
from flask import Flask

from newsletter.accounts import bind_to_lists
from newsletter.issues import composing
from newsletter.issues.composition import BlockKind
from newsletter.issues.models import IssueState
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.desk.forms import fields_of
from tests.factories import make_editor, make_item, make_list, make_topic


def test_the_basket_has_what_is_new_since_the_last_issue_by_topic(browser: Browser) -> None:
    mms, bep = make_topic("mms", "MMS"), make_topic("bep", "BEP")
    news = make_list(topics=(mms, bep))
    make_item("old", title="The old one", published_on=date(2026, 12, 1), topics=(mms,))
    last = composing.create_issue(news, subject="Last", items=["old"], by=None, now=NOW)
    last.begun_at, last.state = NOW - timedelta(days=7), IssueState.SENT
    for item in (make_item("a", title="New on BEP", topics=(bep,)), make_item("b", title="Also")):
        item.published_on, item.updated_at = date(2027, 2, 25), NOW
    composing.find_items(["old"])[0].updated_at = NOW - timedelta(days=30)
    page = browser.get("/desk/issues/new").text
    assert "The old one" not in page
    assert page.index("<legend>BEP</legend>") < page.index("New on BEP")
    assert page.index("<legend>Without a topic</legend>") < page.index("Also")
    everything = browser.get("/desk/issues/new?all=yes").text
    assert "The old one" in everything
    assert f"sent in issue {last.id} (22 February 2027)" in everything


def test_nothing_is_ticked_beforehand_and_nothing_has_to_be(browser: Browser) -> None:
    make_list()
    make_item("one")
    page = browser.get("/desk/issues/new").text
    assert "checked" not in page
    answer = browser.post("/desk/issues/new", {"mailing_list": "news"})
    assert answer.status_code == 303
    assert composing.current(composing.find_issue(1)).blocks == ()


def test_a_heading_stands_above_the_items_of_each_topic_if_wished(browser: Browser) -> None:
    topic = make_topic("mms", "MMS")
    make_list()
    make_item("one", topics=(topic,))
    make_item("two")
    fields = {"mailing_list": "news", "items": ["one", "two"], "headings": "yes"}
    browser.post("/desk/issues/new", fields)
    blocks = composing.current(composing.find_issue(1)).blocks
    assert [block.kind for block in blocks] == [BlockKind.HEADING, BlockKind.ITEM, BlockKind.ITEM]
    assert blocks[0].says("en").title == "MMS"


def test_items_are_added_to_an_issue_and_none_twice(browser: Browser) -> None:
    news = make_list()
    for slug in ("one", "two"):
        make_item(slug, title=f"Item {slug}")
    issue = composing.create_issue(news, subject="S", items=["one"], by=None, now=NOW)
    path = f"/desk/issues/{issue.id}/basket"
    page = browser.get(path).text
    assert "in this issue" in page
    assert 'value="one"' not in page
    assert browser.post(path, {"items": ["one", "two"]}).status_code == 303
    assert composing.current(issue).slugs == ("one", "two")


def test_a_withdrawn_item_is_not_offered(browser: Browser) -> None:
    make_list()
    make_item("gone", title="No longer").withdrawn_at = NOW
    assert "No longer" not in browser.get("/desk/issues/new").text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"mailing_list": "nowhere"},
        {"mailing_list": "news", "items": ["nothing"]},
        {"mailing_list": "news", "items": ["x' OR 1=1 --"]},
        {"mailing_list": "news", "items": [f"i{number}" for number in range(150)]},
    ],
)
def test_what_cannot_be_chosen_begins_no_issue(
    browser: Browser, fields: dict[str, str | list[str]]
) -> None:
    make_list()
    assert browser.post("/desk/issues/new", fields).status_code == 422
    assert composing.newest_issues() == []


def test_an_editor_of_one_list_chooses_for_that_list(app: Flask) -> None:
    news, other = make_list(), make_list("other", name="The other list")
    editor = make_editor("bound@example.org")
    bind_to_lists(editor, [news.id])
    bound = signed_in(app, editor)
    assert other.name not in bound.get("/desk/issues/new").text
    assert bound.get("/desk/issues/new?list=other").status_code == 404
    assert bound.post("/desk/issues/new", {"mailing_list": "other"}).status_code == 422


def test_without_a_list_a_new_issue_says_what_is_missing(browser: Browser) -> None:
    assert "An admin adds one under Lists" in browser.get("/desk/issues/new").text


def test_a_new_issue_for_a_topic_has_what_is_new_to_its_readers(browser: Browser) -> None:
    mms, bep = make_topic("mms", "MMS"), make_topic("bep", "BEP")
    news = make_list(topics=(mms, bep))
    for topics, days in (((), 20), ((bep,), 2)):
        slugs = [topic.slug for topic in topics]
        before = composing.create_issue(news, subject="S", topics=slugs, by=None, now=NOW)
        before.begun_at, before.state = NOW - timedelta(days=days), IssueState.SENT
    item = make_item("between", title="In between", published_on=NOW.date() - timedelta(days=9))
    item.updated_at = NOW - timedelta(days=9)
    assert "In between" not in browser.get("/desk/issues/new").text
    assert "In between" not in browser.get("/desk/issues/new?topics=bep").text
    page = browser.get("/desk/issues/new?topics=mms").text
    assert "In between" in page
    assert "since the last issue to readers of these topics" in page
    fields = {**fields_of(page, "main form[method=post]"), "items": "between"}
    answer = browser.post("/desk/issues/new", fields)
    issue = composing.find_issue(int(answer.headers["Location"].rpartition("/")[2]))
    assert [topic.slug for topic in issue.topics] == ["mms"]


def test_a_basket_that_does_not_show_all_says_so_and_shows_more(browser: Browser) -> None:
    news = make_list()
    for number in range(130):
        make_item(f"item-{number}", title=f"Item {number}.")
    issue = composing.create_issue(news, subject="S", by=None, now=NOW)
    for path in ("/desk/issues/new", f"/desk/issues/{issue.id}/basket"):
        page = browser.get(path).text
        assert "These are the newest 100; there are more." in page
        fields = fields_of(page, "main form[method=post]")
        more = browser.post(path, {**fields, "items": "item-129", "do": "more"})
        assert more.status_code == 200
        assert more.text.count('name="items"') == 130
        assert 'value="item-129" checked' in more.text
        assert "there are more" not in more.text
