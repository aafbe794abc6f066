"""“Share your thoughts”: until a day, for the secretariat, never published."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser
from werkzeug.test import TestResponse

from newsletter import clock
from newsletter.accounts import RoleName
from newsletter.comments.models import Comment
from newsletter.extensions import db
from newsletter.library.models import Item
from newsletter.mail.models import OutboxMessage
from tests.factories import make_editor, make_item, make_list

PATH = "/library/guidance-on-mms"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg onload=alert(1)>",
    "{{ 7331 * 1999 }} javascript:alert(1)",
)

TYPED = {"name": "Mary", "address": "mary@example.org", "comment": "The table\nneeds a unit."}


@pytest.fixture(autouse=True)
def item(app: Flask) -> Iterator[Item]:
    """An item that asks, and a list whose answers go to the secretariat."""
    make_list().reply_to = "secretariat@example.org"
    item = make_item()
    item.comments_until = clock.now().date()
    db.session.commit()
    yield item
    db.session.rollback()


def say(client: FlaskClient, **changes: str) -> TestResponse:
    return client.post(f"{PATH}/comments", data={**TYPED, **changes})


def test_a_comment_is_kept_mailed_and_not_published(client: FlaskClient) -> None:
    answer = say(client)
    assert answer.status_code == 200
    assert "It is not published" in answer.text
    comment = db.session.scalars(sa.select(Comment)).one()
    assert (comment.name, comment.text) == ("Mary", "The table\nneeds a unit.")
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    assert (mail.kind, mail.recipient) == ("comment", "secretariat@example.org")
    assert mail.facts["text"] == comment.text
    db.session.rollback()
    page = client.get(PATH)
    assert "needs a unit" not in page.text
    assert "Set-Cookie" not in page.headers


def test_without_an_address_for_answers_it_goes_to_the_admins(
    client: FlaskClient, item: Item
) -> None:
    db.session.execute(sa.text("UPDATE mailing_list SET reply_to = ''"))
    make_editor("admin@example.org", role=RoleName.ADMIN, has_joined=True)
    make_editor("edith@example.org", has_joined=True)
    db.session.commit()
    say(client)
    assert db.session.scalars(sa.select(OutboxMessage.recipient)).all() == ["admin@example.org"]


@pytest.mark.parametrize(
    ("invited", "told"), [(True, "admin@example.org"), (False, "news@news.example.org")]
)
def test_it_is_mailed_to_somebody_before_any_admin_has_joined(
    client: FlaskClient, invited: bool, told: str
) -> None:
    db.session.execute(sa.text("UPDATE mailing_list SET reply_to = ''"))
    if invited:
        make_editor("admin@example.org", role=RoleName.ADMIN)
    db.session.commit()
    say(client)
    assert db.session.scalars(sa.select(OutboxMessage.recipient)).all() == [told]


def test_the_same_words_again_are_one_comment(client: FlaskClient) -> None:
    pages = {say(client).text for _ in range(3)}
    say(client, comment="Something else")
    assert len(pages) == 1
    assert len(db.session.scalars(sa.select(Comment)).all()) == 2
    assert len(db.session.scalars(sa.select(OutboxMessage)).all()) == 2


def test_the_item_says_its_own_words_and_when_it_is_over(client: FlaskClient, item: Item) -> None:
    assert "What do you think of it?" in client.get(PATH).text
    item.comments_invitation = "Does it fit <b>your</b> clinic?"
    db.session.commit()
    assert "Does it fit &lt;b&gt;your&lt;/b&gt; clinic?" in client.get(PATH).text
    item.comments_until = clock.now().date() - timedelta(days=2)
    db.session.commit()
    page = client.get(PATH).text
    assert "Nothing more is taken here" in page and "<textarea" not in page
    assert say(client).status_code == 409
    assert db.session.scalars(sa.select(Comment)).all() == []


def test_an_item_that_never_asked_has_no_form_and_takes_nothing(
    client: FlaskClient, item: Item
) -> None:
    item.comments_until = None
    db.session.commit()
    assert "<textarea" not in client.get(PATH).text
    assert say(client).status_code == 409
    assert client.post("/library/no-such-item/comments", data=TYPED).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"comment": " "}, "comment", "Write what you think"),
        ({"comment": "x" * 5_001}, "comment", "5,001 characters; it may have 5,000"),
        ({"name": "x" * 201}, "name", "it may have 200"),
        ({"address": "mary"}, "address", "has one @"),
        ({"address": "news@news.example.org"}, "address", "belongs to us"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    client: FlaskClient, changes: dict[str, str], field: str, sentence: str
) -> None:
    answer = say(client, **changes)
    assert answer.status_code == 422
    page = LexborHTMLParser(answer.text)
    error = page.css_first(f"#{field}-error")
    assert error is not None and sentence in error.text()
    typed = page.css_first("#comment")
    assert typed is not None and typed.text().strip() == ({**TYPED, **changes})["comment"].strip()
    assert db.session.scalars(sa.select(Comment)).all() == []


def test_who_fills_every_field_gets_the_same_page_and_nothing_else(client: FlaskClient) -> None:
    caught = say(client, website="https://example.org")
    assert db.session.scalars(sa.select(Comment)).all() == []
    db.session.rollback()
    assert caught.text == say(client).text


def test_a_network_writes_twenty_times_an_hour(client: FlaskClient) -> None:
    assert [say(client).status_code for _ in range(21)] == [200] * 20 + [429]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_typed_is_shown_and_never_run(client: FlaskClient, hostile: str) -> None:
    plain = LexborHTMLParser(client.get(PATH).text)
    page = LexborHTMLParser(say(client, name=hostile, comment=hostile, address=hostile).text)
    for tags in ("script", "img", "svg", "iframe", "a[href^=javascript]", "[onload], [onerror]"):
        assert len(page.css(tags)) == len(plain.css(tags))
