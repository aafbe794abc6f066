"""One connection of many: SMTP transactions written ahead and never waited for (RFC 2920).

A channel is driven by a loop that watches many of them. It writes an envelope,
then all of the message but its final dot, and stops there: `finish` writes the
dot when the caller has committed that it will. A dot and the envelope of the
next message go in one write; the message itself goes ahead of its dot, so that
a relay that hangs up in the middle of it is known to have nothing.
"""

import socket
import time
from collections import deque
from collections.abc import Callable
from ssl import SSLWantReadError, SSLWantWriteError

from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.connecting import RelaySettings
from newsletter.mail.envelopes import Envelopes
from newsletter.mail.letters import Ended, Letter, Lost
from newsletter.mail.replies import (
    AUTHENTICATION_WANTED,
    Kind,
    Outcome,
    Phase,
    Reply,
    Step,
    outcome_of,
    words_of,
)
from newsletter.mail.wire import CHUNK, Wire

DOT = b".\r\n"

WOULD_BLOCK = (BlockingIOError, InterruptedError, SSLWantReadError, SSLWantWriteError)
NEVER = float("inf")

MOST_CHUNKS = 64
"""Readings in a row after which a relay is not listened to any more: answers are short."""


class Channel:
    """A connection that is ready for mail, taken over from the wire that opened it."""

    def __init__(
        self,
        wire: Wire,
        settings: RelaySettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._settings = settings
        self._monotonic = monotonic
        self._socket, self._reader = wire.without_waiting()
        self.pipelines = wire.has_extn("pipelining")
        self._envelopes = Envelopes(wire)
        self._commands: deque[tuple[Step, bytes, Letter]] = deque()
        self._awaited: deque[tuple[Step, Letter]] = deque()
        self._letter: Letter | None = None
        self._dotted: Letter | None = None
        self._out: list[bytes] = []
        # How much of the first of them is written.
        self._written_to = 0
        self._in_body = False
        self._after_data = False
        self._must_reset = False
        self._is_ended = False
        self.is_held = False
        self.wants_to_write = False
        self.used_at = monotonic()
        # When, on the monotonic clock, the relay has had its time.
        self.deadline = NEVER

    def fileno(self) -> int:
        """Return the number of the socket, for a selector."""
        return self._socket.fileno()

    @property
    def letter(self) -> Letter | None:
        """The letter whose dot is not written."""
        return self._letter

    @property
    def has_more_to_write(self) -> bool:
        """Whether something waits to be flushed."""
        return bool(self._out)

    @property
    def may_begin(self) -> bool:
        """Whether the envelope of another letter may be written now."""
        if self._letter is not None or self._after_data or self._is_ended:
            return False
        return self.pipelines or not self._awaited

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return self._letter is None and not self._awaited

    def begin(self, letter: Letter) -> Outcome | None:
        """Write the envelope of a letter; return the refusal of what this relay cannot take."""
        sender, recipient, size = letter.sender, letter.recipient, len(letter.data)
        needs_utf8 = not (sender.isascii() and recipient.isascii() and letter.data.isascii())
        refusal = self._envelopes.refusal(size, needs_utf8=needs_utf8)
        if refusal is not None:
            return refusal
        mail, rcpt = self._envelopes.lines(
            sender, recipient, size=size, needs_utf8=needs_utf8, envelope_id=letter.envelope_id
        )
        if self._must_reset:
            self._commands.append((Step.RESET, b"RSET\r\n", letter))
            self._must_reset = False
        self._commands.append((Step.MAIL, f"{mail}\r\n".encode(), letter))
        self._commands.append((Step.RCPT, f"{rcpt}\r\n".encode(), letter))
        self._commands.append((Step.DATA, b"DATA\r\n", letter))
        self._letter = letter
        self._write_commands()
        return None

    def finish(self) -> None:
        """Write the final dot of the letter that is held; from here on only a reply can tell."""
        assert self._letter is not None and self.is_held
        letter = self._dotted = self._letter
        self._letter, self.is_held = None, False
        self._owe(Step.DOT, letter)
        self._put(DOT)

    def flush(self) -> None:
        """Write what can be written now; raise nothing: `pump` finds out what broke."""
        if not self._out:
            return
        before = self._written_to
        try:
            self._send_all()
        except WOULD_BLOCK:
            pass
        except OSError:
            # The relay may have said why: what it said is read first.
            self._is_ended = True
        self.wants_to_write = bool(self._out) and not self._is_ended
        if not self._out:
            self._written()
        elif self._in_body and self._written_to > before:
            self.deadline = self._monotonic() + self._settings.write_timeout

    def _send_all(self) -> None:
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out = [data]
        while (rest := len(data) - self._written_to) > 0:
            part = memoryview(data)[self._written_to :] if self._written_to else data
            sent = self._socket.send(part)
            self._written_to += sent
            if sent == rest:
                break
        self._out, self._written_to = [], 0

    def pump(self) -> list[Ended | Lost]:
        """Read and write what is possible without waiting; return what ended by it.

        After a Lost the channel is closed and of no further use.
        """
        events: list[Ended | Lost] = []
        try:
            self.flush()
            self._read()
            if self._take_all(events):
                self._write_commands()
                self._set_deadline()
                self.flush()
            if self._is_ended:
                raise ConnectionLost("The relay ended the connection.")
            if self._monotonic() > self.deadline:
                raise ConnectionLost("The relay did not answer in time.")
        except (ConnectionLost, SenderFault) as exc:
            self._lose(exc, events)
        return events

    def abandon(self) -> None:
        """Close without a word; a letter whose dot was not written is thus not sent."""
        self._is_ended = True
        self._wire.close()

    def say_goodbye(self, *, timeout: float) -> None:
        """Say QUIT, wait for the answer at most `timeout` seconds, and close; never raises."""
        try:
            if self.is_idle and not self._is_ended:
                self._wire.ask("QUIT", timeout=timeout)
        except ConnectionLost:
            pass
        finally:
            self.abandon()

    def _read(self) -> None:
        # Also after a write failed: the relay may have said why before it hung up.
        for _ in range(MOST_CHUNKS):
            try:
                received = self._socket.recv(CHUNK)
            except WOULD_BLOCK:
                return
            except OSError:
                self._is_ended = True
                return
            if not received:
                self._is_ended = True
                return
            self._reader.feed(received)
            if len(received) < CHUNK and type(self._socket) is socket.socket:
                # A plain socket has given all it had; a TLS one may keep another record.
                return
        raise ConnectionLost("The relay says more than an answer can have.")

    def _take_all(self, events: list[Ended | Lost]) -> bool:
        """Take every reply that is complete; tell whether there was one."""
        had_some = False
        while (reply := self._reader.next()) is not None:
            had_some = True
            if self._awaited:
                self._take(reply, events)
            else:
                self._take_unasked(reply, events)
        if had_some:
            self.used_at = self._monotonic()
        return had_some

    def _take(self, reply: Reply, events: list[Ended | Lost]) -> None:
        step, letter = self._awaited.popleft()
        if step is Step.DOT:
            self._take_final(reply, letter, events)
        elif step is Step.DATA:
            self._take_data(reply, letter, events)
        elif step is Step.RESET and not reply.is_positive:
            raise ConnectionLost(f"The relay answered {reply.code} to RSET.")
        elif not reply.is_positive and not letter.is_over and step is not Step.LONE_DOT:
            self._take_address(reply, step, letter, events)

    def _take_address(
        self, reply: Reply, step: Step, letter: Letter, events: list[Ended | Lost]
    ) -> None:
        self._must_be_refusal(reply)
        if step is Step.MAIL and reply.code == 421:
            # It is about the connection, not about anybody's mail (STANDARDS XG01).
            raise ConnectionLost(f"The relay ended the connection: 421 {words_of(reply)}")
        self._must_reset = step is Step.RCPT
        self._refuse(reply, Phase.MAIL if step is Step.MAIL else Phase.RCPT, letter, events)

    def _take_data(self, reply: Reply, letter: Letter, events: list[Ended | Lost]) -> None:
        self._after_data = False
        goes_on = reply.code // 100 == 3
        if letter.is_over:
            if goes_on:
                # Every recipient was refused and still it waits for a message (RFC 2920 3.1).
                self._must_reset = False
                self._owe(Step.LONE_DOT, letter)
                self._put(DOT)
            return
        if goes_on:
            self._in_body = True
            self._put(letter.data)
            return
        self._must_be_refusal(reply)
        self._must_reset = True
        self._refuse(reply, Phase.DATA, letter, events)

    def _take_final(self, reply: Reply, letter: Letter, events: list[Ended | Lost]) -> None:
        self._dotted = None
        letter.is_over = True
        outcome = outcome_of(reply, recipient=letter.recipient, phase=Phase.DOT)
        events.append(Ended(letter, outcome))
        if reply.code == 421 or outcome.kind is Kind.UNCERTAIN:
            raise ConnectionLost(f"The relay ended the connection: {reply.code} {words_of(reply)}")

    def _take_unasked(self, reply: Reply, events: list[Ended | Lost]) -> None:
        """Take what came without being asked for: a refusal before the dot, or the end."""
        letter = self._letter
        if letter is not None and (self._in_body or self.is_held) and reply.is_refusal:
            self._refuse(reply, Phase.DATA, letter, events)
        # An answer that nobody asked for would be taken for the answer to the next
        # command, and in the end for the answer to a message (STANDARDS S05).
        raise ConnectionLost("The relay ended the connection, or spoke out of turn.")

    def _refuse(
        self, reply: Reply, phase: Phase, letter: Letter, events: list[Ended | Lost]
    ) -> None:
        letter.is_over = True
        self._letter, self._in_body, self.is_held = None, False, False
        self._commands.clear()
        events.append(Ended(letter, outcome_of(reply, recipient=letter.recipient, phase=phase)))
        if reply.code == 421:
            raise ConnectionLost(f"The relay ended the connection: 421 {words_of(reply)}")

    def _must_be_refusal(self, reply: Reply) -> None:
        if reply.code in AUTHENTICATION_WANTED:
            raise SenderFault(
                "The relay wants us to identify ourselves, or in another way: "
                f"{reply.code} {words_of(reply)}. Look at MAIL_USERNAME and MAIL_PASSWORD."
            )
        if not reply.is_refusal:
            raise ConnectionLost(f"The relay answered {reply.code} where that has no meaning.")

    def _write_commands(self) -> None:
        """Write the commands that may go now: all of a group, or one by one (RFC 2920 3.1)."""
        lines = []
        while self._commands and (self.pipelines or not self._awaited):
            step, line, letter = self._commands.popleft()
            self._owe(step, letter)
            lines.append(line)
            self._after_data = step is Step.DATA
        if lines:
            self._put(b"".join(lines))

    def _owe(self, step: Step, letter: Letter) -> None:
        self._awaited.append((step, letter))
        if len(self._awaited) == 1:
            self._set_deadline()

    def _put(self, data: bytes) -> None:
        self._out.append(data)

    def _written(self) -> None:
        if self._in_body:
            self._in_body = False
            self.is_held = True
            self.deadline = NEVER

    def _set_deadline(self) -> None:
        settings = self._settings
        if not self._awaited:
            wait = settings.write_timeout if self._in_body else NEVER
            self.deadline = self._monotonic() + wait
            return
        is_final = self._awaited[0][0] is Step.DOT
        wait = settings.final_timeout if is_final else settings.reply_timeout
        self.deadline = self._monotonic() + wait

    def _lose(self, error: ConnectionLost | SenderFault, events: list[Ended | Lost]) -> None:
        if self._dotted is not None:
            self._dotted.is_over = True
            text = f"Handed over, but not acknowledged. {error}"
            outcome = Outcome(Kind.UNCERTAIN, text=text, phase=Phase.DOT)
            events.append(Ended(self._dotted, outcome))
        events.append(Lost(error, self._letter))
        self._dotted = self._letter = None
        self.is_held = self._in_body = False
        self.abandon()
