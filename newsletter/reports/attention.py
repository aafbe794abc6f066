"""What needs a person now: facts in, notices out, the most urgent first."""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newsletter import clock
from newsletter.issues import naming, workflow
from newsletter.issues.checks import Level
from newsletter.issues.models import IssueState
from newsletter.issues.overview import Line
from newsletter.reports.people import Waiting
from newsletter.reports.progress import in_words
from newsletter.subscriptions.models import MailingList

LATE = timedelta(minutes=2)
"""How long after its time an issue may begin before somebody is told."""

STUCK = timedelta(minutes=5)
"""How long a single mail may be overdue: a relay that is away for a moment needs nobody."""


class Kind(enum.StrEnum):
    """What a notice is about; doors know where each one leads."""

    CLOCK = "clock"
    DISK = "disk"
    MAIL = "mail"
    RELAY = "relay"
    LEAVING = "leaving"
    LATE = "late"
    WITHDRAWN = "withdrawn"
    LINKS = "links"
    PAUSED = "paused"
    UNCERTAIN = "uncertain"
    REVIEW = "review"
    APPROVED = "approved"
    MEMBERS = "members"
    COMMENTS = "comments"
    NEW_ITEMS = "new-items"


@dataclass(frozen=True)
class Notice:
    """One thing that needs a person: what it is, why it matters, and of which issue."""

    kind: Kind
    level: Level
    sentence: str
    why: str = ""
    number: int | None = None
    slug: str = ""


@dataclass(frozen=True)
class Facts:
    """How things stand: `lines` are the issues that are neither sent nor cancelled.

    `uncertain` counts messages by issue; `withdrawn` names items that issues have and the
    library has not any more, `dead_links` their items whose links do not answer.
    `mail_waits` is how long single mail is overdue, `leaving` are the lists that very many left.
    """

    lines: Sequence[Line] = ()
    uncertain: Mapping[int, int] = field(default_factory=dict)
    withdrawn: Mapping[int, Sequence[str]] = field(default_factory=dict)
    dead_links: Mapping[int, Sequence[str]] = field(default_factory=dict)
    new_items: int = 0
    people: Waiting = field(default_factory=Waiting)
    is_clock_alive: bool = True
    mail_waits: timedelta | None = None
    leaving: Sequence[MailingList] = ()
    shortage: str = ""


def notices(
    facts: Facts, *, may_send: bool, now: datetime, editor_id: int | None = None
) -> list[Notice]:
    """Return what needs somebody, stops first; of issues, only to those who may send them.

    The editor `editor_id` is asked to approve what they did not save themselves, and
    what nobody else was asked to.
    """
    found = [*_of_the_installation(facts)]
    if may_send:
        lines = [line for line in facts.lines if not _is_for_others(line, editor_id)]
        found += [notice for line in lines for notice in _of_an_issue(line, facts, now=now)]
        found += _uncertain(facts.uncertain)
        found += map(_leaving, facts.leaving)
    found += _of_people(facts)
    if facts.new_items:
        found.append(_new_items(facts.new_items))
    order = list(Kind)
    levels = list(Level)
    return sorted(found, key=lambda one: (levels.index(one.level), order.index(one.kind)))


def _is_for_others(line: Line, editor_id: int | None) -> bool:
    """Tell whether an issue waits for approval by others than this editor."""
    if line.state is not IssueState.REVIEW or editor_id is None:
        return False
    return line.saved_by_id == editor_id or line.asked_id not in (None, editor_id)


def _of_the_installation(facts: Facts) -> Iterator[Notice]:
    if not facts.is_clock_alive:
        yield Notice(
            Kind.CLOCK,
            Level.STOP,
            "The clock is not running.",
            "Nothing is sent until it does. Whoever runs this installation starts it; "
            "everything waits and nothing is lost.",
        )
    if facts.shortage:
        yield Notice(Kind.DISK, Level.STOP, facts.shortage)
    if facts.mail_waits is not None and facts.mail_waits > STUCK:
        yield Notice(
            Kind.MAIL,
            Level.WARN,
            f"Confirmations and other single mails have waited for {in_words(facts.mail_waits)}.",
            "They go out by themselves when the relay takes mail again; the log of the clock "
            "says what it answers.",
        )


def _of_an_issue(line: Line, facts: Facts, *, now: datetime) -> Iterable[Notice]:
    match line.state:
        case IssueState.PAUSED:
            return [_paused(line)]
        case IssueState.SCHEDULED if line.number > 0:
            return _scheduled(line, facts, now=now)
        case IssueState.REVIEW:
            sentence = f"Issue {line.number} waits for your approval."
            return [Notice(Kind.REVIEW, Level.NOTE, sentence, line.title, line.number)]
        case IssueState.APPROVED:
            sentence = f"Issue {line.number} is approved and has no time yet."
            return [Notice(Kind.APPROVED, Level.NOTE, sentence, line.title, line.number)]
    return []


def _paused(line: Line) -> Notice:
    if line.pause_reason.endswith(workflow.BY_ITSELF):
        sentence = f"{naming.titled(line.number)} waits for the relay."
        return Notice(Kind.RELAY, Level.WARN, sentence, line.pause_reason, line.number)
    why = line.pause_reason or "A person paused it. Everybody who has not got it waits."
    return Notice(
        Kind.PAUSED, Level.WARN, f"{naming.titled(line.number)} is paused.", why, line.number
    )


def _scheduled(line: Line, facts: Facts, *, now: datetime) -> Iterator[Notice]:
    number = line.number
    late = now - clock.instant(line.send_at, line.zone) if line.send_at and line.zone else None
    if late is not None and late > LATE:
        yield Notice(
            Kind.LATE,
            Level.WARN,
            f"Issue {number} was due {in_words(late)} ago and has not begun.",
            "It begins when its readers are gathered, if the clock runs.",
            number,
        )
    if titles := facts.withdrawn.get(number):
        sentence = f"Issue {number} is scheduled with what is withdrawn: {_quoted(titles)}."
        why = "Stop it, take that out, and schedule it again."
        yield Notice(Kind.WITHDRAWN, Level.STOP, sentence, why, number)
    if titles := facts.dead_links.get(number):
        sentence = f"Issue {number} is scheduled with links that do not answer: {_quoted(titles)}."
        why = "They were asked more than once. Readers would see an error."
        yield Notice(Kind.LINKS, Level.WARN, sentence, why, number)


def _quoted(titles: Sequence[str]) -> str:
    return ", ".join(f"“{title}”" for title in titles)


def _uncertain(counts: Mapping[int, int]) -> Iterator[Notice]:
    for number, count in counts.items():
        messages = "1 message" if count == 1 else f"{count:,} messages"
        yield Notice(
            Kind.UNCERTAIN,
            Level.WARN,
            f"{messages} of {naming.called(number)} may have been sent or not.",
            "The connection broke after the last byte. Nothing happens until somebody decides.",
            number,
        )


def _leaving(mailing_list: MailingList) -> Notice:
    return Notice(
        Kind.LEAVING,
        Level.WARN,
        f"{mailing_list.many_left or 0:,} readers left “{mailing_list.name}” within ten minutes, "
        "by the button of their mail program.",
        "People rarely do. It counts, and each of them got a mail that takes it back.",
        slug=mailing_list.slug,
    )


def _of_people(facts: Facts) -> Iterator[Notice]:
    if number := facts.people.members:
        people = "1 application waits" if number == 1 else f"{number:,} applications wait"
        why = "Whoever asks to become a member hears from us only when somebody decides."
        yield Notice(Kind.MEMBERS, Level.NOTE, f"{people} for a decision.", why)
    if number := facts.people.comments:
        waiting = "1 comment waits" if number == 1 else f"{number:,} comments wait"
        yield Notice(
            Kind.COMMENTS, Level.NOTE, f"{waiting} to be dealt with.", slug=facts.people.slug
        )


def _new_items(count: int) -> Notice:
    items = "1 new item is" if count == 1 else f"{count:,} new items are"
    return Notice(Kind.NEW_ITEMS, Level.NOTE, f"{items} in no issue yet.")
