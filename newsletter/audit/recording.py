"""Writing down what somebody did, in the transaction that does it."""

from datetime import datetime

from newsletter.accounts import Editor
from newsletter.audit.deeds import Channel, Deed
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from newsletter.logs import hiding

WITHOUT_EDITOR = {Channel.DESK: "the desk", Channel.COMMAND: "command line", Channel.CLOCK: "clock"}
"""Who did it where no editor did."""

LONGEST_DETAIL = 500


def record(
    deed: Deed,
    *,
    by: Editor | None,
    now: datetime,
    key: object = "",
    mailing_list_id: int | None = None,
    detail: str = "",
    channel: Channel = Channel.DESK,
) -> AuditEntry:
    """Note that `by` did something to the thing with this number or short name.

    It is flushed and not committed: what is rolled back leaves no trace, what is
    committed has one. An address in `detail` is hidden, as in a log: erasing a
    person does not reach this table.
    """
    entry = AuditEntry(
        at=now,
        editor_id=by.id if by else None,
        actor=by.signature if by else WITHOUT_EDITOR[channel],
        deed=deed.value,
        channel=channel.value,
        kind=deed.kind,
        key=str(key),
        mailing_list_id=mailing_list_id,
        detail=hiding.hide(" ".join(detail.split())).rstrip(".")[:LONGEST_DETAIL],
    )
    db.session.add(entry)
    db.session.flush()
    return entry
