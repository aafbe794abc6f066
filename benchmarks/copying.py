"""Rows that SQLite makes of other rows: what an installation has hundreds of thousands of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.extensions import db


def copy_rows(
    source: str, target: str, columns: Mapping[str, str | sa.ColumnElement[Any]], *, which: str
) -> None:
    """Make rows of a table out of another one's; what is not said of them is as it comes."""
    tables = db.metadata.tables
    values = [
        (sa.literal_column(value) if isinstance(value, str) else value).label(name)
        for name, value in columns.items()
    ]
    rows = sa.select(*values).select_from(tables[source]).where(sa.text(which))
    db.session.execute(sa.insert(tables[target]).from_select(list(columns), rows))


def only_if(condition: str, value: str) -> str:
    """Return SQL for a value that is NULL elsewhere."""
    return f"CASE WHEN {condition} THEN {value} END"


def moment(since: datetime, number: str, unit: str) -> str:
    """Return SQL for a moment so many `unit` after `since`, as SQLAlchemy keeps one there."""
    start = f"{since:%Y-%m-%d %H:%M:%S}"
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', '{start}', ({number}) || ' {unit}')"
