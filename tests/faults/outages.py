"""What can be done to a database from outside, while the product uses it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from tests.faults.driver import Run


@contextmanager
def no_outcomes(run: Run) -> Iterator[None]:
    """Let every write of an outcome fail, as if the disk or the server did."""
    for statement in _SPOIL[db.engine.dialect.name]:
        _execute(statement)
    try:
        yield
    finally:
        for statement in _MEND[db.engine.dialect.name]:
            _execute(statement)


def path_of(app: Flask) -> str:
    """Return where SQLite's file lies."""
    return sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database or ""


def pages_in_use(run: Run) -> int:
    """Return how many pages SQLite's file has, with none to spare."""
    path = path_of(run.app)
    db.session.remove()
    db.engine.dispose()
    connection = sqlite3.connect(path)
    connection.execute("VACUUM")
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.close()
    return int(pages)


def _execute(statement: str) -> None:
    db.session.execute(sa.text(statement))
    db.session.commit()


# SQLite's own way to say that something is wrong with the database and not with the row: a
# function that is not there.
_SPOIL = {
    "sqlite": (
        "CREATE TRIGGER spoilt BEFORE UPDATE ON delivery WHEN OLD.state = 'in_flight'"
        " BEGIN SELECT nothing_can_be_written(); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'nothing can be written' USING ERRCODE = '58030'; END $$",
        "CREATE TRIGGER spoilt BEFORE UPDATE ON delivery FOR EACH ROW"
        " WHEN (OLD.state = 'in_flight') EXECUTE FUNCTION spoil()",
    ),
}
_MEND = {
    "sqlite": ("DROP TRIGGER spoilt",),
    "postgresql": ("DROP TRIGGER spoilt ON delivery", "DROP FUNCTION spoil()"),
}
