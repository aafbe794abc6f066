"""flask mail: receive, as a mail server uses it, and collect, as cron does."""

from pathlib import Path

import pytest
from click.testing import Result
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


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / "mail" / name).mkdir(parents=True)
    return tmp_path / "mail"


def collect(app: Flask, maildir: Path) -> Result:
    return app.test_cli_runner().invoke(args=["mail", "collect", str(maildir)])


def test_a_maildir_is_emptied_of_what_asks_and_the_rest_is_kept(
    app: Flask, subscription: Subscription, maildir: Path
) -> None:
    (maildir / "new/1.wish").write_bytes(mail(address(subscription.id)))
    (maildir / "new/2.letter").write_bytes(mail("news@news.example.org"))
    report = 'Content-Type: multipart/report; boundary="b"'
    (maildir / "new/3.report").write_bytes(mail(address(subscription.id), report))
    for asked in (1, 0):
        result = collect(app, maildir)
        assert (result.exit_code, result.output) == (
            0,
            f"Mails that asked to be unsubscribed: {asked}\n",
        )
        assert list((maildir / "new").iterdir()) == []
        assert {path.name for path in (maildir / "cur").iterdir()} == {
            "2.letter:2,S",
            "3.report:2,S",
        }
    db.session.expire_all()
    assert subscription.state is SubscriptionState.UNSUBSCRIBED


def test_while_the_database_is_away_the_maildir_stays_as_it_is(
    app: Flask, subscription: Subscription, maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(leaving_by_mail, "leave", away)
    (maildir / "new/1.wish").write_bytes(mail(address(subscription.id)))
    assert collect(app, maildir).exit_code == 75
    assert [path.name for path in (maildir / "new").iterdir()] == ["1.wish"]
