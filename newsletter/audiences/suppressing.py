"""Suppressing the addresses of a file: what another system already knew never to mail.

One address a line, or a CSV file whose header names the columns `address` and
`reason`. It commits every half second of rows; repeating it is harmless.
"""

import csv
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

import sqlalchemy as sa

from newsletter import addresses, inputs
from newsletter.addresses import Address
from newsletter.audiences import reading
from newsletter.audiences.reading import ALIASES, LONGEST_CELL, BadRow
from newsletter.errors import InvalidAddress, InvalidInput
from newsletter.extensions import db, insert
from newsletter.mail import outbox
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import Suppression, SuppressionReason

CHUNK = 1_000
"""Rows that are looked up and inserted together."""

COMMIT_EVERY = 0.5
"""Seconds of work after which the rows so far are committed."""

LONGEST_NOTE = 300

COLUMNS = ("address", "reason")
"""What a file has; one without a header has them in this order, or the first alone."""

REASONS = {"reason", "note", "grund", "raison", "motivo"}
"""What the column of reasons is called."""


@dataclass
class SuppressionReport:
    """What came of a file; `refused` has one (line, reason) for every row not taken."""

    rows: int = 0
    suppressed: int = 0
    already: int = 0
    refused: list[BadRow] = field(default_factory=list)

    def reasons(self) -> Counter[str]:
        """Return how many rows were refused for each reason."""
        return Counter(row.reason for row in self.refused)


@dataclass(frozen=True)
class _Row:
    address: Address
    note: str
    hmac: str


def suppress_file(
    path: Path, *, note: str, now: datetime, is_dry_run: bool = False
) -> SuppressionReport:
    """Never mail the addresses of a file again; `note` says why where the file does not.

    Raises InvalidInput when the file as a whole cannot be read. With `is_dry_run`
    everything is done and rolled back.
    """
    report = SuppressionReport()
    rows = _read(path, inputs.one_line(note, field="reason", most=LONGEST_NOTE))
    began = time.monotonic()
    while chunk := list(islice(rows, CHUNK)):
        _take(chunk, report, now=now)
        if not is_dry_run and time.monotonic() - began > COMMIT_EVERY:
            db.session.commit()
            began = time.monotonic()
    if is_dry_run:
        db.session.rollback()
    else:
        db.session.commit()
    return report


def _read(path: Path, note: str) -> Iterator[_Row | BadRow]:
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding=reading.encoding_of(path), newline="") as lines:
        head = lines.readline(LONGEST_CELL)
        delimiter = max(",;\t", key=head.count)
        titles = next(csv.reader([head], delimiter=delimiter), [])
        has_header = not any("@" in title for title in titles)
        columns = (
            _columns(titles) if has_header else dict(zip(COLUMNS, range(len(titles)), strict=False))
        )
        table = csv.reader(lines if has_header else chain([head], lines), delimiter=delimiter)
        for line, cells in reading.rows_of(table, first=2 if has_header else 1):
            if isinstance(cells, BadRow):
                yield cells
            elif any(cell.strip() for cell in cells):
                yield _row(line, cells, columns, note)


def _columns(head: list[str]) -> dict[str, int]:
    found = {
        column: place
        for column, aliases in zip(COLUMNS, (ALIASES["address"], REASONS), strict=True)
        for place, title in reversed(list(enumerate(map(reading.plain_title, head))))
        if title in aliases
    }
    if "address" not in found:
        raise InvalidInput(
            "The file must have one address a line, or name its columns in the first line: "
            f"address,reason. It says: {', '.join(head)[:120].strip() or 'nothing'}."
        )
    return found


def _row(line: int, cells: list[str], columns: dict[str, int], note: str) -> _Row | BadRow:
    values = {
        column: reading.cell(cells[place]) if place < len(cells) else ""
        for column, place in columns.items()
    }
    try:
        address = addresses.parse(values["address"])
    except InvalidAddress:
        return BadRow(line, "the address is not one that mail can reach")
    try:
        said = inputs.one_line(values.get("reason", ""), field="reason", most=LONGEST_NOTE)
    except InvalidInput:
        return BadRow(line, "the reason is too long or has characters that cannot be shown")
    return _Row(address, said or note, suppression.address_hmac(address.canonical))


def _take(mixed: list[_Row | BadRow], report: SuppressionReport, *, now: datetime) -> None:
    """Suppress the rows of one chunk that are not suppressed yet."""
    usable = [row for row in mixed if isinstance(row, _Row)]
    rows = {row.hmac: row for row in reversed(usable)}
    known = dict(
        db.session.execute(
            sa.select(Suppression.address_hmac, Suppression.address.is_(None)).where(
                Suppression.address_hmac.in_(rows)
            )
        ).all()
    )
    fresh = [row for hmac, row in rows.items() if hmac not in known]
    for hmac, is_bare in known.items():
        if is_bare:
            # An erased person: the mark is raised to a suppression, one by one.
            row = rows[hmac]
            suppression.suppress(
                row.address, reason=SuppressionReason.OPERATOR, note=row.note, now=now
            )
    _insert(fresh, now=now)
    raised = sum(known.values())
    report.rows += len(mixed)
    report.refused += [row for row in mixed if isinstance(row, BadRow)]
    report.suppressed += len(fresh) + raised
    report.already += len(usable) - len(fresh) - raised


def _insert(fresh: list[_Row], *, now: datetime) -> None:
    if not fresh:
        return
    db.session.connection().execute(
        insert(Suppression).on_conflict_do_nothing(),
        [
            {
                "address_hmac": row.hmac,
                "address": row.address.canonical,
                "reason": SuppressionReason.OPERATOR,
                "note": row.note,
                "since": now,
            }
            for row in fresh
        ],
    )
    # What is queued for them goes nowhere either.
    spellings = {row.address.spelling for row in fresh}
    outbox.withdraw(spellings | {row.address.canonical for row in fresh})
