"""Who only asked to become a member or commented sees, takes along and deletes what is kept."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from newsletter import clock
from newsletter.addresses import parse
from newsletter.comments import commenting
from newsletter.comments.commenting import Thought
from newsletter.comments.models import Comment
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.membership.models import Member
from newsletter.subscriptions import earlier_addresses, managing, suppression
from newsletter.subscriptions.models import Subscriber, Subscription, Suppression, SuppressionReason
from tests.factories import make_item
from tests.membership.applicants import make_waiting
from tests.public.managing.conftest import count, fresh

MARY = "mary@example.org"


def apply() -> None:
    make_waiting(MARY, at=clock.now())
    db.session.commit()


def comment() -> None:
    item = make_item("with-comments")
    item.comments_until = clock.now().date()
    said = Thought(name="Mary", address=parse(MARY), text="Well done", language="en")
    commenting.add(item, said, now=clock.now())
    db.session.commit()


def open_own_page(client: FlaskClient) -> None:
    assert client.post("/manage", data={"address": "Mary@Example.org"}).status_code == 200
    newest = sa.select(OutboxMessage).where(OutboxMessage.kind == "manage")
    [mail] = db.session.scalars(newest)
    assert mail.recipient.lower() == MARY
    path = str(mail.facts["manage_url"]).removeprefix("https://news.example.org")
    db.session.rollback()
    assert client.post(path).status_code == 303


@pytest.mark.parametrize(("leave", "words"), [(apply, "Forty midwives"), (comment, "Well done")])
def test_they_get_a_link_and_all_that_is_kept(
    client: FlaskClient, subscription: Subscription, leave: Callable[[], None], words: str
) -> None:
    leave()
    open_own_page(client)
    page = client.get("/manage").text
    assert "You are on no list at the moment" in page and "Change the address" not in page
    assert words in client.get("/manage/data").text
    assert words in client.get("/manage/data.json").get_data(as_text=True)
    assert client.get("/manage/history").status_code == 200
    assert "Everything about you is deleted" in client.post("/manage/delete").text
    fresh()
    assert (count(Member), count(Comment), count(Subscriber)) == (0, 0, 1)
    assert db.session.scalars(sa.select(Suppression.reason)).one() is SuppressionReason.ERASED


def test_what_they_agreed_to_is_shown(client: FlaskClient, subscription: Subscription) -> None:
    apply()
    open_own_page(client)
    page = client.get("/manage/consent").text
    assert "You asked to become a member" in page and "We share the objectives" in page


def test_whoever_asks_cannot_tell(client: FlaskClient, subscription: Subscription) -> None:
    apply()
    names = (MARY, "none@example.org", "ada@example.org")
    answers = {client.post("/manage", data={"address": n}).text.replace(n, "") for n in names}
    assert len(answers) == 1


@pytest.mark.parametrize("closes", [True, False])
def test_looking_leaves_no_subscriber_behind(
    client: FlaskClient, subscription: Subscription, closes: bool
) -> None:
    apply()
    open_own_page(client)
    if closes:
        client.post("/manage/close")
    else:
        managing.forget_old(now=clock.now() + timedelta(hours=3))
        db.session.commit()
    fresh()
    assert db.session.scalars(sa.select(Subscriber.canonical)).all() == ["ada@example.org"]
    assert count(Member) == 1


def test_who_takes_a_list_there_stays(client: FlaskClient, subscription: Subscription) -> None:
    apply()
    open_own_page(client)
    client.post("/manage/lists/news/join")
    client.post("/manage/close")
    fresh()
    assert count(Subscriber) == 2


def test_an_address_that_a_reader_left_gets_no_link(
    app: Flask, client: FlaskClient, subscription: Subscription
) -> None:
    """Its mailbox may be anybody's today, and what came from it is the reader's."""
    apply()
    earlier_addresses.remember(subscription.subscriber, suppression.address_hmac(MARY))
    db.session.commit()
    assert client.post("/manage", data={"address": MARY}).status_code == 200
    mailed = sa.select(OutboxMessage).where(OutboxMessage.kind == "manage")
    assert db.session.scalars(mailed).all() == []


def test_who_is_never_mailed_gets_no_link(client: FlaskClient, subscription: Subscription) -> None:
    apply()
    reason = SuppressionReason.COMPLAINT
    suppression.suppress(parse(MARY), reason=reason, note="", now=clock.now())
    db.session.commit()
    assert client.post("/manage", data={"address": MARY}).status_code == 200
    mailed = sa.select(OutboxMessage).where(OutboxMessage.kind == "manage")
    assert db.session.scalars(mailed).all() == []
