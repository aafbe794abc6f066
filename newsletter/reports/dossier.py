"""All evidence about one person, to be printed or handed over: theirs, and nobody else's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter import clock, traces
from newsletter.addresses import Address
from newsletter.comments.models import Comment
from newsletter.errors import NotFound
from newsletter.membership import asking as members
from newsletter.membership.models import Member
from newsletter.subscriptions import evidence, suppression
from newsletter.subscriptions.evidence import Evidence
from newsletter.subscriptions.models import ConsentKind, Source, Subscriber
from newsletter.subscriptions.standing import find_reader

KINDS = {
    ConsentKind.REQUESTED: "Asked for the e-mails",
    ConsentKind.CONFIRMED: "Confirmed",
    ConsentKind.CHANGED: "Changed what they get",
    ConsentKind.UNSUBSCRIBED: "Stopped the e-mails",
    ConsentKind.IMPORTED: "Imported",
    ConsentKind.ERASED: "Erased",
    ConsentKind.TRACKING_AGREED: "Agreed to be recorded",
    ConsentKind.TRACKING_WITHDRAWN: "Is not recorded any more",
    ConsentKind.ADMITTED: "Was put on the list, as asked",
}
"""What happened, as the page says it."""

PROVES = (
    "It shows what was written down at the time: the words that stood beside the button, when the "
    "e-mails were asked for, and when the link that was mailed to this address was used. The "
    "database refuses to change or delete an entry about a list."
)
PROVES_NOT = (
    "It does not show who sat at the keyboard: whoever confirmed could read mail to this address, "
    "and nobody proves theirs to comment. "
    "What was imported rests on what the importer stated. Networks are shortened on purpose."
)


@dataclass(frozen=True)
class Interval:
    """A stretch of time in which somebody was on a list."""

    list_name: str
    came_by: Source
    started_at: datetime
    ended_at: datetime | None
    ended_by: str


@dataclass(frozen=True)
class Application:
    """What somebody agreed to when they asked to become a member, and what became of it."""

    member: Member
    words: str
    version: str
    language: str
    network: str


@dataclass(frozen=True)
class Dossier:
    """One person's evidence as it stood at `made_at`; `number` is None for who is no subscriber."""

    number: int | None
    address: str
    made_at: datetime
    events: Sequence[Evidence]
    intervals: Sequence[Interval]
    suppressed_since: datetime | None
    suppressed_for: str
    applications: Sequence[Application] = ()
    # Each with the title of its item.
    comments: Sequence[tuple[Comment, str]] = ()


def dossier_of(address: Address, *, lists: frozenset[int] | None = None, now: datetime) -> Dossier:
    """Return all evidence about one person; with `lists`, nothing about others than these.

    Raises NotFound where there is none: who applied or commented needs to be on no list.
    """
    subscriber = find_reader(address, lists=lists)
    # Both concern no list: who may know of some lists only does not learn of them.
    theirs = traces.of(address.canonical, subscriber) if lists is None else traces.Traces()
    if subscriber is None and not theirs:
        raise NotFound(f"There is no evidence about {address.spelling}: nothing is kept of it.")
    blocked = suppression.find(address)
    return Dossier(
        number=subscriber.id if subscriber else None,
        address=subscriber.address if subscriber else address.spelling,
        made_at=now,
        events=evidence.evidence_of(subscriber.id, lists=lists) if subscriber else (),
        intervals=_intervals(subscriber, lists) if subscriber else (),
        suppressed_since=blocked.since if blocked else None,
        suppressed_for=blocked.reason.value if blocked else "",
        applications=[_application(member) for member in theirs.applications],
        comments=theirs.comments,
    )


def _application(member: Member) -> Application:
    words = members.words_of(member)
    network = evidence.mask(member.ip)
    return Application(member, words.text, words.version, words.language, network)


def _intervals(subscriber: Subscriber, lists: frozenset[int] | None) -> list[Interval]:
    found = [
        Interval(
            list_name=subscription.mailing_list.name,
            came_by=one.source,
            started_at=one.started_at,
            ended_at=one.ended_at,
            ended_by=one.ended_reason.value if one.ended_reason else "",
        )
        for subscription in subscriber.subscriptions
        if lists is None or subscription.mailing_list_id in lists
        for one in subscription.intervals
    ]
    return sorted(found, key=lambda one: one.started_at)


def facts(dossier: Dossier) -> dict[str, Any]:
    """Return the same for programs; times are UTC."""
    return {
        "subscriber": dossier.number,
        "address": dossier.address,
        "made_at": clock.written(dossier.made_at),
        "shows": PROVES,
        "does_not_show": PROVES_NOT,
        "events": [evidence.facts(event) for event in dossier.events],
        "intervals": [
            {
                "list": one.list_name,
                "came_by": one.came_by.value,
                "from": clock.written(one.started_at),
                "to": clock.written(one.ended_at),
                "ended_by": one.ended_by,
            }
            for one in dossier.intervals
        ],
        "applications": [_facts_of(one) for one in dossier.applications],
        "comments": [
            {
                "at": clock.written(comment.at),
                "about": title,
                "address": comment.address,
                "name": comment.name,
                "language": comment.language,
                "comment": comment.text,
            }
            for comment, title in dossier.comments
        ],
        "suppressed": (
            {"since": clock.written(dossier.suppressed_since), "reason": dossier.suppressed_for}
            if dossier.suppressed_since
            else None
        ),
    }


def _facts_of(application: Application) -> dict[str, Any]:
    member = application.member
    return {
        "application": member.id,
        "state": member.state.value,
        "as": member.kind.value,
        "name": member.name,
        "address": member.address,
        "country": member.country,
        "website": member.website,
        "brings": member.brings,
        "words": application.words,
        "version": application.version,
        "language": application.language,
        "network": application.network,
        "asked_at": clock.written(member.asked_at),
        "confirmed_at": clock.written(member.confirmed_at),
        "decided_at": clock.written(member.decided_at),
        "decided_by": member.decided_by,
        "reason": member.reason,
        "ended_at": clock.written(member.ended_at),
        "ended_by": member.ended_by,
    }
