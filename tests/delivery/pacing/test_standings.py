"""What follows for a provider from what was met: pure decisions."""

from datetime import timedelta

import pytest

from newsletter.delivery.pacing.counting import Tally
from newsletter.delivery.pacing.standings import FORGIVEN, HOLD, Standing, settle, why_two
from tests.conftest import NOW

LATER = NOW + timedelta(minutes=5)
HELD = Standing(20, NOW + HOLD, "It refused 20 messages", None)
PROBED = Standing(20, NOW - timedelta(seconds=1), "It refused 20 messages", None)


def after(standing: Standing, tally: Tally) -> Standing:
    return settle(standing, tally, widest=16, now=NOW)


@pytest.mark.parametrize(
    ("before", "met", "window"),
    [
        (None, Tally(crowd=8), 4),
        (None, Tally(crowd=1), 1),
        (5, Tally(crowd=8), 2),
        (1, Tally(crowd=1), 1),
        (4, Tally(sent=99), 4),
        (4, Tally(sent=100), 5),
        (4, Tally(sent=350), 7),
        (15, Tally(sent=100), None),
        (None, Tally(sent=100), None),
    ],
)
def test_a_window_is_halved_at_once_and_grows_by_one_in_a_hundred(
    before: int | None, met: Tally, window: int | None
) -> None:
    assert after(Standing(window=before), met).window == window


def test_what_is_over_a_hundred_is_kept_for_the_next_step() -> None:
    first = after(Standing(window=4), Tally(sent=160))
    assert (first.window, first.taken) == (5, 60)
    assert after(first, Tally(sent=40)).window == 6


def test_what_broke_together_halves_once() -> None:
    first = after(Standing(window=8), Tally(crowd=8))
    at = NOW + timedelta(seconds=0.9)
    assert settle(first, Tally(crowd=8), widest=16, now=at).window == 4
    at = NOW + timedelta(seconds=1)
    assert settle(first, Tally(crowd=8), widest=16, now=at).window == 2


def test_a_window_that_met_no_trouble_for_an_hour_is_forgotten() -> None:
    narrow = Standing(window=2, narrowed_at=NOW - FORGIVEN)
    assert after(narrow, Tally(sent=1)).window is None
    assert after(narrow, Tally(crowd=10)).window == 5


@pytest.mark.parametrize(
    ("refusals", "met", "is_held"),
    [
        (0, Tally(refusals=19), False),
        (0, Tally(refusals=20), True),
        (19, Tally(refusals=1), True),
        (19, Tally(sent=1), False),
        (19, Tally(sent=1, refusals=19), False),
        (0, Tally(sent=5, refusals=25), True),
        (19, Tally(failed=50, deferred=50), False),
    ],
)
def test_a_provider_is_held_after_twenty_refusals_by_policy_in_a_row(
    refusals: int, met: Tally, is_held: bool
) -> None:
    assert after(Standing(refusals=refusals), met).is_held(now=NOW) is is_held


def test_a_hold_says_what_it_is_for_and_ends_in_an_hour() -> None:
    held = after(Standing(), Tally(refusals=20, words="550 5.7.1 Blocked"))
    assert held.held_for == (
        "It refused 20 messages in a row by its rules, the last with: 550 5.7.1 Blocked"
    )
    assert held.cap(now=NOW) == 0
    assert held.is_held(now=NOW + HOLD - timedelta(seconds=1))
    assert held.cap(now=NOW + HOLD) == 1


def test_what_was_under_way_when_the_hold_began_does_not_prolong_or_end_it() -> None:
    assert after(HELD, Tally(refusals=3)).held_until == HELD.held_until
    assert after(HELD, Tally(sent=1)).held_until == HELD.held_until


def test_a_probe_that_is_taken_ends_the_hold() -> None:
    assert after(PROBED, Tally(sent=1)) == Standing()


def test_a_probe_that_is_refused_begins_another_hold() -> None:
    again = after(PROBED, Tally(refusals=1, words="550 5.7.1 Blocked"))
    assert again.held_until == NOW + HOLD
    assert again.held_for.startswith("It still refuses our mail")


def test_one_held_provider_is_no_reason_to_pause_and_two_are() -> None:
    assert why_two({"gmail.com": "550 5.7.1"}) == ""
    sentence = why_two({"gmail.com": "550 5.7.1", "yahoo.com": "554 5.7.9", "gmx.net": ""})
    assert "gmail.com" in sentence and "gmx.net" in sentence and "1 more" in sentence
    assert len(why_two({"a" * 50: "x" * 500, "b" * 50: "y" * 500})) <= 500
