"""Whom an issue goes to, in which edition, and who of its list is left out and why.

Who wants a digest does not get the issue itself: it is in the next digest of theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from newsletter.delivery import having
from newsletter.delivery.models import Delivery
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.subscriptions.digest_windows import DIGESTS
from newsletter.subscriptions.models import (
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    subscription_topic,
)


@dataclass(frozen=True)
class AudienceCount:
    """How many would get an issue now, and how many subscribers are left out and why."""

    recipients: int
    suppressed: int
    paused: int
    weekly: int = 0
    monthly: int = 0

    @property
    def everybody(self) -> int:
        """How many read it, now or in a digest."""
        return self.recipients + self.weekly + self.monthly


@dataclass(frozen=True)
class Audience:
    """The same in full: by the language of their edition, if there are several, and by reason.

    `recipients` get it by e-mail when it goes out, `weekly` and `monthly` in their
    next digest. Of a correction, `reached` is how many got the issue `corrects`, and
    `left` how many of them are not on the list any more; who got it in a digest, and still
    wants digests, is in neither and gets the correction in the next one.
    """

    recipients: int
    by_language: Mapping[str, int] = field(default_factory=dict)
    paused: int = 0
    suppressed: Mapping[SuppressionReason, int] = field(default_factory=dict)
    corrects: int | None = None
    reached: int = 0
    left: int = 0
    weekly: int = 0
    monthly: int = 0

    @property
    def everybody(self) -> int:
        """How many read it, now or in a digest."""
        return self.recipients + self.weekly + self.monthly


def count(issue: Issue) -> AudienceCount:
    """Return whom the issue would go to if it were planned now, in one query."""
    found = _counts(issue, [_suppressed_who(issue)])
    return AudienceCount(
        found.mailable[Frequency.EVERY],
        found.suppressed[0],
        found.paused,
        weekly=found.mailable[Frequency.WEEKLY],
        monthly=found.mailable[Frequency.MONTHLY],
    )


def of(issue: Issue) -> Audience:
    """Return whom the issue would go to if it were planned now, in full: in two queries at most."""
    found = _counts(issue, [_suppressed_who(issue, reason=reason) for reason in SuppressionReason])
    suppressed = dict(zip(SuppressionReason, found.suppressed, strict=True))
    recipients = found.mailable[Frequency.EVERY]
    return Audience(
        recipients=recipients,
        weekly=found.mailable[Frequency.WEEKLY],
        monthly=found.mailable[Frequency.MONTHLY],
        by_language=_by_language(issue, recipients),
        paused=found.paused,
        suppressed={reason: number for reason, number in suppressed.items() if number},
        corrects=issue.corrects_id,
        reached=found.reached,
        left=found.left,
    )


def is_addressed(
    issue: Issue, *, person: InstrumentedAttribute[int] = Subscription.subscriber_id
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for a subscription to be the issue's, whatever its state.

    `person` is the number of its subscriber, if a join has it at hand. An issue
    without topics is for all of the list, and a reader without topics wants all of
    them (DESIGN section 5). A correction is for exactly those who got what it
    corrects, or may have got it; who got it in a digest and has digests no more, too.
    """
    conditions: list[sa.ColumnElement[bool]] = [
        Subscription.mailing_list_id == issue.mailing_list_id
    ]
    if issue.corrects_id is not None:
        got_last = sa.and_(
            Subscription.frequency == Frequency.EVERY, having.in_digest(issue.corrects_id, person)
        )
        return [*conditions, sa.or_(having.by_itself(issue.corrects_id, person), got_last)]
    topic_ids = [topic.id for topic in issue.topics]
    if topic_ids:
        conditions.append(wants(topic_ids))
    return conditions


def gets_mail(
    issue: Issue, *, person: InstrumentedAttribute[int] = Subscription.subscriber_id
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for a subscription to get the issue itself when it goes out.

    A correction goes as the issue did, however often somebody wants mail since.
    """
    conditions = [
        *is_addressed(issue, person=person),
        Subscription.state == SubscriptionState.CONFIRMED,
    ]
    if issue.corrects_id is None:
        conditions.append(Subscription.frequency == Frequency.EVERY)
    return conditions


def gets_digest(issue: Issue, frequency: Frequency) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for a subscription to get the issue in a digest of this frequency."""
    conditions = [
        Subscription.mailing_list_id == issue.mailing_list_id,
        Subscription.state == SubscriptionState.CONFIRMED,
        Subscription.frequency == frequency,
    ]
    if issue.corrects_id is not None:
        person = Subscription.subscriber_id
        conditions.append(_only_in_digest(issue.corrects_id, person))
    elif issue.topics:
        conditions.append(wants([topic.id for topic in issue.topics]))
    return conditions


def wants(topic_ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """Return the condition for a subscription to one of these topics, or to all of them."""
    chosen = sa.exists().where(subscription_topic.c.subscription_id == Subscription.id)
    return ~chosen | chosen.where(subscription_topic.c.topic_id.in_(topic_ids))


def suppressed(reason: SuppressionReason | None = None) -> sa.Select[int]:
    """Return the numbers of the subscribers who are never mailed, found from the shorter table."""
    hashes = sa.select(Suppression.address_hmac)
    if reason is not None:
        hashes = hashes.where(Suppression.reason == reason)
    return sa.select(Subscriber.id).where(Subscriber.address_hmac.in_(hashes))


def edition_for(editions: Sequence[tuple[str, Any]]) -> sa.ColumnElement[Any]:
    """Return what stands for the edition in a subscriber's language, or for one they can read.

    `editions` are pairs of a language and its value, the first one for all others.
    Who asked for `pt-BR` reads `pt`, and the other way round, where there is
    nothing nearer.
    """
    (_, default), *others = editions
    if not others:
        return sa.literal(default)
    exact = [(Subscriber.language == language, value) for language, value in editions]
    near = []
    for language, value in editions:
        tongue = language.partition("-")[0]
        is_kin = (Subscriber.language == tongue) | Subscriber.language.startswith(f"{tongue}-")
        near.append((is_kin, value))
    return sa.case(*exact, *near, else_=default)


@dataclass(frozen=True)
class _Counts:
    """What one look counts; `suppressed` are in the order in which they were asked for."""

    mailable: Mapping[Frequency, int]
    paused: int
    suppressed: Sequence[int]
    reached: int = 0
    left: int = 0


def _counts(issue: Issue, left_out: Sequence[sa.Select[int]]) -> _Counts:
    """Count each for itself: the states along an index that holds nothing else."""
    if issue.corrects_id is not None:
        return _counts_of_correction(issue.corrects_id, issue, left_out)
    each = [_count(gets_mail(issue)), *(_count(gets_digest(issue, one)) for one in DIGESTS)]
    never = [_suppressed_who(issue, Subscription.frequency == one) for one in Frequency]
    paused = _in_state(issue, SubscriptionState.PAUSED)
    all_paused, *numbers = _ask(paused, *each, *never, *left_out)
    confirmed, blocked, suppressed = numbers[:3], numbers[3:6], numbers[6:]
    mailable = zip(Frequency, confirmed, blocked, strict=True)
    return _Counts(
        {one: total - without for one, total, without in mailable}, all_paused, suppressed
    )


def _counts_of_correction(number: int, issue: Issue, left_out: Sequence[sa.Select[int]]) -> _Counts:
    """Count who has it along an index, and those who are gone, who are fewer than who stayed."""
    has_it = having.count_by_itself(number)
    erased = has_it.where(Delivery.subscriber_id.is_(None))
    gone = [
        _in_state(issue, state)
        for state in SubscriptionState
        if state is not SubscriptionState.CONFIRMED
    ]
    digests = [
        _count([*gets_digest(issue, one), Subscription.subscriber_id.not_in(suppressed())])
        for one in DIGESTS
    ]
    in_last = _count(
        [
            Subscription.mailing_list_id == issue.mailing_list_id,
            Subscription.frequency == Frequency.EVERY,
            _only_in_digest(number, Subscription.subscriber_id),
        ]
    )
    never = _suppressed_who(issue)
    numbers = _ask(has_it, in_last, erased, *gone, *digests, never, *left_out)
    by_itself, in_digest, nobody, pending, paused, unsubscribed, *rest = numbers
    weekly, monthly, blocked, *without = rest
    reached = by_itself + in_digest
    left = nobody + pending + unsubscribed
    mailable = {
        Frequency.EVERY: reached - left - paused - blocked,
        Frequency.WEEKLY: weekly,
        Frequency.MONTHLY: monthly,
    }
    return _Counts(mailable, paused, without, reached, left)


def _ask(*counts: sa.Select[int]) -> list[int]:
    row = db.session.execute(sa.select(*(count.scalar_subquery() for count in counts))).one()
    return [int(number) for number in row]


def _count(conditions: Sequence[sa.ColumnElement[bool]]) -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(Subscription).where(*conditions)


def _in_state(issue: Issue, state: SubscriptionState) -> sa.Select[int]:
    return _count([*is_addressed(issue), Subscription.state == state])


def _suppressed_who(
    issue: Issue,
    *which: sa.ColumnElement[bool],
    reason: SuppressionReason | None = None,
) -> sa.Select[int]:
    """Count the confirmed readers who are never mailed, from their own list, which is short."""
    # The state is no condition: SQLite would go by it, through all the list.
    is_meant = sa.and_(Subscription.state == SubscriptionState.CONFIRMED, *which)
    return (
        sa.select(sa.func.count().filter(is_meant))
        .select_from(Subscription)
        .where(*is_addressed(issue), Subscription.subscriber_id.in_(suppressed(reason)))
    )


def _by_language(issue: Issue, recipients: int) -> dict[str, int]:
    """Return how many get each edition, if there are several, as planning chooses them."""
    default, *others = [edition.language for edition in issue.editions]
    if not others:
        return {}
    chosen = edition_for([(language, language) for language in (default, *others)])
    rows = db.session.execute(
        sa.select(chosen, sa.func.count())
        .select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            # Most read the first edition: only of the others is asked whether they got what is
            # corrected, and only with the subscriber's own number does SQLite ask so late.
            chosen != default,
            *gets_mail(issue, person=Subscriber.id),
            Subscriber.id.not_in(suppressed()),
        )
        .group_by(sa.literal_column("1"))
    )
    found = dict.fromkeys(others, 0) | {language: number for language, number in rows}
    return {default: recipients - sum(found.values()), **found}


def _only_in_digest(number: int, person: InstrumentedAttribute[int]) -> sa.ColumnElement[bool]:
    return having.in_digest(number, person) & ~having.by_itself(number, person)
