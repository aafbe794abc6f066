"""What time it is, and which instant a wall time in a zone means."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from newsletter.errors import InvalidInput


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(UTC)


def zone(name: str) -> ZoneInfo:
    """Return the time zone called `name`; raise InvalidInput for an unknown one."""
    if name not in available_timezones():
        raise InvalidInput(
            f"“{name}” is not a time zone. Write one like Europe/Vienna or Africa/Nairobi.",
            field="zone",
        )
    return ZoneInfo(name)


def instant(wall: datetime, zone_name: str) -> datetime:
    """Return the UTC instant that a naive wall time means in a zone.

    In a gap (clocks jump forward) it is the first valid instant after the
    gap; in an overlap (clocks fall back) the first of the two (STANDARDS XH18, XH19).
    """
    place = zone(zone_name)
    first = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if first.astimezone(place).replace(tzinfo=None) == wall:
        return first
    return _end_of_gap(wall, place)


def _end_of_gap(wall: datetime, place: ZoneInfo) -> datetime:
    """Return the instant at which the gap around `wall` ends."""
    # fold=0 reads the wall time with the offset before the gap, which lands after
    # it; fold=1 with the offset after the gap, which lands before it. The change
    # lies between the two.
    late = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    early = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    offset_after = late.astimezone(place).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(place).utcoffset() == offset_after:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def parse_wall_time(text: str) -> datetime:
    """Return the naive wall time that `text` names, as in 2027-03-01T09:00."""
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as exc:
        raise InvalidInput(
            f"“{text}” is not a date and time. Write it like 2027-03-01T09:00.", field="at"
        ) from exc
    if wall.tzinfo is not None:
        raise InvalidInput(
            "Write the time without an offset and name the zone beside it.", field="at"
        )
    return wall
