"""What senders met at each provider, and adding it up in the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.delivery.models import Provider
from newsletter.extensions import Base, db, insert


@dataclass(slots=True)
class Tally:
    """What one sender met at one provider since it last told the others."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    # Refusals by policy since the last message that was taken.
    refusals: int = 0
    words: str = ""
    # Asked to slow down while so many connections carried its mail, all senders together.
    crowd: int = 0


_table = Base.metadata.tables[Provider.__tablename__]
_COUNTED = ("sent", "deferred", "failed", "uncertain")


def add(connection: sa.Connection, tallies: Mapping[str, Tally], *, now: datetime) -> None:
    """Add the numbers of all these providers in one statement, in the order of their names.

    A large list has thousands of providers in a second; a statement for each
    would cost more than the mail.
    """
    rows = [
        (name, *(getattr(tally, field) for field in _COUNTED)) for name, tally in tallies.items()
    ]
    name, counts = _read_json(sa.literal(rows, sa.JSON))
    met = dict(zip(_COUNTED, counts, strict=True))
    moment = sa.literal(now, _table.c.last_success_at.type)
    trouble = met["deferred"] + met["failed"] + met["uncertain"]
    new_row: dict[str, sa.ColumnElement[Any]] = {
        "name": name,
        **met,
        "last_success_at": sa.case((met["sent"] > 0, moment)),
        "last_trouble_at": sa.case((trouble > 0, moment)),
        **{field: sa.literal(0) for field in ("refusals", "taken")},
        "held_for": sa.literal(""),
    }
    # SQLite needs a condition to tell ON CONFLICT from a join.
    source = sa.select(*new_row.values()).where(name != "").order_by(name)
    statement = insert(Provider).from_select(list(new_row), source)
    new = statement.excluded
    changes: dict[str, Any] = {field: _table.c[field] + new[field] for field in _COUNTED}
    for field in ("last_success_at", "last_trouble_at"):
        changes[field] = sa.func.coalesce(new[field], _table.c[field])
    changes["refusals"] = sa.case((new.sent > 0, 0), else_=_table.c.refusals)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changes))


def _read_json(
    rows: sa.ColumnElement[Any],
) -> tuple[sa.ColumnElement[str], list[sa.ColumnElement[int]]]:
    """Return the name and the counts of each row of a JSON document, as columns."""
    places = range(1, len(_COUNTED) + 1)
    if db.engine.dialect.name == "sqlite":
        row = sa.func.json_each(rows).table_valued("value").c.value
        name = sa.func.json_extract(row, "$[0]", type_=sa.String)
        return name, [sa.func.json_extract(row, f"$[{n}]", type_=sa.Integer) for n in places]
    row = sa.func.json_array_elements(rows).table_valued("value").c.value
    take = row.op("->>", return_type=sa.String)
    return take(sa.literal(0)), [sa.cast(take(sa.literal(n)), sa.BigInteger) for n in places]
