"""Several contenders by turns on one machine, and the medians of their rates."""

import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Contender = Callable[[int], float]
"""Sends so many messages and returns how many seconds that took."""

FIRST_TRY = 1_000
FASTER_AT_MOST = 10


@dataclass(frozen=True)
class Scale:
    """How thoroughly is measured.

    A run should take so many `seconds`; without them it has `few` messages, however long it takes.
    """

    rounds: int
    seconds: float | None
    few: int
    many: int


THOROUGH = Scale(rounds=5, seconds=7.0, few=10_000, many=1_000_000)
SMOKE = Scale(rounds=1, seconds=None, few=400, many=4_000)
"""Only shows that everything runs; its numbers mean little."""


def race(contenders: Mapping[str, Contender], scale: Scale) -> dict[str, float]:
    """Return each contender's messages a second, the median of all rounds.

    In every round each has a turn, so that what else the machine does hits them all.
    """
    counts = {name: fitting_count(run, scale) for name, run in contenders.items()}
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(1, scale.rounds + 1):
        for name, run in contenders.items():
            seconds = run(counts[name])
            rates[name].append(counts[name] / seconds)
            tell(f"round {number} of {scale.rounds}, {name}: {counts[name]:,} in {seconds:.2f} s")
    return {name: statistics.median(several) for name, several in rates.items()}


def fitting_count(run: Contender, scale: Scale) -> int:
    """Return how many messages take a contender about as long as one run should take."""
    if scale.seconds is None:
        return scale.few
    count = FIRST_TRY
    while True:
        seconds = run(count)
        if seconds >= scale.seconds / 4:
            return max(FIRST_TRY, int(count * scale.seconds / seconds) // 100 * 100)
        count = int(count * min(FASTER_AT_MOST, scale.seconds / 2 / seconds))


def tell(line: str) -> None:
    """Show on the terminal how far it is; the table alone goes to the standard output."""
    print(line, file=sys.stderr, flush=True)
