"""flask mail receive, as a mail server uses it."""

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from newsletter.extensions import db
from newsletter.subscriptions import leaving_by_mail
from newsletter.subscriptions.models import Subscription, SubscriptionState
from tests.factories import make_list, make_subscription
from tests.subscriptions.test_leaving_by_mail import address, mail


@pytest.fixture
def subscription(app: Flask) -> Subscription:
    subscription = make_subscription(make_list())
    db.session.commit()
    return subscription


def receive(app: Flask, raw: bytes, *arguments: str) -> int:
    result = app.test_cli_runner().invoke(args=["mail", "receive", *arguments], input=raw)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code


def test_a_mail_is_taken_once_and_twice(app: Flask, subscription: Subscription) -> None:
    raw = mail(address(subscription.id)) + b"\r\nx" * 300_000
    assert [receive(app, raw), receive(app, raw)] == [0, 0]
    db.session.expire_all()
    assert subscription.state is SubscriptionState.UNSUBSCRIBED


def test_the_envelope_is_named_by_the_server(app: Flask, subscription: Subscription) -> None:
    assert receive(app, b"", "--to", address(subscription.id)) == 0
    db.session.expire_all()
    assert subscription.state is SubscriptionState.UNSUBSCRIBED


def test_a_mail_that_is_not_for_us_changes_nothing(app: Flask, subscription: Subscription) -> None:
    assert receive(app, mail("unsubscribe+1-9-aaaaaaaaaaaaaaaa@news.example.org")) == 65
    assert receive(app, b"") == 65
    report = 'Content-Type: multipart/report; boundary="b"'
    assert receive(app, mail(address(subscription.id), report)) == 0
    db.session.expire_all()
    assert subscription.state is SubscriptionState.CONFIRMED


def test_while_the_database_is_away_the_server_tries_again(
    app: Flask, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(leaving_by_mail, "leave", away)
    assert receive(app, mail(address(subscription.id))) == 75
