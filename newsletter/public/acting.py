"""What the links in an issue do, and the page that says so, with its Undo."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import render_template

from newsletter import links, page_language, reports
from newsletter.delivery.digests import leaving as digests_leaving
from newsletter.library.models import Topic
from newsletter.links import Link
from newsletter.marking import marked
from newsletter.membership import audience
from newsletter.subscriptions import pausing, reducing, undoing, unsubscribing
from newsletter.subscriptions.answers import Answer
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import EndedReason, Frequency
from newsletter.subscriptions.undoing import Undo
from newsletter.subscriptions.unsubscribing import Leaving
from newsletter.web import client_ip

ANSWERS = {
    Answer.TOO_MANY: marked("There were too many"),
    Answer.NOT_FOR_ME: marked("They were not about what I do"),
    Answer.NEVER_ASKED: marked("I never asked for them"),
    Answer.ELSEWHERE: marked("I read the news elsewhere"),
    Answer.OTHER: marked("Something else"),
}
"""What readers can answer who are asked why they left."""

LEAVE = "list"
LEAVE_ALL = "everything"
TOPICS = "topics"
PAUSE = "pause"
OFTEN = {Frequency.WEEKLY.value: Frequency.WEEKLY, Frequency.MONTHLY.value: Frequency.MONTHLY}


@dataclass(frozen=True)
class Act:
    """One thing that a reader pressed: what it is called in the form, and what was chosen."""

    name: str
    until: datetime | None = None
    topics: Sequence[Topic] = ()


def read(link: Link, token: str, *, now: datetime) -> Leaving:
    """Return what the token of an issue's link names, of a digest all its lists.

    Raises DeadLink for a token that is not ours.
    """
    return digests_leaving.whole(unsubscribing.read(link, token, now=now))


def do(act: Act, leaving: Leaving, *, page: str, now: datetime) -> str:
    """Do it, and return the page that says so: the same whatever the reader had before."""
    speak_to(leaving)
    undo = _do(act, leaving, origin_of(leaving.delivery_id, page=page), now)
    return render_template(
        "public/acted.html",
        act=act,
        list_name=list_name(leaving),
        is_members=is_members(leaving),
        until=act.until and pausing.day_of(act.until, pausing.zone_of(leaving.subscription)),
        undo=undoing.token(undo, now=now),
        why=_token_of(leaving, now=now),
        answers=ANSWERS,
    )


def speak_to(leaving: Leaving) -> None:
    """Speak the language that the reader chose once, which their mail shows, too."""
    if leaving.subscription is not None:
        page_language.speak(leaving.subscription.subscriber.language)


def list_name(leaving: Leaving) -> str:
    """Return the name of the list that a link is about, or of each; nothing after erasure."""
    return ", ".join(one.name for one in leaving.mailing_lists)


def is_members(leaving: Leaving) -> bool:
    """Tell whether a link is about the members' list, which one leaves and stays a member."""
    numbers = [one.id for one in leaving.mailing_lists]
    return bool(numbers) and audience.members_list_id() in numbers


def origin_of(delivery_id: int | None, *, page: str) -> Origin:
    """Return where the act of who used such a link came from."""
    issue_id = reports.issue_of(delivery_id) if delivery_id else None
    return Origin(page=page, ip=client_ip() or None, issue_id=issue_id)


def _do(act: Act, leaving: Leaving, origin: Origin, now: datetime) -> Undo | None:
    if act.name == PAUSE and act.until is not None:
        return reducing.pause(leaving, act.until, origin=origin, now=now)
    if act.name == TOPICS:
        return reducing.stop_topics(leaving, act.topics, origin=origin, now=now)
    if act.name in OFTEN:
        return reducing.less_often(leaving, OFTEN[act.name], origin=origin, now=now)
    return unsubscribing.unsubscribe(
        leaving,
        reason=EndedReason.LINK,
        origin=origin,
        now=now,
        from_everything=act.name == LEAVE_ALL,
    )


def _token_of(leaving: Leaving, *, now: datetime) -> str:
    """Return an unsubscribe token for the question why, also on the page of another link."""
    if leaving.subscription is None:
        return ""
    number = unsubscribing.payload(leaving.subscription.id, leaving.delivery_id)
    return links.UNSUBSCRIBE.token(number, now=now)
