"""The suppression list as a file and back: for elsewhere, and for after a restored backup.

Of an erased person it has the keyed mark alone, which means something only where
`SUPPRESSION_KEY` is the same.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa

from newsletter import addresses
from newsletter.audiences import reading
from newsletter.audiences.reading import BadRow
from newsletter.errors import InvalidAddress
from newsletter.extensions import db, insert
from newsletter.mail import outbox
from newsletter.spreadsheets import safe_cell
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import Subscriber, Suppression, SuppressionReason

HEADER = ("mark", "address", "reason", "note", "since")

_MARK = re.compile(r"[0-9a-f]{64}")


@dataclass
class MarksReport:
    """What came of a file; `erased` are who is here although they were erased before."""

    rows: int = 0
    suppressed: int = 0
    already: int = 0
    refused: list[BadRow] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)


def export_marks(out: TextIO) -> int:
    """Write every suppression, the oldest first; return how many there are."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    question = sa.select(Suppression).order_by(Suppression.id).execution_options(yield_per=1_000)
    lines = 0
    for row in db.session.scalars(question):
        address, note = safe_cell(row.address or ""), safe_cell(row.note)
        writer.writerow([row.address_hmac, address, row.reason.value, note, row.since.isoformat()])
        lines += 1
    return lines


def is_export(path: Path) -> bool:
    """Tell whether a file is one that `export_marks` wrote."""
    with path.open("rb") as file:
        return file.readline(200).rstrip(b"\r\n") == ",".join(HEADER).encode()


def take_marks(path: Path) -> MarksReport:
    """Suppress what such a file says, as part of the caller's transaction; again is harmless.

    Who signed up by double opt-in after they were erased came back by their own
    will: an older file does not erase them.
    """
    report = MarksReport()
    for row in _rows(path):
        report.rows += 1
        if isinstance(row, BadRow):
            report.refused.append(row)
            continue
        here = db.session.execute(
            sa.select(Subscriber.address, Subscriber.created_at).where(
                Subscriber.address_hmac == row.address_hmac
            )
        ).one_or_none()
        is_erasure = row.reason is SuppressionReason.ERASED
        if is_erasure and here is not None and here.created_at > row.since:
            report.already += 1
            continue
        if is_erasure and here is not None:
            report.erased.append(here.address)
        _take(row, report)
    return report


def _take(row: Suppression, report: MarksReport) -> None:
    values = {name: getattr(row, name) for name in ("address_hmac", *HEADER[1:])}
    statement = insert(Suppression).values(values).on_conflict_do_nothing()
    # psycopg counts no rows of what the ORM inserts, so the row itself has to come back.
    if db.session.scalar(statement.returning(Suppression.id)) is None:
        report.already += 1
        return
    report.suppressed += 1
    if row.address is not None:
        outbox.withdraw({row.address})


def _rows(path: Path) -> Iterator[Suppression | BadRow]:
    with path.open(encoding="utf-8", newline="") as lines:
        for line, cells in reading.rows_of(csv.reader(lines), first=1):
            if isinstance(cells, BadRow):
                yield cells
            elif line > 1:
                yield _row(line, [reading.cell(cell) for cell in cells])


def _row(line: int, cells: list[str]) -> Suppression | BadRow:
    try:
        mark, address, reason, note, since = cells
        at = datetime.fromisoformat(since)
        row = Suppression(
            address_hmac=mark,
            address=addresses.parse(address).canonical if address else None,
            reason=SuppressionReason(reason),
            note=note[:300],
            since=at if at.tzinfo else at.replace(tzinfo=UTC),
        )
    except (ValueError, InvalidAddress):
        return BadRow(line, "the line is not one of an exported suppression list")
    if not _MARK.fullmatch(mark):
        return BadRow(line, "the mark is not one of ours")
    if row.address is not None and suppression.address_hmac(row.address) != mark:
        return BadRow(line, "the mark was made with another SUPPRESSION_KEY")
    return row
