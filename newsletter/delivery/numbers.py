"""Many numbers as one parameter of a question."""

from collections.abc import Sequence

import sqlalchemy as sa

from newsletter.extensions import db


def named(name: str) -> sa.Select[int]:
    """Return the numbers in a parameter, which goes to the database as one JSON text."""
    return _each(sa.bindparam(name, type_=sa.JSON))


def each(numbers: Sequence[int]) -> sa.Select[int]:
    """Return these numbers: one statement fits, however many there are."""
    return _each(sa.literal(list(numbers), sa.JSON))


def _each(numbers: sa.ColumnElement[object]) -> sa.Select[int]:
    if db.engine.dialect.name == "sqlite":
        return sa.select(sa.func.json_each(numbers).table_valued("value").c.value)
    each = sa.func.json_array_elements_text(numbers).table_valued("value").c.value
    return sa.select(sa.cast(each, sa.BigInteger))
