"""The processes of several machines: the clock that tells of batches, and workers.

    python -m tests.services.machines FACTS          the clock's part
    dramatiq tests.services.working:broker           a worker; the facts are in MACHINE

They are what `flask jobs run` and `dramatiq worker:broker` start, with times that suit a test.
"""

import dataclasses
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import Flask

import config
from newsletter import create_app
from newsletter.delivery.engines import dispatching, dramatiq
from tests.conftest import settings

MACHINE = "MACHINE"
"""The name of the environment's variable with a worker's facts."""

THREADS = 4


@dataclass(frozen=True)
class Machine:
    """What a process has to know; times are in seconds."""

    folder: str
    database: str
    broker: str
    relay_port: int
    lease: float
    connections: int = 3
    # How long a message may be on its way before the clock tells again.
    again: float = 3.0

    def to_json(self) -> str:
        """Return the facts as text for a process."""
        return json.dumps(dataclasses.asdict(self))

    def installation(self) -> Flask:
        """Return the application as a process of this machine has it."""
        return create_app(
            {
                **settings(Path(self.folder)),
                "SQLALCHEMY_DATABASE_URI": self.database,
                "DELIVERY_ENGINE": "dramatiq",
                "BROKER_URL": self.broker,
                "MAIL_SERVER": "127.0.0.1",
                "MAIL_PORT": self.relay_port,
                "MAIL_CONNECTIONS": self.connections,
            }
        )


class Group(subprocess.Popen[bytes]):
    """A process that is killed together with those that it started."""

    def kill(self) -> None:
        """End all of them with no chance to say anything."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)


def start_clock(machine: Machine, log: Path) -> Group:
    """Start what tells the broker of batches."""
    return _start([sys.executable, "-m", __name__, machine.to_json()], {}, log)


def start_worker(machine: Machine, log: Path) -> Group:
    """Start a worker as an operator would."""
    command = [sys.executable, "-m", "dramatiq", "tests.services.working:broker"]
    limits = ["--processes", "1", "--threads", str(THREADS)]
    return _start([*command, *limits], {MACHINE: machine.to_json()}, log)


def _start(command: list[str], facts: dict[str, str], log: Path) -> Group:
    with log.open("wb") as output:
        return Group(
            command,
            cwd=config.ROOT,
            env={**os.environ, **facts},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def main(machine: Machine) -> None:
    """Tell the broker of what is due until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(threadName)s %(message)s")
    dispatching.AGAIN = timedelta(seconds=machine.again)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    dramatiq.run(machine.installation(), stop)


if __name__ == "__main__":
    main(Machine(**json.loads(sys.argv[1])))
