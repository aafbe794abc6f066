"""What an envelope asks of a relay, heard at the other end."""

import pytest

from newsletter.mail.connecting import connect
from newsletter.mail.letters import Letter
from newsletter.mail.pipelining import Channel
from newsletter.mail.smtp import Connection
from tests.scripted_relay import Gone, Peer, ScriptedRelay

DATA = b"Subject: hello\r\n\r\nhello\r\n"


def asked(*offered: str, recipient: str = "ada@example.org") -> list[str]:
    """The MAIL and RCPT of a letter, to a relay that offers these extensions."""

    def script(peer: Peer) -> None:
        peer.greet("PIPELINING", *offered)
        with pytest.raises(Gone):
            for _ in range(2):
                peer.hear()
            peer.hear()
            peer.hear()

    with ScriptedRelay(script) as relay:
        settings = relay.settings()
        channel = Channel(connect(settings), settings)
        letter = Letter("news@example.org", recipient, DATA, None, envelope_id="41+7")
        assert channel.begin(letter) is None
        channel.flush()
        channel.abandon()
    return [line for line in relay.heard if line.startswith(("MAIL", "RCPT"))]


def test_a_relay_that_offers_nothing_is_asked_for_nothing() -> None:
    assert asked() == ["MAIL FROM:<news@example.org>", "RCPT TO:<ada@example.org>"]


def test_reports_are_asked_for_failures_alone_under_our_name() -> None:
    assert asked("DSN", "SIZE", recipient="ada+news=x@example.org") == [
        f"MAIL FROM:<news@example.org> SIZE={len(DATA)} RET=HDRS ENVID=41+2B7",
        "RCPT TO:<ada+news=x@example.org> NOTIFY=FAILURE ORCPT=rfc822;ada+2Bnews+3Dx@example.org",
    ]


def test_an_address_beyond_ascii_is_not_repeated_in_ascii() -> None:
    mail, rcpt = asked("DSN", "SMTPUTF8", recipient="zoë@example.org")
    assert mail == "MAIL FROM:<news@example.org> SMTPUTF8 RET=HDRS ENVID=41+2B7"
    assert rcpt == "RCPT TO:<zoë@example.org> NOTIFY=FAILURE"


def test_a_single_mail_asks_for_the_same() -> None:
    def script(peer: Peer) -> None:
        peer.greet("DSN")
        for answer in ("250 ok", "250 ok"):
            peer.hear()
            peer.say(answer)
        peer.hear()
        peer.say("354 go on")
        peer.hear_message()
        peer.say("250 2.0.0 ok")

    with ScriptedRelay(script) as relay, Connection(relay.settings()) as connection:
        connection.send("news@example.org", "ada@example.org", DATA)
    assert "MAIL FROM:<news@example.org> RET=HDRS" in relay.heard
