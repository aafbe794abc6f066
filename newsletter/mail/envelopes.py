"""What an envelope may ask of a relay, and what this relay cannot take (RFC 1870, 3461, 6531)."""

import re

from newsletter.mail.replies import Kind, Outcome
from newsletter.mail.wire import Wire

_NOT_XTEXT = re.compile("[^!-~]|[+=]")


class Envelopes:
    """The envelopes for one connection, after what its relay said it offers."""

    def __init__(self, wire: Wire) -> None:
        self._takes_utf8 = wire.has_extn("smtputf8")
        self._has_size = wire.has_extn("size")
        self._has_dsn = wire.has_extn("dsn")
        limit = wire.esmtp_features.get("size", "").strip()
        self._limit = int(limit) if limit.isdecimal() else 0

    def refusal(self, size: int, *, needs_utf8: bool) -> Outcome | None:
        """Return the refusal of what this relay cannot take, without asking it.

        `size` is the message's in bytes (STANDARDS M12, S07).
        """
        if needs_utf8 and not self._takes_utf8:
            return Outcome(
                Kind.REFUSED,
                status="5.6.7",
                text="The relay takes no addresses with letters beyond ASCII before the @.",
            )
        if 0 < self._limit < size:
            return Outcome(
                Kind.REFUSED,
                status="5.3.4",
                text=f"The message has {size} bytes, and the relay takes at most {self._limit}.",
            )
        return None

    def lines(
        self, sender: str, recipient: str, *, size: int, needs_utf8: bool, envelope_id: str = ""
    ) -> tuple[str, str]:
        """Return the MAIL and the RCPT command; the addresses are addr-specs.

        A relay that can is asked to report failures only, with the headers alone,
        to name our `envelope_id` and the address we wrote to (STANDARDS S12).
        """
        mail, rcpt = f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"
        if self._has_size:
            mail += f" SIZE={size}"
        if needs_utf8:
            mail += " SMTPUTF8"
        if self._has_dsn:
            mail += " RET=HDRS"
            if envelope_id:
                mail += f" ENVID={_xtext(envelope_id)}"
            rcpt += " NOTIFY=FAILURE"
            if recipient.isascii():
                rcpt += f" ORCPT=rfc822;{_xtext(recipient)}"
        return mail, rcpt


def _xtext(text: str) -> str:
    """Return ASCII text as a parameter may have it (RFC 3461 section 4)."""
    if "+" not in text and "=" not in text and text.isascii() and text.isprintable():
        # Nearly every one; an addr-spec has no blanks.
        return text
    return _NOT_XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", text)
