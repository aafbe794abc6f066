"""What Lighthouse says of readers' pages as gunicorn serves them: 100 of 100 in everything.

It looks as a telephone on a slow line does, four times slower than this machine. How fast a page
is depends on what else the machine does meanwhile: of five looks the one in the middle counts.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import past
from benchmarks.ports import reserve
from newsletter import clock
from tests.browser.conftest import FLAGS
from tests.browser.furnishing import READERS
from tests.conftest import running, settings
from tests.web_process import web_process

PERFECT = {"performance": 1, "accessibility": 1, "best-practices": 1, "seo": 1}

PAGES = {
    "form": "/",
    "archive": "/archive/",
    "issue": f"/archive/{past.SENT_TO_FEW}",
    "library": "/library/",
    "item": "/library/guidance-250",
}

LOOKS = 5
"""Times that a page is looked at, at most."""

AGAIN = "Please run Lighthouse again"
"""What it says when it could not look: of the page it knows nothing then."""

TRIES = 3
"""Times that it may fail at one look."""

PATIENCE = 120
"""Seconds that one look may take."""


@pytest.fixture(scope="module")
def served(migrated_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an installation that has a past, served as the Procfile says."""
    folder = tmp_path_factory.mktemp("served")
    database = folder / "test.sqlite3"
    shutil.copy(migrated_database, database)
    with running(settings(folder)):
        past.fill(READERS, now=clock.now())
    port = reserve()
    url = f"http://127.0.0.1:{port}"
    options = ("--workers", "2", "--threads", "8", "--log-level", "warning")
    with web_process(folder, f"sqlite:///{database}", *options, port=port, PUBLIC_URL=url):
        yield url


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_a_page_is_perfect(served: str, path: str, tmp_path: Path) -> None:
    looks: list[dict[str, float]] = []
    half = LOOKS // 2
    # More than half of them decide, whatever the others would say.
    while looks.count(PERFECT) <= half and len(looks) - looks.count(PERFECT) <= half:
        found = _look(f"{served}{path}", tmp_path / "report.json")
        looks.append({name: part["score"] for name, part in found["categories"].items()})
        assert {**looks[-1], "performance": 1} == PERFECT, _complaints(found)
    assert looks.count(PERFECT) > half, looks


def _look(address: str, report: Path) -> dict[str, Any]:
    for _ in range(TRIES):
        done = _lighthouse(address, report)
        if AGAIN not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    assert found.get("runtimeError") is None
    return found


def _lighthouse(address: str, report: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            "node",
            os.environ["LIGHTHOUSE"],
            address,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
            f"--only-categories={','.join(PERFECT)}",
            # Mobile is what it looks as unless told otherwise.
            f"--chrome-flags={' '.join(['--headless=new', *FLAGS])}",
        ],
        env={**os.environ, "CHROME_PATH": os.environ["CHROMIUM_PATH"], "NO_UPDATE_NOTIFIER": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def _complaints(found: dict[str, Any]) -> list[str]:
    """Return what is wrong, and where in the page."""
    said = []
    for name, audit in found["audits"].items():
        if audit["score"] is not None and audit["score"] < 1:
            rows = audit.get("details", {}).get("items", [])
            places = [row["node"]["selector"] for row in rows if "node" in row]
            said.append(f"{name}: {audit['title']}: {', '.join(places)}")
    return said
