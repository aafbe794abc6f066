"""Senders with a clock whose hands the test moves, and what they may do."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newsletter.delivery.beats import SENDER
from newsletter.delivery.models import PaceScope
from newsletter.delivery.pacing import Pacer, rules
from newsletter.extensions import db
from newsletter.mail.replies import Kind, Outcome
from tests.conftest import NOW

SENT = Outcome(Kind.SENT, 250, "2.0.0", "OK")
BUSY = Outcome(Kind.DEFERRED, 421, "4.7.0", "Try again later, you are too fast")
GREY = Outcome(Kind.DEFERRED, 450, "4.2.0", "Greylisted")
BLOCKED = Outcome(Kind.REFUSED, 550, "5.7.1", "Blocked by policy")
UNKNOWN = Outcome(Kind.REFUSED, 550, "5.1.1", "No such user")

NEWS = 1
"""The number of a list."""


@dataclass
class Time:
    """What time it is, for the wall and for measuring."""

    start: datetime = NOW
    passed: float = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def move(self, seconds: float) -> None:
        self.passed += seconds


@dataclass
class Sender:
    """A sending process: its pacer and what it has under way."""

    time: Time = field(default_factory=Time)
    name: str = "one"
    configured: int = 100

    def __post_init__(self) -> None:
        db.session.commit()
        self.pacer = Pacer(
            worker=f"{SENDER}{self.name}", now=self.time.now, monotonic=self.time.monotonic
        )
        self.connections()

    def connections(self) -> int:
        return self.pacer.connections(self.configured)

    def fill(self, provider: str, most: int = 50, mailing_list_id: int = NEWS) -> int:
        """Begin as many messages as may go at once, and return how many."""
        for begun in range(most):
            if self.pacer.admit(provider, mailing_list_id):
                return begun
        return most

    def end(self, provider: str, count: int = 1, mailing_list_id: int = NEWS) -> None:
        for _ in range(count):
            self.pacer.leave(provider, mailing_list_id)

    def send(self, provider: str, outcome: Outcome = SENT, count: int = 1) -> str:
        """Send messages one after the other; return what the last one was answered with."""
        said = ""
        for _ in range(count):
            assert self.pacer.admit(provider, NEWS) == 0.0
            self.pacer.leave(provider, NEWS)
            said = self.pacer.note(provider, outcome)
        return said

    def share(self) -> None:
        """Let a second pass and exchange with the others."""
        self.time.move(1.0)
        self.pacer.refresh()


def limit(list_slug: str = "", provider: str = "", **limits: int) -> None:
    """What `flask pace set` does."""
    scope, key = rules.scope_of(list_slug, provider)
    rules.set_pace(scope, key, limits)
    db.session.commit()


def lift(scope: PaceScope = PaceScope.INSTALLATION, key: str = "") -> None:
    """What `flask pace clear` does."""
    rules.clear(scope, key)
    db.session.commit()
