"""What takes too long is seen, and what only once took long is not."""

import gc
import time

import pytest

from tests import timing


def spin(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_what_always_takes_too_long_is_refused() -> None:
    with pytest.raises(AssertionError, match="not less than"):
        timing.within(0.01, lambda: spin(0.02))


def test_what_took_long_once_is_tried_again() -> None:
    times = iter([0.02, 0.0])
    timing.within(0.02, lambda: spin(next(times)))
    assert list(times) == []


def test_no_garbage_is_collected_meanwhile() -> None:
    collected, _ = timing.timed(gc.isenabled)
    assert not collected
    assert gc.isenabled()
