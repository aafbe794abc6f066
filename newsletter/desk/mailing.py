"""The mail that the desk sends to editors."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from newsletter import accounts, addresses, limits, links
from newsletter.accounts import Editor, address_changes
from newsletter.delivery import previewing
from newsletter.issues import revisions
from newsletter.issues.models import Issue
from newsletter.mail import outbox
from newsletter.mail.message import Mailbox
from newsletter.subscriptions import lists, senders

TESTS_AN_HOUR = 20
"""How many tests an editor may have mailed: a test is for looking, not for sending."""


def mail_sign_in_link(
    editor: Editor, *, lifetime: timedelta, now: datetime, invited_by: Editor | None = None
) -> None:
    """Queue a mail with a one-time sign-in link, to the editor's own address.

    With `invited_by` it says who let them in; else, that somebody asked to sign in.
    """
    outbox.enqueue(
        "sign-in",
        to=editor.email,
        language="en",
        sender=desk_mailbox(),
        facts={
            "sign_in_url": accounts.make_sign_in_link(editor, now=now, lifetime=lifetime),
            "minutes": int(lifetime.total_seconds()) // 60,
            "expires_at": (now + lifetime).isoformat(),
            **({"invited_by": invited_by.name or invited_by.email} if invited_by else {}),
        },
        now=now,
    )


def mail_invitation(
    editor: Editor, *, by: Editor, what_for: str, list_names: Sequence[str], now: datetime
) -> None:
    """Queue a mail that invites somebody to the desk, with a link that lives a day."""
    lifetime = accounts.PRINTED_LINK
    outbox.enqueue(
        "invitation",
        to=editor.email,
        language="en",
        sender=desk_mailbox(),
        facts={
            "invited_by": by.name or by.email,
            "name": editor.name,
            "what_for": what_for,
            "list_names": list(list_names),
            "sign_in_url": accounts.make_sign_in_link(editor, now=now, lifetime=lifetime),
            "desk_url": links.public_url("/desk/"),
            "minutes": int(lifetime.total_seconds()) // 60,
            "expires_at": (now + lifetime).isoformat(),
        },
        now=now,
    )


def mail_change_of_address(address: str, url: str, *, now: datetime) -> None:
    """Queue a mail to a new address of an editor, with the link that lets it count."""
    lifetime = address_changes.LIFETIME
    outbox.enqueue(
        "change-address",
        to=address,
        language="en",
        sender=desk_mailbox(),
        facts={
            "change_url": url,
            "minutes": int(lifetime.total_seconds()) // 60,
            "expires_at": (now + lifetime).isoformat(),
        },
        now=now,
    )


def mail_tests(
    issue: Issue,
    languages: Sequence[str],
    *,
    to: Sequence[Editor],
    by: Editor,
    now: datetime,
) -> None:
    """Queue editions, marked as tests, to editors' own addresses and no other (XD14).

    Raises TooOften beyond the hourly number; then nothing of it is mailed.
    """
    for _ in range(len(languages) * len(to)):
        limits.count(
            "test",
            str(by.id),
            window=timedelta(hours=1),
            most=TESTS_AN_HOUR,
            now=now,
            sentence=f"With this, more than {TESTS_AN_HOUR} tests were mailed for you within the "
            "hour. Look at the preview, choose fewer, or wait for the next hour.",
        )
    mailing_list = issue.mailing_list
    # What somebody has in their mailbox can be looked at again, and compared.
    revisions.keep(issue, previewing.version_of(issue))
    for editor in to:
        for language in languages:
            message = previewing.preview_message(
                issue,
                addresses.parse(editor.email),
                language=language,
                subject_mark="[Test] ",
                now=now,
            )
            outbox.enqueue_message(
                message,
                to=editor.email,
                sender=Mailbox(lists.sender_name(mailing_list), lists.sender_address(mailing_list)),
                now=now,
            )


def desk_mailbox() -> Mailbox:
    """Return whom mail of the desk is from."""
    return Mailbox("Stay Informed", senders.desk_address())
