"""The SMTP side of the development mailbox: takes everything, keeps it, sends nothing on."""

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Received

from newsletter import clock
from newsletter.errors import ConfigurationError
from newsletter.mailbox import store

LARGEST_MESSAGE = 10_240_000
"""Bytes; what a relay takes where nobody changed its settings (Postfix)."""

log = logging.getLogger(__name__)


class Keeper:
    """Answers aiosmtpd's question what becomes of a message."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, received: Received) -> str:  # noqa: N802
        """Keep the message before the reply says so."""
        raw = received.original_content or b""
        envelope = store.Envelope(
            # aiosmtpd writes the null return path as it stood on the wire.
            sender=(received.mail_from or "").removeprefix("<>"),
            recipients=tuple(received.rcpt_tos),
            received_at=clock.now(),
        )
        try:
            name = store.add(self.folder, raw, envelope)
        except OSError as exc:
            log.error("a message could not be kept: %s", exc)
            return f"452 4.3.1 The mailbox cannot write: {exc.strerror}"
        return f"250 2.0.0 Kept as {name}"


def serve(host: str, port: int, folder: Path) -> None:
    """Take mail on `host` and `port` into `folder` until SIGTERM or Ctrl-C.

    Raises ConfigurationError when it cannot listen there.
    """
    asyncio.run(_serve_until_signal(host, port, folder))


async def listen(host: str, port: int, folder: Path) -> asyncio.Server:
    """Return a server that takes mail into `folder`."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            Keeper(folder),
            data_size_limit=LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
            # Without a name of its own it would ask DNS for one at every connection.
            hostname="localhost",
            ident="Stay Informed development mailbox",
            loop=loop,
        )

    try:
        return await loop.create_server(protocol, host, port)
    except OSError as exc:
        raise ConfigurationError(
            f"The mailbox cannot listen on {host}:{port}: {exc.strerror}. Set PORT to a number "
            "that is free together with the one after it."
        ) from exc


async def _serve_until_signal(host: str, port: int, folder: Path) -> None:
    server = await listen(host, port, folder)
    stopped = asyncio.Event()
    _call_on_signal(asyncio.get_running_loop(), stopped.set)
    await stopped.wait()
    server.close()


def _call_on_signal(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    # A supervisor that had SIGINT ignored decides by itself when this process ends.
    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]

    def handle(number: int, frame: FrameType | None) -> None:
        # A terminal and a supervisor may both send one. The loop's own handlers are taken down
        # before the process ends, and a second signal in that gap would end in a traceback.
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        loop.call_soon_threadsafe(stop)

    for number in numbers:
        signal.signal(number, handle)
