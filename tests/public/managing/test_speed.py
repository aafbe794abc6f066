"""Readers' own pages of a large installation ask little, and find who it is about by an index."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from newsletter.extensions import db
from newsletter.subscriptions.models import Subscriber
from tests import pages
from tests.conftest import running, settings
from tests.public.managing.conftest import fresh, in_days, open_page

MOST_QUERIES = 20

READER = 500
"""On two lists, with topics, and in every large issue."""

SMALL = {"mailing_list", "members_list"}
"""Tables that grow by what an editor does, not by readers: they may be read from end to end."""

PRESSES = {
    "/manage/name": {"name": "Ada Lovelace"},
    "/manage/language": {"language": "fr"},
    "/manage/format": {"format": "text"},
    "/manage/zone": {"zone": "Africa/Nairobi"},
    "/manage/address": {"address": "ada.lovelace@example.net"},
    "/manage/lists/events/frequency": {"frequency": "weekly"},
    "/manage/lists/news/topics": {"topics": ["news"]},
    "/manage/lists/news/pause": {"until": in_days(20)},
    "/manage/lists/events/leave": {},
    "/manage/lists/jobs/join": {},
}
"""What is pressed, and what is typed."""

pytestmark = pytest.mark.xdist_group("large")


@pytest.fixture(scope="module")
def large(large_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("own")
    database = Path(shutil.copy(large_database, folder))
    with running({**settings(folder), "SQLITE_SYNCHRONOUS": "OFF"}) as app:
        yield app
    database.unlink()


@pytest.fixture
def browser(large: Flask) -> FlaskClient:
    """A browser in which the reader's page is open."""
    browser = large.test_client()
    open_page(browser, db.session.get_one(Subscriber, READER))
    fresh()
    return browser


@contextmanager
def asking() -> Iterator[list[tuple[str, object]]]:
    """Give the questions and statements meanwhile, with their values."""
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, said: str, values: object, *_: object) -> None:
        if not said.startswith(("PRAGMA", "BEGIN")):
            asked.append((said, values))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def scanned(asked: list[tuple[str, object]]) -> set[str]:
    """The tables that are read from end to end and grow with the readers."""
    found = set()
    with db.engine.connect() as connection:
        for said, values in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values)  # type: ignore[arg-type]
            names = (re.match(r"SCAN (\w+)(?! VIRTUAL)", row.detail) for row in plan)
            found |= {name[1] for name in names if name}
    return found & set(db.metadata.tables) - SMALL


def test_no_page_asks_more_than_twenty_times_or_reads_everybody(browser: FlaskClient) -> None:
    shown = ["/manage", *(path for paths in pages.READERS_OWN.values() for path in paths)]
    counts, scans = {}, {}
    for path in shown:
        with asking() as asked:
            # Some have what this reader has not, such as a membership.
            assert browser.get(path).status_code in (200, 303, 404), path
        counts[path], scans[path] = len(asked), scanned(asked)
    assert {path: count for path, count in counts.items() if count > MOST_QUERIES} == {}
    assert {path: tables for path, tables in scans.items() if tables} == {}


def test_no_change_reads_everybody(browser: FlaskClient) -> None:
    for path, typed in PRESSES.items():
        with asking() as asked:
            assert browser.post(path, data=typed).status_code in (200, 303), path
        assert scanned(asked) == set(), path
