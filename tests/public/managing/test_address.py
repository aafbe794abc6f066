"""Another address: proved at the new one, told to the old one, merged with nobody's."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from newsletter import clock, links
from newsletter.addresses import parse
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import address_change, suppression
from newsletter.subscriptions.address_change import ReaderAddressChange
from newsletter.subscriptions.models import (
    ConsentEvent,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from tests.factories import make_list, make_subscription
from tests.public.managing.conftest import count, fresh, mailed_link, open_page

NEW = "ada@new.example"


def mails() -> dict[str, OutboxMessage]:
    return {mail.kind: mail for mail in db.session.scalars(sa.select(OutboxMessage))}


def path_in(mail: OutboxMessage, fact: str) -> str:
    return str(mail.facts[fact]).removeprefix("https://news.example.org")


def ask(client: FlaskClient, address: str = NEW) -> str:
    answer = client.post("/manage/address", data={"address": address})
    assert answer.status_code == 200
    return answer.text.replace(address, "ADDRESS")


def test_it_counts_once_the_new_mailbox_proved_it(client: FlaskClient, reader: Subscriber) -> None:
    ask(client)
    known = mails()
    assert known["new-address"].recipient == NEW
    assert known["address-changing"].recipient == "ada@example.org"
    assert NEW not in str(known["address-changing"].facts)
    path = path_in(known["new-address"], "confirm_url")
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.open(path, method=method).status_code == 200
    fresh()
    assert reader.address == "ada@example.org"
    for _ in range(2):
        assert "This address counts now" in client.post(path).text
    fresh()
    assert (reader.address, reader.canonical) == (NEW, NEW)
    assert reader.address_hmac == suppression.address_hmac(NEW)
    details = db.session.scalars(sa.select(ConsentEvent.detail)).all()
    assert details == ["address changed"]


def test_links_in_the_old_mailbox_die_but_for_those_to_leave(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    pending = Subscription(
        subscriber=reader,
        mailing_list=make_list("events"),
        state=SubscriptionState.PENDING,
        requested_at=clock.now(),
    )
    db.session.add(pending)
    db.session.flush()
    token = links.CONFIRM.token(f"{pending.id}-{pending.wish}", now=clock.now())
    old_link = mailed_link(reader)
    ask(client)
    client.post(path_in(mails()["new-address"], "confirm_url"))
    assert client.post(old_link).status_code == 404
    assert client.post(f"/confirm/{token}").status_code == 404
    assert "ada@" not in client.get("/manage").text
    leave = links.UNSUBSCRIBE.token(str(subscription.id), now=clock.now())
    assert client.post(f"/unsubscribe/{leave}", data={"stop": "list"}).status_code == 200


def test_an_address_of_somebody_else_stays_theirs_and_the_answer_is_the_same(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    make_subscription(subscription.mailing_list, "grace@example.org")
    make_subscription(subscription.mailing_list, "loud@example.org")
    reason = SuppressionReason.COMPLAINT
    suppression.suppress(parse("loud@example.org"), reason=reason, note="", now=clock.now())
    db.session.commit()
    told = {ask(client, name) for name in (NEW, "grace@example.org", "loud@example.org")}
    assert len(told) == 1
    sent = db.session.execute(sa.select(OutboxMessage.kind, OutboxMessage.recipient)).all()
    to_others = {(kind, to) for kind, to in sent if to != "ada@example.org"}
    assert to_others == {("new-address", NEW), ("address-taken", "grace@example.org")}


def test_who_took_the_address_meanwhile_keeps_it(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    ask(client)
    path = path_in(mails()["new-address"], "confirm_url")
    make_subscription(subscription.mailing_list, NEW)
    db.session.commit()
    assert client.post(path).status_code == 404
    fresh()
    assert reader.address == "ada@example.org"


def test_the_old_address_objects_before(client: FlaskClient, reader: Subscriber) -> None:
    ask(client)
    known = mails()
    objection = path_in(known["address-changing"], "objection_url")
    assert "Keep your old address?" in client.get(objection).text
    for _ in range(2):
        assert "The old address stays" in client.post(objection).text
    assert client.post(path_in(known["new-address"], "confirm_url")).status_code == 404
    # Whoever asked is shut out.
    assert client.get("/manage/history").status_code == 303


def test_the_old_address_objects_afterwards_within_seven_days(
    client: FlaskClient, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(client)
    known = mails()
    client.post(path_in(known["new-address"], "confirm_url"))
    at = clock.now() + timedelta(days=6, hours=23)
    monkeypatch.setattr(clock, "now", lambda: at)
    client.post(path_in(known["address-changing"], "objection_url"))
    fresh()
    assert reader.address == "ada@example.org"
    details = db.session.scalars(sa.select(ConsentEvent.detail)).all()
    assert details == ["address changed", "address changed back"]


def objection_of(number: int) -> str:
    links_mailed = [
        path_in(mail, "objection_url")
        for mail in db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id))
        if mail.kind == "address-changing"
    ]
    return links_mailed[number]


def confirm(client: FlaskClient, address: str) -> int:
    known = sa.select(OutboxMessage).filter_by(recipient=address, kind="new-address")
    mail = db.session.scalars(known).one()
    return client.post(path_in(mail, "confirm_url")).status_code


@pytest.mark.parametrize("are_confirmed", [True, False])
def test_an_objection_stops_all_later_changes(
    client: FlaskClient, reader: Subscriber, are_confirmed: bool
) -> None:
    """Whoever is in somebody's page asks again and again: each first link keeps its power."""
    ask(client, "a@evil.example")
    if are_confirmed:
        assert confirm(client, "a@evil.example") == 200
        open_page(client, reader)
    ask(client, "b@evil.example")
    if not are_confirmed:
        assert confirm(client, "a@evil.example") == 404
    assert "The old address stays" in client.post(objection_of(0)).text
    assert confirm(client, "b@evil.example") == confirm(client, "a@evil.example") == 404
    fresh()
    assert reader.address == "ada@example.org"
    later = client.post(objection_of(1)).text
    assert ("The old address stays" in later) is not are_confirmed
    assert ("This link does nothing any more" in later) is are_confirmed


def test_a_sign_up_with_the_old_address_does_not_keep_it_away(
    client: FlaskClient, reader: Subscriber
) -> None:
    ask(client)
    confirm(client, NEW)
    # The form is anybody's.
    form = {"address": "ada@example.org", "list": "news"}
    assert client.post("/subscribe", data=form).status_code == 200
    fresh()
    assert count(Subscriber) == 2
    assert "The old address stays" in client.post(objection_of(0)).text
    fresh()
    assert (reader.address, count(Subscriber)) == ("ada@example.org", 1)


def test_who_signed_up_anew_is_not_told_that_the_old_address_stays(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    ask(client)
    confirm(client, NEW)
    make_subscription(subscription.mailing_list, "ada@example.org")
    db.session.commit()
    for method in ("POST", "GET", "POST"):
        answer = client.open(objection_of(0), method=method).text
        assert "This link does nothing any more" in answer
    fresh()
    assert reader.address == NEW


def test_a_second_press_leaves_the_first_link_alive(
    client: FlaskClient, reader: Subscriber
) -> None:
    for _ in range(5):
        ask(client)
    assert (count(ReaderAddressChange), count(OutboxMessage)) == (1, 2)
    assert confirm(client, NEW) == 200


def test_the_links_die_in_time_and_both_addresses_are_forgotten(
    client: FlaskClient, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(client)
    known = mails()
    at = clock.now() + timedelta(hours=24, seconds=2)
    monkeypatch.setattr(clock, "now", lambda: at)
    assert client.post(path_in(known["new-address"], "confirm_url")).status_code == 404
    address_change.forget_old(now=at + timedelta(days=7))
    assert count(ReaderAddressChange) == 0


@pytest.mark.parametrize("typed", ["", "ada", "ADA@example.org", "news@news.example.org"])
def test_what_cannot_be_the_new_address_is_refused(
    client: FlaskClient, reader: Subscriber, typed: str
) -> None:
    answer = client.post("/manage/address", data={"address": typed})
    assert (answer.status_code, 'href="#address"' in answer.text) == (422, True)
    assert mails() == {}


def test_nobody_is_mailed_by_somebody_who_asks_again_and_again(
    client: FlaskClient, reader: Subscriber
) -> None:
    for number in range(3):
        ask(client, f"a{number}@new.example")
    refused = client.post("/manage/address", data={"address": "a4@new.example"})
    assert (refused.status_code, "Try again tomorrow" in refused.text) == (422, True)
