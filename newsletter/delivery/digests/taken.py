"""What readers of digests have already, in whatever way it came: the ledger knows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import audience, numbers
from newsletter.delivery.digests.shelf import Shelf
from newsletter.delivery.models import Delivery, DeliveryState, DigestIssue, Send
from newsletter.extensions import db


@dataclass(frozen=True)
class Facts:
    """Who has which runs already by themselves, and who got what is wrong, in whatever way."""

    alone: frozenset[tuple[int, int]]
    got: frozenset[tuple[int, int]]


def facts(people: Sequence[int], shelf: Shelf) -> Facts:
    """Look up who had an issue when they wanted each, and who must get a correction.

    Who was left out of an issue, because they paused at that moment, did not have it.
    """
    entries = shelf.all_entries
    alone = _pairs(
        sa.select(Delivery.subscriber_id, Delivery.send_id).where(
            Delivery.send_id.in_([one.send_id for one in entries]),
            Delivery.subscriber_id.in_(numbers.each(people)),
            Delivery.state != DeliveryState.SUPPRESSED,
        )
    )
    wrong = {one.corrects for one in entries if one.corrects is not None}
    if not wrong:
        return Facts(alone, frozenset())
    return Facts(alone, _got(people, wrong))


def _got(people: Sequence[int], issues: Collection[int]) -> frozenset[tuple[int, int]]:
    """Return who got which of some issues, by itself or in a digest.

    Who paused when a correction went out has had neither of it yet.
    """
    theirs = Delivery.subscriber_id.in_(numbers.each(people)), Delivery.state.in_(audience.GOT_IT)
    alone = (
        sa.select(Delivery.subscriber_id, Send.issue_id)
        .join(Send, Send.id == Delivery.send_id)
        .where(Send.issue_id.in_(issues), *theirs)
    )
    in_digest = (
        sa.select(Delivery.subscriber_id, DigestIssue.issue_id)
        .join(DigestIssue, DigestIssue.edition_id == Delivery.edition_id)
        .where(DigestIssue.issue_id.in_(issues), *theirs)
    )
    return _pairs(alone) | _pairs(in_digest)


def _pairs(question: sa.Select[*tuple[Any, ...]]) -> frozenset[tuple[int, int]]:
    return frozenset((one, other) for one, other in db.session.execute(question))
