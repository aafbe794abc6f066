"""Comments on the page of an item: read, dealt with once, deleted, taken along."""

import csv
import io
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.accounts import RoleName
from newsletter.addresses import parse
from newsletter.comments import commenting
from newsletter.comments.commenting import Thought
from newsletter.comments.models import Comment
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_item, make_list

ITEM = "/desk/library/item/guidance-on-mms"


@pytest.fixture(autouse=True)
def comment(app: Flask) -> Iterator[Comment]:
    """What a reader said about an item."""
    make_list().reply_to = "secretariat@example.org"
    item = make_item()
    item.comments_until = NOW.date()
    thought = Thought("=Mary", parse("mary@example.org"), "=1+1\n<script>alert(1)</script>", "en")
    said = commenting.add(item, thought, now=NOW)
    db.session.commit()
    yield said
    db.session.rollback()


def test_what_nobody_dealt_with_is_on_the_first_page_and_on_the_items(browser: Browser) -> None:
    home = browser.get("/desk/").text
    assert "1 comment waits to be dealt with." in home
    assert f'href="{ITEM}#comments"' in home
    page = browser.get(ITEM).text
    assert "mary@example.org" in page
    assert "<script>alert" not in page


def test_it_is_dealt_with_once(app: Flask, browser: Browser) -> None:
    assert browser.post(f"{ITEM}/comments/1/done").status_code == 303
    assert "Mark as dealt with" not in browser.get(ITEM).text
    other = signed_in(app, make_editor("olga@example.org", name="Olga"))
    answer = other.post(f"{ITEM}/comments/1/done")
    assert "Edith (editor" in other.get(answer.headers["Location"]).text
    assert "comment waits" not in browser.get("/desk/").text
    assert "dealt with comment 1" in browser.get("/desk/log/").text


def test_deleting_takes_the_mail_that_waits_along(browser: Browser) -> None:
    assert browser.post(f"{ITEM}/comments/1/delete").status_code == 303
    assert db.session.scalars(sa.select(Comment)).all() == []
    assert db.session.scalars(sa.select(OutboxMessage)).all() == []
    db.session.rollback()
    assert browser.post(f"{ITEM}/comments/1/delete").status_code == 404


def test_the_number_has_to_be_of_that_item(browser: Browser) -> None:
    make_item("another", title="Another")
    assert browser.post("/desk/library/item/another/comments/1/delete").status_code == 404


def test_the_file_runs_nothing_in_a_spreadsheet(browser: Browser) -> None:
    answer = browser.post(f"{ITEM}/comments.csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    [row] = csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert row["name"] == "'=Mary"
    assert row["comment"].startswith("'=1+1\n")


def test_authors_do_not_read_what_readers_wrote(app: Flask) -> None:
    author = signed_in(app, make_editor("author@example.org", role=RoleName.AUTHOR))
    assert "mary@example.org" not in author.get(ITEM).text
    assert "comment waits" not in author.get("/desk/").text
    for path in ("comments/1/done", "comments/1/delete", "comments.csv"):
        assert author.post(f"{ITEM}/{path}").status_code == 403


def test_an_item_asks_until_a_day_in_words_of_its_own(app: Flask, browser: Browser) -> None:
    page = browser.get(ITEM).text
    assert f'value="{NOW.date()}"' in page
    typed = {
        "kind": "news",
        "title": "Guidance",
        "summary": "Short",
        "body": "Long",
        "language": "en",
        "comments_until": "2027-04-01",
        "comments_invitation": "Does it fit?",
    }
    assert browser.post(ITEM, typed).status_code == 303
    page = browser.get(ITEM).text
    assert 'value="2027-04-01"' in page and "Does it fit?" in page
    refused = browser.post(ITEM, {**typed, "comments_until": "tomorrow"})
    assert refused.status_code == 422 and 'id="comments_until-error"' in refused.text
