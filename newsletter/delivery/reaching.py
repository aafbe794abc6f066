"""Whether the relay answers one sending process, and what follows for the issues.

At once each issue says why nothing goes out. What is out of reach for longer pauses
the issues; when the relay answers they go on by themselves (STANDARDS 5.3 I7).
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from newsletter.delivery import beats, halting
from newsletter.extensions import reading

EVERY = 5.0
"""Seconds between two looks at what the issues say, when nothing happens."""

SLOW = 10.0
"""Seconds without an answer after which the issues say so; the call may go on for a minute."""

PATIENCE = 30.0
"""Seconds out of reach after which the issues pause: a relay that restarts is back before."""


class Reach:
    """What one sending process knows; times are on the monotonic clock, but for `now`."""

    def __init__(
        self,
        name: str,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._now = now
        self._monotonic = monotonic
        # When the first call began that nobody answered; None while the relay answers.
        self._out_since: float | None = None
        # The relay takes calls, and answers for no message.
        self._is_dropped = False
        self._words = ""
        # Something happened that the issues do not say yet.
        self._is_news = False
        # All issues of that moment said that the relay is out of reach.
        self._was_said = False
        self._reported_at = float("-inf")
        # A connection was opened, and when the others were last told of one.
        self._had_connection = False
        self._marked_at = float("-inf")

    @property
    def is_out(self) -> bool:
        """Whether the last call was not answered."""
        return self._out_since is not None

    def answered(self) -> None:
        """Note that a connection was opened."""
        self._is_news = self._is_news or self.is_out
        self._had_connection = True
        if not self._is_dropped:
            self._forget()

    def worked(self) -> None:
        """Note that the relay answered for a message: it does not end each connection any more."""
        self._is_news = self._is_news or self.is_out
        self._forget()

    def refused(self) -> None:
        """Note that the relay answers and does not want us: a person must see to that."""
        self._is_news = False
        self._forget()

    def unanswered(self, words: str, *, since: float, wait: float = 0.0) -> None:
        """Note that a call begun at `since` led nowhere; the next is in `wait` seconds, if any."""
        if self._out_since is None or self._is_dropped:
            self._out_since = since
        self._is_dropped = False
        self._note(words, wait)

    def dropped(self, words: str, *, since: float, wait: float) -> None:
        """Note that the relay ends one connection after the other before it answers for a message.

        The issues say so and are not paused: only a message shows when it is over.
        """
        if self._out_since is None:
            self._out_since = since
            self._is_dropped = True
        self._note(words, wait)

    def _note(self, words: str, wait: float) -> None:
        next_at = self._now() + timedelta(seconds=wait)
        self._words = f"{words} Next try at {next_at:%H:%M:%S} UTC." if wait else words
        self._had_connection = False
        self._is_news = True

    def report(self, *, is_connected: bool) -> bool:
        """Make the issues say, and do, what follows; True if the relay is to be called now.

        That is when somebody waits for a relay that may be there: another process
        said so, or a person began or resumed an issue since. Commits.
        """
        at = self._monotonic()
        if not self.is_out:
            self._mark(is_connected=is_connected, at=at)
        is_news, self._is_news = self._is_news, False
        if not is_news and at - self._reported_at < EVERY:
            return False
        self._reported_at = at
        if self._out_since is not None:
            if self._is_dropped and is_connected:
                self._let_try()
            return self._report_out(for_seconds=at - self._out_since)
        with reading():
            is_waiting = halting.is_any_waiting()
        if is_waiting and is_connected:
            halting.go_on(now=self._now())
        return is_waiting and not is_connected

    def _report_out(self, *, for_seconds: float) -> bool:
        self._unmark()
        with reading():
            others_can = beats.others_reach_it(self._name, now=self._now())
        if others_can:
            # The others carry on; what is wrong stands in the log of this machine.
            return False
        reason = halting.until_the_relay_answers(self._words)
        was_said, self._was_said = self._was_said, True
        is_new = halting.say_why(reason)
        is_long = for_seconds >= PATIENCE and not self._is_dropped
        if is_long and not (is_new and was_said):
            halting.hold_all(reason, now=self._now())
        return is_new and was_said

    def _let_try(self) -> None:
        """Let go on what was held: without a message we would never know that it is over."""
        with reading():
            is_held = halting.is_any_held()
        if is_held:
            halting.go_on(now=self._now())

    def _mark(self, *, is_connected: bool, at: float) -> None:
        """Let the others know, every few seconds at most, that we have a way to the relay."""
        if not self._name:
            return
        if (is_connected or self._had_connection) and at - self._marked_at >= EVERY:
            beats.reached(self._name, now=self._now())
            self._marked_at = at
            self._had_connection = False

    def _unmark(self) -> None:
        if self._marked_at > float("-inf"):
            beats.not_reached(self._name)
            self._marked_at = float("-inf")

    def _forget(self) -> None:
        self._out_since = None
        self._is_dropped = False
        self._words = ""
        self._was_said = False
