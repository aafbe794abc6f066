"""An installation on PostgreSQL, with a database of its own for every test."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import create_app
from newsletter.extensions import db
from tests.conftest import settings


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
