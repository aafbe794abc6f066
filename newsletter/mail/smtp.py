"""Handing one message to the relay, knowing at each moment what can still be undone.

Before the final dot every failure is definite: nothing was sent. After it,
only a complete reply is believed; anything else is uncertain (STANDARDS 5.2).
"""

import re
from collections.abc import Callable
from types import TracebackType
from typing import Self

from newsletter.errors import ConnectionLost, InvalidAddress, SenderFault
from newsletter.mail.connecting import RelaySettings, connect, relay_settings
from newsletter.mail.envelopes import Envelopes
from newsletter.mail.message import addr_spec
from newsletter.mail.replies import (
    AUTHENTICATION_WANTED,
    Kind,
    Outcome,
    Phase,
    Reply,
    outcome_of,
    words_of,
)
from newsletter.mail.wire import Wire

# All that a sender needs, from one place.
__all__ = ["Connection", "Kind", "Outcome", "RelaySettings", "relay_settings"]

GOODBYE = 2.0
"""Seconds that a relay has to answer QUIT; whatever it says changes nothing (STANDARDS XG17)."""


def _go_on() -> bool:
    return True


def _wait_on() -> None:
    return


class Connection:
    """One connection to the relay, for one thread; use it in a `with`.

    It is opened on entering and reused for message after message. Look at
    `is_open` before each; whether to open another is the caller's decision.
    """

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._wire: Wire | None = None
        self._needs_reset = False

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether another message may be sent over this connection.

        It looks: a relay that ended the connection between two messages, as
        many do after a hundred or when idle, is no reason for a back-off.
        """
        if self._wire is not None and self._wire.has_spoken():
            self.abandon()
        return self._wire is not None

    def open(self) -> None:
        """Connect, encrypt, identify.

        Raises SenderFault for what a person has to mend (certificate, STARTTLS
        missing, AUTH, a 5xx greeting), ConnectionLost for what passes.
        """
        self.abandon()
        self._wire = connect(self._settings)
        self._needs_reset = False

    def close(self) -> None:
        """Say QUIT and close; never raises."""
        if self._wire is not None:
            try:
                self._wire.ask("QUIT", timeout=GOODBYE)
            except ConnectionLost:
                pass
            finally:
                self.abandon()

    def abandon(self) -> None:
        """Close without a word; a message whose dot was not written is thus not sent."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def send(
        self,
        envelope_from: str,
        recipient: str,
        data: bytes,
        *,
        before_dot: Callable[[], bool] = _go_on,
        pulse: Callable[[], None] = _wait_on,
    ) -> Outcome:
        """Hand over one message to one recipient and return how it ended.

        `before_dot` is called when all but the final dot is written: it commits
        that the message is in flight. If it returns False, or raises, the
        connection is closed without the dot. ConnectionLost and SenderFault are
        raised only before it was called: nothing was sent, no attempt is charged.
        `pulse` is called every few seconds while the relay makes us wait, to
        renew a lease: it may think for ten minutes about a message.
        """
        try:
            sender = addr_spec(envelope_from) if envelope_from else ""
            receiver = addr_spec(recipient)
        except InvalidAddress as exc:
            return Outcome(Kind.REFUSED, status="5.1.3", text=str(exc))
        data = canonical(data)
        try:
            if self._wire is not None:
                self._wire.pulse = pulse
            return self._transact(sender, receiver, data, before_dot)
        except BaseException:
            self.abandon()
            raise

    def _transact(
        self, sender: str, receiver: str, data: bytes, before_dot: Callable[[], bool]
    ) -> Outcome:
        wire = self._usable_wire()
        needs_utf8 = not (sender.isascii() and receiver.isascii() and data.isascii())
        envelopes = Envelopes(wire)
        refusal = envelopes.refusal(len(data), needs_utf8=needs_utf8)
        if refusal is not None:
            return refusal
        mail, rcpt = envelopes.lines(sender, receiver, size=len(data), needs_utf8=needs_utf8)
        for phase, command, first_digit in (
            (Phase.MAIL, mail, 2),
            (Phase.RCPT, rcpt, 2),
            (Phase.DATA, "DATA", 3),
        ):
            reply = wire.ask(command, timeout=self._settings.reply_timeout)
            if reply.is_refusal:
                self._needs_reset = True
                return self._refusal(reply, receiver, phase)
            if reply.code // 100 != first_digit:
                raise ConnectionLost(f"The relay answered {reply.code} where that has no meaning.")
        return self._hand_over(wire, receiver, stuffed(data), before_dot)

    def _usable_wire(self) -> Wire:
        if self._wire is None:
            raise ConnectionLost("There is no connection to the relay.")
        if self._needs_reset:
            reply = self._wire.ask("RSET", timeout=self._settings.reply_timeout)
            if not reply.is_positive:
                raise ConnectionLost(f"The relay answered {reply.code} to RSET.")
            self._needs_reset = False
        return self._wire

    def _hand_over(
        self, wire: Wire, receiver: str, data: bytes, before_dot: Callable[[], bool]
    ) -> Outcome:
        try:
            wire.write(data, timeout=self._settings.write_timeout)
        except ConnectionLost:
            # A relay that refuses while we still write may have said why.
            return self._early_refusal(wire, receiver)
        if wire.has_spoken():
            return self._early_refusal(wire, receiver)
        if not before_dot():
            self.abandon()
            return Outcome(Kind.WITHHELD, text="It was taken back before it was handed over.")
        try:
            wire.write(b".\r\n", timeout=self._settings.write_timeout)
            reply = wire.reply(timeout=self._settings.final_timeout)
        except ConnectionLost as exc:
            self.abandon()
            return Outcome(
                Kind.UNCERTAIN,
                text=f"Handed over, but not acknowledged. {exc}",
                phase=Phase.DOT,
            )
        outcome = outcome_of(reply, recipient=receiver, phase=Phase.DOT)
        if reply.code == 421 or outcome.kind is Kind.UNCERTAIN:
            self.abandon()
        return outcome

    def _early_refusal(self, wire: Wire, receiver: str) -> Outcome:
        """Return the refusal that came before the dot was written, or raise ConnectionLost."""
        reply = wire.reply(timeout=GOODBYE)
        if not reply.is_refusal:
            raise ConnectionLost("The relay answered before it had the message.")
        outcome = self._refusal(reply, receiver, Phase.DATA)
        self.abandon()
        return outcome

    def _refusal(self, reply: Reply, receiver: str, phase: Phase) -> Outcome:
        if reply.code in AUTHENTICATION_WANTED:
            raise SenderFault(
                "The relay wants us to identify ourselves, or in another way: "
                f"{reply.code} {words_of(reply)}. Look at MAIL_USERNAME and MAIL_PASSWORD."
            )
        if reply.code == 421:
            self.abandon()
        return outcome_of(reply, recipient=receiver, phase=phase)


def canonical(data: bytes) -> bytes:
    """Return the message with CRLF for every line end, also for the last line (STANDARDS S03)."""
    pairs = data.count(b"\r\n")
    if not pairs == data.count(b"\r") == data.count(b"\n"):
        data = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def stuffed(data: bytes) -> bytes:
    """Return the message with a second dot before each line's first (RFC 5321 section 4.5.2)."""
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
