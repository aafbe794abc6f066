"""Accepting, declining, ending: one decision each, the members' list, its evidence."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.accounts import Editor
from newsletter.addresses import parse
from newsletter.errors import InvalidInput, Refused
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.membership import agreement, applying, asking, audience, deciding
from newsletter.membership.models import MemberState
from newsletter.subscriptions import suppression, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    ConsentWording,
    EndedReason,
    MailingList,
    Source,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.translating import translator
from tests.conftest import NOW
from tests.factories import make_editor, make_list, make_subscription
from tests.membership.applicants import make_application, make_waiting, token_of

SOON = NOW + timedelta(minutes=5)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def news(app: Flask) -> MailingList:
    """A public list."""
    return make_list()


@pytest.fixture
def edith(news: MailingList) -> Editor:
    """Somebody who decides."""
    return make_editor()


def newest_mail() -> OutboxMessage:
    question = sa.select(OutboxMessage).order_by(OutboxMessage.id.desc())
    return db.session.scalars(question.limit(1)).one()


def test_who_is_accepted_is_on_a_list_of_the_members_with_the_evidence(edith: Editor) -> None:
    member = make_application()
    applying.confirm(token_of(member), mark=applying.mark_of(member), ip="192.0.2.7", now=SOON)
    deciding.accept(member, by=edith, now=LATER)

    [subscription] = db.session.scalars(sa.select(Subscription))
    members = subscription.mailing_list
    assert (members.name, members.is_public, members.id) == (
        "Members",
        False,
        audience.members_list_id(),
    )
    assert (subscription.state, subscription.source) == (
        SubscriptionState.CONFIRMED,
        Source.MEMBERSHIP,
    )
    assert subscription.subscriber.address == "mary@example.org"
    [interval] = subscription.intervals
    assert (interval.source, interval.started_at) == (Source.MEMBERSHIP, LATER)
    asked, confirmed, admitted = db.session.scalars(
        sa.select(ConsentEvent).order_by(ConsentEvent.id)
    )
    assert (asked.kind, asked.at, asked.ip, asked.page) == (
        ConsentKind.REQUESTED,
        NOW,
        None,
        "/members/join",
    )
    assert (confirmed.kind, confirmed.at, confirmed.ip, confirmed.page, confirmed.actor) == (
        ConsentKind.CONFIRMED,
        SOON,
        "192.0.2.7",
        "/members/confirm",
        "subscriber",
    )
    assert (admitted.kind, admitted.at, admitted.actor) == (
        ConsentKind.ADMITTED,
        LATER,
        edith.signature,
    )
    words = db.session.get_one(ConsentWording, confirmed.wording_id)
    assert agreement.MAILS in words.text
    assert newest_mail().kind == "member-accepted"


@pytest.mark.parametrize("hours", [1, -1])
def test_who_stopped_mail_after_they_asked_is_a_member_without_it(
    edith: Editor, news: MailingList, hours: int
) -> None:
    theirs = make_subscription(news, "mary@example.org")
    member = make_waiting()
    at = NOW + timedelta(hours=hours)
    unsubscribing.end(theirs, reason=EndedReason.LINK, origin=Origin(page="/"), now=at)
    deciding.accept(member, by=edith, now=LATER)
    assert (member.state, member.subscriber_id) == (MemberState.ACCEPTED, theirs.subscriber_id)
    states = [one.state for one in theirs.subscriber.subscriptions]
    assert (SubscriptionState.CONFIRMED in states) is (hours < 0)
    told = newest_mail()
    assert told.kind == "member-accepted"
    assert bool(told.facts["unsubscribe_url"]) is (hours < 0)


def test_of_two_who_decide_at_once_one_does_and_the_other_is_told(edith: Editor) -> None:
    member = make_waiting()
    deciding.accept(member, by=edith, now=NOW)
    olga = make_editor("olga@example.org", name="Olga")
    with pytest.raises(Refused, match="Edith .* accepted this application already"):
        deciding.decline(member, "Too far away", by=olga, now=NOW)
    with pytest.raises(Refused, match="Edith .* accepted this application already"):
        deciding.accept(member, by=olga, now=NOW)
    assert (member.state, member.decided_by) == (MemberState.ACCEPTED, edith.signature)
    assert len(db.session.scalars(sa.select(Subscription)).all()) == 1


def test_a_reason_is_needed_and_mailed_as_it_stands(edith: Editor) -> None:
    member = make_waiting()
    with pytest.raises(InvalidInput, match="Write the reason"):
        deciding.decline(member, " ", by=edith, now=NOW)
    deciding.decline(member, "Two lines\r\nof it", by=edith, now=NOW)
    assert newest_mail().facts["reason"] == "Two lines\nof it"
    assert newest_mail().recipient == "mary@example.org"
    assert member.ip is None


def test_a_chosen_list_is_used_and_a_public_one_is_none(edith: Editor, news: MailingList) -> None:
    own = make_list("inner-circle", name="Inner circle", is_public=False)
    for slug in ("news", "nothing"):
        with pytest.raises(InvalidInput, match="not public"):
            audience.choose(slug)
    audience.choose("inner-circle")
    deciding.accept(make_waiting(), by=edith, now=NOW)
    assert db.session.scalars(sa.select(Subscription.mailing_list_id)).all() == [own.id]


def test_a_list_that_is_called_so_already_is_left_alone(edith: Editor) -> None:
    make_list("members", name="Members of parliament")
    deciding.accept(make_waiting(), by=edith, now=NOW)
    made = audience.members_list()
    assert made is not None and made.slug == "members-2"


def test_who_leaves_the_list_stays_a_member_and_may_come_back(edith: Editor) -> None:
    member = make_waiting()
    deciding.accept(member, by=edith, now=NOW)
    [subscription] = db.session.scalars(sa.select(Subscription))
    unsubscribing.end(subscription, reason=EndedReason.LINK, origin=Origin(), now=LATER)
    reader = subscription.subscriber
    assert asking.membership_of(reader) is member
    members = audience.members_list()
    assert members is not None
    words = agreement.agreement(translator("en")).wording("en")
    deciding.get_mails(member, members, words, origin=Origin(page="/manage"), now=LATER)
    assert subscription.state is SubscriptionState.CONFIRMED
    assert len(subscription.intervals) == 2


def test_an_ended_membership_ends_the_members_mail_and_no_other(
    edith: Editor, news: MailingList
) -> None:
    other = make_subscription(news, "mary@example.org")
    member = make_waiting()
    deciding.accept(member, by=edith, now=NOW)
    deciding.end(member, "The organisation is no more", by=edith, now=LATER)
    states = {
        one.mailing_list.slug: one.state for one in db.session.scalars(sa.select(Subscription))
    }
    assert states == {
        "news": SubscriptionState.CONFIRMED,
        "members": SubscriptionState.UNSUBSCRIBED,
    }
    assert asking.membership_of(other.subscriber) is None
    # Their own name is what they go by, whatever the application said.
    assert other.subscriber.name == "Ada"
    with pytest.raises(Refused, match="ended already"):
        deciding.end_own(member, origin=Origin(), now=LATER)


def test_a_suppressed_member_gets_no_mail_and_an_erased_one_came_back(edith: Editor) -> None:
    for address, reason in (
        ("gone@example.org", SuppressionReason.ERASED),
        ("cross@example.org", SuppressionReason.COMPLAINT),
    ):
        member = make_waiting(address)
        suppression.suppress(parse(address), reason=reason, note="", now=NOW)
        deciding.accept(member, by=edith, now=NOW)
    accepted = sa.select(OutboxMessage.recipient).where(OutboxMessage.kind == "member-accepted")
    assert db.session.scalars(accepted).all() == ["gone@example.org"]
    assert suppression.find(parse("gone@example.org")) is None
    assert suppression.find(parse("cross@example.org")) is not None
