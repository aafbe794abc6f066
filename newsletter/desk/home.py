"""The first page of the desk: what needs a person now, what comes next, what was last."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import render_template

from newsletter import clock, reports
from newsletter.accounts import Action, may
from newsletter.delivery import audience, reserve
from newsletter.delivery.digests import overview as digests
from newsletter.desk.growth import year_of_growth
from newsletter.desk.guard import SIGNED_IN, blueprint, my_lists, needs, the_editor
from newsletter.issues import composing, overview, picking, presence
from newsletter.issues.models import IssueState
from newsletter.issues.naming import desk_path
from newsletter.issues.overview import Line
from newsletter.issues.picking import Listed
from newsletter.library import catalogue
from newsletter.mail import outbox
from newsletter.reachability import links
from newsletter.reports import attention, people
from newsletter.reports.attention import Facts, Kind
from newsletter.reports.people import Waiting
from newsletter.reports.progress import in_words
from newsletter.subscriptions import growth, mass_leaving

LEADS: Mapping[Kind, tuple[str, str]] = {
    Kind.RELAY: ("{page}", "Look at it"),
    Kind.LEAVING: ("/desk/lists/{slug}/answers", "Why readers left"),
    Kind.LATE: ("{page}", "Look at it"),
    Kind.WITHDRAWN: ("{page}", "Look at it"),
    Kind.LINKS: ("{page}", "Look at it"),
    Kind.PAUSED: ("{page}", "Resume or cancel it"),
    Kind.UNCERTAIN: ("{page}#uncertain", "Decide"),
    Kind.REVIEW: ("{page}/review", "Read it"),
    Kind.APPROVED: ("{page}/send", "Send or schedule it"),
    Kind.MEMBERS: ("/desk/members/", "Decide"),
    Kind.COMMENTS: ("/desk/library/item/{slug}#comments", "Read them"),
    Kind.NEW_ITEMS: ("/desk/issues/new", "Begin an issue"),
}
"""Where each notice leads, and what the button says; the others need somebody else."""

WRITTEN = (IssueState.DRAFT, IssueState.REVIEW, IssueState.APPROVED)

SOON = timedelta(hours=3)
"""How near an issue is whose time is said in minutes, too: during a hold nobody calculates."""


@dataclass(frozen=True)
class Next:
    """The issue that goes out next and to how many people, and those after it."""

    line: Line
    soon: str
    recipients: int
    others: Sequence[Line]


@blueprint.get("/")
@needs(SIGNED_IN)
def show_home() -> str:
    """Show what needs somebody now, with the numbers of what is on its way."""
    now, mine = clock.now(), my_lists()
    lines = overview.open_lines(lists=mine)
    running = [line for line in lines if line.state is IssueState.SENDING]
    drafts = [line for line in lines if line.state in WRITTEN]
    last = overview.last_sent(lists=mine)
    subscribers = growth.subscribers_now(mine)
    return render_template(
        "desk/home.html",
        today=now,
        notices=_notices(lines, now=now),
        running=running,
        next=_next(_scheduled(lines), now=now),
        digests_next=digests.next_due(lists=mine),
        drafts=drafts,
        writing=presence.writing([line.number for line in drafts], now=now),
        last=last,
        numbers=reports.reports_of([line.number for line in [*running, *([last] if last else [])]]),
        steps=None if last or running else _steps(subscribers, lines),
        subscribers=sum(subscribers.values()),
        chart=year_of_growth(now=now, lists=mine),
    )


def _notices(
    lines: Sequence[Line], *, now: datetime
) -> list[tuple[attention.Notice, tuple[str, str] | None]]:
    """Return what needs somebody, each with the address and the words of its button, if any."""
    me = the_editor()
    reviews = may(me, Action.REVIEW_MEMBERS)
    waiting = people.waiting(lists=my_lists(), now=now) if reviews else Waiting()
    scheduled = [line.number for line in _scheduled(lines)]
    items = picking.items_in(scheduled) if scheduled else {}
    facts = Facts(
        lines=lines,
        withdrawn=_titles(items, lambda item: item.is_withdrawn),
        dead_links=_titles(items, _is_dead(items)),
        new_items=picking.count_unused(lists=my_lists()),
        uncertain=reports.uncertain(lists=my_lists()),
        is_clock_alive=reports.clock_is_alive(now=now),
        mail_waits=outbox.oldest_waiting(now=now),
        leaving=(mass_leaving.of_late(lists=my_lists(), now=now) if waiting.lists_left else ()),
        shortage=reserve.shortage(),
        people=waiting,
    )
    found = attention.notices(facts, may_send=may(me, Action.SEND), now=now, editor_id=me.id)
    return [(one, _lead(one)) for one in found]


def _titles(
    items: Mapping[int, Sequence[Listed]], is_meant: Callable[[Listed], bool]
) -> dict[int, list[str]]:
    return {
        number: [item.title for item in of_issue if is_meant(item)]
        for number, of_issue in items.items()
    }


def _is_dead(items: Mapping[int, Sequence[Listed]]) -> Callable[[Listed], bool]:
    """Return what tells of an item whether its link was asked often enough to be accused."""
    urls = {item.url for of_issue in items.values() for item in of_issue if item.url}
    known = links.verdicts(urls) if urls else {}
    dead = {url for url, verdict in known.items() if verdict.level is links.Level.WARNING}
    return lambda item: item.url in dead


def _lead(notice: attention.Notice) -> tuple[str, str] | None:
    if notice.kind not in LEADS:
        return None
    path, words = LEADS[notice.kind]
    return path.format(page=desk_path(notice.number or 0), slug=notice.slug), words


def _scheduled(lines: Sequence[Line]) -> list[Line]:
    """Return the issues that wait for their time; a digest that is being written does not."""
    return [line for line in lines if line.state is IssueState.SCHEDULED and line.number > 0]


def _next(scheduled: Sequence[Line], *, now: datetime) -> Next | None:
    in_order = sorted(scheduled, key=_due_at)
    if not in_order:
        return None
    first, *others = in_order
    count = audience.count(composing.find_issue(first.number))
    left = _due_at(first) - now
    soon = in_words(left) if timedelta(0) < left < SOON else ""
    return Next(first, soon, count.everybody, others)


def _due_at(line: Line) -> datetime:
    assert line.send_at is not None and line.zone is not None
    return clock.instant(line.send_at, line.zone)


def _steps(subscribers: Mapping[int, int], lines: Sequence[Line]) -> dict[str, bool] | None:
    """Return which of the three first steps are done; None when all of them are."""
    steps = {
        "list": bool(subscribers),
        "item": bool(catalogue.latest_items(1)),
        "issue": bool(lines),
    }
    return None if all(steps.values()) else steps
