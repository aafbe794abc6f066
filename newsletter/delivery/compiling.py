"""From a rendered edition and one recipient to the bytes of a message.

What is the same for everybody is frozen when the issue is planned; what is the
recipient's own is frozen at the first attempt. So every attempt has the same
bytes, Date and Message-ID included (STANDARDS M04, M05, 5.2 clause 8).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from flask import current_app

from newsletter import links
from newsletter.delivery.models import CompiledEdition, Send
from newsletter.delivery.splicing import KNOWN, Draft, Pattern, ascii_line
from newsletter.errors import NewsletterError, RenderFault
from newsletter.issues import composing, editions, merge_fields, rendering
from newsletter.issues.content import Content
from newsletter.issues.merge_fields import Part
from newsletter.issues.models import Issue
from newsletter.issues.rendering import Masthead, RenderedEdition
from newsletter.issues.segments import Segments, fill
from newsletter.mail import dkim, message
from newsletter.mail.dkim import SigningKey
from newsletter.mail.encoding import fold, quoted_lines
from newsletter.mail.message import Mailbox
from newsletter.subscriptions import leaving_by_mail, lists, unsubscribing
from newsletter.subscriptions.models import MailFormat, MailingList, Tracking
from newsletter.tracking import rewriting

# What the values of one broken row may raise.
_OF_ONE_ROW = (NewsletterError, ValueError, TypeError, LookupError, AttributeError)

# Letters in the place of a token or a number, where a whole field is made to be cut there.
_STAND_IN = "0" * 100
_OF_MAILTO = "1" * 100


class Subject:
    """The Subject field of one edition: one for all, or one for each of the values in it."""

    def __init__(self, segments: Segments) -> None:
        self._segments = segments
        self._paths = [piece.field.path for piece in segments if not isinstance(piece, str)]
        self._known: dict[tuple[str, ...], bytes] = {}

    def field(self, values: Mapping[str, str]) -> bytes:
        """Return the header field for one recipient."""
        given = tuple([values.get(path, "") for path in self._paths])
        known = self._known.get(given)
        if known is None:
            if len(self._known) >= KNOWN:
                self._known.clear()
            text = fill(self._segments, values, part=Part.HEADER)
            known = self._known[given] = message.text_field("Subject", text)
        return known


@dataclass(frozen=True)
class Compiled:
    """One language of a send, encoded once, ready to be filled in for each recipient."""

    sender: Mailbox
    subject: Subject
    with_html: Pattern
    text_only: Pattern
    message_ids: tuple[bytes, bytes]
    """What a Message-ID field says before and after the number of a delivery."""
    # They hold keys, and a function shows nothing of what it holds.
    unsubscribe: Callable[[str], bytes]
    preferences: Callable[[str], bytes]
    # None where nobody takes mail that asks to be unsubscribed.
    mailto: Callable[[int, int], bytes] | None
    dkim_keys: tuple[SigningKey, ...]
    # Where its links may name a delivery, for readers who agreed to that separately.
    names_deliveries: bool
    clicked: Callable[[str], bytes]
    opened: Callable[[str], bytes]
    picture: tuple[bytes, bytes]
    """What the picture that tells of an opening says before and after its token."""


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
    whole = composing.approved(issue)
    return [
        (language, _tracked(issue, freeze(issue, editions.in_language(whole, language))))
        for language in whole.languages
    ]


def _tracked(issue: Issue, content: dict[str, Any]) -> dict[str, Any]:
    """Return what is frozen with its links led over this installation, where the list counts.

    Previews, tests and digests are never counted (STANDARDS XJ10).
    """
    mode = issue.mailing_list.tracking
    if mode is Tracking.NONE:
        return content
    found = rewriting.rewrite(
        RenderedEdition.from_json(content["edition"]),
        issue.id,
        public_url=current_app.config["PUBLIC_URL"],
        is_individual=mode is Tracking.INDIVIDUAL,
    )
    tracking = {"mode": mode.value, "links": found.links}
    return content | {"edition": found.edition.to_json(), "tracking": tracking}


def freeze(issue: Issue, content: Content) -> dict[str, Any]:
    """Return what is the same for every recipient of `content`, as CompiledEdition keeps it."""
    return frozen(issue.mailing_list, content, rendering.masthead_of(issue))


def frozen(mailing_list: MailingList, content: Content, masthead: Masthead) -> dict[str, Any]:
    """Return the same of what a list sends, framed by `masthead`."""
    edition = rendering.render(content, masthead)
    return {
        "from_name": lists.sender_name(mailing_list),
        "from_address": lists.sender_address(mailing_list),
        "reply_to": mailing_list.reply_to,
        # The slug never changes, so filters made by readers keep working (STANDARDS L12).
        "list_id": f"{mailing_list.slug}.{current_app.config['PUBLIC_HOST']}",
        "list_name": mailing_list.name,
        # Frozen, too: a setting that changes meanwhile changes no attempt.
        "mailto_domain": current_app.config["UNSUBSCRIBE_DOMAIN"],
        "edition": edition.to_json(),
    }


def read(row: CompiledEdition, send: Send) -> Compiled:
    """Return what a stored edition says."""
    return thaw(row.content, send.nonce)


def thaw(frozen: dict[str, Any], nonce: str) -> Compiled:
    """Return what `freeze` kept, for the run that `nonce` names, encoded; once per process."""
    sender = Mailbox(frozen["from_name"], frozen["from_address"])
    edition = RenderedEdition.from_json(frozen["edition"])
    before, _, after = message.message_id_field(
        message.message_id(f"{_STAND_IN}.{nonce}", sender.domain)
    ).partition(_STAND_IN.encode())
    return Compiled(
        sender=sender,
        subject=Subject(edition.subject),
        with_html=_pattern(frozen, edition, nonce, has_html=True),
        text_only=_pattern(frozen, edition, nonce, has_html=False),
        message_ids=(before, after),
        unsubscribe=links.UNSUBSCRIBE.stamp(),
        preferences=links.PREFERENCES.stamp(),
        mailto=leaving_by_mail.stamp() if frozen.get("mailto_domain") else None,
        dkim_keys=dkim.keys_for(sender.domain, current_app.config["DKIM_KEYS"]),
        names_deliveries=frozen.get("tracking", {}).get("mode") == Tracking.INDIVIDUAL,
        clicked=links.CLICKED.stamp(),
        opened=links.OPENED.stamp(),
        picture=(
            quoted_lines(f'<img src="{links.OPENED.opening}'),
            quoted_lines('" width="1" height="1" alt="" style="display:block">'),
        ),
    )


def _pattern(
    frozen: dict[str, Any], edition: RenderedEdition, nonce: str, *, has_html: bool
) -> Pattern:
    """Return the message in the order of message.to_bytes, with places for what is personal."""
    draft = Draft()
    draft.add(message.mailbox_field("From", Mailbox(frozen["from_name"], frozen["from_address"])))
    for name in ("To", "Subject", "Date", "Message-ID"):
        draft.mark(name)
    if frozen["reply_to"]:
        draft.add(message.mailbox_field("Reply-To", Mailbox("", frozen["reply_to"])))
    _add_list_headers(draft, frozen)
    draft.add(b"MIME-Version: 1.0\r\n")
    _add_body(draft, edition, nonce, has_html=has_html)
    return draft.finish()


def _add_list_headers(draft: Draft, frozen: dict[str, Any]) -> None:
    """Add what makes it a message of a list, with places for the two ways out."""
    # What was planned before there was such a domain has none.
    domain = frozen.get("mailto_domain", "")
    mailto = leaving_by_mail.opening() + _OF_MAILTO + leaving_by_mail.ending(domain)
    fields = message.extra_fields(
        message.list_headers(
            list_id=frozen["list_id"],
            list_name=frozen["list_name"],
            unsubscribe_url=links.UNSUBSCRIBE.opening + _STAND_IN,
            unsubscribe_mailto=mailto if domain else None,
        )
    )
    before, _, after = fields.rpartition(_STAND_IN.encode())
    draft.add(before)
    draft.mark("List-Unsubscribe")
    if domain:
        before, _, after = after.partition(_OF_MAILTO.encode())
        draft.add(before)
        draft.mark("mailto")
    draft.add(after)


def _add_body(draft: Draft, edition: RenderedEdition, nonce: str, *, has_html: bool) -> None:
    openings = {
        "unsubscribe_url": links.UNSUBSCRIBE.opening,
        "preferences_url": links.PREFERENCES.opening,
        # Nothing of these two is everybody's.
        rewriting.TOKEN: "",
        rewriting.PIXEL: "",
    }
    frame = message.body(b"\0", b"\0" if has_html else None, boundary=message.boundary_for(nonce))
    head, *rest = frame.split(b"\0")
    draft.add(head)
    draft.add_part(edition.text_part, Part.TEXT, openings)
    draft.add(rest[0])
    if has_html:
        draft.add_part(edition.html_part, Part.HTML, openings)
        draft.add(rest[1])


def merge_values(
    name: str, attributes: dict[str, Any], mail_format: str, *, is_tracked: bool = False
) -> dict[str, Any]:
    """Return what is a subscriber's own in a message, as Delivery.merge_values keeps it.

    Raises RenderFault for attributes that cannot be read.
    """
    try:
        own = {
            "format": str(mail_format),
            "values": merge_fields.values_of(name, attributes),
        }
    except _OF_ONE_ROW as exc:
        raise _fault(exc) from exc
    # Frozen with them: a withdrawal acts where the links lead, and changes no attempt's bytes.
    return own | {"tracked": True} if is_tracked else own


def message_for(
    compiled: Compiled, person: Person, frozen: dict[str, Any], *, date: datetime
) -> bytes:
    """Return the bytes for one person; the same arguments give the same bytes.

    Raises RenderFault if this person's values cannot be put into a message:
    that fails one row and holds up nobody else (STANDARDS XC07).
    """
    try:
        values = frozen["values"]
        is_html = frozen["format"] == MailFormat.HTML
        pattern = compiled.with_html if is_html else compiled.text_only
        own = _own(compiled, person, values, date)
        if compiled.names_deliveries:
            own |= _recorded(compiled, person, is_tracked=frozen.get("tracked", False))
        data = pattern.fill(values, own)
    except _OF_ONE_ROW as exc:
        raise _fault(exc) from exc
    return dkim.sign(data, compiled.dkim_keys)


def _own(
    compiled: Compiled, person: Person, values: dict[str, str], date: datetime
) -> dict[str, bytes]:
    """Return what a message has of its own in its head, and its links."""
    payload = unsubscribing.payload(person.subscription_id, person.delivery_id)
    unsubscribe = compiled.unsubscribe(payload)
    before, after = compiled.message_ids
    own = {
        "To": fold("To", [message.addr_spec(person.address)]),
        "Subject": compiled.subject.field(values),
        "Date": _date_field(date, date.utcoffset()),
        "Message-ID": b"%b%d%b" % (before, person.delivery_id, after),
        "List-Unsubscribe": unsubscribe,
        "unsubscribe_url": ascii_line(unsubscribe),
        "preferences_url": ascii_line(compiled.preferences(payload)),
    }
    if compiled.mailto is not None:
        own["mailto"] = compiled.mailto(person.subscription_id, person.delivery_id)
    return own


def _recorded(compiled: Compiled, person: Person, *, is_tracked: bool) -> dict[str, bytes]:
    """Return what names a delivery in its links; nothing for who did not agree to it."""
    if not is_tracked:
        return {rewriting.TOKEN: b"", rewriting.PIXEL: b""}
    number = str(person.delivery_id)
    before, after = compiled.picture
    return {
        rewriting.TOKEN: ascii_line(compiled.clicked(number) + b"/"),
        rewriting.PIXEL: before + ascii_line(compiled.opened(number)) + after,
    }


@lru_cache(maxsize=16)
def _date_field(date: datetime, offset: timedelta | None) -> bytes:
    # The messages of a turn share one; and times that are equal may be written differently.
    return message.date_field(date)


def _fault(exc: Exception) -> RenderFault:
    # The sentence may hold a person's values: it goes to no log and no row.
    return RenderFault(f"The message could not be made ({type(exc).__name__}).")
