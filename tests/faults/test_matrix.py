"""Every way in which a relay can answer or fail, each to a reader of its own (STANDARDS 4G)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.faults.driver import Run
from tests.faults.plan import (
    DEFER,
    LEAVE,
    REFUSE,
    SILENCE,
    STORM,
    USUAL,
    End,
    Fault,
    Form,
    Phase,
    Plan,
)

PATIENCE = 4.5
"""Seconds that the senders of this module wait for the relay."""

SENT = frozenset({"sent"})
FAILED = frozenset({"failed"})
UNCERTAIN = frozenset({"uncertain"})
# The answer was on its way when the connection ended: either is true.
KNOWN_OR_NOT = SENT | UNCERTAIN


@dataclass(frozen=True)
class Case:
    """What befalls one reader's message, attempt for attempt, and how it may end."""

    standard: str
    name: str
    script: tuple[Fault, ...]
    ends: frozenset[str]

    @property
    def address(self) -> str:
        """The reader whom it befalls."""
        return f"{self.name}@example.org"


def _case(standard: str, name: str, *script: Fault, ends: frozenset[str] = SENT) -> Case:
    return Case(standard, name, script, ends)


def _answered() -> Iterator[Case]:
    """Replies that say what holds: 4xx comes again, 5xx does not, whatever the phase."""
    for phase in (Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT):
        at = phase.lower()
        yield _case("XG04", f"{at}-deferred", Fault(phase, DEFER), Fault(phase, DEFER))
        if phase is not Phase.MAIL:
            # At MAIL it is about us, not about the recipient.
            yield _case("XG07", f"{at}-refused", Fault(phase, REFUSE), ends=FAILED)
        yield _case("XG01", f"{at}-421", Fault(phase, LEAVE, End.DROP))
    for code in (450, 452):
        yield _case("XG05", f"rcpt-{code}", Fault(Phase.RCPT, f"{code} 4.2.2 Full"))
        yield _case("XG16", f"dot-{code}", Fault(Phase.DOT, f"{code} 4.3.1 No room"))
    for code in (501, 504, 553, 555):
        yield _case("XG10", f"rcpt-{code}", Fault(Phase.RCPT, f"{code} No"), ends=FAILED)
    for code in (552, 554):
        refusal = Fault(Phase.DOT, f"{code} 5.2.2 Not this one")
        yield _case("XG16", f"dot-{code}", refusal, ends=FAILED)
    for status in ("5.7.1", "5.7.26"):
        policy = Fault(Phase.RCPT, f"550 {status} By our rules")
        yield _case("XG08", f"policy-{status}", policy, ends=FAILED)
    contradiction = Fault(Phase.RCPT, "550 4.2.1 Which")
    yield _case("XG11", "5xx-with-4", contradiction, ends=FAILED)
    yield _case("XG11", "4xx-with-5", Fault(Phase.RCPT, "450 5.1.1 Which"))


def _broken() -> Iterator[Case]:
    """Connections that end: before the dot it is safe to try again, after it nobody knows."""
    for end in (End.DROP, End.RESET, End.HANG):
        for phase in (Phase.MAIL, Phase.RCPT, Phase.DATA):
            yield _case("XG13", f"{phase.lower()}-{end}", Fault(phase, SILENCE, end))
        for accepts in (True, False):
            lost = Fault(Phase.DOT, SILENCE, end, accepts=accepts)
            yield _case("XG14", f"dot-{end}-{accepts}".lower(), lost, ends=UNCERTAIN)
    for end in (End.DROP, End.RESET):
        # The dot may be on its way already when the end of the connection arrives.
        yield _case("XG13", f"body-{end}", Fault(Phase.BODY, SILENCE, end), ends=KNOWN_OR_NOT)
    yield _case("XG17", "taken-drop", Fault(Phase.DOT, USUAL, End.DROP))
    yield _case("XG17", "taken-reset", Fault(Phase.DOT, USUAL, End.RESET), ends=KNOWN_OR_NOT)
    nonsense = Fault(Phase.DOT, "2 times what")
    yield _case("XG20", "dot-nonsense", nonsense, ends=UNCERTAIN)
    yield _case("XG20", "rcpt-nonsense", Fault(Phase.RCPT, "2 times what"))


def _odd() -> Iterator[Case]:
    """Answers that are right and come in an odd form."""
    for phase in (Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT):
        at = phase.lower()
        for form in (Form.SINGLE_BYTES, Form.BARE_LF, Form.MULTILINE, Form.SLOW_LINES):
            name = f"{at}-{form}".replace(" ", "-").replace(",", "")
            yield _case("XG20", name, Fault(phase, form=form))
        yield _case("XG12", f"{at}-slow", Fault(phase, delay=1.8))


CASES = (*_answered(), *_broken(), *_odd())


def test_every_fault_of_a_relay_costs_at_most_the_one_it_befalls(
    make_run: Callable[..., Run],
) -> None:
    plan = Plan(faults={case.address: case.script for case in CASES})
    also = tuple(case.address for case in CASES)
    with make_run(plan=plan, readers=60, also=also) as run:
        # A lease that is shorter than some answers take, so that it has to be renewed.
        run.start(patience=PATIENCE, lease=3.0, connections=6)
        run.settle()
        run.check()
        assert run.witness.met == {case.address: len(case.script) for case in CASES}
        wrong = {
            f"{case.standard} {case.name}": state
            for case in CASES
            if (state := run.state_of(case.address)) not in case.ends
        }
        assert wrong == {}
        uncertain = [row.address for row in run.books.rows() if row.state == "uncertain"]
        doubtful = {case.address for case in CASES if "uncertain" in case.ends}
        assert set(uncertain) <= doubtful


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_storm_of_faults_loses_nobody(make_run: Callable[..., Run], *, goes_on: bool) -> None:
    plan = Plan(chances=STORM, goes_on_without_recipient=goes_on, messages_per_connection=25)
    with make_run(plan=plan, readers=400) as run:
        run.start(patience=PATIENCE, connections=5)
        run.settle()
        run.check()


def test_without_a_fault_nothing_is_in_doubt_and_everybody_gets_it(
    make_run: Callable[..., Run],
) -> None:
    with make_run(readers=300) as run:
        run.start()
        run.settle()
        run.check()
        assert run.states() == {"sent": 300}
        assert run.witness.most_open <= 3
