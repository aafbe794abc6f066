"""When something is tried again."""

from datetime import timedelta

import pytest

from newsletter.delivery import backoff
from tests.conftest import NOW


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(1, 1), (2, 2), (3, 5), (4, 10), (5, 20), (6, 40), (7, 60), (8, 60), (59, 60)],
)
def test_waits_grow_as_the_standard_says_within_a_fifth(attempts: int, minutes: int) -> None:
    waits = [_wait(attempts, delivery_id=number) for number in range(200)]
    assert min(waits) >= timedelta(minutes=minutes * 0.8)
    assert max(waits) <= timedelta(minutes=minutes * 1.2)
    assert max(waits) - min(waits) > timedelta(minutes=minutes * 0.3)


def test_the_same_deferral_has_the_same_wait() -> None:
    assert _wait(3, delivery_id=7) == _wait(3, delivery_id=7)


@pytest.mark.parametrize(("attempts", "hours"), [(60, 1), (5, 48), (61, 50)])
def test_it_is_given_up_after_sixty_attempts_or_two_days(attempts: int, hours: int) -> None:
    first = NOW - timedelta(hours=hours)
    due = backoff.next_attempt(attempts, first_attempt_at=first, delivery_id=1, now=NOW)
    assert due is None


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1), (2, 2), (3, 5), (9, 300), (50, 300)])
def test_a_relay_that_is_gone_is_called_less_and_less(failures: int, seconds: int) -> None:
    assert backoff.next_connection(failures) == seconds


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (timedelta(0), timedelta(seconds=5)),
        (timedelta(minutes=10), timedelta(minutes=5)),
        (timedelta(hours=40), timedelta(hours=1)),
    ],
)
def test_who_breaks_connections_waits_longer_each_time(age: timedelta, wait: timedelta) -> None:
    due = backoff.after_lost_connection(first_attempt_at=NOW - age, now=NOW)
    assert due == NOW + wait


def test_who_breaks_connections_for_two_days_is_given_up() -> None:
    first = NOW - timedelta(hours=48)
    assert backoff.after_lost_connection(first_attempt_at=first, now=NOW) is None


def _wait(attempts: int, *, delivery_id: int) -> timedelta:
    due = backoff.next_attempt(attempts, first_attempt_at=NOW, delivery_id=delivery_id, now=NOW)
    assert due is not None
    return due - NOW
