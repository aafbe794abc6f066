"""The rows of the table: who is compared with whom, and what must be reached."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import visitors
from benchmarks.contenders import Rival, SmtpSource
from benchmarks.processes import child
from benchmarks.racing import Scale, fitting_count, race, tell
from benchmarks.running import Ours
from benchmarks.stock import Kind, Stock
from benchmarks.table import Row, at_least

CONNECTIONS = 8
CONNECTIONS_TO_POSTGRESQL = 16
FAR_CONNECTIONS = 10
FAR_SECONDS = 0.010
"""How long bytes travel to the relay that is 20 ms away, there and back."""

READERS_OF_PAGES = 100_000

MEGABYTE = 1024**2

MOST_DEVIATIONS = 2.6
"""By which the ranks of two samples of one kind are apart once in a hundred times."""


@dataclass(frozen=True)
class Place:
    """Where all is measured: the installations, the relay's port, a folder for logs, the broker."""

    stock: Stock
    port: int
    logs: Path
    broker: str
    scale: Scale

    def ours(
        self,
        kind: Kind,
        connections: int = CONNECTIONS,
        *,
        broker: str = "",
        profile: Path | None = None,
    ) -> Ours:
        """Return our engine here."""
        return Ours(self.stock, kind, self.port, connections, self.logs, broker, profile)


def near(place: Place) -> list[Row]:
    """SQLite and a relay on the same machine: what a small installation does."""
    full, normal = place.ours(Kind.FULL), place.ours(Kind.NORMAL)
    rates = race(
        {
            "smtp-source": SmtpSource(place.port, CONNECTIONS),
            "full": full,
            "smtp-source -d": SmtpSource(place.port, CONNECTIONS, keeps=True),
            "normal": normal,
            "smtplib": Rival("smtplib", place.port, CONNECTIONS, place.logs),
            "flask-mail": Rival("flask-mail", place.port, 1, place.logs),
        },
        place.scale,
    )
    return [
        at_least(f"{kind}, {CONNECTIONS} connections", rates[name], rates[rival], must, rival=rival)
        for name, kind, limit in (("full", Kind.FULL, 0.50), ("normal", Kind.NORMAL, 0.90))
        for rival, must in (
            ("smtp-source", limit),
            ("smtp-source -d", None),
            ("smtplib", None),
            ("flask-mail", 12.0),
        )
    ]


def on_postgresql(place: Place) -> list[Row]:
    """PostgreSQL as it comes, sixteen connections."""
    rates = race(
        {
            "smtp-source": SmtpSource(place.port, CONNECTIONS_TO_POSTGRESQL),
            "ours": place.ours(Kind.POSTGRESQL, CONNECTIONS_TO_POSTGRESQL),
            "smtp-source -d": SmtpSource(place.port, CONNECTIONS_TO_POSTGRESQL, keeps=True),
        },
        place.scale,
    )
    figure = f"{Kind.POSTGRESQL}, {CONNECTIONS_TO_POSTGRESQL} connections"
    return [
        at_least(figure, rates["ours"], rates[rival], must, rival=rival)
        for rival, must in (("smtp-source", 0.40), ("smtp-source -d", None))
    ]


def far(place: Place) -> list[Row]:
    """A relay 20 ms away: what waiting for each reply costs."""
    log = place.logs / "slow_line.log"
    with child("benchmarks.slow_line", place.port, FAR_SECONDS, environ={}, log=log) as line:
        port = line.answer(within=10)["port"]
        away = replace(place, port=port)
        rates = race(
            {
                "ours": away.ours(Kind.FULL, FAR_CONNECTIONS),
                "smtplib": Rival("smtplib", port, FAR_CONNECTIONS, place.logs),
            },
            place.scale,
        )
    figure = f"relay 20 ms away, {FAR_CONNECTIONS} connections, {Kind.FULL}"
    return [at_least(figure, rates["ours"], rates["smtplib"], 2.5, rival="smtplib")]


def many_machines(place: Place) -> list[Row]:
    """The engine of many machines against the one in the clock, one courier each."""
    connections = CONNECTIONS_TO_POSTGRESQL
    rates = race(
        {
            "dramatiq": place.ours(Kind.POSTGRESQL, connections, broker=place.broker),
            "local": place.ours(Kind.POSTGRESQL, connections),
        },
        place.scale,
    )
    figure = f"dramatiq engine, PostgreSQL, 1 courier, {connections} connections"
    return [at_least(figure, rates["dramatiq"], rates["local"], 0.9, rival="local engine")]


def clicks(place: Place) -> list[Row]:
    """How long another process waits that writes to SQLite while an issue is planned and sent."""
    rows = []
    for kind in (Kind.FULL, Kind.NORMAL):
        engine = place.ours(kind)
        count = fitting_count(engine, place.scale)
        runs = [engine.run(count, with_clicks=True) for _ in range(place.scale.rounds)]
        worst = statistics.median(percentile(run.clicks, 99) for run in runs)
        usual = statistics.median(percentile(run.clicks, 50) for run in runs)
        number = sum(len(run.clicks) for run in runs)
        figure = f"one-click while planning and sending, {kind}"
        tell(f"{figure}: {number} clicks")
        rows.append(
            Row(
                figure,
                f"p99 {worst * 1000:.0f} ms",
                f"median {usual * 1000:.0f} ms, {number} clicks",
                "",
                "< 100 ms",
                worst < 0.1,
            )
        )
    return rows


def pages(place: Place) -> list[Row]:
    """How long an editor waits for pages of a large desk while an issue is planned and sent."""
    count = place.scale.few if place.scale.seconds is None else READERS_OF_PAGES
    run = place.ours(Kind.FULL).run(count, with_editor=True)
    medians = {path: statistics.median(times) for path, times in run.pages.items()}
    for path, median in medians.items():
        tell(f"{path}: {median * 1000:.0f} ms, the median of {len(run.pages[path])}")
    slowest = max(medians, key=lambda path: medians[path])
    usual = statistics.median(medians.values())
    return [
        Row(
            f"slowest page while an issue goes to {count:,}, 200 were sent, {Kind.FULL}",
            f"median {medians[slowest] * 1000:.0f} ms",
            f"of most pages {usual * 1000:.0f} ms",
            "",
            "< 200 ms",
            medians[slowest] < 0.2,
        )
    ]


def a_million(place: Place) -> list[Row]:
    """What a large list costs: planning it, memory, and each of its messages."""
    engine = place.ours(Kind.FULL)
    few = [engine.run(place.scale.few) for _ in range(place.scale.rounds)]
    tell(f"{place.scale.few:,} readers: done; now {place.scale.many:,}")
    many = engine.run(place.scale.many)
    small = statistics.median(run.memory for run in few) / MEGABYTE
    cost_of_few = statistics.median(run.seconds / run.count for run in few)
    large, cost = many.memory / MEGABYTE, many.seconds / many.count
    who = f"{place.scale.many:,} readers, {Kind.FULL}"
    with_few = f"with {place.scale.few:,}"
    return [
        Row(f"planning {who}", f"{many.planning:.1f} s", "", "", "< 30 s", many.planning < 30),
        Row(
            f"memory of planning and sending, {who}",
            f"{large:.0f} MB",
            f"{with_few} {small:.0f} MB",
            f"{large / small:.2f}",
            "< 300 MB",
            large < 300,
        ),
        Row(
            f"cost of a message, {who}",
            f"{cost * 1e6:.0f} µs",
            f"{with_few} {cost_of_few * 1e6:.0f} µs",
            f"{cost / cost_of_few:.2f}",
            "<= 1.15",
            cost / cost_of_few <= 1.15,
        ),
    ]


def web(place: Place) -> list[Row]:
    """Signing up and leaving beside one committed insert, under gunicorn, on a large list."""
    rows = []
    kinds = [Kind.FULL, *([Kind.POSTGRESQL] if place.stock.has_postgresql else [])]
    for kind in kinds:
        with (
            place.stock.installation(kind, place.scale.many) as installation,
            visitors.served(installation, place.logs) as door,
        ):
            rows += [*_rates(door, kind, place.scale), _indistinguishable(door, kind)]
    return rows


def _rates(door: visitors.Door, kind: Kind, scale: Scale) -> list[Row]:
    count = 200 if scale.seconds is None else 1_000
    asked = {
        "one committed insert": door.one_insert,
        "POST /subscribe": door.sign_up,
        "one-click": door.one_click,
    }
    found: dict[str, list[visitors.Visits]] = {name: [] for name in asked}
    for _ in range(scale.rounds):
        for name, visit in asked.items():
            found[name].append(door.many(visit, count))
            tell(f"{name}, {kind}: {found[name][-1].rate:,.0f} a second")
    rates = {
        name: statistics.median(one.rate for one in several) for name, several in found.items()
    }
    rival, *ours = rates
    rows = []
    for name in ours:
        worst = statistics.median(percentile(one.times, 99) for one in found[name])
        figure = f"{name}, {scale.many:,} readers, {kind}"
        rows.append(at_least(figure, rates[name], rates[rival], 0.5, rival=rival))
        rows.append(
            Row(f"{figure}, p99", f"{worst * 1000:.0f} ms", "", "", "< 200 ms", worst < 0.2)
        )
    return rows


def _indistinguishable(door: visitors.Door, kind: Kind) -> Row:
    """200 pairs of an address that nobody knows and one that has the list."""
    unknown, known = door.pairs(door.sign_up, door.sign_up_again, 200)
    deviations, difference = visitors.rank_test(unknown, known), visitors.apart(unknown, known)
    return Row(
        f"an unknown address and a reader's, 200 pairs, {kind}",
        f"medians {statistics.median(unknown) * 1000:.2f} ms",
        f"{statistics.median(known) * 1000:.2f} ms",
        f"{abs(deviations):.1f} deviations",
        "<= 2.6, medians 10 %",
        abs(deviations) <= MOST_DEVIATIONS and difference <= 0.1,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


GROUPS: dict[str, Callable[[Place], list[Row]]] = {
    "near": near,
    "postgresql": on_postgresql,
    "far": far,
    "machines": many_machines,
    "clicks": clicks,
    "pages": pages,
    "million": a_million,
    "web": web,
}
"""Rows that are measured together, in the order of the table."""

NEEDS_POSTGRESQL = {"postgresql", "machines"}
NEEDS_BROKER = {"machines"}
