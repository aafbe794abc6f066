"""The mutation check: one safeguard taken out of the product, in one process only.

Each weakness leaves mail that meets no fault as it is: it is the harness that has to find it. The
unique keys are taken out of the database instead, by `drop_unique_keys`.
"""

import enum
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from newsletter.delivery import drivers, ledger
from newsletter.extensions import db


class Weakness(enum.StrEnum):
    """What may be taken out."""

    NONE = ""
    NO_MARK = "no mark before the dot"
    NO_LEASE = "no lease"
    NO_QUESTION = "no question at the mark whether the reader still wants it"


def weaken(weakness: Weakness) -> None:
    """Take one safeguard out of the product in this process."""
    if weakness is Weakness.NO_MARK:
        _write_no_marks()
    elif weakness is Weakness.NO_LEASE:
        _hold_no_leases()
    elif weakness is Weakness.NO_QUESTION:
        # The readers who still want it, and always one more.
        _rewrite(
            ledger, "MARK", ("SELECT 1 FROM send\n", "SELECT 1 UNION ALL SELECT 1 FROM send\n")
        )


def _write_no_marks() -> None:
    """Ask whether a row may be sent, and write nothing: the outcome is written to a waiting row."""
    _rewrite(
        ledger,
        "MARK",
        (
            "SET state = 'in_flight', attempts = :attempt, due_at = NULL,\n"
            "        first_attempt_at = :date, merge_values = :values",
            "SET reason = reason",
        ),
    )
    _rewrite(
        ledger,
        "ANSWER_MARKED",
        ("attempts = :attempt\n", "attempts = :attempt - 1\n"),
        ("state = 'in_flight'", "state = 'waiting'"),
    )


def _hold_no_leases() -> None:
    """Let every lease end when it begins, and believe everybody who had one."""
    for statement in ("MARK", "ANSWER_UNMARKED"):
        _rewrite(
            ledger,
            statement,
            ("batch.lease = :token AND batch.leased_until IS NOT NULL", ":token = :token"),
        )
    for driver in (drivers.Sqlite, drivers.Postgresql):
        _rewrite(
            driver,
            "hold_lease",
            ("AND lease = :token AND leased_until IS NOT NULL", "AND :token = :token"),
        )
    claim: Callable[..., Any] = ledger.Ledger.claim

    @wraps(claim)
    def claim_for_no_time(*arguments: Any, **facts: Any) -> Any:
        return claim(*arguments, **{**facts, "length": timedelta(0)})

    ledger.Ledger.claim = claim_for_no_time


def _rewrite(owner: Any, name: str, *changes: tuple[str, str]) -> None:
    """Change the words of one of the ledger's statements; they have to be there."""
    statement = getattr(owner, name)
    for old, new in changes:
        assert old in statement, f"{name} has no {old!r} any more"
        statement = statement.replace(old, new)
    setattr(owner, name, statement)


def drop_unique_keys() -> None:
    """Take the unique keys out of the tables of what is sent, in this installation's database."""
    db.session.remove()
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Tables are made anew without the key, and others point at them.
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        operations = Operations(MigrationContext.configure(connection))
        for table, key in (("send", ["issue_id"]), ("delivery", ["send_id", "subscriber_id"])):
            with operations.batch_alter_table(table) as batch:
                batch.drop_constraint(f"uq_{table}_{'_'.join(key)}", type_="unique")
        connection.commit()
        left = sa.inspect(connection)
        assert not left.get_unique_constraints("send") + left.get_unique_constraints("delivery")
    db.engine.dispose()
