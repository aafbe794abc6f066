"""Mailing lists and topics, as an admin sees them."""

from datetime import timedelta

import pytest
from flask import Flask

from newsletter import clock
from newsletter.accounts import RoleName
from newsletter.extensions import db
from newsletter.library import catalogue
from newsletter.membership import audience
from newsletter.subscriptions import growth, lists
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_list, make_subscription, make_topic

FACTS = {
    "slug": "country-news",
    "name": "Country News",
    "description": "",
    "from_name": "",
    "from_address": "",
    "reply_to": "",
    "postal_address": "1 Example Street, 10115 Sample Town",
    "default_language": "fr",
    "zone": "Africa/Nairobi",
}


@pytest.fixture
def browser(app: Flask) -> Browser:
    make_topic()
    return signed_in(app, make_editor(role=RoleName.ADMIN))


def test_a_list_is_added_with_its_topics(browser: Browser) -> None:
    answer = browser.post("/desk/lists/new", {**FACTS, "topics": ["mms"], "is_public": ["yes"]})
    assert answer.headers["Location"] == "/desk/lists/country-news"
    added = lists.get_list("country-news")
    assert added.is_public
    assert added.default_language == "fr"
    assert added.zone == "Africa/Nairobi"
    assert [topic.slug for topic in added.topics] == ["mms"]
    assert "country-news@news.example.org" in browser.get("/desk/lists/country-news").text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "Country News"}, "slug"),
        ({"slug": "news"}, "slug"),
        ({"name": " "}, "name"),
        ({"from_address": "not an address"}, "from_address"),
        ({"reply_to": "a@b, c@d"}, "reply_to"),
        ({"postal_address": "x" * 301}, "postal_address"),
        ({"default_language": "klingon!"}, "default_language"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"topics": ["no-such"]}, "topics"),
    ],
)
def test_what_cannot_be_a_list_is_refused_at_its_field_and_nothing_is_kept(
    browser: Browser, change: dict[str, str], field: str
) -> None:
    make_list("news")
    answer = browser.post("/desk/lists/new", {**FACTS, **change})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert [row.slug for row in lists.all_lists()] == ["news"]


def test_a_list_is_changed_but_for_its_short_name(browser: Browser) -> None:
    make_list("news")
    answer = browser.post(
        "/desk/lists/news", {**FACTS, "name": "Renamed", "from_address": "office@example.org"}
    )
    assert answer.headers["Location"] == "/desk/lists/news"
    db.session.expire_all()
    changed = lists.get_list("news")
    assert (changed.name, changed.from_address) == ("Renamed", "office@example.org")
    assert not changed.is_public


def test_the_list_of_the_members_never_becomes_public(browser: Browser) -> None:
    make_list("inner-circle", is_public=False)
    audience.choose("inner-circle")
    db.session.commit()
    path = "/desk/lists/inner-circle"
    answer = browser.post(path, {**FACTS, "is_public": ["yes"]})
    assert answer.status_code == 422
    assert "This is the members’ list" in answer.text
    assert not lists.get_list("inner-circle").is_public
    db.session.rollback()
    assert browser.post(path, FACTS).status_code == 303


def test_half_a_change_of_a_list_is_no_change(browser: Browser) -> None:
    make_list("news")
    answer = browser.post("/desk/lists/news", {**FACTS, "name": "Renamed", "reply_to": "nobody"})
    assert answer.status_code == 422
    assert 'value="Renamed"' in answer.text
    db.session.expire_all()
    assert lists.get_list("news").name == "Stay Informed"


def test_an_unknown_list_is_not_found(browser: Browser) -> None:
    assert browser.get("/desk/lists/no-such").status_code == 404


def test_a_topic_is_added_once(browser: Browser) -> None:
    fields = {"slug": "bep", "name": "BEP"}
    assert browser.post("/desk/topics/new", fields).status_code == 303
    assert [topic.slug for topic in catalogue.topics()] == ["bep", "mms"]
    again = browser.post("/desk/topics/new", fields)
    assert again.status_code == 422
    assert 'id="slug-error"' in again.text


def test_a_list_shows_how_it_grew(browser: Browser) -> None:
    news = make_list()
    make_subscription(news, at=clock.now() - timedelta(days=3))
    growth.count_days(now=clock.now())
    page = browser.get("/desk/lists/").text
    assert '<td class="number" data-label="Joined in 30 days:">1</td>' in page
    page = browser.get("/desk/lists/news").text
    assert "<dt>joined in 30 days</dt><dd>1</dd>" in page
    assert 'id="growth-title"' in page


def test_a_list_may_want_a_second_person_before_an_issue_is_sent(browser: Browser) -> None:
    news = make_list()
    path = f"/desk/lists/{news.slug}"
    for ticked, kept in ((["yes"], True), ([], False)):
        answer = browser.post(path, {**FACTS, "needs_approval": ticked})
        assert answer.status_code == 303
        db.session.expire_all()
        assert news.needs_approval is kept
    assert "has to approve it" in browser.get(path).text
