"""Telling the sender of this process at once that there is something new to send.

Whoever sends looks for itself a few times a second; this only saves that wait.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_listeners: set[Callable[[], None]] = set()


@contextmanager
def listening(wake: Callable[[], None]) -> Iterator[None]:
    """Have `wake` called, from any thread, as long as the block lasts."""
    _listeners.add(wake)
    try:
        yield
    finally:
        _listeners.discard(wake)


def wake() -> None:
    """Wake whoever listens; call it when what is new is committed."""
    for listener in tuple(_listeners):
        listener()
