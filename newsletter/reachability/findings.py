"""What the DNS says about one way to prove a sender, with a sentence for a person."""

from dataclasses import dataclass

from newsletter.reachability.models import DomainResult

LONGEST = 500
SHOWN = 120
"""Characters of the longest sentence, and of what is shown of a record."""


@dataclass(frozen=True)
class Finding:
    """One result; the sentence says what to do where there is something to do."""

    result: DomainResult
    sentence: str


def ok(sentence: str) -> Finding:
    """Return that all is well; the sentence may still ask for something better."""
    return Finding(DomainResult.OK, sentence[:LONGEST])


def missing(sentence: str) -> Finding:
    """Return that there is nothing."""
    return Finding(DomainResult.MISSING, sentence[:LONGEST])


def wrong(sentence: str) -> Finding:
    """Return that there is something which receivers cannot use."""
    return Finding(DomainResult.WRONG, sentence[:LONGEST])


def unknown(sentence: str) -> Finding:
    """Return that nobody can say."""
    return Finding(DomainResult.UNKNOWN, sentence[:LONGEST])


def quoted(record: str) -> str:
    """Return a record as it is shown: on one line, cut, without what cannot be seen."""
    line = "".join(letter if letter.isprintable() else "?" for letter in record)
    return f"“{line if len(line) <= SHOWN else line[: SHOWN - 1] + '…'}”"
