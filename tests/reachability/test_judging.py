"""When a link that fails is accused, and when it is asked again."""

from datetime import datetime, timedelta

import pytest

from newsletter.fetching.troubles import Trouble
from newsletter.reachability.judging import History, Outcome, after, is_accused, state_of
from newsletter.reachability.models import LinkState
from tests.conftest import NOW

MISSING = Outcome(status=404)
BUSY = Outcome(status=503)
FINE = Outcome(status=200)


def told(*tries: tuple[timedelta, Outcome], history: History | None = None) -> History:
    """What is remembered after these tries, each so long after NOW."""
    history = history or History()
    for when, outcome in tries:
        history = after(history, outcome, is_online=True, now=NOW + when)
    return history


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome(status=200), LinkState.FINE),
        (Outcome(status=204), LinkState.FINE),
        (Outcome(status=404), LinkState.GONE),
        (Outcome(status=410), LinkState.GONE),
        (Outcome(status=500), LinkState.DOWN),
        (Outcome(status=599), LinkState.DOWN),
        *(
            (Outcome(status=status), LinkState.UNSEEN)
            for status in (100, 304, 302, 400, 401, 402, 403, 405, 406, 418, 429, 451, 600, 999)
        ),
        (Outcome(trouble=Trouble.NO_PUBLIC_HOST), LinkState.GONE),
        (Outcome(trouble=Trouble.SILENT), LinkState.DOWN),
        (Outcome(trouble=Trouble.UNREACHABLE), LinkState.DOWN),
        (Outcome(trouble=Trouble.NOT_TRUSTED), LinkState.DOWN),
        (Outcome(trouble=Trouble.UNREADABLE), LinkState.DOWN),
        (Outcome(trouble=Trouble.NO_NAMES), LinkState.UNSEEN),
        (Outcome(trouble=Trouble.REDIRECTS), LinkState.UNSEEN),
        (Outcome(trouble=Trouble.TOO_LARGE), LinkState.UNSEEN),
        (Outcome(trouble=Trouble.ADDRESS), LinkState.UNSEEN),
        (Outcome(trouble=Trouble.OFF), LinkState.UNSEEN),
    ],
)
def test_every_outcome_means_something(outcome: Outcome, state: LinkState) -> None:
    assert state_of(outcome, is_online=True) is state
    assert not is_accused(after(History(), outcome, is_online=True, now=NOW))


@pytest.mark.parametrize("trouble", list(Trouble))
def test_where_nothing_can_be_reached_no_site_is_accused(trouble: Trouble) -> None:
    assert state_of(Outcome(trouble=trouble), is_online=False) is LinkState.UNSEEN
    history = after(History(), Outcome(trouble=trouble), is_online=False, now=NOW)
    assert history == History(LinkState.UNSEEN, next_at=NOW + hours(1))


@pytest.mark.parametrize("outcome", [MISSING, Outcome(trouble=Trouble.NO_PUBLIC_HOST)])
def test_a_page_that_is_not_there_is_accused_after_a_second_try_ten_minutes_later(
    outcome: Outcome,
) -> None:
    first = told((minutes(0), outcome))
    assert not is_accused(first)
    assert first.next_at == NOW + minutes(10)
    assert not is_accused(told((minutes(9.9), outcome), history=first))
    second = told((minutes(10), outcome), history=first)
    assert is_accused(second)
    assert (second.failing_since, second.failures) == (NOW, 2)
    assert second.next_at == NOW + minutes(10) + hours(1)


def test_tries_too_near_to_each_other_count_once() -> None:
    history = told(*((minutes(count), MISSING) for count in range(10)))
    assert (history.failures, history.failed_at) == (1, NOW)


@pytest.mark.parametrize("outcome", [BUSY, Outcome(trouble=Trouble.SILENT)])
def test_a_site_in_trouble_is_accused_after_failing_on_two_days(outcome: Outcome) -> None:
    same_day = told(*((hours(count), outcome) for count in (0, 0.25, 6.25, 12.25)))
    assert same_day.failures == 4
    assert not is_accused(same_day)
    assert is_accused(told((hours(18.25), outcome), history=same_day))


def test_midnight_is_not_two_days() -> None:
    late = NOW.replace(hour=23, minute=55) - NOW
    history = told((late, BUSY), (late + minutes(15), BUSY), (late + hours(5.9), BUSY))
    assert not is_accused(history)
    assert is_accused(told((late + hours(24.1), BUSY), history=history))


def test_a_site_that_fails_all_night_is_accused_in_the_morning() -> None:
    afternoon = NOW.replace(hour=16)
    history, now = History(), afternoon
    while now <= afternoon + hours(17):
        history = after(history, BUSY, is_online=True, now=now)
        assert history.next_at is not None
        now = history.next_at
    assert is_accused(history)


def test_an_answer_makes_everything_good_again() -> None:
    broken = told((minutes(0), MISSING), (minutes(10), MISSING))
    mended = told((hours(2), FINE), history=broken)
    assert mended == History(LinkState.FINE, answered_at=NOW + hours(2), fine_at=NOW + hours(2))
    again = told((hours(26), MISSING), history=mended)
    assert not is_accused(again)
    assert (again.failures, again.fine_at) == (1, NOW + hours(2))


def test_failures_of_another_kind_do_not_add_up() -> None:
    assert not is_accused(told((minutes(0), BUSY), (minutes(15), MISSING)))
    assert not is_accused(told((minutes(0), MISSING), (hours(24), BUSY)))
    assert not is_accused(
        told((minutes(0), MISSING), (minutes(10), Outcome(status=403)), (minutes(20), MISSING))
    )


def test_a_site_that_refuses_programs_is_left_alone_until_it_is_wanted_again() -> None:
    assert told((minutes(0), Outcome(status=429))).next_at is None


@pytest.mark.parametrize(
    ("outcome", "pauses"),
    [(MISSING, [1 / 6, 1, 24, 24]), (BUSY, [0.25, 6, 6, 6])],
)
def test_what_fails_is_asked_less_and_less_often(outcome: Outcome, pauses: list[float]) -> None:
    history, now = History(), NOW
    for pause in pauses:
        history = after(history, outcome, is_online=True, now=now)
        assert history.next_at == now + hours(pause)
        now = _moment(history.next_at)


def _moment(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment
