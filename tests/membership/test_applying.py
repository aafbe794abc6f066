"""Asking to become a member: what is kept, what is mailed, what a stranger cannot do."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import links
from newsletter.addresses import parse
from newsletter.errors import DeadLink, InvalidAddress
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.membership import applying, deciding
from newsletter.membership.models import Member, MemberState
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import Subscriber, SuppressionReason
from tests.conftest import NOW
from tests.factories import make_editor, make_list
from tests.membership.applicants import make_application, make_waiting, token_of


@pytest.fixture(autouse=True)
def public_list(app: Flask) -> None:
    """A list in whose name applicants are written to."""
    make_list()


def kinds_mailed() -> list[str]:
    return list(db.session.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)))


def test_nobody_waits_before_the_mailed_link_is_used() -> None:
    member = make_application()
    assert member.state is MemberState.PENDING
    assert kinds_mailed() == ["membership"]
    assert db.session.scalars(sa.select(Subscriber)).all() == []
    mark = applying.mark_of(member)
    waiting = applying.confirm(token_of(member), mark=mark, ip="192.0.2.7", now=NOW)
    assert (waiting.state, waiting.confirmed_at) == (MemberState.WAITING, NOW)


def test_the_mail_carries_nothing_that_was_typed() -> None:
    make_application(name="Win a prize at https://evil.example/")
    [mail] = db.session.scalars(sa.select(OutboxMessage))
    assert "evil" not in repr(mail.facts)


def test_pressing_again_later_changes_nothing() -> None:
    member = make_waiting()
    later = NOW + timedelta(hours=1)
    again = applying.confirm(token_of(member), mark=applying.mark_of(member), ip=None, now=later)
    assert (again.confirmed_at, again.ip) == (NOW, "192.0.2.7")


def test_who_asks_twice_before_that_has_one_application_with_the_last_words() -> None:
    first = make_application(name="With a tpyo")
    second = make_application("MARY@example.org", name="Without one")
    assert (first.id, second.name) == (second.id, "Without one")
    # The mail of before has the link, which stays the same.
    assert kinds_mailed() == ["membership"]


def test_a_stranger_changes_nothing_that_was_confirmed() -> None:
    member = make_waiting()
    make_application(name="Somebody else", at=NOW + timedelta(days=2))
    assert db.session.scalars(sa.select(Member.name)).all() == [member.name]
    assert kinds_mailed() == ["membership", "membership-known"]


def test_who_was_declined_may_ask_again_and_the_past_stays() -> None:
    member = make_waiting()
    deciding.decline(member, "It is about something else", by=make_editor(), now=NOW)
    make_application(at=NOW + timedelta(days=2))
    states = db.session.scalars(sa.select(Member.state).order_by(Member.id)).all()
    assert states == [MemberState.DECLINED, MemberState.PENDING]


def test_who_confirmed_and_withdraws_may_ask_again_on_the_same_day() -> None:
    for times in (1, 2, 3, 3):
        assert applying.withdraw(token_of(make_waiting()), now=NOW)
        # Three in 30 days stay the most.
        assert kinds_mailed() == ["membership"] * times


def test_who_withdraws_what_was_never_confirmed_is_left_in_peace_for_a_day() -> None:
    assert applying.withdraw(token_of(make_application()), now=NOW)
    make_application()
    assert kinds_mailed() == ["membership"]


def test_who_confirms_frees_one_mail_and_no_more() -> None:
    member = make_waiting()
    for _ in range(2):
        applying.confirm(token_of(member), mark=applying.mark_of(member), ip=None, now=NOW)
        make_application()
    assert applying.withdraw(token_of(member), now=NOW)
    make_application()
    assert kinds_mailed() == ["membership", "membership-known"]


@pytest.mark.parametrize(
    "reason", [SuppressionReason.COMPLAINT, SuppressionReason.BOUNCE, SuppressionReason.OPERATOR]
)
def test_who_must_not_be_written_to_gets_nothing_and_nothing_is_kept(
    reason: SuppressionReason,
) -> None:
    address = parse("mary@example.org")
    suppression.suppress(address, reason=reason, note="", now=NOW)
    with pytest.raises(sa.exc.NoResultFound):
        make_application()
    assert kinds_mailed() == []


def test_an_address_of_our_own_is_refused() -> None:
    with pytest.raises(InvalidAddress, match="belongs to us"):
        make_application("news@news.example.org")


def test_links_end_after_a_week_and_name_one_application_only() -> None:
    member = make_application()
    with pytest.raises(DeadLink):
        applying.read(token_of(member), now=NOW + timedelta(days=7, seconds=1))
    for payload in (f"{member.id}-", f"{member.id}-{'0' * 16}", f"{member.id + 1}-{member.wish}"):
        with pytest.raises(DeadLink):
            applying.read(links.MEMBERSHIP.token(payload, now=NOW), now=NOW)


def test_what_nobody_confirmed_is_deleted_after_a_week_and_what_is_over_after_a_year() -> None:
    make_application("late@example.org")
    declined = make_waiting("declined@example.org")
    deciding.decline(declined, "No", by=make_editor(), now=NOW)
    make_waiting("waits@example.org")
    db.session.flush()
    applying.forget_old(now=NOW + timedelta(days=8))
    found = sa.select(Member.canonical).order_by(Member.id)
    assert db.session.scalars(found).all() == ["declined@example.org", "waits@example.org"]
    applying.forget_old(now=NOW + timedelta(days=366))
    assert db.session.scalars(found).all() == ["waits@example.org"]
