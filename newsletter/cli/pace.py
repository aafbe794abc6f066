"""flask pace: how fast mail may go, and which providers are held."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import click

from newsletter import clock
from newsletter.audit import Deed
from newsletter.cli.house import HouseGroup, OneLine, as_json_option, print_json
from newsletter.cli.noting import note
from newsletter.delivery.pacing import rules, standings
from newsletter.delivery.pacing.overview import Overview, overview
from newsletter.delivery.pacing.standings import Standing
from newsletter.extensions import db, reading

group = HouseGroup("pace", help="How fast mail may go, and which providers are held.")

WORDS = {
    "per_second": "a second",
    "per_minute": "a minute",
    "per_hour": "an hour",
    "per_day": "a day",
    "connections": "connections",
}
"""How the limits read."""


def _for_whom(command: Callable[..., None]) -> Callable[..., None]:
    for_list = click.option("--list", "list_slug", default="", help="For one list, by its slug.")
    for_provider = click.option("--provider", default="", help="For one provider, by its domain.")
    return for_list(for_provider(command))


@group.command("set")
@_for_whom
@click.option("--per-second", type=int, help="Messages in any second; 0 lifts the limit.")
@click.option("--per-minute", type=int, help="Messages in any minute.")
@click.option("--per-hour", type=int, help="Messages in any hour.")
@click.option("--per-day", type=int, help="Messages in any 24 hours.")
@click.option("--connections", type=int, help="Connections at once, of all senders together.")
def set_(list_slug: str, provider: str, **limits: int | None) -> None:
    """Limit the installation, one list or one provider; what is not named stays."""
    scope, key = rules.scope_of(list_slug, provider)
    wanted = {name: limit for name, limit in limits.items() if limit is not None}
    rule = rules.set_pace(scope, key, wanted)
    left = {name: getattr(rule, name) for name in WORDS if getattr(rule, name) is not None}
    said = f"{rules.named(scope, key)}: {_limits(left) or 'no limit'}"
    note(Deed.PACE_CHANGED, detail=said)
    db.session.commit()
    click.echo(_name(said))


@group.command("clear")
@_for_whom
def clear(list_slug: str, provider: str) -> None:
    """Lift all limits of the installation, one list or one provider; a warm-up stays."""
    scope, key = rules.scope_of(list_slug, provider)
    rules.clear(scope, key)
    note(Deed.PACE_CHANGED, detail=f"no limit for {rules.named(scope, key)}")
    db.session.commit()
    click.echo(f"No limit any more for {rules.named(scope, key)}")


@group.command("warm-up")
@click.option("--from", "begins", type=click.DateTime(["%Y-%m-%d"]), help="The first day, in UTC.")
@click.option("--first", type=int, help="How many messages may go on the first day.")
@click.option(
    "--growth", type=float, default=1.5, help="So many times more each day; 1.5 if not said."
)
@click.option("--off", is_flag=True, help="End the plan.")
def warm_up(begins: datetime | None, first: int | None, growth: float, off: bool) -> None:
    """Let a new sender begin with few messages a day, and send more each day."""
    if off:
        rules.end_warm_up()
        note(Deed.PACE_CHANGED, detail="no warm-up")
        db.session.commit()
        click.echo("No warm-up any more")
        return
    if begins is None or first is None:
        raise OneLine("Say the first day and its messages, as in --from 2027-03-01 --first 50.")
    rules.plan_warm_up(begins.date(), first=first, growth=growth)
    note(Deed.PACE_CHANGED, detail=f"warm-up from {begins:%Y-%m-%d} with {first} messages")
    db.session.commit()
    with reading():
        today = overview(now=clock.now()).warm_up
    assert today is not None
    click.echo(f"Messages that may go today: {today.portion}")


@group.command("show")
@as_json_option
def show(as_json: bool) -> None:
    """Show the limits, the warm-up, and the providers that are held or slowed down."""
    now = clock.now()
    with reading():
        seen = overview(now=now)
    if as_json:
        print_json(_facts(seen, now=now))
        return
    for line in _lines(seen, now=now) or ["No limit, and no provider is held."]:
        click.echo(line)


@group.command("release")
@click.argument("provider")
def release(provider: str) -> None:
    """Write to a held provider again before its hold is over."""
    _, name = rules.scope_of(provider=provider)
    standings.release(name)
    note(Deed.PACE_RELEASED, name)
    db.session.commit()
    click.echo(f"Released {name}")


def _facts(seen: Overview, *, now: datetime) -> dict[str, Any]:
    today = seen.warm_up
    return {
        "rules": [
            {"scope": rule.scope.value, "key": rule.key, **dict.fromkeys(WORDS), **rule.limits()}
            for rule in seen.rules
        ],
        "warm_up": today
        and {
            "from": today.plan.begins.isoformat(),
            "first": today.plan.first,
            "growth": today.plan.growth,
            "today": today.portion,
            "spent_today": today.spent,
        },
        "held": [
            {
                "provider": name,
                "until": standing.held_until,
                "reason": standing.held_for,
                "is_probed": standing.is_probed(now=now),
            }
            for name, standing in seen.standings.items()
            if standing.held_until
        ],
        "windows": [
            {"provider": name, "connections": standing.window}
            for name, standing in seen.standings.items()
            if standing.window is not None
        ],
    }


def _lines(seen: Overview, *, now: datetime) -> list[str]:
    lines = [
        f"{_name(rules.named(rule.scope, rule.key))}: {_limits(rule.limits())}"
        for rule in seen.rules
    ]
    today = seen.warm_up
    if today is not None:
        lines.append(
            f"Warm-up from {today.plan.begins} with {today.plan.first} messages, "
            f"each day {today.plan.growth:g} times more: {today.spent} of {today.portion} today"
        )
    for name, standing in seen.standings.items():
        lines.extend(_lines_of(name, standing, now=now))
    return lines


def _lines_of(name: str, standing: Standing, *, now: datetime) -> list[str]:
    lines: list[str] = []
    if standing.is_held(now=now):
        lines.append(
            f"{name} is held until {standing.held_until:%Y-%m-%d %H:%M} UTC. {standing.held_for}"
        )
    elif standing.is_probed(now=now):
        lines.append(f"{name} was held and gets one message at a time now. {standing.held_for}")
    if standing.window is not None:
        lines.append(f"{name} asked us to slow down: at most {standing.window} connections at once")
    return lines


def _limits(limits: Mapping[str, int]) -> str:
    return ", ".join(f"{limits[name]} {words}" for name, words in WORDS.items() if name in limits)


def _name(words: str) -> str:
    return words[0].upper() + words[1:]
