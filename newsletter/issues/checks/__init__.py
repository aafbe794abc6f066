"""What is looked at before an issue goes out, as findings: stops, warnings, notes.

One module for each subject, each with a `check` that is given all the facts, asks nobody, and
yields what it found.
"""

from collections.abc import Callable, Iterable

from newsletter.issues.checks import (
    answers,
    audience,
    blocks,
    editions,
    fields,
    images,
    items,
    leftovers,
    links,
    message,
    sender,
    size,
    subjects,
    times,
)
from newsletter.issues.checks.facts import (
    Facts,
    Message,
    Moment,
    Neighbour,
    Readers,
    Sender,
)
from newsletter.issues.checks.findings import Finding, Level, Waived, stood

__all__ = [
    "CHECKS",
    "Facts",
    "Finding",
    "Level",
    "Message",
    "Moment",
    "Neighbour",
    "Readers",
    "Sender",
    "Waived",
    "check",
    "stood",
]

CHECKS: tuple[Callable[[Facts], Iterable[Finding]], ...] = (
    subjects.check,
    blocks.check,
    editions.check,
    leftovers.check,
    fields.check,
    links.check,
    answers.check,
    items.check,
    images.check,
    audience.check,
    times.check,
    sender.check,
    size.check,
    message.check,
)
"""All of them, in the order in which their findings of one level are shown."""


def check(facts: Facts) -> list[Finding]:
    """Return what is to be said about an issue, the stops first; each thing once."""
    found = {one.identity: one for check_some in CHECKS for one in check_some(facts)}
    levels = list(Level)
    return sorted(found.values(), key=lambda finding: levels.index(finding.level))
