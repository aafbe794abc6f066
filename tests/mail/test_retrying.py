"""How long the outbox waits."""

from datetime import timedelta

import pytest

from newsletter.errors import ConnectionLost, SenderFault
from newsletter.mail.claims import LIFETIME
from newsletter.mail.outbox import MOST_ATTEMPTS
from newsletter.mail.retrying import after_deferral, after_fault, after_loss


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 2), (3, 5), (4, 10), (5, 20), (6, 40), (7, 60), (50, 60)]
)
def test_a_deferral_waits_by_the_table_give_or_take_a_fifth(attempts: int, minutes: int) -> None:
    for mail_id in range(1, 50):
        wait = after_deferral(mail_id, attempts=attempts)
        assert 0.8 * minutes <= wait / timedelta(minutes=1) <= 1.2 * minutes
        assert wait == after_deferral(mail_id, attempts=attempts)


def test_a_restarted_relay_is_back_in_use_within_seconds() -> None:
    waits = [after_loss(attempts=number).total_seconds() for number in range(1, 9)]
    assert waits == [1, 2, 5, 10, 20, 30, 60, 120]


def test_the_attempts_of_a_mail_that_meets_lost_connections_reach_to_its_end() -> None:
    waits = sum((after_loss(attempts=n) for n in range(1, MOST_ATTEMPTS)), timedelta())
    assert waits >= LIFETIME


def test_a_relay_that_refuses_us_is_asked_seldom() -> None:
    waits = [after_fault(SenderFault("x"), faults=number) for number in range(1, 6)]
    assert waits == [timedelta(minutes=number) for number in (1, 2, 5, 10, 10)]
    assert after_fault(ConnectionLost("x"), faults=1) == timedelta(seconds=1)
