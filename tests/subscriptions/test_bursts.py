"""Bursts: everybody is taken, mails wait, editors are told once, issues are not held up."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import addresses, limits
from newsletter.accounts import RoleName
from newsletter.errors import TooOften
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import bursts, consent, offering, signup, suppression
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import Frequency, Source, SuppressionReason
from newsletter.translating import translator
from tests.conftest import NOW
from tests.factories import make_editor, make_list

MINUTE = timedelta(minutes=1)
NETWORK = "192.0.2.0/24"


@pytest.fixture(autouse=True)
def ten_a_minute(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that a test reaches soon."""
    monkeypatch.setattr(bursts, "PER_MINUTE", 10)


def ask(number: int, *, at: int = 0) -> list[int]:
    """So many sign-ups from everywhere, and the minutes that the mail of each waits."""
    waits = [bursts.count(now=NOW + at * MINUTE) for _ in range(number)]
    return [int(wait / MINUTE) for wait in waits]


def told() -> list[str]:
    question = sa.select(OutboxMessage.recipient).where(OutboxMessage.kind == "sign-up-burst")
    return sorted(db.session.scalars(question).all())


def test_mails_beyond_what_a_minute_takes_wait_for_the_next(app: Flask) -> None:
    """STANDARDS XA04."""
    assert ask(25) == [0] * 10 + [1] * 10 + [2] * 5


def test_a_burst_that_goes_on_does_not_pile_up(app: Flask) -> None:
    leaving = [at + wait for at in range(5) for wait in ask(50, at=at)]
    most = max(leaving.count(minute) for minute in leaving)
    assert most <= 3 * bursts.PER_MINUTE
    assert max(leaving) >= 20


def test_the_next_quiet_hour_is_as_ever(app: Flask) -> None:
    ask(100)
    assert ask(10, at=60) == [0] * 10


def test_those_who_may_send_are_told_once_a_day(app: Flask) -> None:
    make_editor("ann@example.org", role=RoleName.AUTHOR)
    make_editor("edith@example.org")
    make_editor("ada@example.org", role=RoleName.ADMIN)
    ask(10)
    assert told() == []
    for at in range(3):
        ask(30, at=at)
    assert told() == ["ada@example.org", "edith@example.org"]
    ask(30, at=24 * 60)
    assert len(told()) == 4


@pytest.mark.parametrize("is_suppressed", [False, True])
def test_who_is_never_written_to_counts_as_anybody(app: Flask, is_suppressed: bool) -> None:
    ada = addresses.parse("ada@example.org")
    if is_suppressed:
        reason = SuppressionReason.COMPLAINT
        suppression.suppress(ada, reason=reason, note="", now=NOW)
    ask(9)
    make_list("news")
    db.session.commit()
    offer = offering.of("news")
    assert offer is not None
    signup.request_subscription(
        offer,
        signup.Wish(ada, "", "en", Frequency.EVERY, topics=[]),
        consent.wording("Stay Informed", translator("en")),
        origin=Origin(),
        source=Source.FORM,
        network=NETWORK,
        now=NOW,
    )
    assert ask(1) == [1]
    assert limits.counted("sign-up", NETWORK, window=bursts.HOUR, now=NOW) == 2


def test_a_network_has_its_own_limit(app: Flask) -> None:
    """STANDARDS XA02: who sits behind another network is let through."""
    for _ in range(bursts.PER_NETWORK):
        bursts.count_network("192.0.2.0/24", now=NOW)
    with pytest.raises(TooOften):
        bursts.count_network("192.0.2.0/24", now=NOW)
    bursts.count_network("198.51.100.0/24", now=NOW)
