"""Flask-Mail as the rest of Flask knows it, over our own writer and our own connection.

The bare one verifies no certificate, waits without end, lets headers be
injected and drops refusals; tests/mail/test_facade.py names all eight
faults. Issues and the outbox do not pass through here.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import charset
from types import TracebackType
from typing import Self

import flask_mail
from flask import Flask

from newsletter import clock
from newsletter.errors import ConnectionLost, MailRefused, Refused, SenderFault
from newsletter.mail import dkim, smtp
from newsletter.mail.message import (
    AUTOMATIC,
    Mailbox,
    Message,
    boundary_for,
    new_message_id,
    to_bytes,
)
from newsletter.mail.smtp import Kind, Outcome

# Importing Flask-Mail makes every other writer of mail in this process write
# 8-bit bodies with endless lines. This puts back what Python had.
charset.add_charset("utf-8", charset.SHORTEST, charset.BASE64, "utf-8")


class Mail(flask_mail.Mail):
    """The mail extension of one application, also found as `app.extensions["mail"]`.

    It needs no pushed context, so a worker thread that was handed it can send.
    """

    def __init__(self, app: Flask) -> None:
        self.app: Flask = app
        self.state = self.init_app(app)
        # Flask-Mail puts an object there that opens its own, bare connections.
        app.extensions["mail"] = self

    def connect(self) -> "Connection":
        """Return a connection to be used in a `with`, by one thread."""
        return Connection(self)

    @contextmanager
    def record_messages(self) -> Iterator[list[flask_mail.Message]]:
        """Collect what this application sends from this thread meanwhile."""
        recorded: list[flask_mail.Message] = []
        thread = threading.get_ident()

        def record(app: Flask, message: flask_mail.Message) -> None:
            if threading.get_ident() == thread:
                recorded.append(message)

        with flask_mail.email_dispatched.connected_to(record, sender=self.app):
            yield recorded


class Connection(flask_mail.Connection):
    """Flask-Mail's connection over ours: verified TLS, timeouts, one recipient at a time."""

    mail: Mail

    def __init__(self, mail: Mail) -> None:
        super().__init__(mail)
        self._relay: smtp.Connection | None = None

    def __enter__(self) -> Self:
        if not self.mail.suppress:
            with self.mail.app.app_context():
                settings = smtp.relay_settings()
            self._relay = smtp.Connection(settings)
            self._relay.open()
        self.num_emails = 0
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._relay is not None:
            self._relay.close()
            self._relay = None

    def send(
        self, message: flask_mail.Message, envelope_from: str | tuple[str, str] | None = None
    ) -> None:
        """Send one copy to each recipient, who sees no other.

        Raises InvalidHeader or InvalidAddress before anything is sent, and
        MailRefused after all were tried, with the outcome of each that failed.
        """
        sender = _mailbox(message.sender)
        copies = _copies(message, sender)
        if self._relay is not None:
            bounces = _mailbox(envelope_from).address if envelope_from else sender.address
            keys = self.mail.app.config["DKIM_KEYS"]
            outcomes = {
                to: self._hand_over(bounces, to, dkim.signed(data, keys)) for to, data in copies
            }
            failed = {to: one for to, one in outcomes.items() if one.kind is not Kind.SENT}
            if len(failed) < len(outcomes):
                self._tell(message)
            if failed:
                raise MailRefused(failed)
        elif self.mail.app.testing:
            # Nothing leaves while testing, but tests look at what would have.
            self._tell(message)

    def _tell(self, message: flask_mail.Message) -> None:
        self.num_emails += 1
        flask_mail.email_dispatched.send(self.mail.app, message=message)

    def _hand_over(self, envelope_from: str, recipient: str, data: bytes) -> Outcome:
        assert self._relay is not None
        try:
            if not self._relay.is_open:
                self._relay.open()
            return self._relay.send(envelope_from, recipient, data)
        except (ConnectionLost, SenderFault) as exc:
            # The other recipients' outcomes must not get lost over this one's.
            return Outcome(Kind.DEFERRED, text=str(exc))


def init_app(app: Flask) -> None:
    """Give `app` its mail extension."""
    Mail(app)


def _copies(message: flask_mail.Message, sender: Mailbox) -> list[tuple[str, bytes]]:
    """Return each recipient's address and the bytes of his copy."""
    recipients = [_mailbox(to) for to in sorted(message.send_to, key=str)]
    if not recipients:
        raise Refused("A mail needs a recipient.")
    if message.attachments or set(message.alts) - {"html"} or not message.body:
        raise Refused("A mail has a plain text, perhaps an HTML part, and no attachments.")
    if message.date is None:
        message.date = clock.now().timestamp()
    given = tuple((message.extra_headers or {}).items())
    names = {name.lower() for name, _ in given}
    headers = given + tuple(header for header in AUTOMATIC if header[0].lower() not in names)
    copies = []
    for recipient in recipients:
        # Flask-Mail's own would name this machine.
        message.msgId = new_message_id(sender.domain)
        copy = Message(
            sender=sender,
            recipient=recipient,
            subject=message.subject,
            text_part=message.body,
            html_part=message.html,
            date=datetime.fromtimestamp(message.date, UTC),
            message_id=message.msgId,
            boundary=boundary_for(secrets.token_hex(16)),
            reply_to=_mailbox(message.reply_to) if message.reply_to else None,
            headers=headers,
        )
        copies.append((recipient.address, to_bytes(copy)))
    return copies


def _mailbox(text: str | tuple[str, str]) -> Mailbox:
    """Return the mailbox that Flask-Mail writes as a pair or as "name <address>", unquoted.

    Not for text that a person typed: email.utils.parseaddr, which is, takes
    "alice@example.org)bob@example.org" for alice (CVE-2023-27043).
    """
    if isinstance(text, tuple):
        return Mailbox(*text)
    name, opening, address = text.rpartition("<")
    return Mailbox(name.strip(), address.removesuffix(">")) if opening else Mailbox("", text)
