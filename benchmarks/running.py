"""One issue through our engine, watched from outside its processes."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from benchmarks.processes import Child, MeasurementFailed, child, program, tail
from benchmarks.stock import Installation, Kind, Stock

LOOK = 0.02
"""Seconds between two looks whether the issue is sent: the most by which a time is too long."""

PATIENCE = 120.0
"""Seconds that anything may take besides sending; planning a million is among it."""

SLOWEST = 50
"""Messages a second; a run that is slower than this counts as stuck."""

STAYED = 0.8
"""The least part of the readers of an installation with a past who did not leave."""

WORKER = (sys.executable, "-m", "dramatiq", "worker:broker", "--processes", "1", "--threads", "4")


@dataclass(frozen=True)
class Run:
    """What one run cost, from the beginning of planning to the last outcome committed."""

    count: int
    seconds: float
    planning: float
    # Bytes, the most that the process ever had.
    memory: int
    # Seconds of the processor in that time.
    processor: float
    # Seconds that each click took of somebody who unsubscribed meanwhile.
    clicks: tuple[float, ...] = ()
    # Seconds that an editor waited for pages meanwhile, by their paths.
    pages: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Ours:
    """Our engine: where it keeps its data, the port of its relay, how many connections to that.

    With a `broker` it is the engine of many machines, with one worker. `logs` is the
    folder for what its processes say; `profile` is where the sending one shall write
    what it spent its time on.
    """

    stock: Stock
    kind: Kind
    port: int
    connections: int
    logs: Path
    broker: str = ""
    profile: Path | None = None

    def __call__(self, count: int) -> float:
        """Send so many messages and return the seconds."""
        return self.run(count).seconds

    def run(self, count: int, *, with_clicks: bool = False, with_editor: bool = False) -> Run:
        """Send to so many readers of a fresh installation; MeasurementFailed if one is left out.

        With `with_clicks` somebody unsubscribes all the time while it is planned and sent. With
        `with_editor` somebody opens pages of the desk, and the installation has a past; those
        who had left it get no mail.
        """
        with ExitStack() as closing:
            installation = closing.enter_context(
                self.stock.installation(self.kind, count, has_past=with_editor)
            )
            environ = self._environ(installation)
            if self.broker:
                log = self.logs / "worker.log"
                closing.enter_context(program(WORKER, environ=environ, log=log))
            sender = closing.enter_context(self._ready("sender", environ))
            reader = (
                closing.enter_context(self._ready("one_click", environ)) if with_clicks else None
            )
            editor = (
                closing.enter_context(self._ready("one_editor", environ)) if with_editor else None
            )
            for beside in (reader, editor):
                if beside:
                    beside.tell("begin")
            sender.tell("plan")
            planned = sender.answer(within=PATIENCE)
            ended = self._await_end(installation, planned["planned"])
            clicks = reader.last_answer(within=PATIENCE)["times"] if reader else ()
            pages = editor.last_answer(within=PATIENCE)["times"] if editor else {}
            used = sender.last_answer(within=PATIENCE)
        # Who leaves before the audience is frozen is no part of it.
        fewest = count * STAYED if with_editor else count - len(clicks)
        if not fewest <= planned["planned"] <= count:
            raise MeasurementFailed(f"Planned for {planned['planned']} readers of {count}.")
        return Run(
            count,
            seconds=ended - planned["began"],
            planning=planned["seconds"],
            memory=used["memory"],
            processor=used["processor"],
            clicks=tuple(clicks),
            pages=pages,
        )

    @contextmanager
    def _ready(self, module: str, environ: dict[str, str]) -> Iterator[Child]:
        log = self.logs / f"{module}.log"
        with child(f"benchmarks.{module}", environ=environ, log=log) as one:
            one.answer(within=PATIENCE)
            yield one

    def _environ(self, installation: Installation) -> dict[str, str]:
        environ = installation.environ | {
            "MAIL_PORT": str(self.port),
            "MAIL_CONNECTIONS": str(self.connections),
        }
        if self.broker:
            environ |= {"DELIVERY_ENGINE": "dramatiq", "BROKER_URL": self.broker}
        if self.profile:
            environ["PROFILE"] = str(self.profile)
        return environ

    def _await_end(self, installation: Installation, count: int) -> float:
        """Return the moment at which the last of so many outcomes was seen in the database."""
        last = time.monotonic() + PATIENCE + count / SLOWEST
        engine = sa.create_engine(
            installation.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        )
        with engine.connect() as connection:
            while connection.scalar(_FINISHED) is None and time.monotonic() < last:
                time.sleep(LOOK)
            ended = time.monotonic()
            states = {state: number for state, number in connection.execute(_STATES)}
        # Who leaves meanwhile gets no mail.
        if sum(states.get(state, 0) for state in ("sent", "suppressed")) != count:
            said = tail(self.logs / "sender.log")
            raise MeasurementFailed(f"Not everything was sent of {count}: {states}.\n{said}")
        return ended


_FINISHED = sa.text("SELECT finished_at FROM send ORDER BY id DESC LIMIT 1")
_STATES = sa.text(
    "SELECT state, count(*) FROM delivery WHERE send_id = (SELECT max(id) FROM send) GROUP BY state"
)
