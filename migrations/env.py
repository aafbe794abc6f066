"""Runs the migrations on the application's own engine, SQLite in batch mode."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Enum, types

from newsletter.extensions import UtcDateTime, db

configure_args: dict[str, Any] = current_app.extensions["migrate"].configure_args


def render_item(kind: str, item: Any, autogen_context: Any) -> str | bool:
    """Write our own column types as plain SQLAlchemy: migrations outlive the code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Enum):
        values = ", ".join(repr(value) for value in item.enums)
        how = "native_enum=False, create_constraint=True, length=20"
        return f"sa.Enum({values}, name={item.name!r}, {how})"
    return False


def compare_type(
    _context: Any, _column: Any, _metadata_column: Any, found: Any, wanted: Any
) -> bool | None:
    """Take a time for a time and an enum for its text; leave the rest to Alembic."""
    if isinstance(wanted, UtcDateTime):
        return not isinstance(found, types.DateTime)
    if isinstance(wanted, Enum):
        return not isinstance(found, types.String)
    return None


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave out what no model describes: the index of words differs between the databases."""
    return kind != "table" or name is None or not name.startswith("search_")


if context.is_offline_mode():
    raise SystemExit("These migrations run on a database, not into a script.")


def keep_references(connection: Connection, *, on: bool) -> None:
    """Let SQLite make tables anew that others point at, between two transactions."""
    driver = connection.connection.driver_connection
    if db.engine.dialect.name == "sqlite" and driver is not None:
        driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}").close()


with db.engine.connect() as connection:
    keep_references(connection, on=False)
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_item=render_item,
        include_name=include_name,
        **{**configure_args, "compare_type": compare_type},
    )
    with context.begin_transaction():
        context.run_migrations()
    if db.engine.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise SystemExit(f"These rows would point at nothing, so nothing was changed: {broken}")
    connection.commit()
    keep_references(connection, on=True)
