"""The moment at which an issue goes out."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from newsletter import clock
from newsletter.issues.checks.facts import Facts, Moment, Neighbour
from newsletter.issues.checks.findings import Finding, Level, long_date

NIGHT = (22, 7)
"""The hours, in the zone that was chosen, between which people sleep."""

SATURDAY = 5

NEAR = timedelta(hours=24)
"""Two issues to one list within this time are worth a thought."""


def check(facts: Facts) -> Iterator[Finding]:
    """Judge the moment, if it is known."""
    if facts.moment is not None:
        yield from judge(facts.moment, facts.neighbours)


def judge(moment: Moment, neighbours: Sequence[Neighbour]) -> Iterator[Finding]:
    """Judge a moment, with the other issues around it."""
    yield from _hour(moment)
    for neighbour in neighbours:
        yield from _neighbour(moment, neighbour)


def _hour(moment: Moment) -> Iterator[Finding]:
    zone = moment.zone.replace("_", " ")
    wall = clock.local(moment.wall, moment.zone)
    if wall.hour >= NIGHT[0] or wall.hour < NIGHT[1]:
        yield _about_time(
            Level.WARN,
            "night",
            f"It goes out at night: at {wall:%H:%M} ({zone}).",
            "Telephones ring by the bed, and in the morning it lies below everything else.",
            wall.isoformat(),
        )
    if wall.weekday() >= SATURDAY:
        yield _about_time(
            Level.NOTE,
            "weekend",
            f"It goes out on a {wall:%A}.",
            "Mail about work is read on working days.",
            wall.isoformat(),
        )
    if oddity := clock.oddity(moment.wall, moment.zone):
        why = "Choose another time if the hour matters."
        yield _about_time(Level.NOTE, "clock-change", oddity, why, moment.wall.isoformat())


def _neighbour(moment: Moment, neighbour: Neighbour) -> Iterator[Finding]:
    begins = clock.instant(moment.wall, moment.zone)
    if abs(neighbour.at - begins) > NEAR:
        return
    there = neighbour.at.astimezone(ZoneInfo(moment.zone))
    verb = "went" if neighbour.at <= begins else "goes"
    yield _about_time(
        Level.NOTE,
        "near-issue",
        f"Issue {neighbour.number} {verb} to the same list on {long_date(there.date())} "
        f"at {there:%H:%M} ({moment.zone.replace('_', ' ')}).",
        "That is within a day: who gets both may find it too much.",
        f"{neighbour.number}",
    )


def _about_time(level: Level, code: str, sentence: str, why: str, about: str) -> Finding:
    return Finding(level, code, sentence, why, "time", about=about)
