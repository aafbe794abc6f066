"""A relay for tests: a real SMTP server on loopback that records, and misbehaves when told to.

    with Relay() as relay:
        relay.configure(app)                       # the installation sends there
        relay.answer("RCPT", "550 5.1.1 No such user", to="bob@example.org")
        ...
        relay.messages[0].data                     # the bytes as they came

Every message it accepted is in `messages`, also when the script then takes the
acknowledgement away: it is the witness that the sender's books are held against.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

CLOSE = "close"
"""A scripted answer: no answer, the connection is closed."""

CLOSE_AFTER = "close after"
"""A scripted answer to DOT: accepted, acknowledged, and then the connection is closed."""


@dataclass(frozen=True)
class Received:
    """One message that the relay accepted."""

    envelope_from: str
    recipient: str
    data: bytes
    # Counts the connections from 1: equal numbers came over the same one.
    connection: int
    mail_options: tuple[str, ...]
    # How many of `recipient` the transaction had; ours have one.
    recipients: int = 1


@dataclass
class Rule:
    """What to answer instead, at which phase, to whom and how often."""

    phase: str
    answer: str
    to: str | None
    times: int | None
    delay: float
    used: int = 0


@dataclass
class Relay:
    """An SMTP server in a thread; use it in a `with`.

    `size` is the SIZE it offers, `smtputf8` whether it offers SMTPUTF8. With
    `port` it listens there, which lets a test take a relay away and bring it back.
    """

    size: int | None = 10_240_000
    smtputf8: bool = False
    port: int = 0
    host: str = "127.0.0.1"
    messages: list[Received] = field(default_factory=list)
    # Every RCPT that was asked for, accepted or not.
    asked: list[str] = field(default_factory=list)
    # Called with each message in the server's thread, before it is acknowledged.
    on_message: Callable[[Received], None] | None = None
    connections: int = 0

    def __post_init__(self) -> None:
        self.rules: list[Rule] = []

    def __enter__(self) -> Self:
        started: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        self.port = started.result(timeout=10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=10)
        assert not self._thread.is_alive(), "the relay did not stop"

    def configure(self, app: Flask) -> None:
        """Make `app` send its mail here."""
        app.config.update(MAIL_SERVER=self.host, MAIL_PORT=self.port)

    def answer(
        self,
        phase: str,
        answer: str = "",
        *,
        to: str | None = None,
        times: int | None = None,
        delay: float = 0,
    ) -> None:
        """Answer `answer` at a phase, `times` times, to mail for `to`; after `delay` seconds.

        Phases are MAIL, RCPT, DATA (instead of 354), BODY (after 354; CLOSE only)
        and DOT (after the message; CLOSE accepts it and says nothing). An empty
        answer is the usual one, for a delay.
        """
        self.rules.append(Rule(phase, answer, to, times, delay))

    def to(self, recipient: str) -> list[Received]:
        """The messages accepted for one recipient."""
        return [message for message in self.messages if message.recipient == recipient]

    def _run(self, started: "Future[int]") -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve(started))
        except OSError as exc:
            started.set_exception(exc)

    async def _serve(self, started: "Future[int]") -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        sessions: set[_Session] = set()

        def session() -> _Session:
            self.connections += 1
            new = _Session(self, self.connections)
            sessions.add(new)
            return new

        server = await self._loop.create_server(session, self.host, self.port)
        started.set_result(server.sockets[0].getsockname()[1])
        await self._stopping.wait()
        server.close()
        for one in sessions:
            if one.transport is not None:
                one.transport.abort()
        # One turn lets the transports tell their sessions, one the sessions end.
        for _ in range(3):
            await asyncio.sleep(0)

    async def scripted(self, phase: str, recipient: str | None) -> str:
        """The answer that the script has for this phase, or nothing."""
        for rule in self.rules:
            fits = rule.phase == phase and rule.to in (None, recipient)
            if fits and (rule.times is None or rule.used < rule.times):
                rule.used += 1
                await asyncio.sleep(rule.delay)
                return rule.answer
        return ""


class _Session(SMTP):
    """One connection, answering by the script first."""

    def __init__(self, relay: Relay, number: int) -> None:
        super().__init__(
            _Handler(relay, number),
            data_size_limit=relay.size,
            enable_SMTPUTF8=relay.smtputf8,
            hostname="relay.test",
            ident="test relay",
            loop=relay._loop,
        )
        self._relay = relay

    async def smtp_DATA(self, arg: str) -> None:
        recipient = self.envelope.rcpt_tos[-1] if self.envelope.rcpt_tos else None
        answer = await self._relay.scripted("DATA", recipient)
        if answer:
            await self._say(answer)
            return
        if await self._relay.scripted("BODY", recipient) == CLOSE:
            await _say_and_close(self, "354 Go on")
            return
        await super().smtp_DATA(arg)

    async def _say(self, answer: str) -> None:
        if answer == CLOSE:
            self.transport.close()
        else:
            await self.push(answer)
            if answer.startswith("421"):
                self.transport.close()


class _Handler:
    def __init__(self, relay: Relay, number: int) -> None:
        self._relay = relay
        self._number = number

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._relay.scripted("MAIL", None)
        if answer:
            return self._said(server, answer)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._relay.asked.append(address)
        answer = await self._relay.scripted("RCPT", address)
        if answer:
            return self._said(server, answer)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        recipient = envelope.rcpt_tos[-1]
        answer = await self._relay.scripted("DOT", recipient)
        if answer and answer not in (CLOSE, CLOSE_AFTER) and not answer.startswith("2"):
            return self._said(server, answer)
        self._accept(envelope)
        if answer == CLOSE_AFTER:
            await _say_and_close(server, "250 2.0.0 accepted")
            return ""
        return self._said(server, answer or "250 2.0.0 accepted")

    def _accept(self, envelope: Envelope) -> None:
        received = Received(
            envelope.mail_from,
            envelope.rcpt_tos[-1],
            bytes(envelope.original_content),
            self._number,
            tuple(envelope.mail_options),
            len(envelope.rcpt_tos),
        )
        self._relay.messages.append(received)
        if self._relay.on_message is not None:
            self._relay.on_message(received)

    def _said(self, server: Any, answer: str) -> str:
        if answer == CLOSE:
            server.transport.close()
            return ""
        if answer.startswith("421"):
            # The answer is written first: closing flushes.
            asyncio.get_running_loop().call_later(0.05, server.transport.close)
        return answer


async def _say_and_close(server: Any, answer: str) -> None:
    """Put the answer and the end of the connection into one packet: who has read one sees both."""
    stream = server.transport.get_extra_info("socket")
    if hasattr(socket, "TCP_CORK"):
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    await server.push(answer)
    stream.shutdown(socket.SHUT_WR)
    server.transport.close()
