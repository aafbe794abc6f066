"""What the sink does wrong: to whom, at which phase, how often; the same for the same seed.

A plan travels to the sink as JSON. What befalls one attempt depends on the seed, the recipient
and the number of the attempt only, never on which connection came first.
"""

import enum
import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

USUAL = "usual"
"""The answer that a relay without faults gives."""

SILENCE = ""
"""No answer at all."""


class Phase(enum.StrEnum):
    """Where in a transaction something happens."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    # Some of the message has come, its final dot not yet.
    BODY = "BODY"
    # The final dot has come.
    DOT = "DOT"


class End(enum.StrEnum):
    """What becomes of the connection after the answer."""

    STAY = "stay"
    DROP = "drop"
    RESET = "reset"
    HANG = "hang"


class Form(enum.StrEnum):
    """How an answer is written onto the wire."""

    PLAIN = "plain"
    SINGLE_BYTES = "single bytes"
    BARE_LF = "bare line feeds"
    MULTILINE = "several lines"
    SLOW_LINES = "several lines, slowly"


@dataclass(frozen=True)
class Fault:
    """One departure from good behaviour.

    After `delay` seconds the sink says `answer` in `form`, then the connection ends by `end`.
    At the dot, a message that gets the usual answer counts as accepted; `accepts` says what
    holds where nothing is said.
    """

    phase: Phase
    answer: str = USUAL
    end: End = End.STAY
    form: Form = Form.PLAIN
    delay: float = 0.0
    accepts: bool = True

    @property
    def takes_message(self) -> bool:
        """Whether a message that came as far as its dot is accepted."""
        if self.phase is not Phase.DOT or self.answer == USUAL:
            return True
        return self.accepts if self.answer == SILENCE else self.answer.startswith("2")

    @property
    def is_loss(self) -> bool:
        """Whether the sender may not know what became of a message: its dot may be under way."""
        if self.phase not in (Phase.BODY, Phase.DOT):
            return False
        return self.answer == SILENCE or self.end is End.RESET


@dataclass(frozen=True)
class Plan:
    """Everything that a sink does wrong.

    Recipients in `faults` meet these, one an attempt; the others meet each of the faults in
    `chances` with its probability, in their first `unlucky` attempts. `openings` are what
    connections are greeted with, the first one first; an empty text is the usual greeting.
    """

    seed: int = 0
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    chances: tuple[tuple[float, Fault], ...] = ()
    unlucky: int = 3
    openings: tuple[str, ...] = ()
    # More at the same time are turned away with 421; 0 is no limit.
    most_connections: int = 0
    # A connection is closed after so many messages; 0 is no limit.
    messages_per_connection: int = 0
    # Seconds that every final reply takes.
    pace: float = 0.0
    # What comes of QUIT.
    goodbye: End = End.DROP
    # Whether DATA gets a 354 although no recipient was taken (RFC 2920 section 3.1).
    goes_on_without_recipient: bool = False

    def befalls(self, recipient: str, attempt: int) -> Fault | None:
        """Return what goes wrong with the `attempt`-th attempt, from 1, to reach a recipient."""
        script = self.faults.get(recipient)
        if script is not None:
            return script[attempt - 1] if attempt <= len(script) else None
        if not self.chances or attempt > self.unlucky:
            return None
        left = random.Random(f"{self.seed} {recipient} {attempt}").random()
        for chance, fault in self.chances:
            left -= chance
            if left < 0:
                return fault
        return None

    def to_json(self) -> str:
        """Return the plan as text for the sink."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Return the plan that `to_json` wrote."""
        values = json.loads(text)
        values["faults"] = {
            recipient: tuple(map(_fault, script)) for recipient, script in values["faults"].items()
        }
        values["chances"] = tuple((chance, _fault(fault)) for chance, fault in values["chances"])
        values["openings"] = tuple(values["openings"])
        values["goodbye"] = End(values["goodbye"])
        return cls(**values)


def _fault(values: dict[str, Any]) -> Fault:
    return Fault(
        **{
            **values,
            "phase": Phase(values["phase"]),
            "end": End(values["end"]),
            "form": Form(values["form"]),
        }
    )


DEFER = "451 4.3.0 Not now"
REFUSE = "550 5.1.1 No such user"
LEAVE = "421 4.3.2 Closing"

STORM = (
    (0.02, Fault(Phase.MAIL, DEFER)),
    (0.02, Fault(Phase.RCPT, DEFER)),
    (0.02, Fault(Phase.RCPT, REFUSE)),
    (0.02, Fault(Phase.DATA, DEFER)),
    (0.02, Fault(Phase.DOT, DEFER)),
    (0.02, Fault(Phase.DOT, "554 5.6.0 Not this")),
    (0.01, Fault(Phase.RCPT, LEAVE, End.DROP)),
    (0.01, Fault(Phase.DOT, LEAVE, End.DROP)),
    (0.01, Fault(Phase.MAIL, SILENCE, End.DROP)),
    (0.01, Fault(Phase.RCPT, SILENCE, End.RESET)),
    (0.01, Fault(Phase.DATA, SILENCE, End.DROP)),
    (0.01, Fault(Phase.BODY, SILENCE, End.DROP)),
    (0.01, Fault(Phase.DOT, SILENCE, End.DROP)),
    (0.01, Fault(Phase.DOT, SILENCE, End.RESET, accepts=False)),
    (0.01, Fault(Phase.DOT, USUAL, End.DROP)),
    (0.01, Fault(Phase.DOT, USUAL, End.RESET)),
    (0.02, Fault(Phase.RCPT, form=Form.SINGLE_BYTES)),
    (0.02, Fault(Phase.DOT, form=Form.SINGLE_BYTES)),
    (0.02, Fault(Phase.DATA, form=Form.BARE_LF)),
    (0.02, Fault(Phase.DOT, form=Form.MULTILINE)),
    (0.02, Fault(Phase.DOT, delay=0.3)),
)
"""A little of everything: what a run under load meets."""
