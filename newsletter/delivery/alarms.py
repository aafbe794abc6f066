"""Telling the editors, through the outbox, what they would not notice by themselves."""

from datetime import datetime

from newsletter import accounts, links
from newsletter.accounts import Action
from newsletter.errors import Refused
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.subscriptions import lists


def pause_and_tell(issue: Issue, reason: str, *, now: datetime) -> bool:
    """Pause an issue for a reason that needs a person, and mail those who may send.

    False if it was not being sent or scheduled any more: of several couriers
    that meet the same fault one pauses, so the editors are told once.
    """
    try:
        workflow.pause(issue, reason)
    except Refused:
        return False
    _tell(issue, reason, now=now)
    return True


def tell_nobody_reached(issue: Issue, *, now: datetime) -> None:
    """Mail the editors that an issue ended without a single recipient."""
    _tell(
        issue,
        "Nobody was left to send it to: no confirmed reader of this list and its topics. "
        "The issue counts as sent to nobody.",
        now=now,
    )


def _tell(issue: Issue, reason: str, *, now: datetime) -> None:
    mailing_list = issue.mailing_list
    facts = {
        "issue_number": str(issue.id),
        "subject": composing.content_of(issue).subject,
        "reason": reason,
        "desk_url": links.public_url(f"/desk/issues/{issue.id}"),
        "postal_address": mailing_list.postal_address,
        "public_url": links.public_url("/"),
    }
    for editor in accounts.all_editors():
        if accounts.may(editor, Action.SEND):
            outbox.enqueue(
                "pause-alarm",
                to=editor.email,
                language=mailing_list.default_language,
                sender=Mailbox(lists.sender_name(mailing_list), lists.sender_address(mailing_list)),
                facts=facts,
                now=now,
            )
