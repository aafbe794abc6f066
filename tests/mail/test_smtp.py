"""What one message's way over the wire ends as, whatever the relay does and whenever."""

import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.replies import Phase
from newsletter.mail.smtp import Connection, Kind, Outcome, RelaySettings, relay_settings
from tests.relay import CLOSE, CLOSE_AFTER, Relay
from tests.scripted_relay import Peer, ScriptedRelay

SENDER = "news@example.org"
ADA = "ada@example.org"
MESSAGE = b"Subject: hello\r\n\r\nhello\r\n"
SMUGGLED = b"\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nbad\r\n"


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


def to(relay: Relay) -> RelaySettings:
    return RelaySettings(relay.host, relay.port, "news.example.org", final_timeout=5)


def hand_over(script: Callable[[Peer], None], **changes: object) -> Outcome:
    with ScriptedRelay(script) as relay, Connection(relay.settings(**changes)) as connection:
        return connection.send(SENDER, ADA, MESSAGE)


def test_a_message_arrives_as_it_was_with_one_recipient_and_its_size(relay: Relay) -> None:
    with Connection(to(relay)) as connection:
        outcome = connection.send(SENDER, ADA, MESSAGE)
    assert outcome == Outcome(Kind.SENT, 250, "2.0.0", "accepted", Phase.DOT)
    [received] = relay.messages
    assert received.data == MESSAGE
    assert (received.envelope_from, received.recipient, received.recipients) == (SENDER, ADA, 1)
    assert received.mail_options == (f"SIZE={len(MESSAGE)}",)


def test_one_connection_serves_message_after_message_also_after_a_refusal(relay: Relay) -> None:
    relay.answer("RCPT", "550 5.1.1 No such user", to="bob@example.org")
    with Connection(to(relay)) as connection:
        kinds = [
            connection.send(SENDER, address, MESSAGE).kind
            for address in (ADA, "bob@example.org", "eve@example.org")
        ]
    assert kinds == [Kind.SENT, Kind.REFUSED, Kind.SENT]
    assert relay.connections == 1
    assert [message.recipient for message in relay.messages] == [ADA, "eve@example.org"]


@pytest.mark.parametrize(
    "lines", [b".\r\n", b"..\r\n", b".a\r\n", b"a\r\n.\r\n.\r\n.b\r\n", b"\r\n.\r\n\r\n"]
)
def test_dots_at_line_starts_arrive_unchanged(relay: Relay, lines: bytes) -> None:
    with Connection(to(relay)) as connection:
        connection.send(SENDER, ADA, MESSAGE + lines)
    assert relay.messages[0].data == MESSAGE + lines


def test_a_dot_at_the_very_beginning_arrives_unchanged(relay: Relay) -> None:
    with Connection(to(relay)) as connection:
        connection.send(SENDER, ADA, b".\r\n" + MESSAGE)
    assert relay.messages[0].data == b".\r\n" + MESSAGE


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\r.\r", b"\r\n.\r\n", b"\n.\r\n", b"\r\n.\n", b"\r.\n"]
)
def test_no_body_can_begin_a_second_transaction(relay: Relay, end: bytes) -> None:
    with Connection(to(relay)) as connection:
        connection.send(SENDER, ADA, MESSAGE + b"x" + end + SMUGGLED)
    [received] = relay.messages
    assert received.recipient == ADA
    assert received.data.count(b"\r") == received.data.count(b"\n") == received.data.count(b"\r\n")
    assert b"MAIL FROM:<evil@example.org>" in received.data


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example>\r\nRCPT TO:<x@y.example",
        "a@b.example\n",
        "a b@example.org",
        "<a@example.org>",
        "-f root",
        "a@",
        "a@b@c",
        '"a b"@example.org',
        "",
    ],
)
def test_no_address_can_carry_a_command(relay: Relay, address: str) -> None:
    with Connection(to(relay)) as connection:
        outcome = connection.send(SENDER, address, MESSAGE)
        assert (outcome.kind, outcome.status) == (Kind.REFUSED, "5.1.3")
        assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT
    assert relay.asked == [ADA]


@pytest.mark.parametrize(
    ("phase", "answer", "kind", "code", "status"),
    [
        ("MAIL", "451 4.3.0 later", Kind.DEFERRED, 451, "4.3.0"),
        ("MAIL", "553 5.7.1 not yours", Kind.REFUSED, 553, "5.7.1"),
        ("RCPT", "450 4.2.0 greylisted", Kind.DEFERRED, 450, "4.2.0"),
        ("RCPT", "550 5.1.1 no such user", Kind.REFUSED, 550, "5.1.1"),
        ("RCPT", "599 something new", Kind.REFUSED, 599, ""),
        ("RCPT", "550 4.1.1 both at once", Kind.REFUSED, 550, ""),
        ("RCPT", "450 5.1.1 both at once", Kind.DEFERRED, 450, ""),
        ("DATA", "451 4.3.0 later", Kind.DEFERRED, 451, "4.3.0"),
        ("DATA", "554 5.5.1 no", Kind.REFUSED, 554, "5.5.1"),
        ("DOT", "452 4.3.1 full", Kind.DEFERRED, 452, "4.3.1"),
        ("DOT", "552 5.3.4 too big", Kind.REFUSED, 552, "5.3.4"),
        ("DOT", "554 5.7.1 spam", Kind.REFUSED, 554, "5.7.1"),
    ],
)
def test_a_refusal_is_what_its_three_digits_say(
    relay: Relay, phase: str, answer: str, kind: Kind, code: int, status: str
) -> None:
    relay.answer(phase, answer, times=1)
    with Connection(to(relay)) as connection:
        outcome = connection.send(SENDER, ADA, MESSAGE)
        assert (outcome.kind, outcome.code, outcome.status) == (kind, code, status)
        assert relay.messages == []
        assert connection.is_open
        assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT
    assert relay.connections == 1


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "DOT"])
def test_421_defers_and_ends_the_connection(relay: Relay, phase: str) -> None:
    relay.answer(phase, "421 4.3.2 shutting down", times=1)
    with Connection(to(relay)) as connection:
        outcome = connection.send(SENDER, ADA, MESSAGE)
        assert (outcome.kind, outcome.code) == (Kind.DEFERRED, 421)
        assert not connection.is_open
        connection.open()
        assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "BODY"])
def test_a_connection_lost_before_the_dot_is_a_definite_failure(relay: Relay, phase: str) -> None:
    relay.answer(phase, CLOSE, times=1)
    with Connection(to(relay)) as connection:
        with pytest.raises(ConnectionLost):
            connection.send(SENDER, ADA, MESSAGE * 100_000)
        assert not connection.is_open
    assert relay.messages == []


def test_a_connection_lost_after_the_dot_is_uncertain(relay: Relay) -> None:
    relay.answer("DOT", CLOSE)
    with Connection(to(relay)) as connection:
        outcome = connection.send(SENDER, ADA, MESSAGE)
        assert (outcome.kind, outcome.code) == (Kind.UNCERTAIN, None)
        assert not connection.is_open
    assert len(relay.messages) == 1


def test_an_acknowledgement_followed_by_a_drop_is_sent(relay: Relay) -> None:
    relay.answer("DOT", CLOSE_AFTER)
    with Connection(to(relay)) as connection:
        assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT
    assert len(relay.messages) == 1


def test_a_message_taken_back_before_the_dot_is_not_sent(relay: Relay) -> None:
    with Connection(to(relay)) as connection:
        outcome = connection.send(SENDER, ADA, MESSAGE, before_dot=lambda: False)
        assert outcome.kind is Kind.WITHHELD
        assert not connection.is_open
    assert relay.messages == []


def test_a_mark_that_cannot_be_written_sends_nothing(relay: Relay) -> None:
    def mark() -> bool:
        raise RuntimeError("the database is away")

    with Connection(to(relay)) as connection, pytest.raises(RuntimeError):
        connection.send(SENDER, ADA, MESSAGE, before_dot=mark)
    assert relay.messages == []


def test_the_mark_is_written_when_all_but_the_dot_is_written() -> None:
    heard: list[str] = []
    at_mark: list[list[str]] = []

    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact(until="DATA")
        peer.say("354 go on")
        for _ in range(3):
            heard.append(peer.hear())
        heard.append(peer.hear())
        peer.say("250 ok")

    def mark() -> bool:
        at_mark.append(list(heard))
        return True

    with ScriptedRelay(script) as relay, Connection(relay.settings()) as connection:
        assert connection.send(SENDER, ADA, MESSAGE, before_dot=mark).kind is Kind.SENT
    assert heard == ["Subject: hello", "", "hello", "."]
    assert all("." not in lines for lines in at_mark)
    assert len(at_mark) == 1


def test_a_refused_or_uncertain_recipient_is_never_named_in_what_is_kept(relay: Relay) -> None:
    relay.answer("RCPT", "550 5.1.1 <ada.lovelace@example.org>: user ada.lovelace unknown; "
                 "see https://relay.example/?to=ada.lovelace%40example.org")  # fmt: skip
    with Connection(to(relay)) as connection:
        text = connection.send(SENDER, "ada.lovelace@example.org", MESSAGE).text
    assert "lovelace" not in text
    assert "unknown" in text


def test_an_address_beyond_ascii_fails_by_itself_where_the_relay_cannot_take_it(
    relay: Relay,
) -> None:
    with Connection(to(relay)) as connection:
        outcome = connection.send(SENDER, "jörg@example.org", MESSAGE)
        assert (outcome.kind, outcome.status) == (Kind.REFUSED, "5.6.7")
        assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT
    assert relay.asked == [ADA]


def test_an_address_beyond_ascii_goes_with_smtputf8_where_that_is_offered() -> None:
    with Relay(smtputf8=True) as relay, Connection(to(relay)) as connection:
        assert connection.send(SENDER, "jörg@example.org", MESSAGE).kind is Kind.SENT
        assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT
        assert [message.recipient for message in relay.messages] == ["jörg@example.org", ADA]
        assert ["SMTPUTF8" in message.mail_options for message in relay.messages] == [True, False]


def test_a_domain_beyond_ascii_needs_no_smtputf8(relay: Relay) -> None:
    with Connection(to(relay)) as connection:
        assert connection.send(SENDER, "user@faß.de", MESSAGE).kind is Kind.SENT
    assert relay.asked == ["user@xn--fa-hia.de"]


def test_a_message_above_the_size_offered_is_refused_without_asking() -> None:
    with Relay(size=100) as relay, Connection(to(relay)) as connection:
        outcome = connection.send(SENDER, ADA, MESSAGE * 10)
        assert (outcome.kind, outcome.status, outcome.code) == (Kind.REFUSED, "5.3.4", None)
        assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT
        assert relay.asked == [ADA]


def test_a_relay_that_closed_an_idle_connection_is_noticed_before_the_next_message(
    relay: Relay,
) -> None:
    relay.answer("DOT", CLOSE_AFTER, times=1)
    with Connection(to(relay)) as connection:
        assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT
        # The relay's end of the connection takes a moment to be seen here.
        end = time.monotonic() + 5
        while connection.is_open:
            assert time.monotonic() < end
        connection.open()
        assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT
    assert len(relay.messages) == 2


# What only a scripted relay does.


@pytest.mark.parametrize(
    "pieces",
    [
        ["250-2.0.0 first\r\n", "250 2.0.0 last"],
        [bytes([byte]) for byte in b"250 2.0.0 ok\r\n"],
        ["250 2.0.0 ok\n"],
        ["250\r\n"],
        ["250-\r\n250-\r\n250 \r\n"],
        ["299 never seen before"],
    ],
)
def test_strange_but_complete_replies_are_understood(pieces: list[str | bytes]) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact()
        peer.say(*pieces)

    assert hand_over(script).kind is Kind.SENT


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n",
        b"\r\n",
        b"25\r\n",
        b"250x ok\r\n",
        b"150 no such class\r\n",
        b"999 no such class\r\n",
        b"250-one\r\n550 other\r\n",
        b"354 go on\r\n",
        b"\xff\xfe\x00\r\n",
        b"250" + b"x" * 100_000,
        b"250-x\r\n" * 20_000,
        b"250-never ends\r\n",
        b"25",
        b"",
    ],
)
def test_after_the_dot_nothing_but_a_complete_reply_is_believed(garbage: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact()
        peer.say(garbage)

    assert hand_over(script).kind is Kind.UNCERTAIN


@pytest.mark.parametrize(
    "garbage", [b"hello\r\n", b"250-one\r\n550 x\r\n", b"250" + b"x" * 100_000]
)
@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA"])
def test_before_the_dot_garbage_is_a_lost_connection(phase: str, garbage: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact(until=phase)
        peer.say(garbage)

    with pytest.raises(ConnectionLost):
        hand_over(script)


def test_silence_after_the_dot_is_uncertain_and_pulses_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact()
        peer.hear()

    monkeypatch.setattr("newsletter.mail.wire.PULSE", 0.05)
    pulses: list[int] = []
    with (
        ScriptedRelay(script) as relay,
        Connection(relay.settings(final_timeout=1.5)) as connection,
    ):
        outcome = connection.send(SENDER, ADA, MESSAGE, pulse=lambda: pulses.append(1))
    assert outcome.kind is Kind.UNCERTAIN
    assert len(pulses) >= 3


def test_dripping_a_reply_does_not_stretch_its_deadline() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact()
        for _ in range(100):
            peer.say(b"2")
            peer.wait(0.02)

    assert hand_over(script, final_timeout=0.3).kind is Kind.UNCERTAIN


def test_silence_before_the_dot_is_a_lost_connection() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact(until="RCPT")
        peer.hear()

    with pytest.raises(ConnectionLost, match="in time"):
        hand_over(script, reply_timeout=0.2)


def test_an_answer_nobody_asked_for_never_counts_as_an_acknowledgement() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact(until="DATA")
        peer.say(b"354 go on\r\n250 2.0.0 already accepted\r\n")
        peer.hear_message()

    with pytest.raises(ConnectionLost):
        hand_over(script)


def test_after_an_answer_nobody_asked_for_nothing_more_is_asked() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.hear()
        peer.say(b"250 ok\r\n250 and another\r\n")
        peer.hear()

    with (
        ScriptedRelay(script) as relay,
        Connection(relay.settings()) as connection,
        pytest.raises(ConnectionLost, match="out of turn"),
    ):
        connection.send(SENDER, ADA, MESSAGE)
    assert not any(line.startswith("RCPT") for line in relay.heard)


def test_a_refusal_in_the_middle_of_the_message_counts_and_is_definite() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact(until="DATA")
        peer.say("354 go on")
        peer.hear()
        peer.say("552 5.3.4 too big, hanging up")
        peer.hear_message()

    marks: list[int] = []

    def mark() -> bool:
        marks.append(1)
        return True

    with ScriptedRelay(script) as relay, Connection(relay.settings()) as connection:
        body = MESSAGE + b"x" * 70 + b"\r\n"
        outcome = connection.send(SENDER, ADA, body * 300_000, before_dot=mark)
    assert (outcome.kind, outcome.status) == (Kind.REFUSED, "5.3.4")
    assert marks == []


def test_a_reset_after_the_dot_is_uncertain() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact()
        peer.close(rudely=True)

    assert hand_over(script).kind is Kind.UNCERTAIN


def test_quit_that_hangs_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact()
        peer.say("250 ok")
        peer.hear()
        peer.hear()

    monkeypatch.setattr("newsletter.mail.smtp.GOODBYE", 0.1)
    with ScriptedRelay(script) as relay:
        with Connection(relay.settings()) as connection:
            assert connection.send(SENDER, ADA, MESSAGE).kind is Kind.SENT
        assert relay.heard[-1] == "QUIT"


def test_a_relay_that_demands_a_password_for_mail_is_a_fault_of_the_sender() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.transact(until="MAIL")
        peer.say("530 5.7.0 Authentication required")

    with pytest.raises(SenderFault, match="MAIL_USERNAME"):
        hand_over(script)


def test_the_settings_come_from_the_configuration(app: Flask) -> None:
    app.config.update(MAIL_SERVER="relay.example", MAIL_PORT=587, MAIL_USE_TLS=True)
    settings = relay_settings()
    assert (settings.server, settings.port, settings.starttls) == ("relay.example", 587, True)
    assert settings.local_hostname == "news.example.org"
    assert (settings.connect_timeout, settings.reply_timeout) == (60, 300)
    assert settings.final_timeout == 600
    assert settings.authorities is None


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1", "[127.0.0.1]"),
        ("::1", "[IPv6:::1]"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost", "localhost"),
    ],
)
def test_ehlo_names_this_installation_never_the_machine(app: Flask, host: str, name: str) -> None:
    app.config["PUBLIC_HOST"] = host
    assert relay_settings().local_hostname == name
