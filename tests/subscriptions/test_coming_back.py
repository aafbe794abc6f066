"""Who proved their address may leave and come back on one day; whoever did not gains nothing."""

import pytest
from flask import Flask

from newsletter import erasure
from newsletter.addresses import parse
from newsletter.errors import DeadLink
from newsletter.subscriptions import signup, undoing, unsubscribing
from newsletter.subscriptions.models import EndedReason, MailingList, Subscription
from newsletter.subscriptions.models import SubscriptionState as State
from newsletter.subscriptions.undoing import Undo
from newsletter.subscriptions.unsubscribing import Leaving
from tests.conftest import NOW
from tests.factories import make_list
from tests.subscriptions.test_signup import DAY, FORM, ask, mails, only_subscription, token

HOUR = 1 / 24


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


def test_who_leaves_and_signs_up_again_within_a_day_gets_a_new_link(news: MailingList) -> None:
    ask(news)
    confirm_newest()
    leave(day=HOUR)
    ask(news, day=2 * HOUR)
    first, second = (token(mail) for mail in mails("confirm"))
    with pytest.raises(DeadLink):
        signup.read_confirmation(first, now=NOW + 3 * HOUR * DAY)
    found = signup.confirm(second, origin=FORM, now=NOW + 3 * HOUR * DAY)
    assert found.state is State.CONFIRMED


def test_so_does_who_was_erased_on_the_day_of_the_sign_up(news: MailingList) -> None:
    ask(news)
    confirm_newest()
    erasure.erase(parse("ada@example.org"), now=NOW + HOUR * DAY)
    ask(news, day=2 * HOUR)
    # Erasing took the first one away.
    assert len(mails("confirm")) == 1
    assert confirm_newest(day=3 * HOUR).state is State.CONFIRMED


def test_coming_back_again_and_again_takes_three_mails_in_thirty_days(news: MailingList) -> None:
    for number in range(5):
        ask(news, day=number * HOUR)
        if only_subscription().state is State.PENDING and len(mails("confirm")) == number + 1:
            confirm_newest(day=number * HOUR)
        leave(day=(number + 0.5) * HOUR)
    assert len(mails("confirm")) == 3
    ask(news, day=29.99)
    assert len(mails("confirm")) == 3
    ask(news, day=30)
    assert len(mails("confirm")) == 4


def test_a_stranger_gets_one_mail_out_of_a_proof_and_none_without(news: MailingList) -> None:
    ask(news)
    for number in range(1, 20):
        ask(news, day=number * HOUR)
    assert len(mails("confirm")) == 1
    confirm_newest(day=20 * HOUR)
    # With the link of an issue that was passed on they stop it, and enter the address.
    for number in range(5):
        undo = leave(day=(20 + number / 10) * HOUR)
        ask(news, day=(20 + number / 10) * HOUR)
        # Taking it back proves nothing that would free another mail.
        undoing.undo(undo, origin=FORM, now=NOW + (20 + number / 10) * HOUR * DAY)
        assert only_subscription().state is State.CONFIRMED
    assert len(mails("confirm")) == 2


def test_ending_what_nobody_confirmed_frees_no_mail(news: MailingList) -> None:
    ask(news)
    for number in range(1, 5):
        leave(day=number * HOUR)
        ask(news, day=number * HOUR)
    assert len(mails("confirm")) == 1


def test_a_proof_frees_mail_to_its_own_address_alone(news: MailingList) -> None:
    ask(news)
    ask(news, "eve@example.org")
    signup.confirm(token(mails("confirm")[0]), origin=FORM, now=NOW)
    ask(news, "eve@example.org", day=HOUR)
    ask(news, day=HOUR)
    assert [(mail.kind, mail.recipient) for mail in mails() if mail.kind != "welcome"] == [
        ("confirm", "ada@example.org"),
        ("confirm", "eve@example.org"),
        ("already-subscribed", "ada@example.org"),
    ]


def confirm_newest(*, day: float = 0) -> Subscription:
    return signup.confirm(token(mails("confirm")[-1]), origin=FORM, now=NOW + day * DAY)


def leave(*, day: float) -> Undo | None:
    leaving = Leaving(only_subscription(), None)
    at = NOW + day * DAY
    return unsubscribing.unsubscribe(leaving, reason=EndedReason.LINK, origin=FORM, now=at)
