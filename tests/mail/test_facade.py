"""The eight faults of the bare Flask-Mail, each shown on it and mended here."""

import contextlib
import email
import email.policy
import smtplib
import threading
from collections.abc import Iterator
from email import charset
from email.errors import MessageError
from email.mime.text import MIMEText
from typing import Any

import flask_mail
import pytest
from flask import Flask

from newsletter.errors import (
    ConnectionLost,
    InvalidAddress,
    InvalidHeader,
    MailRefused,
    Refused,
    SenderFault,
)
from newsletter.extensions import db
from newsletter.mail import facade, outbox
from newsletter.mail.message import Mailbox
from newsletter.mail.smtp import Kind
from tests.conftest import NOW
from tests.relay import CLOSE, Relay
from tests.scripted_relay import Peer, ScriptedRelay

ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture
def mail(app: Flask) -> facade.Mail:
    """The extension, sending for real."""
    app.config["MAIL_SUPPRESS_SEND"] = False
    return facade.Mail(app)


@pytest.fixture
def relay(app: Flask) -> Iterator[Relay]:
    with Relay() as relay:
        relay.configure(app)
        yield relay


def bare(app: Flask) -> flask_mail.Mail:
    """Flask-Mail as it comes, to show the fault."""
    return flask_mail.Mail(app)


def letter(*recipients: str, **changes: Any) -> flask_mail.Message:
    values = {"sender": "news@example.org", "body": "Hello.", "subject": "Hello"}
    return flask_mail.Message(recipients=list(recipients) or [ADA], **(values | changes))


# 1. No timeout.


def test_a_relay_that_says_nothing_does_not_hold_us_for_ever(
    app: Flask, mail: facade.Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts: list[object] = []
    connect = smtplib.SMTP.connect

    def watched(self: smtplib.SMTP, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        timeouts.append(self.timeout)
        return connect(self, *args, **kwargs)

    monkeypatch.setattr(smtplib.SMTP, "connect", watched)
    with Relay() as relay:
        relay.configure(app)
        with mail.connect():
            pass
        with bare(app).connect():
            pass
    ours, theirs = timeouts
    assert ours == 60
    assert not isinstance(theirs, (int, float))


# 2. TLS is not verified.


def self_signed(peer: Peer) -> None:
    peer.greet("STARTTLS")
    peer.start_tls("unknown-authority")
    peer.answer_ehlo()
    peer.transact()
    peer.say("250 ok")
    peer.hear()
    peer.say("221 bye")


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
def test_a_certificate_of_nobody_is_refused(app: Flask, mail: facade.Mail) -> None:
    with ScriptedRelay(self_signed) as relay:
        app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=relay.port, MAIL_USE_TLS=True)
        with pytest.raises(SenderFault, match="certificate"):
            mail.send(letter())
        bare(app).send(letter())
    assert sum(line.startswith("RCPT") or line.startswith("rcpt") for line in relay.heard) == 1


# 3. Headers can be injected.


def test_a_further_header_cannot_bring_another_with_it(mail: facade.Mail, relay: Relay) -> None:
    message = letter(extra_headers={"X-Thing": "b\r\nBcc: eve@example.org"})
    with pytest.raises(InvalidHeader):
        mail.send(message)
    assert relay.asked == []
    # From 3.13 on Python itself stops the bare one, with an error that names no header.
    with contextlib.suppress(MessageError):
        assert "\nBcc: eve@example.org" in message.as_string()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"subject": "a\r\nBcc: eve@example.org"}, InvalidHeader),
        ({"subject": "a\r\n folded"}, InvalidHeader),
        ({"sender": ("a\nb", "news@example.org")}, InvalidHeader),
        ({"recipients": ["eve@example.org\r\nBcc: x@example.org"]}, InvalidAddress),
        ({"reply_to": "a@example.org\nBcc: x@example.org"}, InvalidAddress),
        ({"cc": ["a@example.org, b@example.org"]}, InvalidAddress),
        ({"extra_headers": {"Subject": "another"}}, InvalidHeader),
        ({"recipients": []}, Refused),
        ({"body": ""}, Refused),
        ({"attachments": [flask_mail.Attachment("a.txt", "text/plain", "x")]}, Refused),
    ],
)
def test_a_message_that_is_not_sound_is_refused_before_anything_is_said(
    mail: facade.Mail, relay: Relay, changes: dict[str, Any], error: type[Exception]
) -> None:
    values = {"recipients": [ADA], "sender": "news@example.org", "body": "x", "subject": "x"}
    with pytest.raises(error):
        mail.send(flask_mail.Message(**(values | changes)))
    assert relay.asked == []


# 4. Importing it changes what others write.


def test_importing_it_leaves_pythons_own_mail_as_it_was(app: Flask, mail: facade.Mail) -> None:
    python_has = (charset.SHORTEST, charset.BASE64, "utf-8")
    assert charset.CHARSETS["utf-8"] == python_has
    assert max(map(len, MIMEText("ü" * 5000, _charset="utf-8").as_bytes().split(b"\n"))) <= 76
    charset.add_charset("utf-8", charset.SHORTEST, None, "utf-8")  # What Flask-Mail does.
    try:
        assert max(map(len, letter(body="ü" * 5000).as_bytes().split(b"\n"))) > 998
    finally:
        charset.add_charset("utf-8", *python_has)


def test_no_line_is_too_long_and_no_octet_needs_eight_bits(mail: facade.Mail, relay: Relay) -> None:
    mail.send(letter(body="ü" * 5000, html="<p>" + "ü" * 5000))
    [received] = relay.messages
    assert received.data.isascii()
    assert max(map(len, received.data.split(b"\r\n"))) <= 78


# 5. Refusals of single recipients are dropped.


def test_who_was_refused_is_told_and_the_others_get_theirs(
    app: Flask, mail: facade.Mail, relay: Relay
) -> None:
    relay.answer("RCPT", "550 5.1.1 no such user", to=BOB)
    with pytest.raises(MailRefused) as caught:
        mail.send(letter(ADA, BOB))
    assert list(caught.value.outcomes) == [BOB]
    assert caught.value.outcomes[BOB].kind is Kind.REFUSED
    assert [message.recipient for message in relay.messages] == [ADA]
    bare(app).send(letter(ADA, BOB))


def test_a_connection_lost_for_one_is_that_ones_outcome(mail: facade.Mail, relay: Relay) -> None:
    relay.answer("RCPT", CLOSE, to=ADA)
    with pytest.raises(MailRefused) as caught:
        mail.send(letter(ADA, BOB))
    assert {to: one.kind for to, one in caught.value.outcomes.items()} == {ADA: Kind.DEFERRED}
    assert [message.recipient for message in relay.messages] == [BOB]


def test_each_recipient_gets_a_copy_that_shows_no_other(mail: facade.Mail, relay: Relay) -> None:
    mail.send(letter(ADA, cc=[BOB], bcc=["eve@example.org"]))
    for received in relay.messages:
        message = email.message_from_bytes(received.data, policy=email.policy.default)
        assert message["To"] == received.recipient
        assert message["Cc"] is None and message["Bcc"] is None
    assert len({message.data for message in relay.messages}) == len(relay.messages) == 3


# 6. The Message-ID tells the machine's name.


def test_the_message_id_is_of_the_senders_domain(
    app: Flask, mail: facade.Mail, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.getfqdn", lambda *args: "secret-machine.internal")
    mail.send(letter())
    assert relay.messages[0].data.count(b"secret-machine") == 0
    message = email.message_from_bytes(relay.messages[0].data)
    assert message["Message-ID"].endswith("@example.org>")
    assert "secret-machine.internal" in letter().msgId


# 7. It is slow.


def test_a_burst_of_mail_uses_one_connection_and_issues_do_without_its_message(
    app: Flask, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(self: object, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("this is the slow way")

    monkeypatch.setattr(flask_mail.Message, "__init__", forbidden)
    facts = {"sign_in_url": "https://news.example.org/desk/sign-in/t", "minutes": 30}
    for number in range(10):
        outbox.enqueue(
            "sign-in",
            to=f"reader{number}@example.org",
            language="en",
            sender=Mailbox("", "news@example.org"),
            facts=facts,
            now=NOW,
        )
    db.session.commit()
    assert outbox.send_due(now=NOW) == 10
    assert relay.connections == 1


def test_one_connection_sends_many_messages_and_reopens_when_the_relay_closed_it(
    mail: facade.Mail, relay: Relay
) -> None:
    relay.answer("DOT", "421 4.3.2 enough", to=BOB, times=1)
    with mail.connect() as connection:
        connection.send(letter(ADA))
        with pytest.raises(MailRefused):
            connection.send(letter(BOB))
        connection.send(letter(BOB))
    assert [message.recipient for message in relay.messages] == [ADA, BOB]
    assert relay.connections == 2


# 8. The signal lies, the record is everybody's, and threads need a context.


def test_the_signal_comes_only_when_the_relay_took_it(
    app: Flask, mail: facade.Mail, relay: Relay
) -> None:
    relay.answer("RCPT", "550 5.1.1 no such user", to=BOB)
    with mail.record_messages() as recorded:
        with pytest.raises(MailRefused):
            mail.send(letter(BOB))
        assert recorded == []
        message = letter(ADA)
        mail.send(message)
        assert recorded == [message]


def test_nothing_is_signalled_for_mail_that_is_held_back(app: Flask) -> None:
    app.config["MAIL_SUPPRESS_SEND"] = True
    app.testing = False
    held = facade.Mail(app)
    with held.record_messages() as recorded:
        held.send(letter())
    assert recorded == []
    theirs = bare(app)
    with theirs.record_messages() as recorded:
        theirs.send(letter())
    assert len(recorded) == 1


def test_while_testing_mail_is_recorded_and_nothing_leaves(app: Flask, relay: Relay) -> None:
    mail = app.extensions["mail"]
    with mail.record_messages() as recorded:
        mail.send(letter())
        with pytest.raises(InvalidHeader):
            mail.send(letter(subject="a\nb"))
    assert len(recorded) == 1
    assert relay.connections == 0


def test_a_record_holds_what_its_own_thread_sent(app: Flask) -> None:
    mail = app.extensions["mail"]
    other = letter(BOB)
    thread = threading.Thread(target=lambda: mail.send(other))
    with mail.record_messages() as recorded:
        thread.start()
        thread.join()
        mine = letter(ADA)
        mail.send(mine)
    assert recorded == [mine]


def test_a_thread_needs_no_context_of_the_application(mail: facade.Mail, relay: Relay) -> None:
    message = letter()
    failures: list[BaseException] = []

    def send() -> None:
        try:
            mail.send(message)
        except BaseException as exc:
            failures.append(exc)

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    assert failures == []
    assert len(relay.messages) == 1


# What else the rest of Flask expects.


def test_the_extension_is_where_others_look_for_it(app: Flask, relay: Relay) -> None:
    app.config["MAIL_SUPPRESS_SEND"] = False
    facade.init_app(app)
    app.extensions["mail"].send_message("Hello", [ADA], "Hello.", sender="news@example.org")
    assert [message.recipient for message in relay.messages] == [ADA]


def test_names_come_back_as_they_were(mail: facade.Mail, relay: Relay) -> None:
    mail.send(letter(sender=("Stay, Informed", "news@example.org"), reply_to="A <b> <c@x.org>"))
    message = email.message_from_bytes(relay.messages[0].data, policy=email.policy.default)
    assert message["From"].addresses[0].display_name == "Stay, Informed"
    assert message["Reply-To"].addresses[0].display_name == "A <b>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_relay_out_of_reach_is_said_at_once(app: Flask, mail: facade.Mail) -> None:
    with Relay() as gone:
        gone.configure(app)
    with pytest.raises(ConnectionLost, match="cannot be reached"):
        mail.send(letter())
