"""Double opt-in: asked, proved, expired; nobody learns who is on a list."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import addresses
from newsletter.errors import DeadLink, InvalidAddress
from newsletter.extensions import db
from newsletter.library.models import Topic
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import consent, offering, signup, suppression, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    ConsentWording,
    EndedReason,
    Frequency,
    MailingList,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.unsubscribing import Leaving
from newsletter.translating import translator
from tests.conftest import NOW
from tests.factories import make_list, make_subscription, make_topic

DAY = timedelta(days=1)
NETWORK = "192.0.2.0/24"
FORM = Origin(page="https://news.example.org/", ip="192.0.2.1")


def ask(
    mailing_list: MailingList,
    address: str = "ada@example.org",
    *,
    name: str = "Ada",
    language: str = "en",
    topics: tuple[Topic, ...] = (),
    day: float = 0,
) -> None:
    wish = signup.Wish(
        addresses.parse(address), name, language, Frequency.EVERY, topics=list(topics)
    )
    words = consent.wording(mailing_list.name, translator("en"))
    at = NOW + day * DAY
    request(mailing_list, wish, words, origin=FORM, source=Source.FORM, network=NETWORK, now=at)


def request(mailing_list: MailingList, *asked: Any, **facts: Any) -> None:
    """Ask for a list; what a test made before is kept, whatever becomes of the wish."""
    offer = offering.of(mailing_list.slug)
    assert offer is not None
    db.session.commit()
    signup.request_subscription(offer, *asked, **facts)


def mails(kind: str | None = None) -> list[OutboxMessage]:
    question = sa.select(OutboxMessage).order_by(OutboxMessage.id)
    if kind:
        question = question.where(OutboxMessage.kind == kind)
    return list(db.session.scalars(question))


def token(mail: OutboxMessage) -> str:
    return str(mail.facts["confirm_url"]).rpartition("/")[2]


def only_subscription() -> Subscription:
    return db.session.scalars(sa.select(Subscription)).one()


def confirm_first() -> Subscription:
    return signup.confirm(token(mails("confirm")[0]), origin=FORM, now=NOW)


def leave(subscription: Subscription, *, day: float = 0) -> None:
    unsubscribing.unsubscribe(
        Leaving(subscription, None), reason=EndedReason.LINK, origin=FORM, now=NOW + day * DAY
    )


def test_asking_stores_a_pending_wish_and_queues_one_mail(app: Flask) -> None:
    topic = make_topic()
    ask(make_list(topics=(topic,)), topics=(topic,))
    subscription = only_subscription()
    assert subscription.state is SubscriptionState.PENDING
    assert subscription.topics == [topic]
    [mail] = mails()
    assert (mail.kind, mail.recipient) == ("confirm", "ada@example.org")


def test_the_confirmation_mail_has_no_text_of_the_visitor(app: Flask) -> None:
    ask(make_list(), name="Buy pills at evil.example")
    assert "evil" not in str(mails()[0].facts)


def test_the_words_are_stored_as_shown_with_version_page_and_network_address(app: Flask) -> None:
    ask(make_list())
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    words = db.session.get_one(ConsentWording, event.wording_id)
    assert event.kind is ConsentKind.REQUESTED
    assert (event.page, event.ip, event.at) == (FORM.page, FORM.ip, NOW)
    assert "“Stay Informed”" in words.text
    assert words.version


def test_confirming_starts_an_interval_and_queues_a_welcome(app: Flask) -> None:
    ask(make_list())
    subscription = confirm_first()
    assert subscription.state is SubscriptionState.CONFIRMED
    [interval] = subscription.intervals
    assert (interval.source, interval.started_at, interval.ended_at) == (Source.FORM, NOW, None)
    assert [mail.kind for mail in mails()] == ["confirm", "welcome"]
    kinds = db.session.scalars(sa.select(ConsentEvent.kind).order_by(ConsentEvent.id)).all()
    assert kinds == [ConsentKind.REQUESTED, ConsentKind.CONFIRMED]


def test_pressing_twice_confirms_once(app: Flask) -> None:
    ask(make_list())
    assert confirm_first() is confirm_first()
    assert len(mails("welcome")) == 1
    assert db.session.scalar(sa.select(sa.func.count(SubscriptionInterval.id))) == 1


def test_a_second_wish_updates_the_row_and_leaves_the_mailed_link_valid(app: Flask) -> None:
    news, mms = make_topic("news"), make_topic("mms")
    mailing_list = make_list(topics=(news, mms))
    ask(mailing_list, topics=(news,))
    ask(mailing_list, name="Ada L.", language="fr", topics=(mms,), day=0.5)
    assert len(mails("confirm")) == 1
    subscription = confirm_first()
    assert subscription.topics == [mms]
    assert (subscription.subscriber.name, subscription.subscriber.language) == ("Ada L.", "fr")


def test_at_most_one_confirmation_mail_a_day_and_three_in_thirty_days(app: Flask) -> None:
    mailing_list = make_list()
    for day in (0, 0.1, 0.9, 1, 1.2, 2.5, 4, 5, 20, 29):
        ask(mailing_list, day=day)
    assert len(mails("confirm")) == 3


def test_every_mailed_link_of_one_wish_confirms_it(app: Flask) -> None:
    mailing_list = make_list()
    ask(mailing_list)
    ask(mailing_list, day=1)
    first, second = mails("confirm")
    signup.confirm(token(second), origin=FORM, now=NOW + DAY)
    assert signup.read_confirmation(token(first), now=NOW + DAY) is only_subscription()


def test_a_confirmation_link_dies_after_seven_days(app: Flask) -> None:
    ask(make_list())
    with pytest.raises(DeadLink):
        signup.confirm(token(mails()[0]), origin=FORM, now=NOW + 7.01 * DAY)


def test_an_unsubscribe_kills_the_links_mailed_before(app: Flask) -> None:
    mailing_list = make_list()
    ask(mailing_list)
    subscription = confirm_first()
    leave(subscription)
    ask(mailing_list, day=2)
    old, new = (token(mail) for mail in mails("confirm"))
    with pytest.raises(DeadLink):
        signup.confirm(old, origin=FORM, now=NOW + 2 * DAY)
    assert signup.confirm(new, origin=FORM, now=NOW + 2 * DAY).state is SubscriptionState.CONFIRMED
    first, second = subscription.intervals
    assert first.ended_at == NOW
    assert (second.started_at, second.ended_at) == (NOW + 2 * DAY, None)


def test_who_is_subscribed_gets_a_mail_that_says_so_once_a_day(app: Flask) -> None:
    mailing_list = make_list()
    make_subscription(mailing_list)
    ask(mailing_list, name="Eve")
    ask(mailing_list, day=0.5)
    assert [mail.kind for mail in mails()] == ["already-subscribed"]
    subscription = only_subscription()
    assert subscription.state is SubscriptionState.CONFIRMED
    assert subscription.subscriber.name == "Ada"


@pytest.mark.parametrize("reason", [r for r in SuppressionReason if r != "erased"])
def test_who_is_suppressed_gets_nothing(app: Flask, reason: SuppressionReason) -> None:
    suppression.suppress(addresses.parse("ada@example.org"), reason=reason, note="", now=NOW)
    ask(make_list(), "ADA@example.org")
    assert mails() == []
    assert db.session.scalars(sa.select(Subscriber)).all() == []


def test_who_was_erased_can_come_back_by_double_opt_in(app: Flask) -> None:
    ada = addresses.parse("ada@example.org")
    suppression.suppress(ada, reason=SuppressionReason.ERASED, note="", now=NOW)
    ask(make_list())
    assert suppression.find(ada) is not None
    assert confirm_first().state is SubscriptionState.CONFIRMED
    assert suppression.find(ada) is None


def test_who_is_suppressed_after_asking_is_not_written_to_and_cannot_confirm(app: Flask) -> None:
    ask(make_list())
    link = token(mails()[0])
    ada = addresses.parse("ada@example.org")
    suppression.suppress(ada, reason=SuppressionReason.OPERATOR, note="", now=NOW)
    assert mails() == []
    with pytest.raises(DeadLink):
        signup.confirm(link, origin=FORM, now=NOW)
    assert only_subscription().state is SubscriptionState.PENDING


def test_a_confirmation_confirms_the_words_and_the_source_of_the_request(app: Flask) -> None:
    mailing_list = make_list()
    wish = signup.Wish(addresses.parse("ada@example.org"), "", "en", Frequency.EVERY, topics=[])
    page = Origin(page="https://www.example.org")
    words = consent.wording(mailing_list.name, translator("en"))
    request(mailing_list, wish, words, origin=page, source=Source.EMBED, network=NETWORK, now=NOW)
    mailing_list.name = "Renamed meanwhile"
    subscription = confirm_first()
    assert subscription.intervals[0].source is Source.EMBED
    asked, confirmed = db.session.scalars(sa.select(ConsentEvent).order_by(ConsentEvent.id)).all()
    assert confirmed.wording_id == asked.wording_id


def test_a_stranger_cannot_rename_somebody_through_another_list(app: Flask) -> None:
    make_subscription(make_list("first"))
    ask(make_list("second"), name="Mallory", language="pt")
    subscriber = db.session.scalars(sa.select(Subscriber)).one()
    assert (subscriber.name, subscriber.language) == ("Ada", "en")


@pytest.mark.parametrize(
    "address",
    ["News@news.example.org", "desk@news.example.org", "info@faß.de", "info@xn--fa-hia.de"],
)
def test_our_own_addresses_are_refused(app: Flask, address: str) -> None:
    mailing_list = make_list("news")
    make_list("other").from_address = "info@faß.de"
    with pytest.raises(InvalidAddress, match="belongs to us"):
        ask(mailing_list, address)


def test_unconfirmed_sign_ups_are_deleted_after_seven_days(app: Flask) -> None:
    mailing_list = make_list()
    ask(mailing_list)
    ask(mailing_list, "eve@example.org", day=1)
    make_subscription(mailing_list, "bob@example.org")
    assert signup.expire(now=NOW + 7 * DAY) == 1
    left = db.session.scalars(sa.select(Subscriber.address).order_by(Subscriber.id)).all()
    assert left == ["eve@example.org", "bob@example.org"]
    events = db.session.scalars(sa.select(ConsentEvent).order_by(ConsentEvent.id)).all()
    assert [event.subscriber_id is None for event in events] == [True, False]


def test_who_left_and_did_not_confirm_again_is_who_left(app: Flask) -> None:
    mailing_list = make_list()
    leave(make_subscription(mailing_list))
    ask(mailing_list, day=1)
    assert only_subscription().state is SubscriptionState.PENDING
    signup.expire(now=NOW + 9 * DAY)
    assert only_subscription().state is SubscriptionState.UNSUBSCRIBED
    assert len(only_subscription().intervals) == 1
