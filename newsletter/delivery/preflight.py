"""The checks before sending, with the facts that they need gathered from everywhere."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from newsletter.delivery import audience, readership
from newsletter.extensions import db
from newsletter.fetching import rules
from newsletter.issues import checks, composing, editions, picking, rendering, waivers, workflow
from newsletter.issues.checks import (
    Facts,
    Finding,
    Message,
    Moment,
    Neighbour,
    Sender,
    fields,
    times,
)
from newsletter.issues.checks import typed as typed_words
from newsletter.issues.composition import Composition
from newsletter.issues.models import Issue, IssueKind, IssueState
from newsletter.issues.picking import Shelf
from newsletter.mail.encoding import quoted_printable
from newsletter.media import images
from newsletter.reachability import domains, links
from newsletter.subscriptions import lists

POSTAL_ADDRESS = "postal-address"
"""The code of the one stop that a command lets pass with a warning."""

HEAD = 3_000
"""Bytes of a message around its two parts: the header, two signatures and the boundaries."""

IDLE = timedelta(days=30)
"""How long after its last save the links of a draft are still looked at."""

MOST_AHEAD = 200
"""Issues whose links are looked at by themselves."""


def examine(
    issue: Issue,
    *,
    at: Moment | None = None,
    recipients: int | None = None,
    shelf: Shelf | None = None,
) -> list[Finding]:
    """Return what is to be said about the issue as it stands now, the stops first.

    The moment is judged for a scheduled issue, or if one is given. Recipients are
    counted, and its items looked up, if nobody did so before. Warnings that somebody
    lets pass say so.
    """
    facts = gather(issue, at=at, recipients=recipients, shelf=shelf)
    return waivers.marked(issue, checks.check(facts))


def judge(issue: Issue, moment: Moment | None) -> list[Finding]:
    """Return what is to be said about a moment for the issue, and about nothing else."""
    if moment is None:
        return []
    return waivers.marked(issue, list(times.judge(moment, _neighbours(issue))))


def gather(
    issue: Issue,
    *,
    at: Moment | None = None,
    recipients: int | None = None,
    shelf: Shelf | None = None,
) -> Facts:
    """Return all that the checks must know, in few questions, however large the list is."""
    whole = composing.current(issue)
    shelf = shelf or picking.shelf(issue, whole)
    drifts = picking.drifted(whole, shelf.items)
    readers = readership.of(issue, fields.paths(whole))
    pictures = {block.image.number for block in whole.blocks if block.image}
    moment = at or _schedule(issue)
    return Facts(
        whole=whole,
        public_url=current_app.config["PUBLIC_URL"],
        postal_address=issue.mailing_list.postal_address,
        corrects=issue.corrects_id,
        recipients=audience.count(issue).everybody if recipients is None else recipients,
        readers=readers.for_checks,
        withdrawn=frozenset(drift.block.key for drift in drifts if drift.is_withdrawn),
        changed={
            drift.block.key: drift.now.updated_at.isoformat()
            for drift in drifts
            if drift.now is not None and not drift.is_withdrawn
        },
        sent_in=_sent_in(issue, shelf),
        octets=_octets(pictures),
        verdicts=links.verdicts(_addresses(whole)),
        messages=_messages(issue, whole, readers.longest_values),
        sender=_sender(issue),
        moment=moment,
        neighbours=_neighbours(issue) if moment else (),
    )


def look_ahead(issue: Issue, *, now: datetime) -> None:
    """Have the pages looked at that the issue leads to; call it where an issue is saved."""
    links.wanted(_addresses(composing.current(issue)), now=now)


def addresses_ahead(*, now: datetime) -> Sequence[Sequence[str]]:
    """Return where each issue leads that may still go out, but for drafts that nobody touches."""
    open_issues = db.session.scalars(
        sa.select(Issue)
        .where(
            Issue.kind == IssueKind.ISSUE,
            (Issue.state == IssueState.SCHEDULED)
            | (Issue.state.in_(composing.EDITABLE) & (Issue.updated_at > now - IDLE)),
        )
        .order_by(Issue.updated_at.desc())
        .limit(MOST_AHEAD)
    )
    return [_addresses(composing.current(issue)) for issue in open_issues]


def _addresses(whole: Composition) -> list[str]:
    return typed_words.addresses(whole, public_url=current_app.config["PUBLIC_URL"])


def _sent_in(issue: Issue, shelf: Shelf) -> dict[str, picking.Sent]:
    if issue.corrects_id is not None:
        # It says again what was said wrong.
        return {}
    return {slug: sent[-1] for slug, sent in shelf.sent.items()}


def _octets(pictures: Collection[int]) -> dict[int, int]:
    found = images.find_images(pictures) if pictures else {}
    return {number: image.octets for number, image in found.items()}


def _messages(issue: Issue, whole: Composition, longest: Mapping[str, str]) -> tuple[Message, ...]:
    """Return each edition as the reader with the longest values would get it."""
    masthead = rendering.masthead_of(issue)
    return tuple(
        _message(rendering.preview(editions.in_language(whole, one), masthead, longest), one)
        for one in whole.languages
    )


def _message(seen: rendering.Preview, language: str) -> Message:
    html_bytes = len(quoted_printable(seen.html))
    return Message(
        language=language,
        subject=seen.subject,
        html=seen.html,
        text=seen.text,
        html_bytes=html_bytes,
        all_bytes=html_bytes + len(quoted_printable(seen.text)) + HEAD,
    )


def _sender(issue: Issue) -> Sender:
    address = lists.sender_address(issue.mailing_list)
    # Where nothing is asked of the DNS, or no mail leaves the machine, there is nothing to prove.
    is_asked = rules.is_on() and not current_app.config["USES_MAILBOX"]
    verdict = domains.verdict(domains.domain_of(address)) if is_asked else None
    return Sender(address, current_app.config["PUBLIC_HOST"], verdict)


def _schedule(issue: Issue) -> Moment | None:
    if issue.state is not IssueState.SCHEDULED or issue.send_at is None or issue.zone is None:
        return None
    return Moment(issue.send_at, issue.zone)


def _neighbours(issue: Issue) -> tuple[Neighbour, ...]:
    """Return when other issues to the same list begin, or began lately."""
    others = db.session.scalars(
        sa.select(Issue)
        .where(
            Issue.mailing_list_id == issue.mailing_list_id,
            Issue.kind == IssueKind.ISSUE,
            Issue.id.not_in([issue.id, issue.corrects_id or 0]),
            (Issue.state == IssueState.SCHEDULED) | Issue.begun_at.is_not(None),
        )
        .order_by(Issue.id.desc())
        .limit(20)
    )
    return tuple(Neighbour(other.id, other.begun_at or workflow.due_at(other)) for other in others)
