"""Wall times in zones: gaps, overlaps, and what is no time at all."""

from datetime import UTC, datetime

import pytest

from newsletter import clock
from newsletter.errors import InvalidInput


@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        ("2027-03-01T09:00", "Europe/Vienna", "2027-03-01T08:00"),
        ("2027-07-01T09:00", "Europe/Vienna", "2027-07-01T07:00"),
        ("2027-03-01T09:00", "UTC", "2027-03-01T09:00"),
        ("2027-03-01T09:00", "Asia/Kathmandu", "2027-03-01T03:15"),
        # The hour is skipped: the first instant after the gap.
        ("2027-03-28T02:30", "Europe/Berlin", "2027-03-28T01:00"),
        ("2027-03-14T02:30", "America/New_York", "2027-03-14T07:00"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:30"),
        # A whole day is skipped.
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T10:00"),
        # The hour comes twice: the first of the two.
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"),
        ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30"),
        ("2026-11-01T00:30", "America/Havana", "2026-11-01T04:30"),
    ],
)
def test_a_wall_time_means_one_instant(wall: str, zone: str, instant: str) -> None:
    found = clock.instant(datetime.fromisoformat(wall), zone)
    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "zone", "shown", "note"),
    [
        ("2027-03-28T02:30", "Europe/Berlin", "03:00", "there is no 02:30 on that day"),
        ("2027-03-28T02:00", "Europe/Berlin", "03:00", "it goes out at 03:00."),
        ("2027-03-28T03:00", "Europe/Berlin", "03:00", ""),
        ("2026-10-25T02:30", "Europe/Berlin", "02:30", "it is 02:30 twice on that day"),
        ("2026-10-25T02:00", "Europe/Berlin", "02:00", "twice"),
        ("2026-10-25T03:00", "Europe/Berlin", "03:00", ""),
        ("2026-11-01T01:30", "America/New_York", "01:30", "In America/New York"),
        ("2026-11-01T00:30", "America/Havana", "00:30", "twice"),
        ("2027-07-01T09:00", "America/Sao_Paulo", "09:00", ""),
        ("2027-03-01T09:00", "UTC", "09:00", ""),
    ],
)
def test_a_wall_time_that_is_none_or_two_is_said_to_be(
    wall: str, zone: str, shown: str, note: str
) -> None:
    at = datetime.fromisoformat(wall)
    assert f"{clock.local(at, zone):%H:%M}" == shown
    said = clock.oddity(at, zone)
    assert note in said
    assert bool(said) == bool(note)


def test_an_instant_is_written_in_utc_wherever_it_was_read() -> None:
    at = datetime(2027, 7, 1, 9, 30, 12, 345678, tzinfo=UTC)
    for zone in ("UTC", "Asia/Kathmandu", "America/Lima"):
        assert clock.written(at.astimezone(clock.zone(zone))) == "2027-07-01T09:30:12Z"
    assert clock.written(None) is None


@pytest.mark.parametrize("name", ["", "Vienna", "Europe/Nowhere", "../etc/passwd", "CEST"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time zone"):
        clock.zone(name)


@pytest.mark.parametrize("text", ["", "tomorrow", "2027-02-30T09:00", "09:00", "2027-03-01T25:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a date and time"):
        clock.parse_wall_time(text)


def test_a_time_with_an_offset_is_refused() -> None:
    with pytest.raises(InvalidInput, match="without an offset"):
        clock.parse_wall_time("2027-03-01T09:00+01:00")
