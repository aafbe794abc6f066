"""One SMTP connection as a relay sees it: strict in what it takes, wrong only by plan.

Written for this harness on plain bytes, with nothing of the product, so that a misunderstanding of
RFC 5321 in one is not repeated in the other.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.faults.plan import SILENCE, USUAL, End, Fault, Phase, Plan
from tests.faults.speaking import Speaker
from tests.faults.writing import blames_of

OFFERS = ("PIPELINING", "8BITMIME", "SIZE 10240000", "ENHANCEDSTATUSCODES")
_USUAL = {
    Phase.MAIL: "250 2.1.0 OK",
    Phase.RCPT: "250 2.1.5 OK",
    Phase.DATA: "354 Go on",
    Phase.BODY: SILENCE,
    Phase.DOT: "250 2.0.0 Taken",
}

_PATH = re.compile(rb"(?:FROM|TO):\s?<([^>]*)>", re.IGNORECASE)
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)


class Diary(Protocol):
    """Where a session writes what happens, before it answers."""

    def note(self, event: str, **facts: object) -> None:
        """Write down one event, at once."""

    def attempt(self, recipient: str) -> int:
        """Return the number of this attempt to reach a recipient, from 1."""


@dataclass
class _Transaction:
    """What was said since MAIL."""

    sender: str
    recipient: str = ""
    taken: list[str] = field(default_factory=list)
    fault: Fault | None = None


class Session(Speaker):
    """One connection; bytes come in by `data_received`, answers go out in their order."""

    def __init__(self, plan: Plan, diary: Diary, number: int, keep: Callable[[bytes], None]):
        super().__init__()
        self.number = number
        self._plan = plan
        self._diary = diary
        self._keep = keep
        self._buffer = bytearray()
        self._is_greeted = False
        self._in_body = False
        self._searched = 0
        self._messages = 0
        self._transaction: _Transaction | None = None

    def greet(self, answer: str) -> None:
        """Say the greeting; anything but a 220 ends the connection, silence hangs."""
        if answer == SILENCE:
            self.hang()
            return
        self.say("220 sink.test ESMTP" if answer == USUAL else answer)
        if answer != USUAL:
            self.end(End.DROP)

    def data_received(self, data: bytes) -> None:
        """Record the bytes and go as far as they reach."""
        self._keep(data)
        self._buffer += data
        self.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Record the end, and whether a message was cut off in its middle."""
        self.is_over = True
        self._diary.note("closed", connection=self.number, in_body=self._in_body)

    def go_on(self) -> None:
        """Take what is in the buffer, as far as it is whole."""
        while not (self.is_busy or self.is_over):
            step = self._body if self._in_body else self._command
            if not step():
                return

    def _command(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0:
            return False
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            self._blame("a command does not end in CRLF")
        words = line.strip()
        verb = words[:4].upper().decode("ascii", "replace")
        handler = self._handlers.get(verb)
        if handler is None:
            self.say("500 5.5.2 What is that")
        else:
            handler(self, words)
        return True

    def _hello(self, words: bytes) -> None:
        self._is_greeted = True
        self._transaction = None
        if words[:4].upper() == b"HELO":
            self.say("250 sink.test")
            return
        lines = ["sink.test", *OFFERS]
        last = len(lines) - 1
        self.say(*(f"250{' ' if index == last else '-'}{line}" for index, line in enumerate(lines)))

    def _mail(self, words: bytes) -> None:
        if not self._is_greeted or self._transaction is not None:
            self._blame("MAIL comes before EHLO, or inside a transaction")
            self.say("503 5.5.1 Not now")
            return
        # Whom it is for is in the next line, which is here already if the sender pipelines.
        self._transaction = _Transaction(_path(words))
        following = bytes(self._buffer.split(b"\r\n", 1)[0])
        if following[:4].upper() == b"RCPT":
            self._meet(self._transaction, _path(following))
        if not self._goes_wrong(Phase.MAIL):
            self._say_usual(Phase.MAIL)

    def _rcpt(self, words: bytes) -> None:
        recipient = _path(words)
        self._diary.note("rcpt", recipient=recipient, connection=self.number)
        if self._transaction is None:
            self.say("503 5.5.1 MAIL first")
            return
        if recipient != self._transaction.recipient:
            self._meet(self._transaction, recipient)
        if not self._goes_wrong(Phase.RCPT):
            self._transaction.taken.append(recipient)
            self._say_usual(Phase.RCPT)

    def _data(self, words: bytes) -> None:
        if self._transaction is None:
            self.say("503 5.5.1 MAIL first")
            return
        if not self._transaction.taken and not self._plan.goes_on_without_recipient:
            self.say("554 5.5.1 No valid recipients")
            return
        if self._goes_wrong(Phase.DATA):
            return
        if self._buffer:
            self._blame("something was sent behind DATA before its answer")
        self._in_body = True
        self._searched = 0
        self._say_usual(Phase.DATA)

    def _body(self) -> bool:
        if self._buffer and self._goes_wrong(Phase.BODY):
            return False
        if self._buffer.startswith(b".\r\n"):
            end, rest = 0, 3
        else:
            end = self._buffer.find(b"\r\n.\r\n", self._searched)
            if end < 0:
                self._searched = max(0, len(self._buffer) - 4)
                return False
            end, rest = end + 2, end + 5
        data = bytes(self._buffer[:end])
        del self._buffer[:rest]
        self._in_body = False
        self._dot(data)
        return True

    def _dot(self, data: bytes) -> None:
        transaction = self._transaction
        assert transaction is not None
        if not transaction.taken:
            if data:
                self._blame("a message was sent although nobody was to get it")
            self._transaction = None
            self.say("554 5.5.1 No valid recipients")
            return
        for what in blames_of(data):
            self._blame(what)
        fault = self._fault_at(Phase.DOT)
        is_taken = fault is None or fault.takes_message
        self._write_down("accepted" if is_taken else "not accepted", transaction, data)
        self._messages += is_taken
        self._goes_wrong(Phase.DOT)
        if fault is None:
            self.later(self._plan.pace, self._acknowledge)
        self._transaction = None

    def _acknowledge(self) -> None:
        self.say(_USUAL[Phase.DOT])
        limit = self._plan.messages_per_connection
        if limit and self._messages >= limit:
            self._diary.note("ended", connection=self.number, end="limit")
            self.end(End.DROP)

    def _write_down(self, event: str, transaction: _Transaction, data: bytes) -> None:
        head = data[: data.find(b"\r\n\r\n") + 2]
        found = _MESSAGE_ID.search(head)
        self._diary.note(
            event,
            message_id=found[1].decode("ascii", "replace") if found else "",
            recipient=transaction.taken[-1],
            recipients=len(transaction.taken),
            sender=transaction.sender,
            connection=self.number,
            size=len(data),
            digest=hashlib.sha256(data).hexdigest(),
        )

    def _reset(self, words: bytes) -> None:
        self._transaction = None
        self.say("250 2.0.0 OK")

    def _noop(self, words: bytes) -> None:
        self.say("250 2.0.0 OK")

    def _quit(self, words: bytes) -> None:
        if self._plan.goodbye is End.HANG:
            self.hang()
            return
        if self._plan.goodbye is not End.RESET:
            self.say("221 2.0.0 Bye")
        self.end(self._plan.goodbye)

    _handlers: dict[str, Any] = {
        "EHLO": _hello,
        "HELO": _hello,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "DATA": _data,
        "RSET": _reset,
        "NOOP": _noop,
        "QUIT": _quit,
    }

    def _meet(self, transaction: _Transaction, recipient: str) -> None:
        transaction.recipient = recipient
        transaction.fault = self._plan.befalls(recipient, self._diary.attempt(recipient))

    def _fault_at(self, phase: Phase) -> Fault | None:
        fault = self._transaction.fault if self._transaction is not None else None
        return fault if fault is not None and fault.phase is phase else None

    def _goes_wrong(self, phase: Phase) -> bool:
        """Do what the plan has for this phase; tell whether the usual course is left by it."""
        fault = self._fault_at(phase)
        if fault is None:
            return False
        assert self._transaction is not None
        self._diary.note(
            "fault",
            connection=self.number,
            recipient=self._transaction.recipient,
            phase=phase,
            is_loss=fault.is_loss,
            end=fault.end,
        )
        answer = _USUAL[phase] if fault.answer == USUAL else fault.answer
        refuses = fault.answer[:1] in ("4", "5")
        if refuses and phase is Phase.MAIL:
            self._transaction = None
        self.later(fault.delay, lambda: self.carry_out(fault, answer))
        # A usual answer in an unusual form or after a while: the transaction goes on.
        return refuses or fault.answer == SILENCE or fault.end is not End.STAY or self.is_over

    def _say_usual(self, phase: Phase) -> None:
        """Give the usual answer, unless the plan gave one, however unusual its form."""
        if self._fault_at(phase) is None:
            self.say(_USUAL[phase])

    def _blame(self, what: str) -> None:
        self._diary.note("blame", connection=self.number, what=what)


def _path(words: bytes) -> str:
    found = _PATH.search(words)
    return found[1].decode("utf-8", "replace") if found else ""
