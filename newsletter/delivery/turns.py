"""Changing many rows without keeping others from writing: in turns of some milliseconds.

Each turn is a transaction of its own. What takes turns may be killed between two
of them, so what it has done by then must be right by itself.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator

from newsletter.extensions import db

TURN = 0.030
"""Seconds after which a turn takes on nothing more."""

REST = 0.003
"""Seconds between two turns on SQLite: some tries of whoever waits to write."""


def _nothing(_rows: int = 0) -> None:
    return


def take(
    portions: Iterable[int],
    *,
    begin: Callable[[], None] = _nothing,
    end: Callable[[int], None] = _nothing,
    within: float = math.inf,
) -> int:
    """Take the portions in turns and commit each turn; return for how many rows.

    Each portion writes something and gives the number of rows that came, went or
    changed. `begin` is the first thing in each turn and `end`, which is told the
    turn's rows, the last; what they or a portion raise undoes that turn alone. After
    `within` seconds no further turn begins, and the rest of the portions is not taken.
    """
    left = iter(portions)
    ends_at = time.monotonic() + within
    rows = 0
    is_left = True
    while is_left:
        try:
            begin()
            change, is_left = _take_one(left)
            end(change)
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
        rows += change
        if time.monotonic() >= ends_at:
            break
        if db.engine.dialect.name == "sqlite":
            time.sleep(REST)
    return rows


def _take_one(portions: Iterator[int]) -> tuple[int, bool]:
    """Write for a moment; return how many rows, and whether anything may be left to write."""
    ends_at = time.monotonic() + TURN
    change = 0
    for rows in portions:
        change += rows
        if time.monotonic() >= ends_at:
            return change, True
    return change, False
