"""The whole measurement: python -m benchmarks [--smoke] [--only GROUP ...] [--profile FILE].

PostgreSQL and RabbitMQ are those of scripts/services, found by its `env`; rows that need one that
is not there say so. A missed limit is said loudly and is no failure; a broken measurement is one.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from benchmarks import machine, profiling, rows, table
from benchmarks.processes import MeasurementFailed, relay
from benchmarks.racing import SMOKE, THOROUGH, tell
from benchmarks.stock import Stock
from benchmarks.table import Row

FAILED = "FAILED"


def main() -> None:
    """Measure, print the table, and clean up whatever happens."""
    wanted = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as closing:
            folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="bench.")))
            stock = Stock(folder, os.environ.get("TEST_POSTGRES_URL"))
            closing.callback(stock.close)
            place = rows.Place(
                stock=stock,
                port=closing.enter_context(relay()),
                logs=folder,
                broker=os.environ.get("TEST_BROKER_URL", ""),
                scale=SMOKE if wanted.smoke else THOROUGH,
            )
            if wanted.profile:
                print(profiling.profile(place, wanted.profile))
                return
            measured = [row for name in wanted.only for row in _group(name, place)]
            _show(measured, machine.facts(folder), is_smoke=wanted.smoke)
            if any(row.ours == FAILED for row in measured):
                sys.exit("Something could not be measured; the lines above say why.")
    except KeyboardInterrupt:
        sys.exit("Interrupted; everything is cleaned up.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="How fast, how small.")
    parser.add_argument("--smoke", action="store_true", help="small and quick; means little")
    parser.add_argument(
        "--only", nargs="+", choices=rows.GROUPS, default=list(rows.GROUPS), metavar="GROUP"
    )
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="only where one run spends its time"
    )
    return parser.parse_args()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _group(name: str, place: rows.Place) -> list[Row]:
    """Measure one group; a failure costs its rows, not the table."""
    tell(f"== {name}")
    if name in rows.NEEDS_POSTGRESQL and not place.stock.has_postgresql:
        return [Row(name, "not measured: no PostgreSQL (scripts/services start)")]
    if name in rows.NEEDS_BROKER and not place.broker:
        return [Row(name, "not measured: no RabbitMQ (scripts/services start)")]
    try:
        return rows.GROUPS[name](place)
    except MeasurementFailed as exc:
        tell(str(exc))
        return [Row(name, FAILED)]


def _show(measured: Sequence[Row], facts: Sequence[str], *, is_smoke: bool) -> None:
    print()
    print(table.as_text(measured))
    print()
    print("\n".join(facts))
    if is_smoke:
        print("A smoke run: it shows that everything runs, and its numbers mean nothing.")
        return
    missed = [row.figure for row in measured if row.reached is False]
    if missed:
        print(f"\n{len(missed)} LIMITS MISSED:")
        print("\n".join(f"  {figure}" for figure in missed))
    else:
        print("\nEvery limit is reached.")


if __name__ == "__main__":
    main()
