"""Mail that is queued as the bytes it is."""

from flask import Flask

from newsletter.extensions import db
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.mail.models import OutboxMessage
from tests.conftest import NOW
from tests.relay import Relay

MESSAGE = (
    b"From: Desk <desk@example.org>\r\nTo: edith@example.org\r\nSubject: [Test] Hello\r\n"
    b"Date: Mon, 01 Mar 2027 09:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n"
)


def test_a_whole_message_leaves_as_it_was_queued_and_is_then_forgotten(app: Flask) -> None:
    with Relay() as relay:
        relay.configure(app)
        number = outbox.enqueue_message(
            MESSAGE, to="edith@example.org", sender=Mailbox("Desk", "desk@example.org"), now=NOW
        )
        db.session.commit()
        assert outbox.send_due(now=NOW) == 1
        (received,) = relay.to("edith@example.org")
        assert received.data == MESSAGE
        db.session.expire_all()
        assert "message" not in db.session.get_one(OutboxMessage, number).facts
