"""Mail over a real connection, and the process that takes it."""

import asyncio
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import config
from benchmarks.ports import reserve
from newsletter.mailbox import server, store

RAW = b"Subject: Confirm\r\n\r\n.\r\n..\r\nlast line\r\n"
SERVE = (
    # A shell lets what it starts in the background ignore SIGINT, and all below it.
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "import sys; from pathlib import Path; from newsletter.mailbox import server; "
    "server.serve('127.0.0.1', int(sys.argv[1]), Path(sys.argv[2]))"
)


def talk(folder: Path, conversation: Callable[[smtplib.SMTP], object]) -> None:
    """Run a mailbox on a free port and hold one conversation with it."""

    async def run() -> None:
        listener = await server.listen("127.0.0.1", 0, folder)
        port = listener.sockets[0].getsockname()[1]
        try:
            await asyncio.to_thread(_converse, port, conversation)
        finally:
            listener.close()

    asyncio.run(run())


def _converse(port: int, conversation: Callable[[smtplib.SMTP], object]) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="test", timeout=10) as smtp:
        conversation(smtp)


def only_message(folder: Path) -> tuple[bytes, store.Envelope]:
    (name,) = store.names(folder)
    return store.raw(folder, name), store.envelope_of(folder, name)


def test_what_was_sent_is_kept_byte_by_byte(tmp_path: Path) -> None:
    talk(
        tmp_path,
        lambda smtp: smtp.sendmail("bounce@example.org", ["a@example.org", "b@example.org"], RAW),
    )

    raw, envelope = only_message(tmp_path)
    assert raw == RAW
    assert envelope.sender == "bounce@example.org"
    assert envelope.recipients == ("a@example.org", "b@example.org")


def test_the_null_return_path_is_taken(tmp_path: Path) -> None:
    talk(tmp_path, lambda smtp: smtp.sendmail("", ["a@example.org"], RAW))

    assert only_message(tmp_path)[1].sender == ""


def test_an_address_outside_of_ascii_is_taken(tmp_path: Path) -> None:
    raw = "Subject: Zürich\r\n\r\nGrüße\r\n".encode()
    options = ["SMTPUTF8", "BODY=8BITMIME"]

    talk(tmp_path, lambda smtp: smtp.sendmail("x@example.org", ["zoë@example.org"], raw, options))

    kept, envelope = only_message(tmp_path)
    assert kept == raw
    assert envelope.recipients == ("zoë@example.org",)


def test_a_message_that_is_too_large_is_refused_and_nothing_kept(tmp_path: Path) -> None:
    line = b"x" * 998 + b"\r\n"
    raw = b"Subject: large\r\n\r\n" + line * (server.LARGEST_MESSAGE // 1000)

    def send(smtp: smtplib.SMTP) -> None:
        with pytest.raises(smtplib.SMTPResponseException) as declared:
            smtp.sendmail("x@example.org", ["a@example.org"], raw)
        assert declared.value.smtp_code == 552
        smtp.mail("x@example.org")
        smtp.rcpt("a@example.org")
        assert smtp.data(raw)[0] == 552

    talk(tmp_path, send)

    assert store.names(tmp_path) == []


def test_a_full_disk_is_a_passing_refusal(tmp_path: Path) -> None:
    blocked = tmp_path / "a file where the folder should be"
    blocked.touch()

    def send(smtp: smtplib.SMTP) -> None:
        smtp.ehlo()
        smtp.mail("x@example.org")
        smtp.rcpt("a@example.org")
        assert smtp.data(RAW)[0] == 452

    talk(blocked, send)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_process_takes_mail_and_ends_quietly_on_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    port = reserve()
    process = start(port, tmp_path)
    with connect(port) as smtp:
        smtp.sendmail("x@example.org", ["a@example.org"], RAW)
        process.send_signal(number)
        said = last_words(process)

    assert (process.returncode, said) == (0, b"")
    assert only_message(tmp_path)[0] == RAW


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = last_words(start(port, tmp_path))

    assert re.search(rf"ConfigurationError: .* cannot listen on 127\.0\.0\.1:{port}", said.decode())


def start(port: int, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SERVE, str(port), str(folder)]
    return subprocess.Popen(command, cwd=config.ROOT, stderr=subprocess.PIPE)


def last_words(process: subprocess.Popen[bytes]) -> bytes:
    """Return what a process says until it ends; a busy machine takes its time over that."""
    try:
        return process.communicate(timeout=60)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise


def connect(port: int) -> smtplib.SMTP:
    """Connect as soon as the process listens."""
    pause = threading.Event()
    for _ in range(1000):
        try:
            return smtplib.SMTP("127.0.0.1", port, local_hostname="test", timeout=10)
        except ConnectionRefusedError:
            pause.wait(0.02)
    raise AssertionError("the mailbox did not start within 20 seconds")
