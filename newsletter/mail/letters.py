"""What goes over a channel, and how it ends."""

from dataclasses import dataclass
from typing import NamedTuple

from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.replies import Outcome


@dataclass(slots=True, eq=False)
class Letter:
    """One message to one recipient, as it goes onto the wire.

    The addresses are addr-specs. Every line of `data` ends in CRLF and none
    begins with a dot that is not doubled: whoever makes it sees to that once,
    for what many messages have in common. `ticket` is the caller's own, and
    `envelope_id` the name under which a relay may report (RFC 3461).
    """

    sender: str
    recipient: str
    data: bytes
    ticket: object
    envelope_id: str = ""
    is_over: bool = False


class Ended(NamedTuple):
    """How one letter ended, whether its dot was written or not."""

    letter: Letter
    outcome: Outcome


class Lost(NamedTuple):
    """The connection is over; `unsent` is the letter that certainly was not handed over."""

    error: ConnectionLost | SenderFault
    unsent: Letter | None
