"""What time it is, and which instant a wall time in a zone means."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from newsletter.errors import InvalidInput


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(UTC)


def written(at: datetime | None) -> str | None:
    """Return an instant as programs read it (RFC 3339, in UTC, whole seconds), or None."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else None


def zone(name: str) -> ZoneInfo:
    """Return the time zone called `name`; raise InvalidInput for an unknown one."""
    if name not in zone_names():
        raise InvalidInput(
            f"“{name}” is not a time zone. Write one like Europe/Vienna or Africa/Nairobi.",
            field="zone",
        )
    return ZoneInfo(name)


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones; looking for them takes a hundredth of a second."""
    return frozenset(available_timezones())


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


def local(wall: datetime, zone_name: str) -> datetime:
    """Return what clocks in the zone show at the instant that a wall time means.

    It is `wall` itself, but for a time that does not exist because clocks jump forward.
    """
    return instant(wall, zone_name).astimezone(zone(zone_name)).replace(tzinfo=None)


def wall_time(at: datetime, zone_name: str) -> tuple[datetime, str]:
    """Return the wall time, and its zone, that mean an instant.

    The zone is `zone_name`, or UTC for the second pass of an hour that comes twice there: its
    wall times mean the first pass.
    """
    wall = at.astimezone(zone(zone_name)).replace(tzinfo=None)
    if instant(wall, zone_name) == at:
        return wall, zone_name
    return at.astimezone(UTC).replace(tzinfo=None), "UTC"


def comes_twice(wall: datetime, zone_name: str) -> bool:
    """Tell whether clocks in the zone show a wall time twice, because they fall back."""
    place = zone(zone_name)
    later = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    return local(wall, zone_name) == wall and later > instant(wall, zone_name)


def oddity(wall: datetime, zone_name: str) -> str:
    """Return a note on a wall time that does not exist or comes twice; else nothing."""
    shown = local(wall, zone_name)
    place = zone_name.replace("_", " ")
    if shown != wall:
        return (
            f"In {place} there is no {wall:%H:%M} on that day, because clocks go forward: "
            f"it goes out at {shown:%H:%M}."
        )
    if comes_twice(wall, zone_name):
        return (
            f"In {place} it is {wall:%H:%M} twice on that day, because clocks go back: "
            "it goes out the first time."
        )
    return ""


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
