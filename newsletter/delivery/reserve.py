"""Whether the disk has room for what must be written about the mail that goes out.

Sending stops before the database can fail: what cannot be recorded must not
be sent (STANDARDS XH11).
"""

import shutil
from pathlib import Path

from newsletter.extensions import db

LEAST = 64 * 1024 * 1024
"""Bytes that have to be free where the database is; the last megabytes belong to the ledger."""


FULL = "The disk of the database is full: nothing more can be written. Make room, then resume."


def shortage() -> str:
    """Return a sentence for the editors if the disk of the database is nearly full, or nothing.

    A PostgreSQL server may be on another machine: it says itself when it is full.
    """
    path = db.engine.url.database
    if db.engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return ""
    free = shutil.disk_usage(Path(path).absolute().parent).free
    if free >= LEAST:
        return ""
    return (
        f"The disk of the database is nearly full: {free // 1024 // 1024} megabytes are free, "
        f"and sending needs {LEAST // 1024 // 1024}. Make room, then resume the issue."
    )


def is_full(error: BaseException) -> bool:
    """Tell whether a database error says that its disk is full."""
    original = getattr(error, "orig", None) or error
    return getattr(original, "sqlite_errorname", "") == "SQLITE_FULL" or (
        getattr(original, "sqlstate", "") == "53100"
    )
