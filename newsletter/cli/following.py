"""Showing on a terminal, or in a log, how an issue gets on until it is over."""

import shutil
import sys
import time
from dataclasses import dataclass

import click

from newsletter import clock, reports
from newsletter.cli.house import OneLine, print_json
from newsletter.extensions import reading
from newsletter.issues import composing, workflow
from newsletter.issues.models import IssueState
from newsletter.reports import Progress
from newsletter.reports.progress import in_words

FOLLOW_EVERY = 0.5
"""Seconds between two looks at the ledger while waiting."""

LINE_EVERY = 5.0
"""Seconds between two lines where nothing can be drawn over."""

CLOCK_GRACE = 15.0
"""Seconds that a clock which is just starting gets before it counts as dead."""

RELAY_GRACE = 900.0
"""Seconds that an issue which waits for the relay is followed on; then a person has to look."""

NO_CLOCK = 3
"""The exit code when no clock is alive."""

BAR = 20
"""Letters of the bar."""

MOVING = frozenset({IssueState.SCHEDULED, IssueState.SENDING})


@dataclass(frozen=True)
class _Look:
    """How things stood at one look."""

    state: IssueState
    pause_reason: str
    waits_for_relay: bool
    progress: Progress
    is_clock_alive: bool

    @property
    def is_over(self) -> bool:
        """Nothing changes any more: of a large issue that is cancelled, rows wait a while yet."""
        if self.state is IssueState.CANCELLED:
            return self.progress.numbers.is_final
        return self.state is IssueState.SENT

    @property
    def is_moving(self) -> bool:
        """It goes on while a clock runs."""
        return self.state in MOVING or self.state is IssueState.CANCELLED and not self.is_over

    @property
    def line(self) -> str:
        """How it gets on, or why nothing goes out."""
        waits = self.state is IssueState.SENDING or self.waits_for_relay
        return line(self.state, self.progress, self.pause_reason if waits else "")


def follow(number: int, *, as_json: bool = False) -> int:
    """Show on standard error how the sending goes until it is over; return the exit code.

    With `as_json` it shows nothing, and prints one JSON object at the end.
    """
    began = moved_at = time.monotonic()
    screen = _screen(as_json)
    while True:
        look = _look(number)
        screen.show(f"Issue {number}: {look.line}")
        now = time.monotonic()
        if not look.waits_for_relay:
            moved_at = now
        is_lost = not look.is_clock_alive and now - began > CLOCK_GRACE
        goes_on = look.is_moving or now - moved_at < RELAY_GRACE and look.waits_for_relay
        if is_lost or not goes_on:
            break
        time.sleep(FOLLOW_EVERY)
    screen.end()
    if as_json:
        facts = look.progress.numbers.as_dict()
        print_json({"issue": number, "state": look.state.value, **facts})
    return _end(number, look)


def line(state: IssueState, progress: Progress, why_it_waits: str = "") -> str:
    """Return how an issue gets on in one line: bar, share, numbers, rate, time left.

    While nothing goes out, `why_it_waits` is what there is to say.
    """
    numbers = progress.numbers
    if progress.gathered is not None:
        return f"its readers are being gathered, {progress.gathered:,} so far"
    if state is IssueState.SCHEDULED:
        return "waits for its time"
    if why_it_waits:
        return f"{numbers.sent:,} of {numbers.planned:,} sent. {why_it_waits}"
    done = int(BAR * progress.share)
    words = [
        f"[{'#' * done}{'.' * (BAR - done)}] {int(100 * progress.share)} %",
        f"{numbers.sent:,} of {numbers.planned:,} sent",
    ]
    if state is IssueState.SENDING:
        words.append(f"{progress.rate:,.0f} a second")
        if progress.left is not None:
            words.append(f"{in_words(progress.left)} left")
    for name in ("failed", "suppressed", "cancelled", "uncertain"):
        count = getattr(numbers, name)
        words += [f"{count:,} {name}"] if count else []
    if progress.deferred:
        words.append(f"{progress.deferred:,} wait for another try")
    return ", ".join(words)


def _look(number: int) -> _Look:
    now = clock.now()
    with reading():
        issue = composing.find_issue(number)
        return _Look(
            issue.state,
            issue.pause_reason,
            workflow.is_waiting_for_relay(issue),
            reports.progress_of(number, now=now),
            reports.clock_is_alive(now=now),
        )


def _end(number: int, look: _Look) -> int:
    if look.is_over:
        return 0
    if not look.is_moving and (look.is_clock_alive or not look.waits_for_relay):
        raise OneLine(f"Issue {number} is {look.state.value}. {look.pause_reason}")
    click.echo(
        "No clock is running, so nothing goes on: start one with “flask jobs run”. "
        f"Issue {number} stays {look.state.value}.",
        err=True,
    )
    return NO_CLOCK


class _Silence:
    """No screen at all."""

    def show(self, text: str) -> None:
        """Show nothing."""

    def end(self) -> None:
        """End nothing."""


class _Terminal(_Silence):
    """One line that is drawn over and over."""

    def show(self, text: str) -> None:
        """Draw the line anew, as much of it as fits."""
        width = shutil.get_terminal_size().columns - 1
        click.echo(f"\r\x1b[K{text[:width]}", err=True, nl=False, color=True)

    def end(self) -> None:
        """Leave the last line where it is."""
        click.echo(err=True)


class _Log(_Silence):
    """A line now and then, where the words changed; the last ones in any case."""

    def __init__(self) -> None:
        self._last = ""
        self._said = ""
        self._said_at = 0.0

    def show(self, text: str) -> None:
        """Say it if there is something new to say, and it is time."""
        self._last = text
        if not self._said or time.monotonic() - self._said_at >= LINE_EVERY:
            self._say()

    def end(self) -> None:
        """Say how it ended."""
        self._say()

    def _say(self) -> None:
        if self._last != self._said:
            click.echo(self._last, err=True)
            self._said, self._said_at = self._last, time.monotonic()


def _screen(as_json: bool) -> _Silence:
    if as_json:
        return _Silence()
    return _Terminal() if sys.stderr.isatty() else _Log()
