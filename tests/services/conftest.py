"""An installation on PostgreSQL, with a database of its own for every test; several machines."""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import create_app
from newsletter.delivery.engines.broker import QUEUE, rabbitmq
from newsletter.extensions import db
from tests.conftest import settings
from tests.faults.conftest import make_run, seed  # noqa: F401  # fixtures, for here too
from tests.faults.driver import Run
from tests.services.fleet import BATCH, FEW, Fleet, MakeFleet


@pytest.fixture
def postgresql_url() -> Iterator[sa.URL]:
    """An empty database on the server that scripts/services started."""
    server = sa.make_url(os.environ["TEST_POSTGRES_URL"])
    name = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    yield server.set(database=name)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def app(postgresql_url: sa.URL, tmp_path: Path) -> Iterator[Flask]:
    """An application on a fresh, migrated PostgreSQL database, with its context pushed."""
    url = postgresql_url.render_as_string(hide_password=False)
    app = create_app({**settings(tmp_path), "SQLALCHEMY_DATABASE_URI": url})
    with app.app_context():
        flask_migrate.upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


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
