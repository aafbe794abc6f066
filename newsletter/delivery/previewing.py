"""One reader's copy of an issue, as it would be now: to look at, or to send as a test."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy

from newsletter import addresses
from newsletter.addresses import Address
from newsletter.delivery import compiling
from newsletter.delivery.compiling import Person
from newsletter.issues import composing, editions, merge_fields, rendering, revisions
from newsletter.issues.composition import Composition
from newsletter.issues.content import Content
from newsletter.issues.models import Issue
from newsletter.subscriptions import signup, suppression
from newsletter.subscriptions.models import MailFormat, Subscriber, SubscriptionState

NOBODY = 0
"""The subscription that links in a preview belong to: they work, and change nothing."""

LONG_NAME = "Wilhelmina-Alexandra Featherstonehaugh-Cholmondeley of Llanfair"
"""A name as long as few readers have one: what it does to a line is seen before it is sent."""

LONG_VALUE = "United Kingdom of Great Britain and Northern Ireland"
"""The same for whatever else is known of readers."""


@dataclass(frozen=True)
class RawPart:
    """One part of a message as it travels: its type, how it is encoded, its bytes."""

    content_type: str
    encoding: str
    octets: int


@dataclass(frozen=True)
class RawMessage:
    """A message as the relay gets it."""

    head: str
    parts: tuple[RawPart, ...]
    octets: int


def whole_of(issue: Issue) -> Composition:
    """Return what a preview shows: the newest text, or what was approved once writing is over.

    Beyond writing that is what goes out, whatever the library says by now.
    """
    return revisions.composition_at(issue, version_of(issue))


def version_of(issue: Issue) -> int:
    """Return which version that is."""
    if issue.state not in composing.EDITABLE and issue.approved_version is not None:
        return issue.approved_version
    return issue.version


def would_reach(issue: Issue, subscriber: Subscriber) -> bool:
    """Tell whether the subscriber would be planned for, if the issue were planned now."""
    if suppression.find(addresses.parse(subscriber.address)) is not None:
        return False
    about = {topic.id for topic in issue.topics}
    for subscription in subscriber.subscriptions:
        if subscription.mailing_list_id == issue.mailing_list_id:
            wanted = {topic.id for topic in subscription.topics}
            is_meant = not wanted or not about or bool(wanted & about)
            return is_meant and subscription.state is SubscriptionState.CONFIRMED
    return False


def long_values(content: Content, masthead: rendering.Masthead) -> dict[str, str]:
    """Return long values for every merge field that the edition has."""
    edition = rendering.render(content, masthead)
    paths = {
        piece.field.path
        for part in (edition.subject, edition.text_part, edition.html_part)
        for piece in part
        if not isinstance(piece, str)
    }
    fields = {*paths, *(field.path for field in merge_fields.fields(content.preheader))}
    values = {path: LONG_VALUE for path in sorted(fields) if path.startswith("attributes.")}
    return {"name": LONG_NAME, **values}


def preview_message(
    issue: Issue,
    address: Address,
    *,
    language: str = "",
    values: Mapping[str, str] | None = None,
    subject_mark: str = "",
    now: datetime,
) -> bytes:
    """Return the raw message as `address` would get it, from what the issue says now.

    It is the edition in `language`, else the one for this reader; an address that
    nobody subscribed gets neutral values, and `values` stand in for anybody's.
    `subject_mark` is put before the subject, as in “[Test] ”.
    """
    subscriber = signup.find_subscriber(address)
    whole = whole_of(issue)
    wanted = language or (subscriber.language if subscriber else "")
    content = editions.in_language(whole, editions.nearest(whole.languages, wanted))
    content = replace(content, subject=subject_mark + content.subject)
    compiled = compiling.thaw(compiling.freeze(issue, content), secrets.token_hex(16))
    frozen = compiling.merge_values(
        subscriber.name if subscriber else "",
        subscriber.attributes if subscriber else {},
        subscriber.format if subscriber else MailFormat.HTML,
    )
    if values is not None:
        frozen = {"format": str(MailFormat.HTML), "values": dict(values)}
    person = Person(delivery_id=NOBODY, subscription_id=NOBODY, address=address.spelling)
    return compiling.message_for(compiled, person, frozen, date=now)


def taken_apart(message: bytes) -> RawMessage:
    """Return a message in the pieces that a person looks at."""
    head, _, _ = message.partition(b"\r\n\r\n")
    parts = []
    for part in message_from_bytes(message, policy=policy.default).walk():
        if not part.is_multipart():
            body = str(part.get_payload())
            encoding = str(part.get("Content-Transfer-Encoding", "7bit"))
            parts.append(RawPart(part.get_content_type(), encoding, len(body)))
    return RawMessage(
        head=head.decode("ascii", "replace").replace("\r\n", "\n"),
        parts=tuple(parts),
        octets=len(message),
    )
