"""Rows as text."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

HEADINGS = ("figure", "ours", "theirs", "ratio", "must reach", "reached")


@dataclass(frozen=True)
class Row:
    """One figure; `reached` is None where nothing must be reached, or nothing could be measured."""

    figure: str
    ours: str = ""
    theirs: str = ""
    ratio: str = ""
    must_reach: str = ""
    reached: bool | None = None


def at_least(figure: str, ours: float, theirs: float, limit: float | None, *, rival: str) -> Row:
    """Return the row of two rates in messages a second, whose ratio must reach `limit` if any."""
    ratio = ours / theirs
    return Row(
        figure,
        f"{ours:,.0f}/s",
        f"{rival} {theirs:,.0f}/s",
        f"{ratio:.2f}",
        "" if limit is None else f"{limit:g}",
        None if limit is None else ratio >= limit,
    )


def as_text(rows: Sequence[Row]) -> str:
    """Return the table, a line for each row."""
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    *texts, reached = astuple(row)
    return (*texts, {None: "", True: "yes", False: "NO"}[reached])
