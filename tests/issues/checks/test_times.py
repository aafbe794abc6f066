"""The hour at which an issue goes out."""

from datetime import UTC, datetime

import pytest

from newsletter.issues.checks import Moment, Neighbour
from tests.issues.checks.situations import findings, found


def at(text: str, zone: str = "Europe/Vienna") -> Moment:
    return Moment(datetime.fromisoformat(text), zone)


@pytest.mark.parametrize(
    ("moment", "codes"),
    [
        (at("2027-03-01T09:00"), []),
        (at("2027-03-01T07:00"), []),
        (at("2027-03-01T21:59"), []),
        (at("2027-03-01T22:00"), ["night"]),
        (at("2027-03-01T06:59"), ["night"]),
        (at("2027-03-06T09:00"), ["weekend"]),
        (at("2027-03-07T23:00", "Africa/Nairobi"), ["night", "weekend"]),
        # It does not exist: clocks go from 02:00 to 03:00.
        (at("2027-03-28T02:30"), ["night", "weekend", "clock-change"]),
        # It comes twice.
        (at("2027-10-31T02:30"), ["night", "weekend", "clock-change"]),
    ],
)
def test_hours_are_those_of_the_zone(moment: Moment, codes: list[str]) -> None:
    said = findings(moment=moment)
    assert [one.code for one in said] == codes
    assert {one.place for one in said} <= {"time"}


def test_without_a_time_nothing_is_judged() -> None:
    near = Neighbour(41, datetime(2027, 3, 1, 9, tzinfo=UTC))
    assert found(neighbours=(near,)) == []


@pytest.mark.parametrize(
    ("begins", "sentence"),
    [
        (
            datetime(2027, 3, 1, 15, tzinfo=UTC),
            "Issue 41 goes to the same list on 1 March 2027 at 16:00 (Europe/Vienna).",
        ),
        (
            datetime(2027, 2, 28, 20, tzinfo=UTC),
            "Issue 41 went to the same list on 28 February 2027 at 21:00 (Europe/Vienna).",
        ),
        (datetime(2027, 3, 2, 9, tzinfo=UTC), ""),
    ],
)
def test_another_issue_within_a_day_is_a_note(begins: datetime, sentence: str) -> None:
    said = findings(moment=at("2027-03-01T09:00"), neighbours=(Neighbour(41, begins),))
    assert [one.sentence for one in said] == ([sentence] if sentence else [])


def test_another_time_is_another_finding() -> None:
    one, other = (findings(moment=at(f"2027-03-01T{hour}:00"))[0] for hour in ("23", "22"))
    assert one.identity != other.identity
