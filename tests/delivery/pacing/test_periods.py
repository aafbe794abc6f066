"""When there is room in a limit."""

import random
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from newsletter.delivery.pacing import periods
from newsletter.delivery.pacing.periods import SLOTS, Period

LENGTHS = {Period.SECOND: 1, Period.MINUTE: 60, Period.HOUR: 3600, Period.DAY: 86400}


@pytest.mark.parametrize("period", LENGTHS)
@pytest.mark.parametrize("most", [1, 7, 40])
def test_no_period_holds_more_than_its_limit_wherever_it_begins(period: Period, most: int) -> None:
    dice = random.Random(f"{period}-{most}")
    length, slot_length = LENGTHS[period], SLOTS[period].width / 1000
    spent: Counter[int] = Counter()
    arrivals: list[float] = []
    at = 1_800_000_000.0
    while len(arrivals) < 6 * most:
        opens = _opens(period, most, spent, at)
        if opens > at:
            at = opens
            continue
        spent[periods.slot_at(period, at)] += 1
        # Up to half a slot early or late: clocks differ, and the way takes time.
        arrivals.append(at + dice.uniform(-0.5, 0.5) * slot_length)
        at += dice.expovariate(3 * most / length)

    arrivals.sort()
    for first, last in zip(arrivals, arrivals[most:], strict=False):
        assert last - first >= length
    assert arrivals[-1] - arrivals[0] < 6 * length * 1.45, "much less goes than is allowed"


def _opens(period: Period, most: int, spent: Counter[int], at: float) -> float:
    oldest = periods.first_counted(period, periods.slot_at(period, at))
    return periods.opens_at(period, most, {s: n for s, n in spent.items() if s >= oldest})


def test_what_a_clock_that_was_ahead_counted_is_counted() -> None:
    slot = periods.slot_at(Period.MINUTE, 1_800_000_000.0)
    assert periods.first_counted(Period.MINUTE, slot) < slot
    assert periods.opens_at(Period.MINUTE, 5, {slot + 30: 5}) > 1_800_000_030.0


@pytest.mark.parametrize(
    ("day", "messages"),
    [(-3, 50), (0, 50), (1, 75), (2, 112), (10, 2883), (400, periods.MOST_PORTION)],
)
def test_a_warm_up_grows_day_by_day(day: int, messages: int) -> None:
    begins = date(2027, 3, 1)
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC).timestamp() + day * 86400
    assert periods.portion(50, 1.5, begins, noon) == messages


def test_the_day_of_a_warm_up_ends_at_midnight_utc() -> None:
    evening = datetime(2027, 3, 1, 23, 59, 59, tzinfo=UTC).timestamp()
    slot = periods.slot_at(Period.WARM_UP, evening)
    assert periods.opens_at(Period.WARM_UP, 50, {slot: 50}) == evening + 1
    assert periods.opens_at(Period.WARM_UP, 50, {slot: 49}) == 0.0


@pytest.mark.parametrize("total", [0, 1, 2, 3, 10, 11])
@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_shares_add_up(total: int, workers: int) -> None:
    shares = [periods.share(total, rank, workers) for rank in range(workers)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1
