"""What people left here besides subscriptions: applications to become a member, comments.

Both are theirs whether or not they are on a list, and whichever of their addresses they came from.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from newsletter.comments import reading as comments
from newsletter.comments.models import Comment
from newsletter.membership import asking as members
from newsletter.membership.models import Member
from newsletter.subscriptions import earlier_addresses
from newsletter.subscriptions.models import Subscriber


@dataclass(frozen=True)
class Traces:
    """What is kept of one person beside what they read; comments with the titles of their items."""

    applications: Sequence[Member] = ()
    comments: Sequence[tuple[Comment, str]] = ()

    def __bool__(self) -> bool:
        return bool(self.applications or self.comments)

    @property
    def names(self) -> frozenset[str]:
        """Every name that they gave."""
        said = {comment.name for comment, _ in self.comments}
        return frozenset(said | {application.name for application in self.applications})

    @property
    def in_words(self) -> str:
        """How much it is, as the desk says it."""
        applications, said = len(self.applications), len(self.comments)
        return (
            f"{applications} application{'' if applications == 1 else 's'} to become a member, "
            f"{said} comment{'' if said == 1 else 's'}"
        )


def of(canonical: str, subscriber: Subscriber | None) -> Traces:
    """Return what came from an address, and from those that its reader had before."""
    theirs = addresses_of(canonical, earlier_addresses.marks_of(subscriber))
    return Traces(members.all_of(theirs, subscriber), comments.all_of(theirs))


def came_from(canonical: str) -> bool:
    """Tell whether anything came from an address that no reader left for another.

    What came from one that somebody left is theirs, not of who opens that mailbox today.
    The work is the same for every address.
    """
    asked, said = members.asked_from(canonical), comments.came_from(canonical)
    is_left = bool(earlier_addresses.readers_of(canonical))
    return (asked or said) and not is_left


def addresses_of(canonical: str, marks: Collection[str]) -> set[str]:
    """Return the address, and those of applications and comments that have one of the marks."""
    kept = members.canonicals() | comments.canonicals() if marks else set()
    return {canonical} | earlier_addresses.recognised(marks, kept)
