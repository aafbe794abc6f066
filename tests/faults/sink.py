"""The relay of the fault harness, a process of its own: python -m tests.faults.sink FOLDER [PORT].

It reads FOLDER/plan.json, prints its port, and misbehaves by the plan. Every byte that it receives
goes to FOLDER/bytes, a file for each connection, and every event to FOLDER/record.jsonl, before the
answer is written: what it acknowledged is on record, also if it is killed.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

from tests.faults.plan import USUAL, Plan
from tests.faults.session import Session

RECORD = "record.jsonl"
PLAN = "plan.json"
BYTES = "bytes"

TOO_MANY = "421 4.7.0 Too many connections"


class Sink:
    """Every connection, and the record of what happens on them."""

    def __init__(self, folder: Path) -> None:
        self.plan = Plan.from_json((folder / PLAN).read_text(encoding="utf-8"))
        self._bytes = folder / BYTES
        self._bytes.mkdir(exist_ok=True)
        self._record = os.open(folder / RECORD, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._attempts: Counter[str] = Counter()
        self._open: set[Session] = set()
        self._greeted = 0
        # A sink that was started again goes on where the one before it ended.
        self._numbers = len(list(self._bytes.iterdir()))

    def note(self, event: str, **facts: object) -> None:
        """Write down one event, at once."""
        line = json.dumps({"at": time.time(), "event": event, **facts})
        os.write(self._record, f"{line}\n".encode())

    def attempt(self, recipient: str) -> int:
        """Return the number of this attempt to reach a recipient, from 1."""
        self._attempts[recipient] += 1
        return self._attempts[recipient]

    def session(self) -> Session:
        """Return what answers on a new connection."""
        self._numbers += 1
        received = os.open(
            self._bytes / f"{self._numbers:05}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644
        )
        return _Counted(self, self._numbers, received)

    def opened(self, session: Session) -> None:
        """Greet a connection, or turn it away."""
        self._open.add(session)
        self.note("opened", connection=session.number, open=len(self._open))
        if 0 < self.plan.most_connections < len(self._open):
            self.note("turned away", connection=session.number)
            session.greet(TOO_MANY)
            return
        openings = self.plan.openings
        session.greet(openings[self._greeted] if self._greeted < len(openings) else USUAL)
        self._greeted += 1

    def closed(self, session: Session) -> None:
        """Forget a connection that ended."""
        self._open.discard(session)


class _Counted(Session):
    """A session that the sink knows of while it is open."""

    def __init__(self, sink: Sink, number: int, received: int) -> None:
        super().__init__(sink.plan, sink, number, lambda data: _write(received, data))
        self._sink = sink
        self._received = received

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._sink.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._sink.closed(self)
        os.close(self._received)


def _write(descriptor: int, data: bytes) -> None:
    os.write(descriptor, data)


async def _serve(folder: Path, port: int) -> None:
    sink = Sink(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(sink.session, "127.0.0.1", port, backlog=256)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
