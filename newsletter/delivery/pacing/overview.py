"""How things stand with the paces, for a person to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery.models import PaceSpent
from newsletter.delivery.pacing import periods, rules, standings
from newsletter.delivery.pacing.periods import Period
from newsletter.delivery.pacing.rules import Rule, WarmUp
from newsletter.delivery.pacing.standings import Standing
from newsletter.extensions import db


@dataclass(frozen=True)
class Today:
    """A warm-up with the portion of this day, and how much of it is reserved or spent."""

    plan: WarmUp
    portion: int
    spent: int


@dataclass(frozen=True)
class Overview:
    """The rules, the warm-up, and the providers that are held, probed or slowed down."""

    rules: Sequence[Rule]
    warm_up: Today | None
    standings: Mapping[str, Standing]


def overview(*, now: datetime) -> Overview:
    """Return what the operator said, and what the providers made of it."""
    known = rules.read(db.session.connection())
    return Overview(
        rules=[rule for rule in known.all() if rule.limits()],
        warm_up=_today(known.installation, now=now),
        standings=standings.troubled(now=now),
    )


def _today(rule: Rule | None, *, now: datetime) -> Today | None:
    if rule is None or rule.warm_up is None:
        return None
    slot = periods.slot_at(Period.WARM_UP, now.timestamp())
    spent = db.session.get(PaceSpent, (rule.id, Period.WARM_UP.value, slot))
    return Today(rule.warm_up, rule.warm_up.portion(now.timestamp()), spent.spent if spent else 0)
