"""Digests on PostgreSQL: two clocks at once, and kill -9 between planning, sending and the end."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

import config
from newsletter import clock
from newsletter.delivery import drafting, planning
from newsletter.delivery.models import Delivery, Send
from newsletter.extensions import db, reading
from newsletter.subscriptions.models import Frequency, Subscription
from tests.delivery.digests.test_leaving import (  # noqa: F401
    came,
    test_a_digest_on_its_way_comes_while_one_of_its_lists_is_wanted,
    test_who_unsubscribes_in_a_digest_leaves_each_list_in_it,
)
from tests.delivery.digests.test_making import (  # noqa: F401  # stories and what they need, for here too
    news,
    test_a_correction_comes_to_who_has_the_issue_in_a_digest,
    test_a_digest_that_another_clock_let_begin_is_left_alone,
    test_one_person_gets_one_digest_of_all_lists_that_are_due_that_day,
    test_what_was_cancelled_is_in_no_digest_and_what_is_paused_holds_it_up,
)
from tests.delivery.digests.test_missing import (  # noqa: F401
    test_a_digest_that_waited_when_the_reader_paused_comes_again_in_the_next_one,
    test_a_pause_without_a_summary_leaves_out_nothing_but_itself,
    test_what_is_owed_waits_while_a_person_holds_the_issue,
)
from tests.delivery.digests.test_zones import (  # noqa: F401
    far,
    test_a_list_that_moves_takes_all_digests_of_its_oldest_readers_along,
)
from tests.factories import make_due_issue, make_list
from tests.faults import installation
from tests.faults.driver import Run
from tests.faults.plan import Plan
from tests.subscriptions.test_mornings import (  # noqa: F401
    test_a_last_summary_comes_back_too_and_who_paused_has_none,
    test_digests_move_with_the_zone_of_their_list,
)

READERS = 200
A_MINUTE = timedelta(minutes=1)


def build(readers: int, *, also: tuple[str, ...], batch_size: int, is_planned: bool) -> int:
    """Let all want digests, every second one once a month, and an issue have begun."""
    now = clock.now()
    mailing_list = make_list()
    addresses = [*map(installation.address_of, range(readers)), *also]
    installation.add_readers(mailing_list, addresses, now=now)
    for parity, frequency in enumerate((Frequency.WEEKLY, Frequency.MONTHLY)):
        db.session.execute(
            sa.update(Subscription)
            .where(Subscription.id % 2 == parity)
            .values(frequency=frequency, digest_due_at=now - A_MINUTE)
        )
    issue = make_due_issue(mailing_list, at=now)
    planning.plan(issue, now=now)
    number = issue.id
    db.session.commit()
    return number


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    # Every reply takes a moment, so that kills fall between dot and reply as well.
    return make_run(plan=Plan(pace=0.005), readers=READERS, build=build)


def test_of_two_processes_at_once_each_reader_gets_one_digest(run: Run) -> None:
    with run, clocks(run, 2, now=clock.now()) as pair:
        assert [one.wait(timeout=60) for one in pair] == [0, 0]
        assert _readers_by_digests() == {1: READERS}
        assert all(sums.planned == sums.open for sums in run.books.sums())


def test_killed_while_it_is_planned_and_while_it_is_sent_none_is_lost_and_none_comes_twice(
    run: Run,
) -> None:
    with run:
        for victims in (2, 1):
            wanted = len(run.books.rows()) + run.dice.randrange(1, READERS // 6)
            with clocks(run, 2, now=clock.now()) as pair:
                run.wait(lambda most=wanted: len(run.books.rows()) >= most, "some rows")  # type: ignore[misc]
                for one in pair[:victims]:
                    one.kill()
                for one in pair[victims:]:
                    assert one.wait(timeout=60) == 0
        _let_silence_pass()
        with clocks(run, 1, now=clock.now()) as [last]:
            assert last.wait(timeout=60) == 0
        for _ in range(2):
            sender = run.start()
            run.wait_for_accepted(run.dice.randrange(1, 40))
            run.moment()
            run.kill(sender)
        run.start()
        run.settle()
        run.check()
        assert _readers_by_digests() == {1: READERS}


@contextmanager
def clocks(run: Run, count: int, *, now: datetime) -> Iterator[list[subprocess.Popen[str]]]:
    """So many that make digests, all begun at the same moment."""
    facts = [run.app.config["SQLALCHEMY_DATABASE_URI"], str(run.folder), now.isoformat()]
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.services.digesting", *facts],
                    cwd=config.ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(count)
        ]
        for one in started:
            stack.callback(one.kill)
        for one in started:
            assert one.stdout is not None
            assert one.stdout.readline() == "there\n"
        for one in started:
            assert one.stdin is not None
            one.stdin.write("begin\n")
            one.stdin.flush()
        yield started


def _let_silence_pass() -> None:
    """As if the signs of life of all clocks were from long ago, by the server's own clock."""
    db.session.execute(sa.update(Send).values(planned_at=clock.now() - 2 * drafting.SILENCE))
    db.session.commit()


def _readers_by_digests() -> Counter[int]:
    """How many readers have how many digests."""
    with reading():
        rows = db.session.scalars(
            sa.select(sa.func.count(Delivery.id))
            .join(Send, Send.id == Delivery.send_id)
            .where(Send.issue_id < 0)
            .group_by(Delivery.subscriber_id)
        ).all()
    return Counter(rows)
