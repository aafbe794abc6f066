"""SQLite on a disk that fills up while an issue is sent: a file system of its own (XH11)."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from newsletter import clock, create_app
from newsletter.delivery import control, reserve
from newsletter.extensions import db
from newsletter.issues.models import Issue
from tests.conftest import settings
from tests.faults.driver import Run
from tests.faults.plan import Plan

ROOM = 16 * 1024 * 1024
"""Bytes of the disk beyond what sending keeps in reserve."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes file systems")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    path = tmp_path / "disk"
    path.mkdir()
    size = f"size={reserve.LEAST + ROOM}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


@pytest.fixture
def app(migrated_database: Path, disk: Path) -> Iterator[Flask]:
    """An application whose database lies on the small disk, with its context pushed."""
    shutil.copy(migrated_database, disk / "test.sqlite3")
    app = create_app(settings(disk))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("left", [0, reserve.LEAST // 2], ids=["full", "nearly full"])
def test_sending_stops_with_a_sentence_and_goes_on_when_there_is_room(
    make_run: Callable[..., Run],
    disk: Path,
    left: int,
) -> None:
    with make_run(plan=Plan(pace=0.01), readers=600) as run:
        # What is in flight when nothing can be written stays in doubt until its answer is.
        run.start(lease=30.0)
        run.wait_for_accepted(40)
        ballast = disk / "ballast"
        fill(ballast, shutil.disk_usage(disk).free - left)
        run.wait(lambda: run.log_has("full"), "sending stops")
        if left:
            run.wait(lambda: run.books.issue_states() == {"paused"}, "the issue pauses")
            run.wait(lambda: "in_flight" not in run.states(), "what was begun has ended")
            accepted = run.witness.accepted
            run.let_pass(1.0)
            assert run.witness.accepted == accepted
        ballast.unlink()
        run.wait(lambda: run.books.issue_states() == {"paused"}, "the issue pauses")
        issue = db.session.get_one(Issue, run.issue_id)
        assert "disk" in issue.pause_reason
        control.resume(issue, now=clock.now())
        db.session.commit()
        run.settle()
        run.check()
        assert run.states() == {"sent": 600}


def fill(path: Path, size: int) -> None:
    """Write a file of so many bytes, or as many as there is room for."""
    with path.open("wb", buffering=0) as file:
        left = size
        while left > 0:
            try:
                left -= file.write(bytes(min(left, 65_536)))
            except OSError:
                return
