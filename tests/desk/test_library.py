"""Items in the desk: added, changed, withdrawn, restored."""

import pytest
from flask import Flask

from newsletter.extensions import db
from newsletter.library import browsing, catalogue
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_item, make_topic

FACTS = {
    "kind": "guidance",
    "title": "Guidance on supplements",
    "summary": "What to give, and when.",
    "url": "https://example.org/guidance",
    "body": "",
    "published_on": "2025-01-20",
    "region": "Global",
    "language": "en",
}


@pytest.fixture
def browser(app: Flask) -> Browser:
    make_topic()
    return signed_in(app, make_editor())


def test_an_item_is_added_and_shown(browser: Browser) -> None:
    answer = browser.post("/desk/library/new", {**FACTS, "topics": ["mms"]})
    assert answer.headers["Location"] == "/desk/library/item/guidance-on-supplements"
    item = catalogue.find_item("guidance-on-supplements")
    assert [topic.slug for topic in item.topics] == ["mms"]
    page = browser.get("/desk/library/item/guidance-on-supplements").text
    assert 'value="2025-01-20"' in page
    assert 'value="mms" checked' in page
    assert "Guidance on supplements" in browser.get("/desk/library/?q=supplements").text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "poem"}, "kind"),
        ({"title": " "}, "title"),
        ({"summary": ""}, "summary"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "", "body": ""}, "url"),
        ({"published_on": "yesterday"}, "published_on"),
        ({"language": "Klingon!"}, "language"),
        ({"topics": ["no-such-topic"]}, "topics"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    browser: Browser, change: dict[str, str], field: str
) -> None:
    answer = browser.post("/desk/library/new", {**FACTS, **change})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert browsing.search_items().total == 0


def test_an_item_is_changed_and_keeps_its_address(browser: Browser) -> None:
    make_item()
    answer = browser.post("/desk/library/item/guidance-on-mms", {**FACTS, "title": "New title"})
    assert answer.headers["Location"] == "/desk/library/item/guidance-on-mms"
    db.session.expire_all()
    assert catalogue.find_item("guidance-on-mms").title == "New title"
    refused = browser.post("/desk/library/item/guidance-on-mms", {**FACTS, "title": ""})
    assert refused.status_code == 422


def test_an_item_is_withdrawn_and_restored(browser: Browser) -> None:
    item = make_item()
    assert browser.post("/desk/library/item/guidance-on-mms/withdraw").status_code == 303
    db.session.expire_all()
    assert item.withdrawn_at is not None
    assert "Withdrawn" in browser.get("/desk/library/").text
    assert browser.post("/desk/library/item/guidance-on-mms/restore").status_code == 303
    db.session.expire_all()
    assert item.withdrawn_at is None


@pytest.mark.parametrize("page", ["?page=0", "?page=99999999999999999999", "?kind=poem", "?q=%00"])
def test_strange_searches_are_answered_calmly(browser: Browser, page: str) -> None:
    assert browser.get(f"/desk/library/{page}").status_code in (200, 400)


def test_an_unknown_item_is_not_found(browser: Browser) -> None:
    assert browser.get("/desk/library/item/no-such").status_code == 404
    assert browser.post("/desk/library/item/no-such", FACTS).status_code == 404
