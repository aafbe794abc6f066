"""The same on PostgreSQL: at once in every table, and in the server's files once rewritten."""

from pathlib import Path

from flask import Flask

from newsletter.extensions import db
from tests.leftovers import left_in_files, left_in_text
from tests.test_erasure import WORDS, by_command, everything, seed


def test_a_search_of_every_table_finds_nothing_and_of_the_files_after_a_vacuum(
    app: Flask, tmp_path: Path
) -> None:
    seed(app)
    assert left_in_text(everything(), WORDS) != []
    db.session.commit()
    by_command(app)
    db.session.remove()
    assert left_in_text(everything(), WORDS) == []
    db.session.remove()
    folder = data_folder()
    maintain("CHECKPOINT")
    # PostgreSQL leaves what was deleted in its pages; nobody can read it with a query any more.
    assert left_in_files(folder, WORDS) != []
    maintain("VACUUM FULL")
    maintain("CHECKPOINT")
    assert left_in_files(folder, WORDS) == []
    assert left_in_files(tmp_path, WORDS) == []


def maintain(statement: str) -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


def data_folder() -> Path:
    with db.engine.connect() as connection:
        server = connection.exec_driver_sql("SHOW data_directory").scalar_one()
        number = connection.exec_driver_sql(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).scalar_one()
    return Path(server) / "base" / str(number)
