"""Leaving by a mail that a mail program writes: the address it goes to says who leaves which list.

Some programs offer no other way (RFC 2369). The token in the address decides, never who
the mail claims to be from; the local part has room for 64 octets and some servers fold
its case, so it is a short one of its own (STANDARDS L11, B01).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32

from newsletter import links
from newsletter.errors import DeadLink
from newsletter.extensions import db
from newsletter.subscriptions import unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import EndedReason, Subscription
from newsletter.subscriptions.undoing import Undo
from newsletter.subscriptions.unsubscribing import Leaving

LOCAL = "unsubscribe+"
"""What the local part begins with; the plus is what mail servers call an extension."""

SUBJECT = "unsubscribe"

PURPOSE = b"unsubscribe by mail"

MAC_OCTETS = 10
"""80 bits: nobody guesses that many by sending mail."""

LONGEST_HEAD = 256 * 1024
"""Octets of a mail that are looked at: its head is among them."""

ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
"""Where a mail says whom it is for, the surest first."""

_TOKEN = re.compile(
    r"unsubscribe\+([0-9a-f]{1,16})-([0-9a-f]{1,16})-([a-z2-7]{16})@", re.IGNORECASE
)


def opening() -> str:
    """Return what the mailto address begins with: all before its token."""
    return f"mailto:{LOCAL}"


def ending(domain: str) -> str:
    """Return what follows the token."""
    return f"@{domain}?subject={SUBJECT}"


def stamp() -> Callable[[int, int], bytes]:
    """Return what makes the token of a subscription and a delivery, with today's key."""
    key = _keys()[-1]

    def stamped(subscription_id: int, delivery_id: int) -> bytes:
        payload = b"%x-%x" % (subscription_id, delivery_id)
        return payload + b"-" + _mac(key, payload)

    return stamped


def find(head: bytes, recipient: str = "") -> Leaving:
    """Return whom a mail is about; raise DeadLink if no address of it is one of ours.

    `recipient` is what the envelope said, if the mail server told; then nothing else counts.
    """
    places = [recipient] if recipient else _addressed(head[:LONGEST_HEAD])
    for place in places:
        for number, delivery, seal in _TOKEN.findall(place):
            payload = f"{number}-{delivery}".lower().encode()
            if any(_fits(key, payload, seal.lower().encode()) for key in _keys()):
                return _leaving(int(number, 16), int(delivery, 16))
    raise DeadLink


def leave(leaving: Leaving, *, issue_id: int | None, now: datetime) -> Undo | None:
    """Stop the list of that mail; again is harmless."""
    origin = Origin(page="mailto", issue_id=issue_id)
    return unsubscribing.unsubscribe(leaving, reason=EndedReason.MAILTO, origin=origin, now=now)


def is_report(head: bytes) -> bool:
    """Tell whether a mail reports on another one: that is no wish of anybody.

    `Auto-Submitted` is no sign of it: Apple's Mail writes it when its reader presses Unsubscribe.
    """
    message = BytesHeaderParser(policy=compat32).parsebytes(head[:LONGEST_HEAD])
    return message.get_content_type() == "multipart/report"


def _addressed(head: bytes) -> list[str]:
    message = BytesHeaderParser(policy=compat32).parsebytes(head)
    return [str(value) for name in ADDRESSED for value in message.get_all(name, [])]


def _leaving(number: int, delivery: int) -> Leaving:
    return Leaving(subscription=db.session.get(Subscription, number), delivery_id=delivery or None)


def _fits(key: bytes, payload: bytes, seal: bytes) -> bool:
    return hmac.compare_digest(_mac(key, payload), seal)


def _mac(key: bytes, payload: bytes) -> bytes:
    code = hmac.digest(key, payload, "sha256")[:MAC_OCTETS]
    return base64.b32encode(code).lower()


def _keys() -> list[bytes]:
    """Return a key of this purpose alone for each secret, the one that signs last."""
    return [
        hmac.digest(secret.encode(), PURPOSE, hashlib.sha256) for secret in links.signing_keys()
    ]
