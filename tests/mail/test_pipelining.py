"""Transactions written ahead: every reply meets its command, and every phase is known."""

import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.connecting import connect
from newsletter.mail.letters import Ended, Letter, Lost
from newsletter.mail.pipelining import Channel
from newsletter.mail.replies import Kind, Phase
from tests.scripted_relay import Gone, Peer, ScriptedRelay

SMALL = b"Subject: hello\r\n\r\nhello\r\n"
PIPELINING = ("PIPELINING", "SIZE 9000000", "8BITMIME")


def letter(number: int = 1, data: bytes = SMALL) -> Letter:
    return Letter("news@example.org", f"reader{number}@example.org", data, number)


@contextmanager
def channel_to(script: Callable[[Peer], None], **changes: object) -> Iterator[Channel]:
    with ScriptedRelay(script) as relay:
        settings = relay.settings(**changes)
        channel = Channel(connect(settings), settings)
        try:
            yield channel
        finally:
            channel.abandon()


def until(channel: Channel, condition: Callable[[], bool]) -> list[Ended | Lost]:
    """Drive a channel as the loop does until something is true; return what ended meanwhile."""
    happened: list[Ended | Lost] = []
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, f"it did not come true; so far: {happened}"
        wants = [channel] if channel.wants_to_write else []
        select.select([channel], wants, [], 0.05)
        happened += channel.pump()
        if any(isinstance(event, Lost) for event in happened):
            break
    return happened


def send(channel: Channel, one: Letter) -> list[Ended | Lost]:
    """Carry one letter to its end."""
    assert channel.begin(one) is None
    channel.flush()
    happened = until(channel, lambda: channel.is_held or channel.is_idle)
    if channel.is_held:
        channel.finish()
        channel.flush()
        happened += until(channel, lambda: channel.is_idle)
    return happened


def outcome(happened: list[Ended | Lost]) -> tuple[Kind, int | None, Phase]:
    [ended] = [event for event in happened if isinstance(event, Ended)]
    return ended.outcome.kind, ended.outcome.code, ended.outcome.phase


def test_a_dot_and_the_next_envelope_go_in_one_write() -> None:
    heard_after_first_dot: list[str] = []

    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        assert [peer.hear()[:4] for _ in range(3)] == ["MAIL", "RCPT", "DATA"]
        peer.say("250 ok", "250 ok", "354 go on")
        peer.hear_message()
        # Nothing is answered before the next envelope was heard, too.
        heard_after_first_dot.extend(peer.hear() for _ in range(3))
        peer.say("250 2.0.0 first", "250 ok", "250 ok", "354 go on")
        peer.hear_message()
        peer.say("250 2.0.0 second")

    with channel_to(script) as channel:
        first, second = letter(1), letter(2)
        channel.begin(first)
        channel.flush()
        until(channel, lambda: channel.is_held)
        channel.finish()
        assert channel.may_begin
        channel.begin(second)
        channel.flush()
        happened = until(channel, lambda: channel.is_held)
        assert [event.letter for event in happened if isinstance(event, Ended)] == [first]
        channel.finish()
        channel.flush()
        happened = until(channel, lambda: channel.is_idle)
        assert [event.letter for event in happened if isinstance(event, Ended)] == [second]

    assert [line[:4] for line in heard_after_first_dot] == ["MAIL", "RCPT", "DATA"]
    assert heard_after_first_dot[0] == f"MAIL FROM:<news@example.org> SIZE={len(SMALL)}"


def test_without_pipelining_each_command_waits_for_its_reply() -> None:
    def script(peer: Peer) -> None:
        peer.greet("SIZE 1000000")
        for answer in ("250 ok", "250 ok", "354 go on"):
            peer.hear()
            time.sleep(0.05)
            assert peer._buffer == b"", "something was sent ahead"
            peer.say(answer)
        peer.hear_message()
        peer.say("250 2.0.0 ok")

    with channel_to(script) as channel:
        assert outcome(send(channel, letter())) == (Kind.SENT, 250, Phase.DOT)


def test_nothing_of_the_dot_is_written_before_it_is_asked_for() -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        peer.transact(until="DATA")
        peer.say("354 go on")
        lines = []
        with pytest.raises(Gone):
            while True:
                lines.append(peer.hear())
        peer.heard.append(f"dot: {'.' in lines}")

    with ScriptedRelay(script) as relay:
        settings = relay.settings()
        channel = Channel(connect(settings), settings)
        channel.begin(letter())
        channel.flush()
        until(channel, lambda: channel.is_held)
        channel.abandon()
    assert "dot: False" in relay.heard


REFUSALS = [
    (("550 5.1.1 nobody", "503 no", "503 no"), Phase.MAIL),
    (("250 ok", "550 5.1.1 nobody", "554 no valid recipients"), Phase.RCPT),
    (("250 ok", "250 ok", "554 5.3.0 not now"), Phase.DATA),
]


@pytest.mark.parametrize(("answers", "phase"), REFUSALS)
def test_a_refusal_says_in_which_phase_and_the_next_letter_goes(
    answers: tuple[str, ...], phase: Phase
) -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        for _ in range(3):
            peer.hear()
        peer.say(*answers)
        if phase is not Phase.MAIL:
            assert peer.hear() == "RSET"
            peer.say("250 ok")
        peer.transact()
        peer.say("250 2.0.0 ok")

    with channel_to(script) as channel:
        kind, _, found = outcome(send(channel, letter(1)))
        assert (kind, found) == (Kind.REFUSED, phase)
        assert outcome(send(channel, letter(2))) == (Kind.SENT, 250, Phase.DOT)


def test_a_354_after_every_recipient_was_refused_gets_a_lone_dot_and_counts_as_not_sent() -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        for _ in range(3):
            peer.hear()
        peer.say("250 ok", "450 4.2.0 greylisted", "354 go on")
        assert peer.hear_message() == []
        peer.say("250 2.0.0 thank you for nothing")
        peer.transact()
        peer.say("250 2.0.0 ok")

    with channel_to(script) as channel:
        assert outcome(send(channel, letter(1))) == (Kind.DEFERRED, 450, Phase.RCPT)
        until(channel, lambda: channel.may_begin and channel.is_idle)
        assert outcome(send(channel, letter(2))) == (Kind.SENT, 250, Phase.DOT)


def lost_after(*, heard: str) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        peer.transact(until=heard)
        if heard == "DATA":
            peer.say("354 go on")
            peer.hear()

    return script


@pytest.mark.parametrize("heard", ["MAIL", "DATA"])
def test_a_connection_lost_before_the_dot_is_definite(heard: str) -> None:
    with channel_to(lost_after(heard=heard)) as channel:
        one = letter(1, data=SMALL * 4000)
        channel.begin(one)
        channel.flush()
        happened = until(channel, lambda: False)
    assert isinstance(happened[-1], Lost)
    assert happened[-1].unsent is one
    assert isinstance(happened[-1].error, ConnectionLost)
    assert len(happened) == 1


def test_a_connection_lost_after_the_dot_is_uncertain_and_the_next_envelope_unsent() -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        peer.transact()

    with channel_to(script) as channel:
        first, second = letter(1), letter(2)
        channel.begin(first)
        channel.flush()
        until(channel, lambda: channel.is_held)
        channel.finish()
        channel.begin(second)
        channel.flush()
        ended, lost = until(channel, lambda: False)
    assert isinstance(ended, Ended) and ended.letter is first
    assert ended.outcome.kind is Kind.UNCERTAIN
    assert isinstance(lost, Lost) and lost.unsent is second


def test_accepted_and_hung_up_in_one_packet_is_sent() -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        peer.transact()
        peer.say("250 2.0.0 ok")

    with channel_to(script) as channel:
        happened = send(channel, letter())
    assert outcome(happened) == (Kind.SENT, 250, Phase.DOT)


def test_silence_after_the_dot_is_uncertain_when_its_time_is_over() -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        peer.transact()
        with pytest.raises(Gone):
            peer.hear()

    with channel_to(script, final_timeout=0.2) as channel:
        happened = send(channel, letter())
    assert outcome(happened) == (Kind.UNCERTAIN, None, Phase.DOT)
    assert "did not answer in time" in happened[0].outcome.text  # type: ignore[union-attr]  # it ended


@pytest.mark.parametrize("code", [530, 535])
def test_a_relay_that_wants_us_to_identify_ourselves_is_our_fault(code: int) -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        for _ in range(3):
            peer.hear()
        peer.say(f"{code} 5.7.0 Authentication required", "503 no", "503 no")

    with channel_to(script) as channel:
        happened = send(channel, letter())
    assert isinstance(happened[-1], Lost)
    assert isinstance(happened[-1].error, SenderFault)
    assert happened[-1].unsent is not None


def test_421_at_mail_is_about_the_connection_and_at_rcpt_about_the_reader() -> None:
    def script(*answers: str) -> Callable[[Peer], None]:
        def say(peer: Peer) -> None:
            peer.greet(*PIPELINING)
            for _ in range(3):
                peer.hear()
            peer.say(*answers)

        return say

    with channel_to(script("421 4.3.2 closing")) as channel:
        [lost] = send(channel, letter())
    assert isinstance(lost, Lost) and lost.unsent is not None

    with channel_to(script("250 ok", "421 4.7.0 too many")) as channel:
        ended, lost = send(channel, letter())
    assert isinstance(ended, Ended) and ended.outcome.kind is Kind.DEFERRED
    assert isinstance(lost, Lost) and lost.unsent is None


def test_a_refusal_in_the_middle_of_a_large_message_counts_and_is_definite() -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        peer.transact(until="DATA")
        peer.say("354 go on")
        peer.hear()
        peer.say("552 5.3.4 too large")
        time.sleep(0.1)

    with channel_to(script) as channel:
        channel.begin(letter(1, data=SMALL * 100_000))
        channel.flush()
        happened = until(channel, lambda: False)
    assert outcome(happened) == (Kind.REFUSED, 552, Phase.DATA)
    assert isinstance(happened[-1], Lost)


def test_words_out_of_turn_are_never_taken_for_an_answer() -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        peer.transact(until="DATA")
        peer.say("354 go on", "250 2.0.0 accepted before the dot")
        with pytest.raises(Gone):
            peer.hear_message()

    with channel_to(script) as channel:
        happened = send(channel, letter())
    [lost] = happened
    assert isinstance(lost, Lost) and lost.unsent is not None


def test_replies_in_single_bytes_and_in_many_lines_are_matched() -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        for _ in range(3):
            peer.hear()
        for byte in b"250-one\r\n250 two\r\n250 ok\n354 go on\r\n":
            peer.say(bytes([byte]))
        peer.hear_message()
        for byte in b"250-2.0.0 one\r\n250 2.0.0 two\r\n":
            peer.say(bytes([byte]))

    with channel_to(script) as channel:
        happened = send(channel, letter())
    assert outcome(happened) == (Kind.SENT, 250, Phase.DOT)


def test_a_relay_that_never_stops_talking_is_not_listened_to_for_ever() -> None:
    def script(peer: Peer) -> None:
        peer.greet(*PIPELINING)
        with pytest.raises(Gone):
            while True:
                peer.say(b"250-so much to say\r\n" * 10_000)

    with ScriptedRelay(script) as relay:
        settings = relay.settings()
        channel = Channel(connect(settings), settings)
        channel.begin(letter())
        end = time.monotonic() + 10
        while not (events := channel.pump()):
            assert time.monotonic() < end
        assert isinstance(events[-1], Lost)


def test_a_message_larger_than_the_relay_takes_is_refused_without_asking() -> None:
    def script(peer: Peer) -> None:
        peer.greet("PIPELINING", "SIZE 20")
        with pytest.raises(Gone):
            peer.hear()

    with channel_to(script) as channel:
        refusal = channel.begin(letter())
    assert refusal is not None
    assert (refusal.kind, refusal.status) == (Kind.REFUSED, "5.3.4")


def test_a_large_message_over_tls_arrives_whole() -> None:
    data = b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n"
    data += (b"y" * 70 + b"\r\n") * 20_000
    counted: list[int] = []

    def script(peer: Peer) -> None:
        peer.encrypt()
        peer.greet(*PIPELINING[:1])
        peer.transact(until="DATA")
        peer.say("354 go on")
        counted.append(len(peer.hear_message()))
        peer.say("250 2.0.0 ok")

    with channel_to(script, tls=True) as channel:
        happened = send(channel, letter(1, data=data))
    assert outcome(happened) == (Kind.SENT, 250, Phase.DOT)
    assert counted == [data.count(b"\r\n")]


def test_a_relay_that_stops_reading_is_left_when_its_time_is_over_however_often_we_try() -> None:
    left = threading.Event()

    def script(peer: Peer) -> None:
        peer.greet("PIPELINING")
        peer.transact(until="DATA")
        peer.say("354 go on")
        left.wait(timeout=30)

    with channel_to(script, write_timeout=0.4) as channel:
        channel.begin(letter(1, data=SMALL * 1_000_000))
        channel.flush()
        happened: list[Ended | Lost] = []
        end = time.monotonic() + 20
        while not happened and time.monotonic() < end:
            channel.flush()
            happened = channel.pump()
            time.sleep(0.01)
        left.set()
    assert isinstance(happened[-1], Lost)
    assert "in time" in str(happened[-1].error)
    assert happened[-1].unsent is not None
