"""An application belongs to whoever asked: it goes along where they change their address."""

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import erasure
from newsletter.accounts import Editor
from newsletter.addresses import parse
from newsletter.errors import DeadLink
from newsletter.extensions import db
from newsletter.links import NEW_ADDRESS
from newsletter.mail.models import OutboxMessage
from newsletter.membership import applying, asking, deciding
from newsletter.membership.models import Member, MemberState
from newsletter.subscriptions import address_change, unsubscribing
from newsletter.subscriptions.address_change import ReaderAddressChange
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import EndedReason, MailingList, Subscriber
from tests.conftest import NOW
from tests.factories import make_editor, make_list, make_subscription
from tests.membership.applicants import make_application, make_waiting, token_of

OLD = "ada@example.org"
NEW = "ada@example.net"
WEB = Origin(page="/manage")


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


@pytest.fixture
def edith(news: MailingList) -> Editor:
    return make_editor()


@pytest.mark.parametrize("reads_first", [True, False])
def test_who_is_accepted_after_a_change_of_address_stays_one_person(
    news: MailingList, edith: Editor, reads_first: bool
) -> None:
    if reads_first:
        reader = make_subscription(news, OLD, name="Ada").subscriber
    member = make_waiting(OLD, name="Ada")
    if not reads_first:
        reader = make_subscription(news, OLD, name="Ada").subscriber
    change_to(NEW, reader)
    deciding.accept(member, by=edith, now=NOW)
    assert db.session.scalars(sa.select(Subscriber)).all() == [reader]
    assert len(reader.subscriptions) == 2
    assert told("member-accepted") == [NEW]
    erasure.erase(parse(NEW), now=NOW)
    assert db.session.scalars(sa.select(Subscriber)).all() == []
    assert db.session.scalars(sa.select(Member)).all() == []


def test_who_left_after_a_change_of_address_is_a_member_without_mail(
    news: MailingList, edith: Editor
) -> None:
    subscription = make_subscription(news, OLD)
    member = make_waiting(OLD)
    change_to(NEW, subscription.subscriber)
    unsubscribing.end(subscription, reason=EndedReason.LINK, origin=WEB, now=NOW)
    deciding.accept(member, by=edith, now=NOW)
    assert member.subscriber_id == subscription.subscriber_id
    assert subscription.subscriber.subscriptions == [subscription]


def test_who_is_declined_hears_of_it_where_they_are(news: MailingList, edith: Editor) -> None:
    reader = make_subscription(news, OLD).subscriber
    member = make_waiting(OLD)
    change_to(NEW, reader)
    deciding.decline(member, "Not now", by=edith, now=NOW)
    assert told("member-declined") == [NEW]


def test_the_old_mailbox_has_no_power_over_it_and_asks_for_itself(
    news: MailingList, edith: Editor
) -> None:
    reader = make_subscription(news, OLD).subscriber
    member = make_waiting(OLD)
    mailed = token_of(member)
    change_to(NEW, reader)
    with pytest.raises(DeadLink):
        applying.read(mailed, now=NOW)
    applying.withdraw(mailed, now=NOW)
    assert member.state is MemberState.WAITING
    # Somebody else has that mailbox today.
    other = make_waiting(OLD, name="Bob")
    assert (other.id != member.id, other.state) == (True, MemberState.WAITING)
    deciding.accept(other, by=edith, now=NOW)
    assert asking.membership_of(reader) is None
    assert asking.address_of(other) == OLD


def test_what_nobody_proved_does_not_come_along_and_its_link_is_dead(news: MailingList) -> None:
    reader = make_subscription(news, OLD).subscriber
    asked = make_application(OLD)
    mailed = token_of(asked)
    change_to(NEW, reader)
    assert (asked.canonical, asked.subscriber_id) == (OLD, None)
    with pytest.raises(DeadLink):
        applying.read(mailed, now=NOW)


@pytest.mark.parametrize("has_asked", [False, True])
def test_an_objection_brings_it_back_and_nothing_that_the_other_asked_for(
    news: MailingList, edith: Editor, has_asked: bool
) -> None:
    reader = make_subscription(news, OLD).subscriber
    member = make_waiting(OLD)
    theirs = make_waiting(NEW, name="Mallory") if has_asked else None
    change = change_to(NEW, reader)
    address_change.object_to(change, origin=WEB, now=NOW)
    deciding.accept(member, by=edith, now=NOW)
    assert (member.canonical, told("member-accepted")) == (OLD, [OLD])
    if theirs is not None:
        assert (theirs.canonical, theirs.subscriber_id) == (NEW, None)


def test_two_applications_of_one_person_stay_two_and_are_theirs(
    news: MailingList, edith: Editor
) -> None:
    reader = make_subscription(news, OLD).subscriber
    first, second = make_waiting(OLD), make_waiting(NEW)
    change_to(NEW, reader)
    assert (first.canonical, second.canonical) == (OLD, NEW)
    deciding.accept(first, by=edith, now=NOW)
    assert db.session.scalars(sa.select(Subscriber)).all() == [reader]
    assert told("member-accepted") == [NEW]


def change_to(new: str, subscriber: Subscriber) -> ReaderAddressChange:
    address_change.ask(subscriber, new, now=NOW)
    newest = sa.select(ReaderAddressChange).order_by(ReaderAddressChange.id.desc()).limit(1)
    change = db.session.scalars(newest).one()
    return address_change.confirm(NEW_ADDRESS.token(str(change.id), now=NOW), origin=WEB, now=NOW)


def told(kind: str) -> list[str]:
    question = sa.select(OutboxMessage.recipient).where(OutboxMessage.kind == kind)
    return list(db.session.scalars(question))
