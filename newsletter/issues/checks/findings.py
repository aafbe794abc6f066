"""What a check found: how much it weighs, why it matters, and the place to mend it."""

import enum
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

SHOWN = 80
"""Letters of what was typed that a sentence shows."""


class Level(enum.StrEnum):
    """How much a finding weighs: it stops the sending, wants a look, or only informs."""

    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True)
class Waived:
    """Who lets a warning pass, when, and why."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Finding:
    """One thing found: a sentence, why it matters, and the place to mend it.

    Places are `subject`, `preheader`, `introduction`, `block-<key>`, `blocks`,
    `audience`, `list` and `time`. `language` is that of the edition, and empty
    for what holds for all of them. `about` is what exactly was found: an address,
    a short name, a piece of text. A waiver holds as long as that stays the same.
    """

    level: Level
    code: str
    sentence: str
    why: str
    place: str
    language: str = ""
    about: str = ""
    waived: Waived | None = field(default=None, compare=False)

    @property
    def identity(self) -> str:
        """A short name for exactly this finding, by which a waiver knows it again."""
        facts = "\0".join((self.code, self.place, self.language, self.about))
        return hashlib.sha256(facts.encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def stands(self) -> bool:
        """Tell whether it is a warning that nobody lets pass."""
        return self.level is Level.WARN and self.waived is None

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        waived = self.waived
        return {
            "level": self.level.value,
            "code": self.code,
            "sentence": self.sentence,
            "why": self.why,
            "place": self.place,
            "language": self.language,
            "about": self.about,
            "identity": self.identity,
            "waived": waived
            and {"reason": waived.reason, "by": waived.by, "at": waived.at.isoformat()},
        }


def stood(findings: Iterable[Finding]) -> str:
    """Return what stood when an issue was sent all the same, to follow that in the log.

    “; 3 warnings stood: night, dead-link (2)”, by their codes, or nothing. A stop counts as
    one: where something is done with a stop, a command let it pass.
    """
    codes = Counter(one.code for one in findings if one.stands or one.level is Level.STOP)
    if not codes:
        return ""
    total = codes.total()
    names = [code if count == 1 else f"{code} ({count})" for code, count in codes.items()]
    return f"; {total} warning{'' if total == 1 else 's'} stood: {', '.join(names)}"


def shown(text: str) -> str:
    """Return what was typed as a sentence shows it: on one line, and not all of a long one."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def long_date(day: date) -> str:
    """Return a day as a sentence has it: 20 January 2025."""
    return f"{day.day} {day:%B %Y}"
