"""Statements in the driver's own words behave as all others: one transaction, one kind of error."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from newsletter.limits import Counter
from newsletter.statements import Statement, instant, run, undoable

COUNT = Statement(
    'INSERT INTO counter ("key", window_start, count) VALUES (:key, :at, 1)', times=("at",)
)
COUNTED = Statement('SELECT "key", window_start FROM counter ORDER BY "key"')
AT = datetime(2027, 3, 1, 12, tzinfo=timezone(timedelta(hours=3)))


def test_an_instant_is_kept_as_every_other(app: Flask) -> None:
    run(COUNT, key="a", at=AT)
    db.session.add(Counter(key="b", window_start=AT, count=1))
    assert db.session.scalars(sa.select(Counter.window_start)).all() == [AT.astimezone(UTC)] * 2
    assert [instant(at) for _, at in run(COUNTED).rows] == [AT, AT]


def test_nothing_is_no_instant() -> None:
    assert instant(None) is None


def test_each_transaction_is_one_of_its_own(app: Flask) -> None:
    run(COUNT, key="kept", at=AT)
    db.session.commit()
    run(COUNT, key="taken back", at=AT)
    db.session.rollback()
    assert [key for key, _ in run(COUNTED).rows] == ["kept"]


def test_what_was_done_inside_is_taken_back_alone(app: Flask) -> None:
    run(COUNT, key="before", at=AT)
    with undoable() as undo:
        run(COUNT, key="inside", at=AT)
        undo()
    run(COUNT, key="later", at=AT)
    assert [key for key, _ in run(COUNTED).rows] == ["before", "later"]


def test_an_error_is_the_usual_one_and_says_nothing_of_anybody(app: Flask) -> None:
    run(COUNT, key="ada@example.org", at=AT)
    with pytest.raises(sa.exc.IntegrityError) as caught:
        run(COUNT, key="ada@example.org", at=AT)
    assert "UNIQUE" in str(caught.value)
    assert "ada@" not in str(caught.value)
