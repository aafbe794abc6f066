"""An installation on PostgreSQL, with a database of its own for every test; several machines."""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery.engines.broker import QUEUE, rabbitmq
from tests.conftest import running, settings
from tests.faults.conftest import make_run, seed  # noqa: F401  # fixtures, for here too
from tests.faults.driver import Run
from tests.services.fleet import BATCH, FEW, Fleet, MakeFleet


@pytest.fixture(scope="session")
def migrated_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """A database made by the migrations once, to be copied for every test."""
    server = sa.make_url(os.environ["TEST_POSTGRES_URL"])
    with _database(server) as url:
        with running(_settings(tmp_path_factory.mktemp("template"), url)):
            flask_migrate.upgrade()
        yield url


@pytest.fixture
def postgresql_url(migrated_postgresql: sa.URL) -> Iterator[sa.URL]:
    """A fresh, migrated database on the server that scripts/services started."""
    with _database(migrated_postgresql, template=migrated_postgresql.database) as url:
        yield url


@contextmanager
def _database(server: sa.URL, *, template: str | None = None) -> Iterator[sa.URL]:
    name = f"test_{uuid.uuid4().hex}"
    like = f' TEMPLATE "{template}"' if template else ""
    engine = sa.create_engine(
        server.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"{like}')
    yield server.set(database=name)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def app(postgresql_url: sa.URL, tmp_path: Path) -> Iterator[Flask]:
    """An application on a fresh, migrated PostgreSQL database, with its context pushed."""
    with running(_settings(tmp_path, postgresql_url)) as app:
        yield app


def _settings(folder: Path, url: sa.URL) -> dict[str, object]:
    address = url.render_as_string(hide_password=False)
    return {**settings(folder), "SQLALCHEMY_DATABASE_URI": address}


@pytest.fixture
def broker_url() -> Iterator[str]:
    """The broker that scripts/services started, with an empty queue."""
    url = os.environ["TEST_BROKER_URL"]
    broker = rabbitmq(url)
    broker.declare_queue(QUEUE, ensure=True)
    broker.flush_all()
    broker.close()
    yield url


@pytest.fixture
def make_fleet(app: Flask, tmp_path: Path, broker_url: str) -> Iterator[MakeFleet]:
    with ExitStack() as stack:
        # The lease outlasts whatever a busy machine does to a process.
        def make(*, readers: int = FEW, lease: float = 30.0) -> Fleet:
            folder = tmp_path / "run"
            folder.mkdir()
            # Nothing here is left to dice: what falls when is up to the processes.
            run = Run(app, folder, "no dice", readers=readers, batch_size=BATCH)
            return Fleet(stack.enter_context(run), broker_url, lease=lease)

        yield make
