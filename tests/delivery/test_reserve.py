"""Whether there is room left to write down what is sent."""

import shutil
import sqlite3

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import reserve
from newsletter.extensions import db


def test_with_room_there_is_nothing_to_say(app: Flask) -> None:
    assert reserve.shortage() == ""


def test_a_disk_that_is_nearly_full_is_a_sentence_with_numbers(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    total, used, free = shutil.disk_usage("/")
    monkeypatch.setattr(reserve, "LEAST", free + 1024**3)

    sentence = reserve.shortage()

    assert "nearly full" in sentence
    assert f"sending needs {reserve.LEAST // 1024 // 1024}" in sentence


def test_a_full_database_is_told_apart_from_other_faults(app: Flask) -> None:
    with db.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sa.exc.OperationalError) as caught:
            connection.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(100000)")
        connection.rollback()
        # The next user of this connection may write again.
        connection.invalidate()
    assert reserve.is_full(caught.value)
    assert not reserve.is_full(sqlite3.OperationalError("database is locked"))
