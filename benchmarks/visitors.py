"""Readers at the door of an installation that gunicorn serves: how many a second, how long each.

They sign up, leave by one click, and beside them somebody posts to a view that does one committed
insert. All by turns on one server, each from a network of its own.
"""

import hashlib
import http.client
import random
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa
from itsdangerous import Signer

from benchmarks.ports import reserve
from benchmarks.processes import MeasurementFailed, await_port, program, tail
from benchmarks.stock import SECRET_KEY, Installation

AT_ONCE = 8
"""Connections that ask at the same time; a sign-up is answered after a while and not before."""

GUNICORN = ("--worker-class", "gthread", "--workers", "2", "--threads", "8", "--no-control-socket")
"""As docs/operating.md serves an installation."""

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Visit:
    """One request: where, and what is sent."""

    path: str
    fields: dict[str, str]


@dataclass
class Visits:
    """How many seconds each took, and all of them together."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """How many a second."""
        return len(self.times) / self.seconds


class Door:
    """The server of one installation, and whom it may be asked about."""

    def __init__(self, port: int, installation: Installation, log: Path) -> None:
        self._port, self._log = port, log
        engine = sa.create_engine(installation.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            self.readers = [tuple(row) for row in connection.execute(_READERS)]
        random.Random(1).shuffle(self.readers)

    def sign_up(self) -> Visit:
        """Somebody whom nobody knows."""
        return self._asking(f"{uuid.uuid4().hex}@example.org")

    def sign_up_again(self) -> Visit:
        """Somebody who has the list already."""
        return self._asking(self.readers.pop()[1])

    def one_click(self) -> Visit:
        """The mail program of somebody who leaves."""
        signer = Signer(
            SECRET_KEY, salt="unsubscribe", key_derivation="hmac", digest_method=hashlib.sha256
        )
        # As in an issue, whose delivery is looked up; here there is none with this number.
        token = signer.sign(f"{self.readers.pop()[0]}-1").decode()
        return Visit(f"/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"})

    def one_insert(self) -> Visit:
        """Whom the others are compared with."""
        return Visit("/one-insert", {})

    def many(self, visit: Callable[[], Visit], count: int) -> Visits:
        """Let so many come over some connections at once; MeasurementFailed if one is refused."""
        found, waiting = Visits(), iter([visit() for _ in range(count)])
        turn, faults = threading.Lock(), list[str]()

        def come() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            while not faults:
                with turn:
                    one = next(waiting, None)
                if one is None:
                    break
                try:
                    found.times.append(self._send(connection, one))
                except (OSError, http.client.HTTPException, MeasurementFailed) as exc:
                    faults.append(str(exc))
            connection.close()

        threads = [threading.Thread(target=come) for _ in range(AT_ONCE)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found.seconds = time.monotonic() - began
        if faults:
            raise MeasurementFailed(f"{faults[0]}\n{tail(self._log)}")
        return found

    def pairs(
        self, one: Callable[[], Visit], other: Callable[[], Visit], count: int
    ) -> tuple[list[float], list[float]]:
        """Return the seconds of so many of each, by turns and alone at the door."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(count):
            # Neither always comes first.
            for which in (0, 1) if number % 2 else (1, 0):
                times[which].append(self._send(connection, (one, other)[which]()))
        connection.close()
        return times

    def _asking(self, address: str) -> Visit:
        return Visit("/subscribe", {"list": "news", "address": address, "frequency": "every"})

    def _send(self, connection: http.client.HTTPConnection, visit: Visit) -> float:
        network = ".".join(str(random.randrange(1, 255)) for _ in range(3))  # noqa: S311
        headers = {"Content-Type": FORM, "X-Forwarded-For": f"11.{network}"}
        body = urlencode(visit.fields)
        began = time.monotonic()
        connection.request("POST", visit.path, body, headers)
        answer = connection.getresponse()
        answer.read()
        took = time.monotonic() - began
        if answer.status != 200:
            raise MeasurementFailed(f"{visit.path.partition('/un')[0]} answered {answer.status}.")
        return took


@contextmanager
def served(installation: Installation, logs: Path) -> Iterator[Door]:
    """Serve an installation for as long as it is needed."""
    port, log = reserve(), logs / "gunicorn.log"
    command = (sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *GUNICORN)
    environ = installation.environ | {"TRUSTED_PROXIES": "127.0.0.1/32"}
    with program((*command, "benchmarks.one_insert:app"), environ=environ, log=log):
        await_port(port)
        door = Door(port, installation, log)
        # Both workers have made everything once.
        for visit in (door.one_insert, door.sign_up, door.one_click):
            door.many(visit, 40)
        yield door


def rank_test(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how many standard deviations the ranks of two samples are apart (Mann and Whitney)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, start=1) if which == 0)
    few, many = len(one), len(other)
    expected = few * (few + many + 1) / 2
    deviation = (few * many * (few + many + 1) / 12) ** 0.5
    return float((ranks - expected) / deviation)


def apart(one: Sequence[float], other: Sequence[float]) -> float:
    """Return by which part of the one the medians of two samples differ."""
    usual = statistics.median(one)
    return abs(statistics.median(other) - usual) / usual


_READERS = sa.text(
    "SELECT subscription.id, subscriber.address FROM subscription "
    "JOIN subscriber ON subscriber.id = subscription.subscriber_id "
    "WHERE subscription.state = 'confirmed' ORDER BY subscription.id LIMIT 50000"
)
