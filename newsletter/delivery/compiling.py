"""From a rendered edition and one recipient to the bytes of a message.

What is the same for everybody is frozen when the issue is planned; what is the
recipient's own is frozen at the first attempt. So every attempt has the same
bytes, Date and Message-ID included (STANDARDS M04, M05, 5.2 clause 8).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app

from newsletter import links
from newsletter.delivery.models import CompiledEdition, Send
from newsletter.errors import NewsletterError, RenderFault
from newsletter.issues import composing, merge_fields, rendering
from newsletter.issues.content import Content
from newsletter.issues.merge_fields import Part
from newsletter.issues.models import Issue
from newsletter.issues.rendering import RenderedEdition
from newsletter.issues.segments import fill
from newsletter.mail import message
from newsletter.mail.message import Mailbox, Message
from newsletter.subscriptions import lists, unsubscribing
from newsletter.subscriptions.models import MailFormat


@dataclass(frozen=True)
class Compiled:
    """One language of a send, ready to be filled in: who writes, from which list, the texts."""

    sender: Mailbox
    reply_to: Mailbox | None
    list_id: str
    list_name: str
    # Makes Message-IDs and boundaries of this run.
    nonce: str
    edition: RenderedEdition


@dataclass(frozen=True)
class Person:
    """Where one message goes and whose links it carries."""

    delivery_id: int
    subscription_id: int
    address: str


def compile_issue(issue: Issue) -> list[tuple[str, dict[str, Any]]]:
    """Return each edition's language and content for CompiledEdition, the default one first.

    It is rendered from the approved revision; raises Refused if there is none.
    """
    content = composing.approved_content(issue)
    return [(content.language, freeze(issue, content))]


def freeze(issue: Issue, content: Content) -> dict[str, Any]:
    """Return what is the same for every recipient of `content`, as CompiledEdition keeps it."""
    mailing_list = issue.mailing_list
    edition = rendering.render(content, rendering.masthead_of(issue))
    return {
        "from_name": lists.sender_name(mailing_list),
        "from_address": lists.sender_address(mailing_list),
        "reply_to": mailing_list.reply_to,
        # The slug never changes, so filters made by readers keep working (STANDARDS L12).
        "list_id": f"{mailing_list.slug}.{current_app.config['PUBLIC_HOST']}",
        "list_name": mailing_list.name,
        "edition": edition.to_json(),
    }


def read(row: CompiledEdition, send: Send) -> Compiled:
    """Return what a stored edition says."""
    return thaw(row.content, send.nonce)


def thaw(frozen: dict[str, Any], nonce: str) -> Compiled:
    """Return what `freeze` kept, for the run that `nonce` names."""
    return Compiled(
        sender=Mailbox(frozen["from_name"], frozen["from_address"]),
        reply_to=Mailbox("", frozen["reply_to"]) if frozen["reply_to"] else None,
        list_id=frozen["list_id"],
        list_name=frozen["list_name"],
        nonce=nonce,
        edition=RenderedEdition.from_json(frozen["edition"]),
    )


def merge_values(name: str, attributes: dict[str, Any], mail_format: MailFormat) -> dict[str, Any]:
    """Return what is a subscriber's own in a message, as Delivery.merge_values keeps it.

    Raises RenderFault for attributes that cannot be read.
    """
    with _one_row_only():
        return {
            "format": mail_format.value,
            "values": merge_fields.values_of(name, attributes),
        }


def message_for(
    compiled: Compiled, person: Person, frozen: dict[str, Any], *, date: datetime
) -> bytes:
    """Return the bytes for one person; the same arguments give the same bytes.

    Raises RenderFault if this person's values cannot be put into a message:
    that fails one row and holds up nobody else (STANDARDS XC07).
    """
    with _one_row_only():
        return message.to_bytes(_message(compiled, person, frozen, date=date))


@contextmanager
def _one_row_only() -> Iterator[None]:
    try:
        yield
    except (NewsletterError, ValueError, TypeError, LookupError, AttributeError) as exc:
        # The sentence may hold a person's values: it goes to no log and no row.
        raise RenderFault(f"The message could not be made ({type(exc).__name__}).") from exc


def _message(
    compiled: Compiled, person: Person, frozen: dict[str, Any], *, date: datetime
) -> Message:
    payload = unsubscribing.payload(person.subscription_id, person.delivery_id)
    unsubscribe_url = links.UNSUBSCRIBE.url(payload, now=date)
    values = {
        **frozen["values"],
        "unsubscribe_url": unsubscribe_url,
        "preferences_url": links.PREFERENCES.url(payload, now=date),
    }
    edition = compiled.edition
    is_html = frozen["format"] == MailFormat.HTML.value
    return Message(
        sender=compiled.sender,
        recipient=Mailbox("", person.address),
        reply_to=compiled.reply_to,
        subject=fill(edition.subject, values, part=Part.HEADER),
        text_part=fill(edition.text_part, values, part=Part.TEXT),
        html_part=fill(edition.html_part, values, part=Part.HTML) if is_html else None,
        date=date,
        message_id=message.message_id(
            f"{person.delivery_id}.{compiled.nonce}", compiled.sender.domain
        ),
        boundary=message.boundary_for(compiled.nonce),
        headers=message.list_headers(
            list_id=compiled.list_id,
            list_name=compiled.list_name,
            unsubscribe_url=unsubscribe_url,
        ),
    )
