"""Writing down what an editor just did; call it before the commit that makes it true."""

from collections.abc import Mapping, Sequence

from newsletter import audit, clock
from newsletter.accounts import Editor
from newsletter.audit import Deed
from newsletter.desk.guard import the_editor
from newsletter.extensions import Base
from newsletter.issues.composing import Saved
from newsletter.issues.models import Issue


def note(
    deed: Deed,
    key: object = "",
    detail: str = "",
    *,
    mailing_list_id: int | None = None,
    by: Editor | None = None,
) -> None:
    """Note what was done to the thing with this number or short name, by who is signed in."""
    audit.record(
        deed,
        by=by or the_editor(),
        now=clock.now(),
        key=key,
        mailing_list_id=mailing_list_id,
        detail=detail,
    )


def note_issue(deed: Deed, issue: Issue, detail: str = "") -> None:
    """Note what was done to an issue; it concerns its list, too."""
    note(deed, issue.id, detail, mailing_list_id=issue.mailing_list_id)


def note_saved(issue: Issue, saved: Saved, *, by_hand: bool = True) -> None:
    """Note that an issue was saved, and that its approval is gone with that.

    What the desk saves by itself is no deed, and every version is kept; a withdrawal is one.
    """
    if saved.is_new and by_hand:
        note_issue(Deed.ISSUE_SAVED, issue, f"version {issue.version}")
    if saved.withdrew_approval:
        note_issue(Deed.ISSUE_APPROVAL_WITHDRAWN, issue, "it was changed")


def values_of(row: Base, names: Sequence[str]) -> dict[str, object]:
    """Return what `row` says now, to be compared by `changes` later."""
    values = {name: getattr(row, name) for name in names}
    return {name: tuple(one) if isinstance(one, list) else one for name, one in values.items()}


def changes(row: Base, before: Mapping[str, object]) -> str:
    """Return in words which values of `row` are not what they were; never the values."""
    now = values_of(row, list(before))
    names = [name.replace("_", " ") for name, value in before.items() if now[name] != value]
    return ", ".join(names) or "nothing"
