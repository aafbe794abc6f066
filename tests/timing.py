"""How long something takes, whatever else goes on in the machine and in the tests' process."""

import gc
import time
from collections.abc import Callable
from typing import TypeVar

TRIES = 3

Value = TypeVar("Value")


def timed(act: Callable[[], Value]) -> tuple[Value, float]:
    """Return what `act` returns and the seconds of the processor's time that it took.

    Garbage is left lying meanwhile: who happens to collect it looks through all that thousands of
    tests have made, for a second and more.
    """
    gc.disable()
    try:
        began = time.thread_time()
        value = act()
        return value, time.thread_time() - began
    finally:
        gc.enable()


def within(seconds: float, act: Callable[[], Value]) -> Value:
    """Return what `act` returns, and see that it takes less than so many seconds.

    A machine that has much else to do only ever adds to that, so it is tried again.
    """
    took = []
    for _ in range(TRIES):
        value, one = timed(act)
        if one < seconds:
            return value
        took.append(one)
    raise AssertionError(f"it took {took} seconds, not less than {seconds}")
