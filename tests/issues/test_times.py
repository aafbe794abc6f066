"""The time that is suggested: the next weekday, at nine, where the editor is."""

from datetime import UTC, datetime

import pytest

from newsletter.issues import times


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        ("2027-03-01T09:00", "UTC", "2027-03-02T09:00"),
        ("2027-03-04T23:30", "UTC", "2027-03-05T09:00"),
        # In Vienna it is Friday by then, and mail is not read on Saturdays.
        ("2027-03-04T23:30", "Europe/Vienna", "2027-03-08T09:00"),
        ("2027-03-06T08:00", "Asia/Tokyo", "2027-03-08T09:00"),
        ("2027-03-07T08:00", "America/Lima", "2027-03-08T09:00"),
    ],
)
def test_the_next_weekday_at_nine_is_suggested(now: str, zone: str, expected: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert times.suggested(zone, now=at) == datetime.fromisoformat(expected)
