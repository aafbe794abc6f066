"""One reader's copy of an issue that has not been sent: to look at, or to send as a test."""

import secrets
from dataclasses import replace
from datetime import datetime

from newsletter.addresses import Address
from newsletter.delivery import compiling
from newsletter.delivery.compiling import Person
from newsletter.issues import composing
from newsletter.issues.models import Issue
from newsletter.subscriptions import signup
from newsletter.subscriptions.models import MailFormat

NOBODY = 0
"""The subscription that links in a preview belong to: they work, and change nothing."""


def preview_message(
    issue: Issue, address: Address, *, now: datetime, subject_mark: str = ""
) -> bytes:
    """Return the raw message as `address` would get it, from what the issue says now.

    An address that nobody subscribed gets neutral values. `subject_mark` is
    put before the subject, as in “[Test] ”.
    """
    content = composing.content_of(issue)
    content = replace(content, subject=subject_mark + content.subject)
    compiled = compiling.thaw(compiling.freeze(issue, content), secrets.token_hex(16))
    subscriber = signup.find_subscriber(address)
    frozen = compiling.merge_values(
        subscriber.name if subscriber else "",
        subscriber.attributes if subscriber else {},
        subscriber.format if subscriber else MailFormat.HTML,
    )
    person = Person(delivery_id=NOBODY, subscription_id=NOBODY, address=address.spelling)
    return compiling.message_for(compiled, person, frozen, date=now)
