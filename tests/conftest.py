"""What every test may use: a clean installation, a large one, the time."""

import gc
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar

import flask_migrate
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from benchmarks import past
from newsletter import clock, create_app
from newsletter.extensions import db

# Their assertions say what they compared, as those of the tests do.
pytest.register_assert_rewrite("tests.story", "tests.message_standards")

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
"""A Monday morning; tests pass it where the product would ask the clock."""

MANY = 100_000
"""Subscribers of the large installation."""


class _RememberedRule(Rule):
    """A rule that is compiled once a process, not once for the application of each test.

    Compiling them is nine tenths of what making an application costs.
    """

    _compiled: ClassVar[dict[object, dict[str, Any]]] = {}

    def compile(self) -> None:
        """Compile the rule, or take what was compiled for one that is the same."""
        key = (self.rule, self.subdomain, self.merge_slashes, repr(self.defaults))
        if key not in self._compiled:
            super().compile()
            names = ("_parts", "_trace", "_converters", "arguments")
            self._compiled[key] = {name: getattr(self, name) for name in names} | {
                name: getattr(self, name).__func__ for name in ("_build", "_build_unknown")
            }
        known = dict(self._compiled[key])
        for name in ("_build", "_build_unknown"):
            known[name] = known[name].__get__(self, None)
        vars(self).update(known)


class _RememberedTemplates(BytecodeCache):
    """Templates are compiled once a process, too: that is a quarter of the time of all tests."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code, if its source was compiled before."""
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self._compiled[bucket.key, bucket.checksum] = bucket.code


Flask.url_rule_class = _RememberedRule
Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _RememberedTemplates()}


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave alone what lives as long as the tests, and come seldom.

    It took a fifth of their time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(7_000, 10, 10)


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database made by the migrations once, to be copied for every test."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app({**settings(folder)})
    with app.app_context():
        flask_migrate.upgrade()
        db.session.remove()
        db.engine.dispose()
    return folder / "test.sqlite3"


def settings(folder: Path) -> dict[str, object]:
    """The configuration of a test installation whose files live in `folder`."""
    return {
        "TESTING": True,
        "INSTANCE_PATH": folder,
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'test.sqlite3'}",
        "SQLITE_SYNCHRONOUS": "NORMAL",
        "SECRET_KEY": "a key for tests that is long enough to be taken",
        "SECRET_KEY_FALLBACKS": [],
        "SUPPRESSION_KEY": "a key for suppressions",
        "PUBLIC_URL": "https://news.example.org",
        "PUBLIC_HOST": "news.example.org",
        "IS_PRODUCTION": True,
        "USES_MAILBOX": False,
        "UNSUBSCRIBE_DOMAIN": "",
        # No test asks the network for anything.
        "FETCH_RULES": None,
    }


@contextmanager
def running(config: dict[str, object]) -> Iterator[Flask]:
    """An application with its context pushed, and its connections closed afterwards."""
    app = create_app(config)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def app(migrated_database: Path, tmp_path: Path) -> Iterator[Flask]:
    """An application on a fresh, migrated SQLite database, with its context pushed."""
    shutil.copy(migrated_database, tmp_path / "test.sqlite3")
    with running(settings(tmp_path)) as app:
        yield app


@pytest.fixture(scope="session")
def large_database(
    migrated_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A database with 100,000 subscribers and 200 issues, to be copied by whoever writes to it.

    Mark its tests `xdist_group("large")`, so that one process makes it for all of them.
    """
    folder = tmp_path_factory.mktemp("large")
    database = folder / "test.sqlite3"
    shutil.copy(migrated_database, database)
    # Nobody needs this one after the power went away.
    with running({**settings(folder), "SQLITE_SYNCHRONOUS": "OFF"}):
        past.fill(MANY, now=clock.now())
    yield database
    # Of its hundreds of megabytes pytest would keep the last three times.
    shutil.rmtree(folder)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without scripts, on the test installation."""
    return app.test_client()
