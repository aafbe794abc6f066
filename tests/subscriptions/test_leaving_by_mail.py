"""Leaving by mail: the token in the address decides, and nothing else does (STANDARDS L11, B01)."""

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.errors import DeadLink
from newsletter.extensions import db
from newsletter.subscriptions import leaving_by_mail
from newsletter.subscriptions.models import (
    ConsentEvent,
    EndedReason,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)
from tests.conftest import NOW
from tests.factories import make_list, make_subscription

DOMAIN = "news.example.org"
LARGEST = 2**63 - 1


def address(subscription_id: int, delivery_id: int = 9) -> str:
    token = leaving_by_mail.stamp()(subscription_id, delivery_id).decode()
    return f"unsubscribe+{token}@{DOMAIN}"


def mail(to: str, *more: str, field: str = "To") -> bytes:
    head = (f"{field}: {to}", "From: somebody@elsewhere.example", "Subject: unsubscribe", *more)
    return "\r\n".join((*head, "", "unsubscribe")).encode()


@pytest.fixture
def subscription(app: Flask) -> Subscription:
    return make_subscription(make_list())


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("Auto-Submitted: auto-replied", "X-Apple-Unsubscribe: true"),
        ("Precedence: bulk", "X-Auto-Response-Suppress: All"),
    ],
)
def test_a_mail_to_the_address_stops_the_list_and_again_is_harmless(
    subscription: Subscription, more: tuple[str, ...]
) -> None:
    raw = mail(address(subscription.id), *more)
    assert not leaving_by_mail.is_report(raw)
    for _ in range(2):
        leaving = leaving_by_mail.find(raw)
        leaving_by_mail.leave(leaving, issue_id=None, now=NOW)
    assert subscription.state is SubscriptionState.UNSUBSCRIBED
    [interval] = db.session.scalars(sa.select(SubscriptionInterval)).all()
    assert interval.ended_reason is EndedReason.MAILTO
    [event] = db.session.scalars(sa.select(ConsentEvent)).all()
    assert (event.page, event.detail) == ("mailto", "mailto, delivery 9")


@pytest.mark.parametrize("field", leaving_by_mail.ADDRESSED)
def test_the_address_is_read_where_mail_servers_write_it(
    subscription: Subscription, field: str
) -> None:
    folded = f"Somebody\r\n <{address(subscription.id).upper()}>"
    assert leaving_by_mail.find(mail(folded, field=field)).subscription is subscription


def test_the_envelope_beats_the_head(subscription: Subscription) -> None:
    other = make_subscription(subscription.mailing_list, "grace@example.org")
    raw = mail(address(subscription.id))
    assert leaving_by_mail.find(raw, address(other.id)).subscription is other
    with pytest.raises(DeadLink):
        leaving_by_mail.find(raw, "unsubscribe@news.example.org")


def test_the_local_part_fits_whatever_the_numbers_are(app: Flask) -> None:
    local = address(LARGEST, LARGEST).rpartition("@")[0]
    assert len(local) <= 64
    assert local == local.lower()
    assert leaving_by_mail.find(b"", f"{local}@{DOMAIN}").subscription is None


def test_no_changed_letter_is_forgiven(subscription: Subscription) -> None:
    good = address(subscription.id)
    start, end = len("unsubscribe+"), good.index("@")
    for place in range(start, end):
        for letter in "0123456789abcdefghijklmnopqrstuvwxyz-":
            if letter != good[place]:
                with pytest.raises(DeadLink):
                    leaving_by_mail.find(b"", good[:place] + letter + good[place + 1 :])
    for bad in (good[: end - 1] + good[end:], good[:end] + "a" + good[end:], "", "@", "a@b"):
        with pytest.raises(DeadLink):
            leaving_by_mail.find(mail("x@y.example"), bad)


def test_who_it_is_from_and_what_it_says_mean_nothing(subscription: Subscription) -> None:
    raw = mail("news@news.example.org") + address(subscription.id).encode()
    raw = raw.replace(b"somebody@elsewhere.example", subscription.subscriber.address.encode())
    with pytest.raises(DeadLink):
        leaving_by_mail.find(raw)
    with pytest.raises(DeadLink):
        leaving_by_mail.find(mail("a@b.example", f"Reply-To: {address(subscription.id)}"))


def test_addresses_outlive_a_change_of_keys(app: Flask, subscription: Subscription) -> None:
    before = address(subscription.id)
    app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
    app.config["SECRET_KEY"] = "the key that came after it, also long enough"
    assert leaving_by_mail.find(b"", before).subscription is subscription
    assert address(subscription.id) != before


@pytest.mark.parametrize("raw", [b"", b"\0" * 100, b"\xff\xfe" * 500, b"To: " + b"a" * 500_000])
def test_what_is_no_mail_is_nothing_for_us(app: Flask, raw: bytes) -> None:
    assert not leaving_by_mail.is_report(raw)
    with pytest.raises(DeadLink):
        leaving_by_mail.find(raw)


def test_a_report_on_a_mail_is_no_wish(subscription: Subscription) -> None:
    report = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"'
    assert leaving_by_mail.is_report(mail(address(subscription.id), report))
