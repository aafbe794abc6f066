"""What is kept about a reader, in words of theirs: the file for programs has names of its own."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from newsletter import languages
from newsletter.marking import marked
from newsletter.page_language import gettext, ours
from newsletter.subscriptions import agreeing, consent

NAMES = {
    "you": marked("You"),
    "lists": marked("Your lists"),
    "changes_of_address": marked("Changes of address"),
    "membership": marked("Membership"),
    "comments": marked("Comments"),
    "consent": marked("Consent"),
    "e-mails": marked("E-mails"),
    "address": marked("Address"),
    "name": marked("Name"),
    "language": marked("Language"),
    "time_zone": marked("Time zone"),
    "look": marked("Look"),
    "more": marked("Other details"),
    "known_since": marked("Known since"),
    "list": marked("List"),
    "state": marked("State"),
    "how_often": marked("How often"),
    "topics": marked("Topics"),
    "asked_at": marked("Asked for on"),
    "confirmed_at": marked("Confirmed on"),
    "objected_at": marked("Objected to on"),
    "decided_at": marked("Decided on"),
    "ended_at": marked("Ended on"),
    "paused_until": marked("Paused until"),
    "summary_of_what_was_missed": marked("Summary of what was missed"),
    "next_digest_at": marked("Next summary on"),
    "agreed_to_be_recorded": marked("Agreed to be recorded"),
    "last_opened_on": marked("Last opened on"),
    "links_followed": marked("Links followed"),
    "intervals": marked("Times on the list"),
    "from": marked("From"),
    "to": marked("To"),
    "came_by": marked("Came by"),
    "ended_by": marked("Ended by"),
    "as": marked("As"),
    "country": marked("Country"),
    "website": marked("Website"),
    "brings": marked("What you would bring"),
    "words": marked("Words agreed to"),
    "reason": marked("Reason"),
    "about": marked("About"),
    "comment": marked("Comment"),
    "at": marked("When"),
    "on": marked("Day"),
    "kind": marked("What happened"),
    "version": marked("Version"),
    "page": marked("Page"),
    "network": marked("Network"),
    "by": marked("By"),
    "detail": marked("Details"),
    "subject": marked("Subject"),
    "issue": marked("Issue"),
}
"""What each fact is called."""

VALUES = {
    "every": marked("Every issue"),
    "weekly": marked("Once a week"),
    "monthly": marked("Once a month"),
    "html": marked("Formatted, with links and pictures"),
    "text": marked("Text only"),
    "form": marked("Form"),
    "embed": marked("Form on another site"),
    "import": marked("Another list"),
    "membership": marked("Membership"),
    "link": marked("Link in an e-mail"),
    "one-click": marked("Button of a mail program"),
    "mailto": marked("E-mail"),
    "erased": marked("Deleted"),
    "organisation": marked("For an organisation"),
    "individual": marked("For myself"),
    "pending": marked("Not confirmed yet"),
    "confirmed": marked("Confirmed"),
    "paused": marked("Paused"),
    "unsubscribed": marked("Stopped"),
    "waiting": marked("Waiting"),
    "accepted": marked("Accepted"),
    "declined": marked("Declined"),
    "ended": marked("Ended"),
    "in_flight": marked("On its way"),
    "sent": marked("Sent"),
    "failed": marked("Could not be delivered"),
    "suppressed": marked("Not sent"),
    "cancelled": marked("Not sent"),
    "uncertain": marked("It may have arrived"),
    "requested": marked("You asked for the e-mails"),
    "changed": marked("Something was changed"),
    "imported": marked("You were added from another list"),
    "tracking-agreed": marked("You agreed that what you open and follow is recorded"),
    "tracking-ended": marked("What you open and follow is not recorded any more"),
    "admitted": marked("You were put on the list, as you had asked"),
    "subscriber": marked("You"),
    "clock": marked("By itself, in time"),
    "all topics": marked("All topics"),
    "name": marked("Name"),
    "topics": marked("Topics"),
    "how often": marked("How often"),
    "language": marked("Language"),
    "format": marked("Look"),
    "zone": marked("Time zone"),
    "of the list": marked("As the list has it"),
    "by a link mailed to the address": marked("By a link mailed to the address"),
    "subscribed already": marked("Subscribed already"),
    agreeing.ENDED_FOR_ALL: marked("This list records nobody any more"),
    consent.NOT_KNOWN: marked("We do not know the words that were shown"),
    "address changed": marked("The address was changed"),
    "address changed back": marked("The address was changed back"),
    "pause ended": marked("The pause ended"),
    "pause ended, summary of what was missed": marked("The pause ended, with a summary"),
    "suspicious: nobody reads so fast": marked("Sooner than anybody reads"),
}
"""What the values mean that we chose ourselves, wherever they stand."""

SENTENCES = (
    (r"paused until ([\d-]+), then a summary", marked("Paused until %(first)s, then a summary")),
    (r"paused until ([\d-]+)", marked("Paused until %(first)s")),
    (r"took back the change of (.+)", marked("Took back the change of %(first)s")),
    (r"(\d+) s after the e-mail", marked("Seconds after the e-mail: %(first)s")),
    (r"stopped (.+)", marked("Stopped: %(first)s")),
    (r"(link|one-click|mailto), delivery \d+", "%(first)s"),
    (r"([^:]+): (.+)", marked("%(first)s: %(second)s")),
)
"""What details say in our words, with what is named in them."""

OURS = frozenset(
    {"state", "how_often", "look", "came_by", "ended_by", "as", "kind", "by", "detail"}
)
"""The facts whose values are ours; all else is as it was typed."""


def in_words(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept, named and said in the language of the page."""
    return {gettext(NAMES[name]): _value(name, value) for name, value in kept.items()}


def said(detail: str) -> str:
    """Return what the evidence notes, part by part, in the language of the page."""
    return "; ".join(_part(part) for part in detail.split("; "))


def _value(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        # What editors brought along is called what they called it.
        return value if name == "more" else in_words(value)
    if isinstance(value, list | tuple):
        return [_value(name, _filled(one)) for one in value]
    if not isinstance(value, str) or not value:
        return value
    if name == "language":
        return ours().name_of(value)
    return said(value) if name in OURS else _moment(value)


def _filled(row: Any) -> Any:
    """Return a row of many without what it does not have; the file has every name."""
    if not isinstance(row, Mapping):
        return row
    return {name: value for name, value in row.items() if value not in (None, "", [])}


def _moment(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        return text
    return ours().moment(datetime.fromisoformat(text))


def _part(text: str) -> str:
    if text in VALUES:
        return gettext(VALUES[text])
    if text in languages.OFFERED:
        return ours().name_of(text)
    for pattern, sentence in SENTENCES:
        if found := re.fullmatch(pattern, text):
            inner = dict(zip(("first", "second"), map(_part, found.groups()), strict=False))
            return gettext(sentence) % inner
    return text
