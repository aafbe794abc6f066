"""What a list of mails shows of an issue: subject and preheader, as far as there is room."""

from dataclasses import dataclass

ROOM = (("On a computer", 60, 60), ("On a phone", 40, 40))
"""Where it is seen, and how many characters of subject and preheader most programs show there."""


@dataclass(frozen=True)
class InboxLine:
    """What one kind of program shows."""

    where: str
    subject: str
    preheader: str


def lines(subject: str, preheader: str) -> list[InboxLine]:
    """Return what is seen of the two on a computer and on a phone."""
    return [
        InboxLine(
            where=where,
            subject=cut(subject, most),
            preheader=cut(preheader, most_after),
        )
        for where, most, most_after in ROOM
    ]


def cut(line: str, most: int) -> str:
    """Return the beginning of a line, ending in “…” where something is left out."""
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
