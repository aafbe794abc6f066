"""Limits: exact for any number of processes, forgetful in time."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import limits
from newsletter.errors import TooOften
from newsletter.extensions import db
from tests.conftest import NOW

HOUR = timedelta(hours=1)


def test_counting_stops_at_the_limit_and_starts_again_in_the_next_window(app: Flask) -> None:
    for _ in range(3):
        limits.count("sign-up", "192.0.2.0/24", window=HOUR, most=3, now=NOW)
    with pytest.raises(TooOften) as caught:
        limits.count(
            "sign-up", "192.0.2.0/24", window=HOUR, most=3, now=NOW + timedelta(minutes=50)
        )
    assert 590 <= caught.value.retry_after <= 601
    limits.count("sign-up", "198.51.100.0/24", window=HOUR, most=3, now=NOW)
    limits.count("sign-up", "192.0.2.0/24", window=HOUR, most=3, now=NOW + HOUR)


def test_one_mail_a_day_and_three_in_thirty_days(app: Flask) -> None:
    def asked_on(day: float) -> bool:
        return limits.may_mail("confirm", "ada@example.org", now=NOW + timedelta(days=day))

    assert [asked_on(day) for day in (0, 0.5, 0.99, 1, 1.5, 2, 3, 29, 29.99)] == [
        True,
        False,
        False,
        True,
        False,
        True,
        False,
        False,
        False,
    ]
    assert asked_on(30)
    assert not asked_on(30.5)
    assert asked_on(31)


def test_another_purpose_and_another_address_have_their_own_allowance(app: Flask) -> None:
    assert limits.may_mail("confirm", "ada@example.org", now=NOW)
    assert limits.may_mail("already-subscribed", "ada@example.org", now=NOW)
    assert limits.may_mail("confirm", "eve@example.org", now=NOW)
    assert not limits.may_mail("confirm", "ada@example.org", now=NOW)


def test_the_tables_hold_no_address_and_no_network(app: Flask) -> None:
    limits.count("sign-up", "192.0.2.0/24", window=HOUR, most=3, now=NOW)
    limits.may_mail("confirm", "ada@example.org", now=NOW)
    rows = db.session.execute(
        sa.union_all(sa.select(limits.Counter.key), sa.select(limits.MailAllowance.key))
    ).scalars()
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in rows)


def test_old_counters_are_forgotten(app: Flask) -> None:
    limits.count("sign-up", "192.0.2.0/24", window=HOUR, most=3, now=NOW)
    limits.may_mail("confirm", "ada@example.org", now=NOW)
    limits.forget_old(now=NOW + timedelta(days=31))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(limits.Counter)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(limits.MailAllowance)) == 0
