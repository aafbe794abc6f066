"""What an operator said about paces: reading the rules and changing them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from newsletter.delivery import providers
from newsletter.delivery.models import PaceRule, PaceScope
from newsletter.delivery.pacing import periods
from newsletter.delivery.pacing.periods import Period
from newsletter.errors import InvalidInput, NotFound
from newsletter.extensions import Base, db
from newsletter.subscriptions import lists
from newsletter.subscriptions.models import MailingList

MOST = 1_000_000_000
"""The largest limit; more is no limit."""

LIMITS = ("per_second", "per_minute", "per_hour", "per_day", "connections")
"""The columns of a rule that `set_pace` may change."""


@dataclass(frozen=True)
class WarmUp:
    """A new sender's plan: `first` messages on the day it begins, `growth` times more each day."""

    begins: date
    first: int
    growth: float

    def portion(self, at: float) -> int:
        """Return how many messages may go on the day of `at`, in seconds since 1970."""
        return periods.portion(self.first, self.growth, self.begins, at)


@dataclass(frozen=True)
class Rule:
    """One rule as it was read; None is no limit."""

    id: int
    scope: PaceScope
    key: str
    per_second: int | None
    per_minute: int | None
    per_hour: int | None
    per_day: int | None
    connections: int | None
    warm_up: WarmUp | None

    def most(self, period: Period, at: float) -> int | None:
        """Return how many messages may go in one period, the day being that of `at`."""
        if period is Period.WARM_UP:
            return self.warm_up.portion(at) if self.warm_up else None
        limits = {
            Period.SECOND: self.per_second,
            Period.MINUTE: self.per_minute,
            Period.HOUR: self.per_hour,
            Period.DAY: self.per_day,
        }
        return limits[period]

    def limits(self) -> dict[str, int]:
        """Return the limits that there are, by the names of their columns."""
        limits: dict[str, int | None] = {name: getattr(self, name) for name in LIMITS}
        return {name: limit for name, limit in limits.items() if limit is not None}

    def periods(self) -> Sequence[Period]:
        """Return the periods that this rule limits."""
        return [period for period in Period if self.most(period, 0.0) is not None]


@dataclass(frozen=True)
class Rules:
    """All rules, by what they are for; a list by its id."""

    installation: Rule | None = None
    lists: Mapping[int, Rule] = field(default_factory=dict)
    providers: Mapping[str, Rule] = field(default_factory=dict)

    def all(self) -> list[Rule]:
        """Return every rule."""
        first = [self.installation] if self.installation else []
        return [*first, *self.lists.values(), *self.providers.values()]


def read(connection: sa.Connection) -> Rules:
    """Return the rules as the database has them; one of a list that is gone is left out."""
    rules = [_rule(row) for row in connection.execute(_EVERY).mappings()]
    slugs = {rule.key for rule in rules if rule.scope is PaceScope.MAILING_LIST}
    ids: dict[str, int] = {}
    if slugs:
        found = sa.select(MailingList.slug, MailingList.id).where(MailingList.slug.in_(slugs))
        ids = {slug: list_id for slug, list_id in connection.execute(found)}
    by_scope = {
        scope: {rule.key: rule for rule in rules if rule.scope is scope} for scope in PaceScope
    }
    return Rules(
        installation=by_scope[PaceScope.INSTALLATION].get(""),
        lists={
            ids[slug]: rule
            for slug, rule in by_scope[PaceScope.MAILING_LIST].items()
            if slug in ids
        },
        providers=by_scope[PaceScope.PROVIDER],
    )


def lock(connection: sa.Connection, rule_ids: Sequence[int]) -> dict[int, Rule]:
    """Return these rules and let nobody else spend on them until the transaction ends.

    SQLite has one writer anyway. One order everywhere: nobody waits in a circle.
    """
    statement = _EVERY.where(PaceRule.id.in_(rule_ids)).with_for_update()
    return {row["id"]: _rule(row) for row in connection.execute(statement).mappings()}


_EVERY = sa.select(*Base.metadata.tables[PaceRule.__tablename__].columns).order_by(PaceRule.id)


def _rule(row: sa.RowMapping) -> Rule:
    begins, first, growth = row["warm_up_from"], row["warm_up_first"], row["warm_up_growth"]
    return Rule(
        **{name: row[name] for name in ("id", "scope", "key", *LIMITS)},
        warm_up=WarmUp(begins, first, growth) if begins and first and growth else None,
    )


def scope_of(list_slug: str = "", provider: str = "") -> tuple[PaceScope, str]:
    """Return what a rule is for, with its key; raise InvalidInput if both are named.

    A domain stands for the house that it belongs to.
    """
    if list_slug and provider:
        raise InvalidInput("A pace is for one list or for one provider, not for both.")
    if list_slug:
        return PaceScope.MAILING_LIST, list_slug
    if provider:
        return PaceScope.PROVIDER, providers.of(provider.strip())
    return PaceScope.INSTALLATION, ""


def set_pace(scope: PaceScope, key: str, limits: Mapping[str, int]) -> PaceRule:
    """Change the named limits of a rule; 0 lifts one, what is not named stays.

    Raises NotFound for a list that does not exist, InvalidInput for a number
    below 0 or above a thousand million.
    """
    if not limits:
        raise InvalidInput("Say at least one limit, as in --per-minute 600.")
    if any(not 0 <= limit <= MOST for limit in limits.values()):
        raise InvalidInput(f"A limit is a number from 1 to {MOST}; 0 lifts it.")
    if scope is PaceScope.MAILING_LIST:
        key = lists.get_list(key).slug
    rule = _find_or_add(scope, key)
    for name in LIMITS:
        if name in limits:
            setattr(rule, name, limits[name] or None)
    return _keep(rule)


def plan_warm_up(begins: date, *, first: int, growth: float) -> PaceRule:
    """Set the plan of a new sender for the whole installation; raise InvalidInput."""
    if not 1 <= first <= MOST:
        raise InvalidInput(f"The first day has from 1 to {MOST} messages.", field="first")
    if not 1 <= growth <= 10:
        raise InvalidInput("A day has from 1 to 10 times what the day before had.", field="growth")
    rule = _find_or_add(PaceScope.INSTALLATION, "")
    rule.warm_up_from, rule.warm_up_first, rule.warm_up_growth = begins, first, growth
    return _keep(rule)


def end_warm_up() -> None:
    """Take the plan of a new sender away; without one it does nothing."""
    rule = _find(PaceScope.INSTALLATION, "")
    if rule is not None:
        rule.warm_up_from = rule.warm_up_first = rule.warm_up_growth = None
        _keep(rule)


def clear(scope: PaceScope, key: str) -> None:
    """Lift all limits of a rule; a warm-up stays. Raise NotFound if there are none."""
    rule = _find(scope, key)
    if rule is None or all(getattr(rule, name) is None for name in LIMITS):
        raise NotFound(f"There is no limit for {named(scope, key)}.")
    for name in LIMITS:
        setattr(rule, name, None)
    _keep(rule)


def named(scope: PaceScope, key: str) -> str:
    """Return what a rule is for, in words."""
    words = {
        PaceScope.INSTALLATION: "the installation",
        PaceScope.MAILING_LIST: f"the list {key}",
        PaceScope.PROVIDER: f"the provider {key}",
    }
    return words[scope]


def _find(scope: PaceScope, key: str) -> PaceRule | None:
    return db.session.scalar(
        sa.select(PaceRule).where(PaceRule.scope == scope, PaceRule.key == key)
    )


def _find_or_add(scope: PaceScope, key: str) -> PaceRule:
    rule = _find(scope, key)
    if rule is None:
        rule = PaceRule(scope=scope, key=key)
        db.session.add(rule)
    return rule


def _keep(rule: PaceRule) -> PaceRule:
    """Flush a rule; one that limits nothing any more is deleted."""
    limits = (rule.warm_up_from, *(getattr(rule, name) for name in LIMITS))
    if all(limit is None for limit in limits):
        db.session.flush()
        db.session.delete(rule)
    db.session.flush()
    return rule
