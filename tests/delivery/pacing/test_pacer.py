"""Connections, windows and holds, as several senders share them."""

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import beats
from newsletter.delivery.models import Provider
from newsletter.delivery.pacing import end_holds, forget_old, standings
from newsletter.delivery.pacing.board import JOINING
from newsletter.errors import NotFound
from newsletter.extensions import db
from tests.conftest import NOW
from tests.delivery.pacing.senders import (
    BLOCKED,
    BUSY,
    GREY,
    NEWS,
    UNKNOWN,
    Sender,
    Time,
    limit,
)
from tests.factories import make_list


def crew(*names: str, time: Time, configured: int = 100) -> list[Sender]:
    """Senders that have all been at work for a while."""
    senders = [Sender(time, name, configured) for name in names]
    for _ in range(5):
        time.move(1.0)
        for sender in senders:
            sender.pacer.refresh()
    return senders


def provider(name: str = "example.org") -> Provider:
    row = db.session.get_one(Provider, name, populate_existing=True)
    db.session.expunge(row)
    db.session.rollback()
    return row


# -- connections


def test_the_connections_of_a_provider_are_limited(app: Flask) -> None:
    limit(provider="example.org", connections=3)
    sender = Sender()

    assert sender.fill("example.org") == 3
    assert sender.fill("example.com") == 50
    sender.end("example.org")
    assert sender.fill("example.org") == 1


def test_the_connections_of_a_list_are_limited(app: Flask) -> None:
    from_list, another = make_list("news").id, make_list("alerts").id
    limit(list_slug="news", connections=2)
    sender = Sender()

    assert sender.fill("example.org", mailing_list_id=from_list) == 2
    assert sender.fill("example.org", mailing_list_id=another) == 50
    sender.end("example.org", mailing_list_id=from_list)
    assert sender.fill("example.org", mailing_list_id=from_list) == 1


@pytest.mark.parametrize("most", [1, 2, 5, 6])
def test_the_shares_of_all_senders_add_up_to_the_limit(app: Flask, most: int) -> None:
    limit(connections=most)
    limit(provider="example.org", connections=most)
    senders = crew("one", "two", "three", time=Time())

    assert sum(sender.connections() for sender in senders) == most
    assert sum(sender.fill("example.org") for sender in senders) == most


def test_windows_of_one_connection_are_spread_over_the_senders(app: Flask) -> None:
    names = [f"example{number}.org" for number in range(60)]
    for name in names:
        limit(provider=name, connections=1)
    senders = crew("one", "two", "three", time=Time())

    taken = Counter(sender.name for sender in senders for name in names if sender.fill(name))

    assert sum(taken.values()) == 60
    assert min(taken.values()) > 8


def test_a_newcomer_leaves_its_share_alone_until_the_others_know_of_it(app: Flask) -> None:
    limit(connections=10)
    time = Time()
    old = Sender(time, "old")
    assert old.connections() == 10

    new = Sender(time, "new")

    assert new.connections() == 0
    time.move(JOINING - 0.1)
    assert old.connections() == 5
    assert new.connections() == 0
    new.share()
    assert new.connections() == 5


def test_who_slept_too_long_is_a_newcomer_again(app: Flask) -> None:
    limit(connections=10)
    time = Time()
    sleeper, awake = crew("sleeper", "awake", time=time)
    for _ in range(20):
        awake.share()
    assert awake.connections() == 10

    assert sleeper.connections() == 0
    time.move(JOINING)
    assert (awake.connections(), sleeper.connections()) == (5, 5)


def test_who_stops_in_order_leaves_its_share_to_the_others_at_once(app: Flask) -> None:
    limit(connections=10)
    one, two = crew("one", "two", time=Time())
    one.pacer.close()
    two.share()

    assert two.connections() == 10


def test_a_sign_of_life_says_how_many_connections_there_are(app: Flask) -> None:
    sender = Sender()
    sender.time.move(5.0)
    sender.pacer.refresh(7)
    assert [row.connections for row in db.session.scalars(sa.select(beats.Heartbeat))] == [7]


def test_a_relay_that_turns_connections_away_gets_fewer(app: Flask) -> None:
    sender = Sender(configured=8)
    assert sender.connections() == 8

    sender.pacer.turned_away()
    assert sender.connections() == 4
    sender.send("example.org", count=100)
    assert sender.connections() == 5


# -- one slow provider


def test_a_slow_provider_leaves_a_connection_to_the_others(app: Flask) -> None:
    sender = Sender(configured=4)
    sender.send("example.com")

    assert sender.fill("slow.example") == 3
    assert sender.fill("example.com", 1) == 1
    assert sender.fill("slow.example") == 0


def test_a_provider_that_is_alone_may_have_all_connections(app: Flask) -> None:
    sender = Sender(configured=4)
    sender.send("example.com")
    for _ in range(12):
        sender.share()

    assert sender.fill("slow.example", 8) == 8


def test_a_provider_that_answers_at_once_is_not_held_back(app: Flask) -> None:
    sender = Sender(configured=4)
    sender.send("example.com")
    sender.send("quick.example", count=100)

    assert sender.fill("quick.example", 8) == 8
    sender.time.move(1)
    assert sender.fill("quick.example", 8) == 0


# -- windows


def test_being_told_to_slow_down_halves_the_window(app: Flask) -> None:
    sender = Sender()
    sender.fill("example.org", 8)

    sender.pacer.note("example.org", BUSY)

    assert sender.fill("example.org") == 0
    sender.end("example.org", 8)
    assert sender.fill("example.org") == 4
    assert sender.fill("example.com") == 50
    sender.share()
    assert provider().window == 4
    assert sender.fill("example.org") == 0


def test_greylisting_is_no_reason_to_slow_down(app: Flask) -> None:
    sender = Sender()
    sender.send("example.org", GREY, count=30)
    sender.share()

    assert sender.fill("example.org") == 50
    assert provider().deferred == 30


def test_a_window_is_shared_and_survives_a_restart(app: Flask) -> None:
    time = Time()
    senders = crew("one", "two", time=time)
    senders[0].fill("example.org", 8)
    senders[0].pacer.note("example.org", BUSY)
    senders[0].end("example.org", 8)
    for sender in senders:
        sender.pacer.close()

    senders = crew("three", "four", time=time)

    # Eight of one sender and as many of the other, it thought; half of that.
    assert sum(sender.fill("example.org") for sender in senders) == 8


def test_a_window_grows_with_success_and_is_gone_when_it_is_wide_enough(app: Flask) -> None:
    sender = Sender(configured=4)
    sender.fill("example.org", 4)
    sender.pacer.note("example.org", BUSY)
    sender.end("example.org", 4)
    sender.share()
    assert provider().window == 2

    sender.send("example.org", count=100)
    sender.share()
    assert provider().window == 3

    sender.send("example.org", count=100)
    sender.share()
    assert provider().window is None
    assert sender.fill("example.org") == 50


# -- holds


def test_twenty_refusals_by_policy_in_a_row_hold_a_provider(app: Flask) -> None:
    sender = Sender()
    sender.send("example.org", BLOCKED, count=19)
    assert not sender.pacer.held("example.org")

    assert sender.send("example.org", BLOCKED) == ""

    assert sender.pacer.held("example.org")
    assert sender.pacer.admit("example.org", NEWS) == 60
    assert sender.pacer.admit("example.com", NEWS) == 0
    assert "550 5.7.1 Blocked by policy" in provider().held_for
    assert provider().failed == 20


def test_a_row_counts_over_exchanges_and_ends_with_a_success(app: Flask) -> None:
    sender = Sender()
    sender.send("example.org", BLOCKED, count=12)
    sender.share()
    sender.send("example.org", UNKNOWN, count=5)
    sender.send("example.org", BLOCKED, count=7)
    sender.send("example.org")
    sender.share()
    assert provider().refusals == 0

    sender.send("example.org", BLOCKED, count=12)
    sender.share()
    assert not sender.pacer.held("example.org")
    sender.send("example.org", BLOCKED, count=8)
    assert sender.pacer.held("example.org")


def test_a_row_counts_over_all_senders(app: Flask) -> None:
    one, two = crew("one", "two", time=Time())
    one.send("example.org", BLOCKED, count=12)
    one.share()
    two.send("example.org", BLOCKED, count=8)
    two.share()

    assert two.pacer.held("example.org")
    one.share()
    assert one.pacer.held("example.org")
    assert one.pacer.admit("example.org", NEWS) > 1


def test_after_a_hold_one_message_at_a_time_asks_until_one_is_taken(app: Flask) -> None:
    time = Time()
    one, two = crew("one", "two", time=time)
    one.send("example.org", BLOCKED, count=20)
    two.share()
    time.move(3601)
    crew_now = (one, two)
    for _ in range(5):
        time.move(1)
        for sender in crew_now:
            sender.pacer.refresh()

    begun = [sender.fill("example.org") for sender in crew_now]
    assert sorted(begun) == [0, 1]
    probing = crew_now[begun.index(1)]
    probing.end("example.org")
    probing.pacer.note("example.org", BLOCKED)
    assert probing.pacer.held("example.org")

    time.move(3605)
    probing.share()
    for _ in range(4):
        time.move(1)
        for sender in crew_now:
            sender.pacer.refresh()
    probing.send("example.org")
    probing.share()
    assert probing.fill("example.org") == 50


def test_a_hold_does_not_last_longer_because_the_clock_was_set_back(app: Flask) -> None:
    time = Time()
    sender = Sender(time)
    sender.send("example.org", BLOCKED, count=20)
    assert sender.pacer.held("example.org")

    time.start -= timedelta(hours=3)
    sender.share()

    assert not sender.pacer.held("example.org")
    assert sender.fill("example.org") == 1


def test_who_stopped_before_the_clock_was_set_back_has_no_share_any_more(app: Flask) -> None:
    limit(connections=10)
    time = Time()
    one, two = crew("one", "two", time=time)
    assert (one.connections(), two.connections()) == (5, 5)

    time.start -= timedelta(hours=3)
    one.share()
    assert one.connections() == 10
    two.share()
    for _ in range(5):
        time.move(1)
        for sender in (one, two):
            sender.pacer.refresh()
    assert (one.connections(), two.connections()) == (5, 5)


def test_two_held_providers_pause_the_issue(app: Flask) -> None:
    sender = Sender()
    assert sender.send("gmail.com", BLOCKED, count=20) == ""

    sentence = sender.send("yahoo.com", BLOCKED, count=20)

    assert "gmail.com and yahoo.com" in sentence
    assert "550 5.7.1 Blocked by policy" in sentence


def test_the_holds_end_when_a_person_says_so(app: Flask) -> None:
    sender = Sender()
    sender.send("gmail.com", BLOCKED, count=20)
    sender.send("yahoo.com", BLOCKED, count=20)

    standings.release("yahoo.com")
    with pytest.raises(NotFound):
        standings.release("example.org")
    end_holds()
    db.session.commit()
    sender.share()

    assert sender.fill("gmail.com") == 50
    assert sender.send("yahoo.com", BLOCKED, count=19) == ""


# -- numbers


def test_what_was_met_is_added_up_for_each_provider(app: Flask) -> None:
    one, two = crew("one", "two", time=Time())
    one.send("example.org", count=3)
    two.send("example.org", count=4)
    two.send("example.org", GREY, count=2)
    one.share()
    two.pacer.close()

    row = provider()
    assert (row.sent, row.deferred, row.failed, row.uncertain) == (7, 2, 0, 0)
    assert row.last_success_at is not None and row.last_trouble_at is not None


def test_thousands_of_small_providers_are_written_a_part_at_a_time(app: Flask) -> None:
    sender = Sender()
    for number in range(250):
        sender.send(f"example{number}.org")
    sender.send("large.example", count=20)
    sender.send("example.org", GREY)

    sender.share()
    assert _known_providers() == 102
    sender.share()
    assert _known_providers() == 202
    sender.pacer.close()
    assert _known_providers() == 252
    assert provider("example249.org").sent == 1


def test_what_could_not_be_written_is_written_later(app: Flask) -> None:
    sender = Sender()
    sender.send("example.org", count=3)
    sender.time.move(1)
    db.session.execute(sa.text("ALTER TABLE provider RENAME TO away"))
    db.session.commit()
    with pytest.raises(sa.exc.OperationalError):
        sender.pacer.refresh()
    db.session.execute(sa.text("ALTER TABLE away RENAME TO provider"))
    db.session.commit()

    sender.pacer.refresh()

    assert provider().sent == 3


def test_providers_that_nothing_happened_with_are_forgotten(app: Flask) -> None:
    sender = Sender()
    sender.send("example.org")
    sender.share()

    forget_old(now=NOW + standings.KEPT)
    assert db.session.get(Provider, "example.org") is not None
    forget_old(now=NOW + standings.KEPT + timedelta(minutes=1))
    db.session.expire_all()
    assert db.session.get(Provider, "example.org") is None


def _known_providers() -> int:
    count = db.session.scalar(sa.select(sa.func.count()).select_from(Provider))
    db.session.rollback()
    return count or 0
