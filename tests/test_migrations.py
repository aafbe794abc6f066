"""The migrations make what the models say, and the database guards the evidence."""

from datetime import date, datetime
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import planning
from newsletter.delivery.models import Delivery, Heartbeat
from newsletter.extensions import UtcDateTime, db
from newsletter.subscriptions.models import ConsentEvent, ConsentKind
from tests.conftest import NOW
from tests.factories import make_due_issue, make_list, make_subscription

Rows = dict[str, list[dict[str, Any]]]

VALUES: dict[type, Any] = {
    bool: False,
    bytes: b"x",
    date: NOW.date(),
    datetime: NOW.replace(tzinfo=None),
    float: 1.5,
    int: 1,
    str: "x",
}


def test_migrations_equal_the_models(app: Flask) -> None:
    flask_migrate.check()


def test_migrations_go_back_and_forth_and_lose_nothing_that_both_know(app: Flask) -> None:
    go_back_and_forth()
    # Made anew, a table would have lost them.
    made = db.session.scalars(sa.text("SELECT sql FROM sqlite_master WHERE name = 'delivery'"))
    [sql] = made.all()
    assert "AUTOINCREMENT" in sql
    assert "CHECK (state IN" in sql


def test_evidence_cannot_be_changed_or_deleted(app: Flask) -> None:
    event = ConsentEvent(at=NOW, kind=ConsentKind.CONFIRMED, subscriber_id=1, actor="subscriber")
    db.session.add(event)
    db.session.commit()
    for statement in (
        sa.update(ConsentEvent).values(page="/elsewhere"),
        sa.update(ConsentEvent).values(subscriber_id=2),
        sa.update(ConsentEvent).values(subscriber_id=None, ip=None, issue_id=2),
        sa.delete(ConsentEvent),
    ):
        with pytest.raises(sa.exc.IntegrityError, match="append-only"):
            db.session.execute(statement)
        db.session.rollback()


def test_erasure_may_blank_the_person_in_evidence(app: Flask) -> None:
    event = ConsentEvent(
        at=NOW, kind=ConsentKind.CONFIRMED, subscriber_id=1, ip="192.0.2.1", actor="subscriber"
    )
    db.session.add(event)
    db.session.commit()
    db.session.execute(sa.update(ConsentEvent).values(subscriber_id=None, ip=None))
    db.session.commit()
    assert (event.subscriber_id, event.ip, event.at) == (None, None, NOW)


def test_who_left_before_it_was_noted_is_counted_with_the_issue(app: Flask) -> None:
    issue = make_due_issue(make_subscription(make_list()).mailing_list)
    planning.plan(issue, now=NOW)
    delivery_id = db.session.scalars(sa.select(Delivery.id)).one()
    for detail in (f"one-click, delivery {delivery_id}", "link, delivery 99", "link"):
        db.session.add(
            ConsentEvent(at=NOW, kind=ConsentKind.UNSUBSCRIBED, actor="subscriber", detail=detail)
        )
    number = issue.id
    db.session.commit()
    flask_migrate.downgrade(revision="0005")
    flask_migrate.upgrade()
    left_by = sa.select(ConsentEvent.issue_id).order_by(ConsentEvent.id)
    assert db.session.scalars(left_by).all() == [number, None, None]


def go_back_and_forth() -> None:
    """Go down to each older version and up again, with a row in every table.

    A test with services does the same on PostgreSQL.
    """
    _fill_every_table()
    db.session.add(Heartbeat(name="x" * 80, beat_at=NOW))
    db.session.commit()
    before = _rows()
    assert all(before.values()), "a table has no row"
    flask_migrate.downgrade(revision="0001")
    old = _rows()
    assert len(old) > 20
    # Signs of life come again within seconds, and their names were shorter once.
    assert not old.pop("heartbeat")
    for table, rows in old.items():
        if table in before:
            assert _common(rows, before[table]) == _common(before[table], rows), table
    flask_migrate.upgrade()
    new = _rows()
    assert new.keys() == before.keys()
    for table, rows in old.items():
        if table in new:
            assert _common(new[table], rows) == _common(rows, new[table]), table
    flask_migrate.check()
    flask_migrate.downgrade(revision="base")
    assert sa.inspect(db.engine).get_table_names() == ["alembic_version"]
    flask_migrate.upgrade()


def _common(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return of `rows` what `others` have columns for, too."""
    names = [name for name in rows[0] if name in others[0]]
    return [{name: row[name] for name in names} for row in rows]


def _fill_every_table() -> None:
    with db.engine.begin() as connection:
        for table in db.metadata.sorted_tables:
            row = {column.name: _something(column) for column in table.columns}
            connection.execute(sa.insert(table), row)


def _something(column: sa.Column[Any]) -> Any:
    """Return a value that the column takes; 1 is also the number of the row it may point at."""
    if isinstance(column.type, UtcDateTime):
        return NOW
    if isinstance(column.type, sa.Enum):
        return column.type.python_type(column.type.enums[0])
    if isinstance(column.type, sa.JSON):
        return {"x": 1}
    return VALUES[column.type.python_type]


def _rows() -> Rows:
    """Return what stands in every table of the version that the database has now."""
    db.session.remove()
    found = sa.MetaData()
    with db.engine.connect() as connection:
        found.reflect(connection)
        return {
            table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in found.tables.values()
            # The index of words is made of the other tables, and differs between the databases.
            if table.name not in ("alembic_version", "sqlite_sequence")
            and not table.name.startswith("search_")
        }
