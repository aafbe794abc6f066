"""Where one run of our engine spends its time."""

import io
import pstats
from pathlib import Path

from benchmarks.racing import fitting_count
from benchmarks.rows import Place
from benchmarks.running import Run
from benchmarks.stock import Kind

FUNCTIONS = 45
"""How many of them are listed, the dearest first."""


def profile(place: Place, path: Path) -> str:
    """Send an issue on SQLite, NORMAL, once plain and once profiled; return what took how long.

    The profile itself is left at `path`. It makes every call slower, so read it for
    proportions, and the plain run for times.
    """
    engine = place.ours(Kind.NORMAL)
    count = fitting_count(engine, place.scale)
    plain = engine.run(count)
    profiled = place.ours(Kind.NORMAL, profile=path.resolve()).run(count)
    said = io.StringIO()
    statistics = pstats.Stats(str(path), stream=said)
    statistics.sort_stats("tottime").print_stats(FUNCTIONS)
    return (
        f"{count:,} messages. Plain: {_told(plain)}. Profiled: {_told(profiled)}.\n"
        f"Seconds below are of all messages together.\n{said.getvalue()}"
    )


def _told(run: Run) -> str:
    elapsed, processor = run.seconds / run.count * 1e6, run.processor / run.count * 1e6
    return f"{elapsed:.0f} µs each, {processor:.0f} µs of the processor"
