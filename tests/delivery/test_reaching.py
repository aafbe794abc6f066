"""A relay that is away: what the issues say, that they wait, and that they go on."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock
from newsletter.delivery import (
    alarms,
    beats,
    control,
    courier,
    halting,
    planning,
    reaching,
    staffing,
)
from newsletter.delivery.engines import local
from newsletter.delivery.models import Batch
from newsletter.delivery.reaching import PATIENCE, Reach
from newsletter.errors import Refused
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.issues.workflow import BY_ITSELF
from newsletter.mail.models import OutboxMessage
from tests.conftest import NOW
from tests.delivery.situations import Hands, begin, readers, states, witness
from tests.factories import make_due_issue, make_editor, make_list, make_subscription
from tests.relay import Relay
from tests.scripted_relay import Peer, ScriptedRelay

REFUSED = "The relay mail.test port 25 cannot be reached: connection refused."


@pytest.fixture
def relay(app: Flask) -> Relay:
    """A relay that is away: its port is known, and nobody listens there."""
    with Relay() as relay:
        relay.configure(app)
    return relay


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds for what takes half a minute."""
    monkeypatch.setattr(reaching, "PATIENCE", 1.5)
    monkeypatch.setattr(reaching, "EVERY", 0.2)
    monkeypatch.setattr(courier, "HOUSEKEEPING", 0.1)


@contextmanager
def sending(app: Flask, *, senders: int = 1) -> Iterator[None]:
    """So many sending processes, here threads, until the block ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=local.run, args=(app, stop)) for _ in range(senders)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=10)
            assert not thread.is_alive()


def wait(is_reached: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_reached():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def read(issue_id: int) -> tuple[IssueState, str]:
    db.session.rollback()
    with db.engine.connect() as connection:
        state, reason = connection.execute(
            sa.select(Issue.state, Issue.pause_reason).where(Issue.id == issue_id)
        ).one()
    return state, reason


def mails() -> list[str]:
    db.session.rollback()
    found = db.session.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)).all()
    db.session.rollback()
    return list(found)


# -- with a real port


def test_a_relay_that_is_away_is_said_at_once_and_the_issue_goes_on_when_it_is_back(
    app: Flask, relay: Relay
) -> None:
    issue_id = begin(*readers(5), at=clock.now())
    with sending(app):
        wait(lambda: read(issue_id)[1] != "")
        state, reason = read(issue_id)
        assert state is IssueState.SENDING
        place = f"127.0.0.1 port {relay.port}"
        assert reason.startswith(f"The relay {place} cannot be reached: connection refused. Next ")
        assert reason.endswith(BY_ITSELF)
        with Relay(port=relay.port) as back:
            wait(lambda: read(issue_id) == (IssueState.SENT, ""))
            assert len(witness(back)) == 5
    assert mails() == []


def test_a_relay_that_stays_away_pauses_the_issue_which_resumes_by_itself(
    app: Flask, relay: Relay, quick: None
) -> None:
    make_editor("edith@example.org")
    issue_id = begin(*readers(5), at=clock.now())
    with sending(app, senders=2):
        wait(lambda: read(issue_id)[0] is IssueState.PAUSED)
        assert "connection refused" in read(issue_id)[1]
        assert states(issue_id) == {"waiting": 5}
        assert mails() == ["relay-alarm"]
        with Relay(port=relay.port) as back:
            wait(lambda: read(issue_id) == (IssueState.SENT, ""))
            assert witness(back) == {f"{name}@example.org": 1 for name in readers(5)}
    assert mails() == ["relay-alarm", "goes-on"]


def test_what_a_person_paused_meanwhile_stays_paused(app: Flask, relay: Relay, quick: None) -> None:
    kept, other = begin("ada", at=clock.now()), another("ben")
    with sending(app):
        wait(lambda: {read(kept)[0], read(other)[0]} == {IssueState.PAUSED})
        control.pause(db.session.get_one(Issue, kept), now=NOW)
        db.session.commit()
        with Relay(port=relay.port):
            wait(lambda: read(other)[0] is IssueState.SENT)
            assert read(kept) == (IssueState.PAUSED, "")
    assert states(kept) == {"waiting": 1}


def test_a_person_who_resumes_has_the_relay_called_at_once(
    app: Flask, relay: Relay, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.backoff.CONNECTION_DELAYS", (2.0, 600.0))
    issue_id = begin("ada", at=clock.now())
    with sending(app):
        wait(lambda: read(issue_id)[0] is IssueState.PAUSED)
        with Relay(port=relay.port):
            control.resume(db.session.get_one(Issue, issue_id), now=clock.now())
            db.session.commit()
            wait(lambda: read(issue_id)[0] is IssueState.SENT, seconds=8)


def test_a_sender_that_starts_while_all_wait_finds_out_that_the_relay_is_back(
    app: Flask, relay: Relay, quick: None
) -> None:
    issue_id = begin("ada", at=clock.now())
    with sending(app):
        wait(lambda: read(issue_id)[0] is IssueState.PAUSED)
    with Relay(port=relay.port), sending(app):
        wait(lambda: read(issue_id)[0] is IssueState.SENT)


def test_a_relay_that_comes_back_and_does_not_want_us_needs_a_person(
    app: Flask, relay: Relay, quick: None
) -> None:
    make_editor("edith@example.org")
    issue_id = begin("ada", at=clock.now())
    app.config.update(MAIL_USERNAME="us", MAIL_PASSWORD="word")
    with sending(app):
        wait(lambda: read(issue_id)[0] is IssueState.PAUSED)
        with Relay(port=relay.port) as back:
            # A password is not sent in the clear: that is ours to mend.
            wait(lambda: "in the clear" in read(issue_id)[1])
            assert not read(issue_id)[1].endswith(BY_ITSELF)
            assert back.messages == []
    assert mails() == ["relay-alarm", "pause-alarm"]


def test_a_relay_that_takes_calls_and_says_nothing_is_said_while_it_is_waited_for(
    app: Flask, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staffing, "SLOW", 0.5)
    issue_id = begin("ada", at=clock.now())
    over = threading.Event()

    def hush(_peer: Peer) -> None:
        over.wait(20)

    with ScriptedRelay(hush) as silent:
        app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=silent.port)
        with sending(app):
            wait(lambda: "has not answered for" in read(issue_id)[1])
            wait(lambda: read(issue_id)[0] is IssueState.PAUSED)
            over.set()


# -- one step at a time


def test_a_relay_that_ends_each_connection_at_the_first_message_is_said_and_holds_nothing(
    app: Flask, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.backoff.CONNECTION_DELAYS", (0.1,))
    monkeypatch.setattr("newsletter.delivery.backoff.SHORTEST_LOSS", timedelta(seconds=1))
    issue_id = begin(*readers(8), at=clock.now())
    is_well = threading.Event()

    def serve(peer: Peer) -> None:
        peer.greet()
        while not (line := peer.hear().upper()).startswith("QUIT"):
            if not is_well.is_set():
                return
            if line != "DATA":
                peer.say("250 ok")
                continue
            peer.say("354 go on")
            peer.hear_message()
            peer.say("250 ok")

    with ScriptedRelay(serve) as scripted:
        Relay(port=scripted.port).configure(app)
        with sending(app):
            wait(lambda: "ends each connection" in read(issue_id)[1])
            assert read(issue_id)[1].endswith(BY_ITSELF)
            # Longer than what pauses an issue whose relay cannot be reached.
            end = time.monotonic() + 2 * reaching.PATIENCE
            while time.monotonic() < end:
                assert read(issue_id)[0] is IssueState.SENDING
                time.sleep(0.05)
            is_well.set()
            wait(lambda: read(issue_id) == (IssueState.SENT, ""))
    assert states(issue_id) == {"sent": 8}


def test_what_was_held_is_tried_when_the_relay_takes_calls_though_it_ended_the_last_ones(
    hands: Hands, reach: Reach
) -> None:
    issue_id = begin("ada")
    reach.dropped("It ends each.", since=0.0, wait=1.0)
    reach.report(is_connected=False)
    assert read(issue_id)[1].startswith("It ends each. Next try at 09:00:01 UTC.")
    hold(minutes=0)
    hands.move(seconds=6)
    reach.report(is_connected=False)
    assert read(issue_id)[0] is IssueState.PAUSED
    reach.answered()
    reach.report(is_connected=True)
    state, words = read(issue_id)
    assert (state, words[:13]) == (IssueState.SENDING, "It ends each.")
    reach.worked()
    reach.report(is_connected=True)
    assert read(issue_id) == (IssueState.SENDING, "")


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def reach(app: Flask, hands: Hands) -> Reach:
    return Reach("sender:one", now=hands, monotonic=hands.monotonic)


def test_half_a_minute_is_waited_before_anything_pauses(hands: Hands, reach: Reach) -> None:
    issue_id = begin("ada")
    reach.unanswered(REFUSED, since=0.0, wait=1.0)
    assert not reach.report(is_connected=False)
    assert read(issue_id) == (
        IssueState.SENDING,
        f"{REFUSED} Next try at 09:00:01 UTC. {BY_ITSELF}",
    )
    hands.move(seconds=PATIENCE - 1)
    reach.unanswered(REFUSED, since=20.0, wait=1.0)
    reach.report(is_connected=False)
    assert read(issue_id)[0] is IssueState.SENDING
    hands.move(seconds=1)
    assert not reach.report(is_connected=False)
    hands.move(seconds=5)
    reach.report(is_connected=False)
    assert read(issue_id)[0] is IssueState.PAUSED


def test_an_issue_that_others_can_send_neither_says_so_nor_pauses(
    hands: Hands, reach: Reach
) -> None:
    issue_id = begin("ada")
    beats.reached("sender:two", now=NOW)
    live("sender:two", at=NOW)
    reach.unanswered(REFUSED, since=-100.0)
    reach.report(is_connected=False)
    assert read(issue_id) == (IssueState.SENDING, "")
    # The other one stopped.
    hands.move(seconds=16)
    reach.report(is_connected=False)
    assert read(issue_id)[0] is IssueState.PAUSED


def test_what_another_sends_slowly_goes_on_though_one_has_no_way_to_the_relay(
    hands: Hands, reach: Reach
) -> None:
    issue_id = begin("ada")
    other = Reach("sender:two", now=hands, monotonic=hands.monotonic)
    for second in range(300):
        hands.move(seconds=1)
        # It sends a message every minute, and lets its connection go after two seconds.
        is_connected = second % 60 < 2
        if second % 60 == 0:
            other.answered()
        if second % 5 == 0:
            live("sender:two", at=hands())
        other.report(is_connected=is_connected)
        if second % 20 == 10:
            reach.unanswered(REFUSED, since=hands.passed)
        reach.report(is_connected=False)
        assert read(issue_id) == (IssueState.SENDING, "")


def test_when_none_has_a_way_to_the_relay_any_more_it_is_said_at_once(
    hands: Hands, reach: Reach
) -> None:
    issue_id = begin("ada")
    other = Reach("sender:two", now=hands, monotonic=hands.monotonic)
    live("sender:two", at=NOW)
    other.answered()
    other.report(is_connected=True)
    reach.unanswered(REFUSED, since=0.0)
    other.unanswered(REFUSED, since=0.0)
    reach.report(is_connected=False)
    assert read(issue_id)[1] == ""
    other.report(is_connected=False)
    hands.move(seconds=5)
    reach.report(is_connected=False)
    assert read(issue_id) == (IssueState.SENDING, f"{REFUSED} {BY_ITSELF}")


def test_a_connection_of_long_ago_says_nothing(hands: Hands, reach: Reach) -> None:
    issue_id = begin("ada")
    beats.reached("sender:two", now=NOW)
    hands.move(seconds=121)
    live("sender:two", at=hands())
    reach.unanswered(REFUSED, since=0.0)
    reach.report(is_connected=False)
    assert read(issue_id)[0] is IssueState.PAUSED


def live(name: str, *, at: datetime) -> None:
    """A sender's sign of life, with no connection open at this moment."""
    with db.engine.begin() as connection:
        beats.beat(connection, name, connections=0, now=at)


def test_an_idle_sender_calls_when_another_says_that_the_relay_is_away(
    hands: Hands, reach: Reach
) -> None:
    assert not reach.report(is_connected=False)
    issue_id = begin("ada")
    halting.say_why(halting.until_the_relay_answers(REFUSED))
    hands.move(seconds=1)
    assert not reach.report(is_connected=False), "it looks every few seconds only"
    hands.move(seconds=5)
    assert reach.report(is_connected=False)
    hands.move(seconds=5)
    reach.report(is_connected=True)
    assert read(issue_id) == (IssueState.SENDING, "")


def test_batches_that_were_put_off_are_due_when_the_relay_answers(app: Flask) -> None:
    begin("ada")
    halting.hold_all(halting.until_the_relay_answers(REFUSED), now=NOW)
    db.session.execute(sa.update(Batch).values(due_at=NOW + timedelta(minutes=5)))
    db.session.commit()
    halting.go_on(now=NOW)
    assert db.session.scalars(sa.select(Batch.due_at)).one() == datetime(1970, 1, 1, tzinfo=UTC)


def test_the_editors_are_told_of_a_relay_that_comes_and_goes_once_a_quarter_of_an_hour(
    app: Flask,
) -> None:
    make_editor("edith@example.org")
    begin("ada")
    for minutes in (0, 5, 10, 15):
        hold(minutes=minutes)
        halting.go_on(now=NOW + timedelta(minutes=minutes + 1))
    assert mails() == ["relay-alarm", "goes-on"] * 2


def test_a_hold_that_was_too_soon_to_be_told_is_told_when_it_lasts(app: Flask) -> None:
    make_editor("edith@example.org")
    begin("ada")
    hold(minutes=0)
    halting.go_on(now=NOW + timedelta(minutes=2))
    hold(minutes=5)
    for minutes in range(6, 15):
        watch(minutes=minutes)
    assert mails() == ["relay-alarm", "goes-on"]
    for minutes in range(15, 8 * 60, 5):
        watch(minutes=minutes)
        hold(minutes=minutes)
    assert mails() == ["relay-alarm", "goes-on", "relay-alarm"]
    halting.go_on(now=NOW + timedelta(hours=8))
    assert mails() == ["relay-alarm", "goes-on"] * 2
    told, _, told_again, went_on = db.session.scalars(sa.select(OutboxMessage)).all()
    assert told.facts["reason"] == told_again.facts["reason"]
    assert "The issue waited since 09:05 UTC;" in went_on.facts["reason"]


def test_an_issue_that_was_late_before_it_was_held_goes_on_without_a_word(app: Flask) -> None:
    make_editor("edith@example.org")
    begin("ada")
    watch(minutes=16)
    hold(minutes=20)
    halting.go_on(now=NOW + timedelta(minutes=21))
    assert mails() == ["waiting-alarm"]


def hold(*, minutes: int) -> None:
    reason = halting.until_the_relay_answers(REFUSED)
    halting.hold_all(reason, now=NOW + timedelta(minutes=minutes))


def watch(*, minutes: int) -> None:
    alarms.watch(now=NOW + timedelta(minutes=minutes))
    db.session.commit()


def test_a_very_long_reason_keeps_its_end(app: Flask) -> None:
    reason = halting.until_the_relay_answers("word " * 500)
    assert reason.endswith(BY_ITSELF)
    assert len(reason) <= 500


def test_only_what_waits_for_the_relay_goes_on_by_itself(app: Flask) -> None:
    issue = db.session.get_one(Issue, begin("ada"))
    workflow.pause(issue, "The password is wrong.", now=NOW)
    with pytest.raises(Refused, match="is paused"):
        workflow.go_on(issue)
    with pytest.raises(Refused, match="is paused"):
        workflow.wait_for_relay(issue, BY_ITSELF)
    with pytest.raises(Refused, match="is paused"):
        workflow.pause(issue, now=NOW)
    assert issue.pause_reason == "The password is wrong."


def another(name: str) -> int:
    """One more issue, to another list."""
    events = make_list("events")
    make_subscription(events, f"{name}@example.org")
    issue = make_due_issue(events, at=clock.now())
    planning.plan(issue, now=clock.now())
    db.session.commit()
    return issue.id
