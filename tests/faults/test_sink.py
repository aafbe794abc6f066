"""The sink itself: what it records, what it blames, and that a plan means the same everywhere."""

import random
import re
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import config
from tests.faults.plan import DEFER, REFUSE, SILENCE, STORM, End, Fault, Form, Phase, Plan
from tests.faults.sink import PLAN
from tests.faults.witness import Witness

MESSAGE = "From: a@example.org\r\nMessage-ID: <1.abc@example.org>\r\n\r\nHello\r\n.dot\r\n"
OPENING = b"EHLO test\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n"


@contextmanager
def sink(folder: Path, plan: Plan) -> Iterator[int]:
    """Run a sink and give its port."""
    (folder / PLAN).write_text(plan.to_json(), encoding="utf-8")
    command = [sys.executable, "-m", "tests.faults.sink", str(folder)]
    with subprocess.Popen(command, cwd=config.ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def test_what_a_foreign_client_sends_is_on_record_to_the_last_byte(tmp_path: Path) -> None:
    with sink(tmp_path, Plan()) as port, smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail("a@example.org", "ada@example.org", MESSAGE)
    witness = Witness(tmp_path)
    [message] = witness.messages
    assert (message.message_id, message.recipient) == ("<1.abc@example.org>", "ada@example.org")
    assert message.is_accepted
    assert MESSAGE.replace("\r\n.dot", "\r\n..dot").encode() + b".\r\n" in witness.received(1)
    assert witness.blames == []


def test_a_plan_is_the_same_after_its_journey_and_for_the_same_seed() -> None:
    fault = Fault(Phase.DOT, SILENCE, End.RESET, Form.SLOW_LINES, 0.5, accepts=False)
    plan = Plan(7, {"ada@example.org": (fault,)}, STORM, openings=("421 no",), goodbye=End.HANG)
    assert Plan.from_json(plan.to_json()) == plan
    names = [f"reader{number}@example.org" for number in range(200)]
    befallen = {name: plan.befalls(name, 1) for name in names}
    random.shuffle(names)
    assert {name: plan.befalls(name, 1) for name in names} == befallen
    assert 20 < sum(fault is not None for fault in befallen.values()) < 120
    assert {name: Plan(8, chances=STORM).befalls(name, 1) for name in names} != befallen


@pytest.mark.parametrize(
    ("fault", "is_accepted", "is_known"),
    [
        (Fault(Phase.DOT, SILENCE, End.DROP), True, False),
        (Fault(Phase.DOT, SILENCE, End.RESET, accepts=False), False, False),
        (Fault(Phase.DOT, DEFER), False, True),
        (Fault(Phase.DOT, form=Form.SINGLE_BYTES), True, True),
    ],
)
def test_what_it_accepted_does_not_hang_on_what_it_says(
    tmp_path: Path, fault: Fault, *, is_accepted: bool, is_known: bool
) -> None:
    plan = Plan(faults={"ada@example.org": (fault,)})
    with sink(tmp_path, plan) as port:
        heard = talk(port, OPENING, MESSAGE.replace("\r\n.dot", "").encode() + b".\r\n")
    witness = Witness(tmp_path)
    assert witness.accepted == is_accepted
    assert witness.losses == (not is_known)
    assert heard.endswith(b"\r\n") and (b"354" in heard.splitlines()[-1]) is not is_known


@pytest.mark.parametrize(
    ("opening", "body", "blame"),
    [
        (OPENING + b"too early\r\n", b".\r\n", "behind DATA"),
        (OPENING.replace(b"DATA", b"MAIL FROM:<b@example.org>"), b"", "inside a transaction"),
        (OPENING.replace(b"DATA\r\n", b"DATA\n"), b"x\r\n.\r\n", "CRLF"),
        (OPENING, b"bare\nline feed\r\n.\r\n", "bare CR or LF"),
        (OPENING, b"x" * 999 + b"\r\n.\r\n", "too long"),
        (OPENING, b"a\r\n.b\r\n.\r\n", "stands alone"),
    ],
)
def test_what_a_client_does_wrong_is_blamed(
    tmp_path: Path, opening: bytes, body: bytes, blame: str
) -> None:
    with sink(tmp_path, Plan()) as port:
        talk(port, opening, body)
    blames = Witness(tmp_path).blames
    assert len(blames) == 1
    assert blame in blames[0]


def test_a_refused_recipient_gets_no_message(tmp_path: Path) -> None:
    plan = Plan(faults={"ada@example.org": (Fault(Phase.RCPT, REFUSE),)})
    with sink(tmp_path, plan) as port:
        heard = talk(port, OPENING, b"")
    assert heard.splitlines()[-2:] == [b"550 5.1.1 No such user", b"554 5.5.1 No valid recipients"]
    assert Witness(tmp_path).messages == []


def talk(port: int, opening: bytes, body: bytes) -> bytes:
    """Say an opening, wait for its answers, say the rest, and return all that was heard."""
    answers = len(re.findall(rb"^(?:EHLO|MAIL|RCPT|DATA)", opening, re.MULTILINE))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as stream:
        stream.sendall(opening)
        heard = b""
        # The greeting is one more, and EHLO is answered in five lines.
        while heard.count(b"\r\n") < answers + 5:
            heard += stream.recv(65_536)
        stream.sendall(body + b"QUIT\r\n")
        with suppress(ConnectionResetError):
            while received := stream.recv(65_536):
                heard += received
        return heard.removesuffix(b"221 2.0.0 Bye\r\n")
