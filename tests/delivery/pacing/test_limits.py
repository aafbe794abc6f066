"""Messages per second, minute, hour and day: of the installation, a list, a provider."""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock
from newsletter.delivery.models import PaceScope, PaceSpent
from newsletter.delivery.pacing import Pacer, forget_old, rules, spend_singles
from newsletter.extensions import db
from tests.delivery.pacing.senders import NEWS, Sender, Time, lift, limit
from tests.factories import make_list

LENGTHS = {"per_second": 1, "per_minute": 60, "per_hour": 3600, "per_day": 86400}


def assert_never_more(times: Sequence[float], most: int, length: float) -> None:
    """In no stretch of time of this length, wherever it begins, were there more."""
    times = sorted(times)
    for first, last in zip(times, times[most:], strict=False):
        assert last - first >= length, f"{most + 1} within {last - first:.3f} s"


def send_for(senders: Sequence[Sender], seconds: float, seed: str) -> list[float]:
    """Let senders that share a clock send as fast as they may; return when each message went."""
    dice, clock = random.Random(seed), senders[0].time
    wakes = dict.fromkeys(range(len(senders)), clock.passed)
    end, times = clock.passed + seconds, list[float]()
    while clock.passed < end:
        who = min(wakes, key=lambda number: wakes[number])
        clock.passed = max(clock.passed, wakes[who])
        senders[who].pacer.refresh()
        wait = senders[who].pacer.admit("example.org", NEWS)
        if not wait:
            times.append(clock.passed)
            senders[who].end("example.org")
        pause = dice.expovariate(2000 / seconds)
        wakes[who] = clock.passed + (max(wait, pause) if wait else pause)
    return times


@pytest.mark.parametrize(
    ("name", "most"),
    [("per_second", 1), ("per_second", 30), ("per_minute", 300), ("per_hour", 7), ("per_day", 10)],
)
def test_a_limit_is_never_passed_and_nearly_reached(app: Flask, name: str, most: int) -> None:
    limit(**{name: most})

    times = send_for([Sender()], 5 * LENGTHS[name], seed=f"{name}-{most}")

    assert_never_more(times, most, LENGTHS[name])
    assert len(times) >= (4.75 if name == "per_second" else 4) * most


@pytest.mark.parametrize(("most", "crew", "longest"), [(20, 1, 0.03), (20, 3, 0.03), (20, 1, 0.3)])
def test_a_limit_a_second_counts_what_arrives_and_not_what_is_let_go(
    app: Flask, most: int, crew: int, longest: float
) -> None:
    """With answers after up to `longest` seconds, and each message arriving somewhen before."""
    limit(per_second=most)
    clock, dice, seconds = Time(), random.Random(f"{most}-{crew}-{longest}"), 20.0
    senders = [Sender(clock, f"number {number}") for number in range(crew)]
    arrived: list[float] = []
    agenda = [(0.0, number, False) for number in range(crew)]
    while clock.passed < seconds:
        at, number, is_over = heapq.heappop(agenda)
        clock.passed = max(clock.passed, at)
        sender = senders[number]
        if is_over:
            sender.end("example.org")
            continue
        sender.pacer.refresh()
        wait = sender.pacer.admit("example.org", NEWS)
        if not wait:
            took = dice.uniform(0, longest)
            arrived.append(clock.passed + dice.uniform(0, took))
            heapq.heappush(agenda, (clock.passed + took, number, True))
        pause = dice.expovariate(10 * most / crew)
        heapq.heappush(agenda, (clock.passed + max(wait, pause), number, False))

    assert_never_more(arrived, most, 1.0)
    assert len(arrived) >= (0.95 if longest < 0.1 else 0.7) * most * seconds


def test_a_message_that_was_never_begun_costs_nothing(app: Flask) -> None:
    limit(per_second=1000, per_hour=10)
    limit(provider="example.org", per_day=8)
    sender = Sender()
    assert sender.fill("example.org", 6) == 6
    for _ in range(4):
        sender.pacer.refund("example.org", NEWS)
    sender.end("example.org", 2)
    sender.share()
    sender.time.move(1)

    assert sender.fill("example.org") == 6
    assert sender.fill("example.com") == 2


def test_nothing_is_owed_after_a_refund_that_could_not_be_written(app: Flask) -> None:
    limit(per_hour=10)
    sender = Sender()
    assert sender.fill("example.org", 6) == 6
    for _ in range(6):
        sender.pacer.refund("example.org", NEWS)
    with _without("pace_spent"):
        sender.time.move(1)
        with pytest.raises(sa.exc.OperationalError):
            sender.pacer.refresh()

    sender.pacer.close()
    assert Sender(sender.time, "two").fill("example.org") == 10


@pytest.mark.parametrize("kind", ["installation", "list", "provider"])
def test_a_rule_that_appears_while_the_database_fails_is_kept(app: Flask, kind: str) -> None:
    news = make_list("news").id
    limit(per_hour=1000)
    sender = Sender()
    sender.fill("example.org", 5)
    if kind == "installation":
        limit(per_hour=100)
    elif kind == "list":
        limit(list_slug="news", per_hour=7)
    else:
        limit(provider="example.com", per_hour=7)
    with _without("pace_spent"):
        sender.time.move(61)
        with pytest.raises(sa.exc.OperationalError):
            sender.pacer.refresh()
        assert sender.pacer.admit("example.com", news) == 1.0

    most = 50 if kind == "installation" else 7
    assert sender.fill("example.com", mailing_list_id=news) == most


@contextmanager
def _without(table: str) -> Iterator[None]:
    """The database, while it fails where it is asked for this table."""
    db.session.execute(sa.text(f"ALTER TABLE {table} RENAME TO away"))
    db.session.commit()
    yield
    db.session.execute(sa.text(f"ALTER TABLE away RENAME TO {table}"))
    db.session.commit()


CLOCKS = (-48, -3, -0.1, 0.1, 3)
"""By how many hours a clock is set."""


@pytest.mark.parametrize(
    ("name", "most", "hours"),
    [
        *itertools.product(["per_second"], [30], CLOCKS),
        *itertools.product(["per_minute"], [300], CLOCKS),
        *itertools.product(["per_hour"], [40], CLOCKS),
        # Five days in steps of a minute take half a minute.
        ("per_day", 50, -48),
    ],
)
def test_a_limit_holds_and_goes_on_when_the_clock_is_set(
    app: Flask, name: str, most: int, hours: float
) -> None:
    """The times are those that really passed, whatever the clock showed."""
    limit(**{name: most})
    length, clock = LENGTHS[name], Time()
    first, second = Sender(clock, "one"), Sender(clock, "two")

    times = send_for([first, second], 2.5 * length, seed=f"{name}-{hours}")
    clock.start += timedelta(hours=hours)
    times += send_for([first, second], 2.5 * length, seed=f"{name}-{hours}-then")

    if hours < 0:
        assert_never_more(times, most, length)
    assert len(times) >= 4 * most


def test_three_senders_keep_a_limit_together(app: Flask) -> None:
    limit(per_minute=60)
    clock = Time()
    senders = [Sender(clock, name) for name in ("one", "two", "three")]

    times = send_for(senders, 300, seed="three")

    assert_never_more(times, 60, 60)
    assert len(times) >= 240


def test_a_limit_holds_over_a_restart_and_little_is_wasted(app: Flask) -> None:
    limit(per_hour=100)
    clock = Time()
    first = Sender(clock)
    sent = first.fill("example.org", 60)
    del first  # Killed: what it had reserved is gone.

    second = Sender(clock, "two")
    sent_later = second.fill("example.org")

    assert sent == 60
    assert 35 <= sent_later <= 40


def test_who_stops_in_order_wastes_nothing(app: Flask) -> None:
    limit(per_hour=100)
    clock = Time()
    first = Sender(clock)
    sent = first.fill("example.org", 57)
    first.pacer.close()

    assert sent + Sender(clock, "two").fill("example.org") == 100


def test_a_limit_of_one_list_is_nothing_to_another(app: Flask) -> None:
    news, alerts = make_list("news").id, make_list("alerts").id
    limit(list_slug="news", per_hour=3)
    sender = Sender()

    assert sender.fill("example.org", mailing_list_id=news) == 3
    assert sender.fill("example.org", mailing_list_id=alerts) == 50


def test_a_limit_that_is_used_up_is_known_without_asking(app: Flask) -> None:
    news, alerts = make_list("news").id, make_list("alerts").id
    limit(list_slug="news", per_hour=3)
    sender = Sender()
    assert sender.pacer.closed_for(news) == 0
    sender.fill("example.org", mailing_list_id=news)
    assert 0 < sender.pacer.closed_for(news) <= 30
    assert sender.pacer.closed_for(alerts) == sender.pacer.closed_for() == 0

    limit(per_hour=2)
    sender.share()
    assert sender.fill("example.org", mailing_list_id=alerts) == 2
    assert sender.pacer.closed_for() > 0
    lift()
    sender.share()
    assert sender.pacer.closed_for() == 0


def test_a_limit_of_one_provider_is_nothing_to_another(app: Flask) -> None:
    limit(provider="googlemail.com", per_hour=3)
    sender = Sender()

    assert sender.fill("gmail.com") == 3
    assert sender.fill("example.org") == 50


def test_the_narrowest_of_several_limits_decides(app: Flask) -> None:
    limit(per_second=4, per_hour=6)
    sender = Sender()

    assert sender.fill("example.org") == 4
    sender.end("example.org", 4)
    sender.share()
    sender.time.move(1)
    assert sender.fill("example.org") == 2


def test_what_is_refused_by_one_limit_costs_nothing_of_the_others(app: Flask) -> None:
    limit(per_hour=10)
    limit(provider="example.org", per_hour=4)
    sender = Sender()

    assert sender.fill("example.org") == 4
    assert sender.fill("example.org") == 0
    assert sender.fill("example.com") == 6


def test_a_limit_that_is_lifted_lifts_within_a_second(app: Flask) -> None:
    limit(per_day=1)
    sender = Sender()
    assert sender.fill("example.org") == 1

    lift(PaceScope.INSTALLATION)
    sender.share()

    assert sender.fill("example.org") == 50


def test_a_limit_that_is_lifted_while_mail_is_under_way_is_forgotten(app: Flask) -> None:
    limit(per_second=10)
    sender = Sender()
    assert sender.fill("example.org", 1) == 1

    lift()
    sender.time.move(0.5)
    # The answer comes later than the message went, so it counts in another slot.
    sender.end("example.org")
    sender.share()
    sender.share()

    assert sender.fill("example.org") == 50
    assert db.session.scalars(sa.select(PaceSpent)).all() == []


def test_a_limit_that_was_just_lifted_holds_up_nobody(app: Flask) -> None:
    limit(per_second=10)
    sender = Sender()
    assert sender.fill("example.org", 1) == 1
    sender.time.move(0.5)

    lift()
    sender.end("example.org")

    # The next look at the rules is still to come.
    assert sender.pacer.admit("example.org", NEWS) == 0.0


def test_a_limit_that_is_lowered_counts_what_went(app: Flask) -> None:
    limit(per_day=40)
    sender = Sender()
    assert sender.fill("example.org", 20) == 20

    limit(per_day=10)
    sender.share()

    assert sender.fill("example.org") == 0


def test_nobody_is_told_to_wait_for_more_than_a_minute(app: Flask) -> None:
    limit(per_day=1)
    sender = Sender()
    sender.fill("example.org")

    assert 0 < sender.pacer.admit("example.org", NEWS) <= 60


def test_a_warm_up_has_a_portion_each_day(app: Flask) -> None:
    rules.plan_warm_up(date(2027, 3, 1), first=5, growth=2)
    clock = Time(start=datetime(2027, 3, 1, 23, 0, tzinfo=UTC))
    sender = Sender(clock)
    assert sender.fill("example.org") == 5
    sender.pacer.close()

    again = Sender(clock, "two")
    assert again.fill("example.org") == 0
    clock.move(3600)
    assert again.fill("example.org") == 10
    clock.move(86400)
    assert again.fill("example.org") == 20
    assert again.fill("example.org") == 0


def test_single_mails_count_and_never_wait(app: Flask) -> None:
    limit(per_hour=10)
    sender = Sender()
    spend_singles(4, at=sender.time.now().timestamp())
    db.session.commit()

    assert sender.fill("example.org") == 6
    spend_singles(20, at=sender.time.now().timestamp())
    db.session.commit()
    sender.time.move(1)
    assert sender.fill("example.org") == 0


def test_without_any_rule_the_database_is_not_asked(app: Flask) -> None:
    sender = Sender()
    asked: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *facts: asked.append(facts[2]))

    sender.send("example.org", count=300)

    assert asked == []


def test_without_a_database_nobody_goes_and_nothing_breaks(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(per_hour=10)
    sender = Sender()
    db.session.execute(sa.text("DROP TABLE pace_spent"))
    db.session.commit()

    assert sender.pacer.admit("example.org", NEWS) == 1.0
    sender.pacer.close()


def test_counts_that_no_limit_looks_at_are_forgotten(app: Flask) -> None:
    limit(per_second=10, per_day=1000)
    sender = Sender()
    for _ in range(30):
        sender.fill("example.org")
        sender.time.move(2)
    kept = db.session.scalars(sa.select(PaceSpent.period)).all()
    assert kept.count("second") <= 2, "a busy limit tidies up behind itself"

    forget_old(now=sender.time.now() + timedelta(days=2))

    assert db.session.scalars(sa.select(PaceSpent.period)).all() == []


def test_two_threads_racing_never_pass_a_limit(app: Flask) -> None:
    check_two_threads_never_pass_a_limit(app)


def check_two_threads_never_pass_a_limit(app: Flask) -> None:
    limit(per_second=40, per_minute=5000)
    times: list[float] = []
    barrier = threading.Barrier(2)

    def send(name: str) -> None:
        with app.app_context():
            pacer = Pacer(worker=f"sender:{name}", now=clock.now)
            barrier.wait(timeout=10)
            end = time.monotonic() + 60
            while len(times) < 140 and time.monotonic() < end:
                pacer.refresh()
                if pacer.admit("example.org", NEWS):
                    # A real sender waits for its sockets here; this one has none.
                    time.sleep(0.002)
                    continue
                times.append(time.monotonic())
                pacer.leave("example.org", NEWS)
            pacer.close()
            db.session.remove()

    threads = [threading.Thread(target=send, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)

    assert_never_more(times, 40, 1.0)
    assert len(times) >= 140
