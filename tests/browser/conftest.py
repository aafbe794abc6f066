"""A running installation, as `make run` starts it, and a browser without scripts before it."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from benchmarks.ports import reserve
from tests.browser.furnishing import Furnished, furnished

ROOT = Path(__file__).parents[2]
PATIENCE = 60
"""Seconds that the installation may take to start."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Installation:
    """Where it answers, the one-time link that it printed, and how to run commands on it."""

    url: str
    sign_in_link: str
    environ: dict[str, str]

    def flask(self, *arguments: str) -> str:
        """Run a flask command on it and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", *arguments],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Everything that `make run` starts, on free ports, in an empty folder."""
    with _running(tmp_path, "127.0.0.1") as running:
        yield running


@pytest.fixture
def named_installation(tmp_path: Path) -> Iterator[Installation]:
    """The same, reached by a name: browsers make no passkeys for addresses of numbers."""
    with _running(tmp_path, "localhost") as running:
        yield running


@pytest.fixture(scope="module")
def module_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all tests of a module that do not disturb each other."""
    with _running(tmp_path_factory.mktemp("module"), "127.0.0.1") as running:
        yield running


@contextmanager
def _running(tmp_path: Path, host: str) -> Iterator[Installation]:
    # The mailbox takes the next one.
    port = reserve(2)
    url = f"http://{host}:{port}"
    environ = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "PUBLIC_URL": url,
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "FETCH": "off",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.run"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        link = _printed_link(process)
        watchdog.cancel()
        yield Installation(url, link, environ)
    finally:
        watchdog.cancel()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives browsers; there is one of it."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    browser = launch(playwright)
    yield browser
    browser.close()


def launch(playwright: Playwright, *flags: str, **environ: str) -> Browser:
    """Start a browser, with more flags and variables than usual."""
    return playwright.chromium.launch(
        executable_path=os.environ["CHROMIUM_PATH"],
        args=[*FLAGS, *flags],
        env={**os.environ, **environ},
    )


@pytest.fixture(scope="session")
def furnished_installation(
    migrated_database: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Furnished]:
    """An installation with 200 issues, for what only looks."""
    folder = tmp_path_factory.mktemp("furnished")
    with furnished(migrated_database, folder, browser) as there:
        yield there


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that runs no script."""
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1000, "height": 900}, locale="en-GB"
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def _printed_link(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(r"http\S+/desk/sign-in/\S+", line):
            return found[0]
    raise AssertionError(f"it ended before it printed the sign-in link:\n{said}")
