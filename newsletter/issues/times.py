"""The wall times that an issue may be scheduled for, and the one that is suggested."""

from datetime import datetime, time, timedelta

from newsletter import clock
from newsletter.errors import InvalidInput

FURTHEST_YEARS = 2
"""Calendar years ahead that an issue may be scheduled for."""

SUGGESTED = time(9)
"""When an issue goes out if nobody says otherwise: on the next weekday, where the editor is."""

LONGEST_OFFERED_HOLD = 60
"""Minutes of the longest hold that the desk offers: who wants to wait longer schedules."""

SATURDAY = 5


def refuse_impossible(wall: datetime, zone: str, *, now: datetime) -> None:
    """Raise InvalidInput for an unknown zone, and for a time that is over or years away."""
    here = now.astimezone(clock.zone(zone)).replace(tzinfo=None)
    if wall.year > here.year + FURTHEST_YEARS:
        raise InvalidInput(
            f"The year {wall.year} is too far away. Choose a time within {FURTHEST_YEARS} years.",
            field="at",
        )
    if wall.year < here.year - 1 or clock.instant(wall, zone) <= now:
        raise InvalidInput(
            f"{wall:%Y-%m-%d %H:%M} is over: in {zone} it is now {here:%Y-%m-%d %H:%M}. "
            "Choose a later time.",
            field="at",
        )


def suggested(zone: str, *, now: datetime) -> datetime:
    """Return the wall time that comes next of those at which mail is read: a weekday, at nine."""
    here = now.astimezone(clock.zone(zone))
    day = here.date() + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, SUGGESTED)
