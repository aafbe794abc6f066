"""The supervisor of `make run`: one installation on this machine, for looking and developing.

It has the database made ready, forks the web, the clock and the development mailbox, says where to
go, and ends them all together.
"""

import http.client
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.prepare import Prepared

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"

PATIENCE = 60.0
"""Seconds within which everything has to answer after its start."""

GRACE = 8.0
"""Seconds that the children have to end by themselves, for example to finish a mail."""

PAUSE = 0.1
"""Seconds between two looks at the children."""

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end a run: Ctrl-C, a kill, a closed terminal."""

# A fork shares what the supervisor has imported; it is safe because no thread runs here.
FORK = multiprocessing.get_context("fork")


class CannotRun(Exception):
    """Why the installation does not run; an empty sentence where a child has said it already."""

    def __init__(self, sentence: str = "", *, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


class Supervisor:
    """The processes of one run."""

    def __init__(self, port: int, *, has_mailbox: bool) -> None:
        self.port = port
        self.has_mailbox = has_mailbox
        self.children: list[BaseProcess] = []
        self.stopping = False
        self.parent = os.getppid()

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        """Note that a signal came; the loops look at the note, so nothing is left half done."""
        self.stopping = True

    def run(self) -> None:
        """Start everything, say where to go, and watch over it until somebody asks to stop."""
        _refuse_taken(self.port, "for the pages")
        if self.has_mailbox:
            _refuse_taken(self.port + 1, "for the mailbox")
        # Here, because it takes a second: the ports have been looked at, and Ctrl-C is heard.
        from scripts import parts  # noqa: PLC0415

        prepared = self._prepare(parts.preparation)
        if self.has_mailbox:
            self._start("mailbox", parts.mailbox)
        self._start("clock", parts.clock)
        self._start("web", parts.web)
        self._wait_until_ready()
        if prepared and not self.stopping:
            _say_where_to_go(prepared, has_mailbox=self.has_mailbox)
        while not self.stopping:
            self.watch()

    def watch(self) -> None:
        """Pause; raise CannotRun when a child ended by itself."""
        time.sleep(PAUSE)
        # Make, killed outright, passes no signal on: nobody could stop this run any more.
        if "MAKELEVEL" in os.environ and os.getppid() != self.parent:
            self.stopping = True
        for child in self.children:
            if child.exitcode is not None:
                # The end of a child and the signal that ended it may arrive in either order.
                time.sleep(PAUSE)
                if not self.stopping:
                    raise CannotRun(f"The {child.name} process ended by itself{_how(child)}.")

    def stop(self) -> None:
        """End every child: ask, wait, and only then force."""
        deadline = time.monotonic() + GRACE
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.join(max(deadline - time.monotonic(), 0))
            if child.exitcode is None:
                child.kill()
                child.join()

    def _prepare(self, preparation: Callable[..., None]) -> "Prepared | None":
        """Have a child make the database ready, and return what it tells."""
        here, there = FORK.Pipe(duplex=False)
        self._start("preparation", preparation, there)
        while not self.stopping and self.children[0].exitcode is None:
            time.sleep(PAUSE / 2)
        if self.stopping:
            return None
        done = self.children.pop()
        if done.exitcode:
            raise CannotRun(code=done.exitcode)
        prepared: Prepared = here.recv()
        return prepared

    def _start(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        if self.stopping:
            return
        child = FORK.Process(name=name, target=_be_child, args=(name, work, *arguments))
        # A signal that came before the child has its own handlers would be noted in the copy of
        # this object, where nobody looks.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        child.start()
        self.children.append(child)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.stopping and not self._answers():
            if time.monotonic() > deadline:
                raise CannotRun(f"Nothing answered within {PATIENCE:.0f} seconds of the start.")
            self.watch()

    def _answers(self) -> bool:
        return _is_alive(self.port) and (not self.has_mailbox or _listens(self.port + 1))


def main() -> int:
    """Run until Ctrl-C, SIGTERM or the end of a child, and return the exit code."""
    os.chdir(ROOT)
    try:
        port = _port()
        os.environ["PORT"] = str(port)
        supervisor = Supervisor(port, has_mailbox=not os.environ.get("MAIL_SERVER"))
        for number in STOPPING:
            # Ignored already, as under nohup, it stays so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, supervisor.ask_to_stop)
        try:
            supervisor.run()
        finally:
            supervisor.stop()
    except CannotRun as exc:
        if str(exc):
            print(exc, file=sys.stderr)
        return exc.code
    return 0


def _port() -> int:
    text = os.environ.get("PORT", "").strip() or "8000"
    # The mailbox takes the port after it.
    if text.isascii() and text.isdecimal() and 0 < int(text) < 65535:
        return int(text)
    raise CannotRun(f"PORT must be a number from 1 to 65534, not “{text}”.", code=2)


def _refuse_taken(port: int, use: str) -> None:
    with socket.socket() as probe:
        # As the servers do: connections of an earlier run that fade out are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as exc:
            another = port + 10 if port < 65_000 else 8000
            raise CannotRun(
                f"Port {port} {use} cannot be had: {exc.strerror}. Stop what uses it, perhaps "
                f"another run of this, or choose another port: PORT={another} make run",
                code=2,
            ) from exc


def _be_child(name: str, work: Callable[..., None], *arguments: Any) -> None:
    # A terminal sends Ctrl-C to every process of the group. The children end on the supervisor's
    # SIGTERM instead, in order and without tracebacks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    # On Linux `ps` and `top` then tell them apart.
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name, encoding="ascii")
    work(*arguments)


def _is_alive(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _how(child: BaseProcess) -> str:
    code = child.exitcode or 0
    if code < 0:
        return f" (by {signal.Signals(-code).name})"
    return f" (exit code {code}); the lines above may say why" if code else ""


def _say_where_to_go(prepared: "Prepared", *, has_mailbox: bool) -> None:
    places = {
        "Form": "/",
        "Library": "/library/",
        "Archive": "/archive/",
        "Desk": "/desk/",
        **({"Mailbox": "/mailbox"} if has_mailbox else {}),
    }
    print("\nStay Informed is running. Ctrl-C stops it.\n")
    for name, path in places.items():
        print(f"  {name:<9}{prepared.public_url}{path}")
    print(f"\nThis link signs you in to the desk as {prepared.admin}, once, within 24 hours:\n")
    print(f"  {prepared.sign_in_link}\n", flush=True)
