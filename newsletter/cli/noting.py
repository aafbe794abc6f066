"""Writing down what a command just did; call it before the commit that makes it true.

Commands that only look leave no entry: whoever gives one has the whole database at hand.
"""

from newsletter import audit, clock
from newsletter.audit import Channel, Deed
from newsletter.issues.models import Issue


def note(
    deed: Deed, key: object = "", detail: str = "", *, mailing_list_id: int | None = None
) -> None:
    """Note what was done to the thing with this number or short name."""
    audit.record(
        deed,
        by=None,
        now=clock.now(),
        key=key,
        mailing_list_id=mailing_list_id,
        detail=detail,
        channel=Channel.COMMAND,
    )


def note_issue(deed: Deed, issue: Issue, detail: str = "") -> None:
    """Note what was done to an issue; it concerns its list, too."""
    note(deed, issue.id, detail, mailing_list_id=issue.mailing_list_id)
