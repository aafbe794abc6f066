"""Transactional mail from the row to the relay, whatever comes between."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db, reading
from newsletter.mail import claims, outbox
from newsletter.mail.message import Mailbox
from newsletter.mail.models import OutboxMessage, OutboxState
from tests.conftest import NOW
from tests.relay import CLOSE, Received, Relay
from tests.scripted_relay import Peer, ScriptedRelay

ADA = "ada@example.org"
SENDER = Mailbox("Stay Informed", "news@news.example.org")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def relay(app: Flask) -> Iterator[Relay]:
    with Relay() as relay:
        relay.configure(app)
        yield relay


def queue(to: str = ADA, **changes: Any) -> OutboxMessage:
    """A committed sign-in mail: the kind with the fewest facts."""
    facts = {"sign_in_url": "https://news.example.org/desk/sign-in/t", "minutes": 30}
    facts |= changes.pop("facts", {})
    number = outbox.enqueue(
        changes.pop("kind", "sign-in"), to=to, language="en", sender=SENDER, facts=facts, now=NOW
    )
    row = db.session.get_one(OutboxMessage, number)
    db.session.commit()
    return row


def test_a_mail_leaves_once_and_leaves_no_address_behind(relay: Relay) -> None:
    row = queue()
    assert outbox.send_due(now=NOW) == 1
    assert outbox.send_due(now=NOW) == 0
    [received] = relay.messages
    assert (received.envelope_from, received.recipient) == (SENDER.address, ADA)
    assert (row.state, row.recipient, row.facts, row.reason) == (OutboxState.SENT, "", {}, "")
    assert row.finished_at is not None


def test_what_is_not_committed_does_not_leave(app: Flask, relay: Relay) -> None:
    outbox.enqueue("sign-in", to=ADA, language="en", sender=SENDER, facts={}, now=NOW)
    db.session.rollback()
    assert outbox.send_due(now=NOW) == 0
    assert relay.messages == []


def test_a_burst_goes_over_one_connection_which_is_closed_then(relay: Relay) -> None:
    for number in range(20):
        queue(f"reader{number}@example.org")
    assert outbox.send_due(now=NOW) == 20
    assert relay.connections == 1
    assert [message.recipient for message in relay.messages] == [
        f"reader{number}@example.org" for number in range(20)
    ]


def test_nothing_to_do_opens_no_connection_and_takes_no_write_lock(relay: Relay) -> None:
    with reading():
        assert outbox.send_due(now=NOW) == 0
    assert relay.connections == 0


def test_nothing_waits_inside_a_transaction_while_the_relay_thinks(
    app: Flask, relay: Relay
) -> None:
    others: list[int] = []

    def write_meanwhile(received: Received) -> None:
        with app.app_context():
            others.append(queue("bob@example.org").id)
            relay.on_message = None

    relay.on_message = write_meanwhile
    queue()
    assert outbox.send_due(now=NOW) == 2
    assert len(others) == 1


def test_a_mail_is_marked_in_flight_before_the_relay_has_it(app: Flask, relay: Relay) -> None:
    seen: list[OutboxState] = []

    def look(received: Received) -> None:
        with app.app_context(), reading():
            seen.append(db.session.scalars(sa.select(OutboxMessage.state)).one())

    relay.on_message = look
    queue()
    assert outbox.send_due(now=NOW) == 1
    assert seen == [OutboxState.IN_FLIGHT]


def test_the_lease_is_renewed_while_the_relay_thinks(
    app: Flask, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.mail.wire.PULSE", 0.05)
    leases: list[datetime | None] = []

    def lease(received: Received) -> None:
        with app.app_context(), reading():
            leases.append(db.session.scalars(sa.select(OutboxMessage.leased_until)).one())

    relay.on_message = lease
    relay.answer("DOT", delay=0.3)
    queue()
    assert outbox.send_due(now=NOW) == 1
    # Marked at once; the relay looked after it had thought.
    assert leases[0] is not None and leases[0] > NOW + claims.LEASE + 0.15 * SECOND


def test_a_deferred_mail_comes_again_with_the_same_bytes(relay: Relay) -> None:
    relay.answer("DOT", "451 4.3.0 later", times=1)
    row = queue()
    assert outbox.send_due(now=NOW) == 0
    assert (row.state, row.attempts) == (OutboxState.WAITING, 1)
    assert row.reason == "451 4.3.0 later"
    assert 48 * SECOND <= row.due_at - NOW <= 73 * SECOND
    assert outbox.send_due(now=NOW + 40 * SECOND) == 0
    assert outbox.send_due(now=NOW + 2 * MINUTE) == 1
    assert row.state is OutboxState.SENT
    [received] = relay.messages
    assert b"Date: Mon, 01 Mar 2027 09:00:00 +0000" in received.data


def test_every_attempt_is_the_same_bytes(relay: Relay) -> None:
    relay.answer("DOT", CLOSE, times=1)
    queue()
    outbox.send_due(now=NOW)
    outbox.send_due(now=NOW + 2 * MINUTE)
    first, second = relay.messages
    assert first.data == second.data


def test_a_refused_mail_has_failed_with_its_reason_and_without_its_address(relay: Relay) -> None:
    relay.answer("RCPT", f"550 5.1.1 <{ADA}> does not exist")
    row = queue()
    assert outbox.send_due(now=NOW) == 0
    assert (row.state, row.recipient, row.facts) == (OutboxState.FAILED, "", {})
    assert row.reason.startswith("550 5.1.1")
    assert ADA not in row.reason


def test_one_bad_mail_does_not_keep_the_others(relay: Relay) -> None:
    broken = [
        queue(kind="no-such-kind"),
        queue("not an address"),
        queue(facts={"minutes": "half an hour"}),
        queue(facts={"expires_at": "tomorrow"}),
    ]
    queue()
    assert outbox.send_due(now=NOW) == 1
    assert [row.state for row in broken] == [OutboxState.FAILED] * 4
    assert all(row.reason and row.facts == {} for row in broken)


def test_a_fact_that_is_missing_is_no_gap_in_the_mail(relay: Relay) -> None:
    row = queue(kind="confirm")
    outbox.send_due(now=NOW)
    assert row.state is OutboxState.FAILED
    assert relay.messages == []


def test_a_mail_whose_link_is_dead_is_not_sent_any_more(relay: Relay) -> None:
    row = queue(facts={"expires_at": (NOW + MINUTE).isoformat()})
    assert outbox.send_due(now=NOW + MINUTE) == 0
    assert (row.state, row.facts) == (OutboxState.FAILED, {})
    assert relay.connections == 1
    assert relay.messages == []


def test_a_missed_acknowledgement_means_one_more_mail_and_not_a_third(relay: Relay) -> None:
    relay.answer("DOT", CLOSE)
    row = queue()
    assert outbox.send_due(now=NOW) == 0
    assert row.state is OutboxState.WAITING
    assert row.uncertain_at is not None
    for minutes in (1, 2, 60):
        assert outbox.send_due(now=NOW + minutes * MINUTE) == 0
    assert (row.state, row.reason) == (OutboxState.FAILED, claims.UNACKNOWLEDGED)
    assert len(relay.messages) == 2


def test_a_sender_that_died_in_flight_is_followed_by_one_more_attempt(relay: Relay) -> None:
    row = queue()
    dead = claims.take(row.id, now=NOW)
    assert dead is not None and dead.mark(now=NOW)
    assert row.state is OutboxState.IN_FLIGHT
    assert outbox.send_due(now=NOW + 20 * SECOND) == 0
    assert outbox.send_due(now=NOW + 30 * SECOND) == 1
    assert len(relay.messages) == 1


def test_two_that_died_in_flight_are_the_end_of_it(relay: Relay) -> None:
    row = queue()
    for attempt in (0, 1):
        dead = claims.take(row.id, now=NOW + attempt * MINUTE)
        assert dead is not None and dead.mark(now=NOW + attempt * MINUTE)
        claims.recover(now=NOW + attempt * MINUTE + claims.LEASE)
    assert (row.state, row.reason) == (OutboxState.FAILED, claims.UNACKNOWLEDGED)
    assert row.recipient == ""


def test_a_sender_that_was_stopped_for_a_while_neither_sends_nor_writes(relay: Relay) -> None:
    row = queue()
    slow = claims.take(row.id, now=NOW)
    assert slow is not None
    assert claims.take(row.id, now=NOW + SECOND) is None
    quick = claims.take(row.id, now=NOW + claims.LEASE)
    assert quick is not None
    assert not slow.mark(now=NOW + claims.LEASE)
    slow.finish(OutboxState.FAILED, reason="slow", now=NOW)
    slow.postpone(until=NOW, attempts=9, reason="slow")
    slow.renew(now=NOW)
    assert quick.mark(now=NOW + claims.LEASE)
    quick.finish(OutboxState.SENT, now=NOW)
    assert (row.state, row.attempts, row.reason) == (OutboxState.SENT, 0, "")


def test_a_lease_lives_on_while_the_relay_thinks(relay: Relay) -> None:
    row = queue()
    claim = claims.take(row.id, now=NOW)
    assert claim is not None and claim.mark(now=NOW)
    for seconds in range(0, 600, 5):
        claim.renew(now=NOW + seconds * SECOND)
        claims.recover(now=NOW + seconds * SECOND)
    assert row.state is OutboxState.IN_FLIGHT


def test_two_processes_send_each_mail_once(app: Flask, relay: Relay) -> None:
    for number in range(30):
        queue(f"reader{number}@example.org")
    sent: list[int] = []

    def run() -> None:
        with app.app_context():
            sent.append(outbox.send_due(now=NOW))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sent) == 30
    recipients = [message.recipient for message in relay.messages]
    assert sorted(recipients) == sorted({f"reader{number}@example.org" for number in range(30)})


def test_a_relay_out_of_reach_costs_no_attempt_and_is_left_alone_ever_longer(app: Flask) -> None:
    with Relay() as gone:
        gone.configure(app)
    row = queue()
    # Faults at 0, 1.9 and 4.9 seconds; between them the relay is not asked.
    for seconds in (0, 0.5, 1.9, 3, 4.9, 8):
        assert outbox.send_due(now=NOW + seconds * SECOND) == 0
    assert (row.state, row.attempts, row.first_attempt_at) == (OutboxState.WAITING, 0, None)
    assert outbox.oldest_waiting(now=NOW + 9 * SECOND) == 9 * SECOND
    with Relay(port=gone.port) as back:
        assert outbox.send_due(now=NOW + 9 * SECOND) == 0
        assert outbox.send_due(now=NOW + 15 * SECOND) == 1
        assert len(back.messages) == 1


def test_a_refused_password_is_not_repeated_for_every_mail(app: Flask) -> None:
    def script(peer: Peer) -> None:
        peer.say("554 5.7.1 not you")

    with ScriptedRelay(script) as relay:
        app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=relay.port)
        rows = [queue(f"reader{number}@example.org") for number in range(3)]
        for seconds in range(0, 59, 5):
            assert outbox.send_due(now=NOW + seconds * SECOND) == 0
        assert relay.connections == 1
        outbox.send_due(now=NOW + 2 * MINUTE)
        assert relay.connections == 2
    assert {row.state for row in rows} == {OutboxState.WAITING}


def test_a_relay_that_refuses_us_in_the_middle_leaves_the_mail_as_it_was(relay: Relay) -> None:
    relay.answer("MAIL", "530 5.7.0 Authentication required", times=1)
    row = queue()
    assert outbox.send_due(now=NOW) == 0
    assert (row.state, row.attempts, row.due_at) == (OutboxState.WAITING, 0, NOW)
    assert outbox.send_due(now=NOW + 30 * SECOND) == 0
    assert outbox.send_due(now=NOW + 2 * MINUTE) == 1


def test_a_mail_that_makes_the_relay_hang_up_does_not_hold_up_the_others(relay: Relay) -> None:
    relay.answer("RCPT", CLOSE, to="poison@example.org")
    poison = queue("poison@example.org")
    queue()
    assert outbox.send_due(now=NOW) == 1
    assert (poison.state, poison.attempts) == (OutboxState.WAITING, 1)
    assert SECOND <= poison.due_at - NOW <= 2 * SECOND


def test_a_mail_is_given_up_after_two_days(relay: Relay) -> None:
    relay.answer("RCPT", "450 4.2.0 greylisted")
    row = queue()
    row.created_at = NOW - timedelta(hours=45)
    db.session.commit()
    now = NOW
    while row.state is OutboxState.WAITING:
        now = max(now, row.due_at)
        outbox.send_due(now=now)
    assert timedelta(hours=46) < now - row.created_at <= timedelta(hours=48)
    assert (row.state, row.recipient) == (OutboxState.FAILED, "")
    assert "greylisted" in row.reason


def test_a_mail_that_waited_two_days_for_the_relay_is_given_up(relay: Relay) -> None:
    row = queue()
    assert outbox.send_due(now=NOW + timedelta(hours=48)) == 0
    assert (row.state, row.facts) == (OutboxState.FAILED, {})
    assert relay.connections == 0


def test_the_oldest_waiting_mail_is_known_for_readiness(app: Flask) -> None:
    assert outbox.oldest_waiting(now=NOW) is None
    queue()
    assert outbox.oldest_waiting(now=NOW + MINUTE) == MINUTE
    later = queue("bob@example.org")
    later.due_at = NOW + 5 * MINUTE
    db.session.commit()
    # What was deferred by the relay is not late before its time has come.
    assert outbox.oldest_waiting(now=NOW + MINUTE) == MINUTE
    db.session.execute(sa.delete(OutboxMessage).where(OutboxMessage.id != later.id))
    assert outbox.oldest_waiting(now=NOW + MINUTE) is None
