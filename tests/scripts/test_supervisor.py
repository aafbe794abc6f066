"""`make run` as a person meets it: real processes, real signals, a database of its own."""

import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

import config
from benchmarks.ports import reserve
from scripts import supervisor

# Pytest's workers have threads, and must not be forked.
SPAWN = multiprocessing.get_context("spawn")

LINK = re.compile(r"http://127\.0\.0\.1:\d+(/desk/sign-in/\S+)")


@contextmanager
def running(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Start everything in a process group of its own, as a terminal would."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.run"],
        cwd=config.ROOT,
        env={"PATH": os.environ["PATH"], "PORT": str(port), "INSTANCE_PATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def printed_until_link(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    printed = ""
    for line in process.stdout:
        printed += line
        if LINK.search(line):
            return printed
    raise AssertionError(f"it ended before it printed the link:\n{printed}")


def status_of(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_to_go_and_a_signal_ends_every_process_quietly(
    tmp_path: Path, number: signal.Signals
) -> None:
    port = reserve(2)
    with running(tmp_path, port) as process:
        printed = printed_until_link(process)
        assert printed.rstrip().endswith(LINK.findall(printed)[0]), "the link stands last"
        for path in re.findall(rf"http://127\.0\.0\.1:{port}(/\S*)", printed):
            assert status_of(port, path) in (200, 303), path
        os.killpg(process.pid, number)
        # Ends when the last process that could still write here has ended.
        rest, _ = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Traceback" not in rest and "ERROR" not in rest
    for one in (port, port + 1):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", one))


def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(tmp_path, port) as process:
            said, _ = process.communicate(timeout=20)

    assert process.returncode == 2
    assert re.fullmatch(rf"Port {port} .* choose another port: PORT=\d+ make run\n", said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["abc", "-1", "0", "65535", "²"])
def test_a_port_that_is_none_is_said_in_a_sentence(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", port)

    assert supervisor.main() == 2
    assert capsys.readouterr().err == f"PORT must be a number from 1 to 65534, not “{port}”.\n"


@pytest.mark.parametrize(
    ("work", "argument", "how"),
    [
        (sys.exit, 3, r"ended by itself \(exit code 3\)"),
        (signal.raise_signal, signal.SIGKILL, r"ended by itself \(by SIGKILL\)"),
        (int, 0, r"ended by itself\."),
    ],
)
def test_a_child_that_ends_by_itself_ends_the_run_and_is_named(
    work: Callable[[int], object], argument: int, how: str
) -> None:
    run = supervisor.Supervisor(8000, has_mailbox=False)
    child = SPAWN.Process(name="clock", target=work, args=(argument,))
    child.start()
    child.join(timeout=20)
    run.children.append(child)

    with pytest.raises(supervisor.CannotRun, match=f"The clock process {how}"):
        run.watch()


def test_a_child_that_does_not_listen_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE", 0.2)
    run = supervisor.Supervisor(8000, has_mailbox=False)
    here, there = SPAWN.Pipe(duplex=False)
    child = SPAWN.Process(name="clock", target=be_deaf, args=(there,))
    child.start()
    assert here.recv() == "deaf"
    run.children.append(child)

    run.stop()

    assert child.exitcode == -signal.SIGKILL


def be_deaf(there: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    there.send("deaf")
    threading.Event().wait()
