"""Every page of a large installation asks little of the database and answers at once.

What a page may take is the processor's time of the thread that answers. On a machine with nothing
else to do this is what somebody waits for: a page reads from SQLite and waits for nobody. Where
other tests run beside this one, the clock on the wall would measure those. What an editor waits
for by that clock, while an issue is being sent, is a row of `make bench`.
"""

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts
from newsletter.extensions import db
from tests import pages
from tests.conftest import running, settings
from tests.desk.browser import Browser, signed_in

MOST_QUERIES = 20
LONGEST = 0.150
"""Seconds, of the median of REQUESTS."""

REQUESTS = 7
TRIES = 3
"""How often a page is measured that took too long: the machine may have been slowed by others."""

pytestmark = pytest.mark.xdist_group("large")


@pytest.fixture(scope="module")
def large(large_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The large installation, as sure of its commits as in production; its pages only read."""
    folder = tmp_path_factory.mktemp("speed")
    database = Path(shutil.copy(large_database, folder))
    with running({**settings(folder), "SQLITE_SYNCHRONOUS": "FULL"}) as app:
        yield app
    database.unlink()


@pytest.fixture
def visits(large: Flask, who: str) -> list[tuple[str, Callable[[], None]]]:
    """Return the pages that somebody opens, with what opens them."""
    if who == "nobody":
        browser, paths, known = Browser(large), pages.DESK_OF_NOBODY, {200, 404}
    elif who == "admin":
        admin = accounts.get_editor("admin@example.org")
        browser, paths, known = signed_in(large, admin), pages.DESK, {200}
    else:
        bound = accounts.get_editor("editor@example.org")
        accounts.bind_to_lists(bound, [1, 2])
        # Some pages are for admins alone.
        browser, paths, known = signed_in(large, bound), pages.DESK, {200, 403}
    every = [path for of_rule in paths.values() for path in of_rule]
    return [(path, partial(_open, browser, path, known)) for path in every]


def test_every_page_of_the_desk_is_measured(large: Flask) -> None:
    known = set(pages.DESK) | set(pages.DESK_OF_NOBODY)
    assert pages.rules(large, "/desk/") == known, "tests/pages.py has to name every page"


@pytest.mark.parametrize("who", ["admin", "bound", "nobody"])
def test_no_page_asks_the_database_more_than_twenty_times(
    visits: list[tuple[str, Callable[[], None]]],
) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        # These say how a transaction begins, and ask nothing.
        if not statement.startswith(("PRAGMA", "BEGIN")):
            asked.append(statement)

    counts = {}
    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        for path, visit in visits:
            asked.clear()
            visit()
            counts[path] = len(asked)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert {path: count for path, count in counts.items() if count > MOST_QUERIES} == {}


@pytest.mark.parametrize("who", ["admin", "bound", "nobody"])
def test_every_page_answers_at_once(visits: list[tuple[str, Callable[[], None]]]) -> None:
    medians = {path: _shortest_median(visit) for path, visit in visits}
    assert {path: f"{it * 1000:.0f} ms" for path, it in medians.items() if it > LONGEST} == {}


def _open(browser: Browser, path: str, known: set[int]) -> None:
    answer = browser.get(path)
    # What leads elsewhere answers soon, and would hide how long the page takes.
    assert answer.status_code in known, (path, answer.status)


def _shortest_median(act: Callable[[], None]) -> float:
    """Return the median of the times that `act` took, measured anew while it is too long."""
    act()
    medians = []
    for _ in range(TRIES):
        medians.append(_median(act))
        if medians[-1] <= LONGEST:
            break
    return min(medians)


def _median(act: Callable[[], None]) -> float:
    """Return the median of REQUESTS times, or the longest of more than half where none is long.

    Whatever the others take, the median is no longer than those.
    """
    times: list[float] = []
    for _ in range(REQUESTS):
        times.append(_processor_time(act))
        if len(times) > REQUESTS // 2 and max(times) <= LONGEST:
            return max(times)
    return statistics.median(times)


def _processor_time(act: Callable[[], None]) -> float:
    began = time.thread_time()
    act()
    return time.thread_time() - began
