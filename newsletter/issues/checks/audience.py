"""Whom an issue goes to, and what the law wants to stand in it."""

from collections.abc import Iterator

from newsletter.issues.checks.facts import Facts
from newsletter.issues.checks.findings import Finding, Level


def check(facts: Facts) -> Iterator[Finding]:
    """Judge the audience and the list."""
    if facts.recipients == 0:
        yield Finding(
            Level.STOP,
            "no-recipients",
            "Nobody would get this issue.",
            "No confirmed subscriber of this list wants one of the chosen topics."
            if facts.corrects is None
            else f"Nobody who got issue {facts.corrects} is on the list any more.",
            "audience",
        )
    if not facts.postal_address.strip():
        yield Finding(
            Level.STOP,
            "postal-address",
            "The list has no postal address.",
            "The law of many countries wants the sender's address in every issue. "
            "Add it to the list.",
            "list",
        )
