"""flask issues: compose, check, send, and ask the ledger."""

import sys
import time
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from newsletter import clock, reports
from newsletter.cli.house import HouseGroup, OneLine, as_json_option, parse_address, print_json
from newsletter.delivery import control, preflight, previewing
from newsletter.delivery.preflight import POSTAL_ADDRESS
from newsletter.errors import InvalidInput
from newsletter.extensions import db, reading
from newsletter.issues import composing, workflow
from newsletter.issues.checks import Finding, Level
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions import lists

FOLLOW_EVERY = 0.5
"""Seconds between two looks at the ledger while waiting."""

CLOCK_GRACE = 15.0
"""Seconds that a clock which is just starting gets before it counts as dead."""

NO_CLOCK = 3
"""The exit code of `send --wait` when no clock is alive."""

OVER = frozenset({IssueState.SENT, IssueState.CANCELLED})

group = HouseGroup("issues", help="What is composed and sent.")
number_argument = click.argument("number", metavar="ID", type=click.IntRange(1, 2**31 - 1))


@group.command("create")
@click.option("--list", "slug", required=True, help="Short name of the list.")
@click.option("--subject", required=True)
@click.option("--preheader", default="", help="The grey line after the subject.")
@click.option("--intro-file", type=click.Path(path_type=Path), help="Markdown with merge fields.")
@click.option("--item", "items", multiple=True, help="Short name of an item; in this order.")
@click.option("--topic", "topics", multiple=True, help="Only for readers of this topic.")
def create(
    slug: str,
    subject: str,
    preheader: str,
    intro_file: Path | None,
    items: tuple[str, ...],
    topics: tuple[str, ...],
) -> None:
    """Start an issue; prints its number."""
    issue = composing.create_issue(
        lists.get_list(slug),
        subject=subject,
        preheader=preheader,
        introduction=_read(intro_file) if intro_file else "",
        items=items,
        topics=topics,
        by=None,
        now=clock.now(),
    )
    db.session.commit()
    click.echo(f"Created issue {issue.id}")


@group.command("check")
@number_argument
@as_json_option
def check(number: int, as_json: bool) -> None:
    """Say what stops an issue, and what should be looked at."""
    with reading():
        findings = preflight.examine(composing.find_issue(number))
    if as_json:
        print_json([finding.to_json() for finding in findings])
        return
    for finding in findings:
        click.echo(f"{finding.level.value}: {finding.sentence} {finding.why} [{finding.code}]")
    if not findings:
        click.echo("Nothing found.")


@group.command("preview")
@number_argument
@click.option("--as", "address", required=True, help="The subscriber whose copy it is.")
def preview(number: int, address: str) -> None:
    """Write the raw message as one subscriber would get it; its links change nothing."""
    with reading():
        message = previewing.preview_message(
            composing.find_issue(number), parse_address(address), now=clock.now()
        )
    sys.stdout.buffer.write(message)


@group.command("schedule")
@number_argument
@click.option("--at", "at", required=True, help="Wall time, like 2027-03-01T09:00.")
@click.option("--zone", required=True, help="Time zone, like Europe/Vienna.")
def schedule(number: int, at: str, zone: str) -> None:
    """Approve what an issue says now and schedule it for a wall time in a zone."""
    issue, stops, warnings = _approve(number)
    workflow.schedule(issue, clock.parse_wall_time(at), zone, findings=stops, now=clock.now())
    db.session.commit()
    _warn(warnings)
    click.echo(f"Scheduled for {at} in {zone}: issue {number}")


@group.command("send")
@number_argument
@click.option(
    "--hold",
    type=click.IntRange(0),
    default=600,
    show_default=True,
    help="Seconds in which Stop takes it back; 0 means now.",
)
@click.option("--wait", is_flag=True, help="Follow the clock until nothing waits or flies.")
@click.pass_context
def send(ctx: click.Context, number: int, hold: int, wait: bool) -> None:
    """Approve what an issue says now and send it."""
    if wait and composing.find_issue(number).state in (IssueState.SCHEDULED, IssueState.SENDING):
        # Somebody follows again what is on its way already.
        db.session.rollback()
        ctx.exit(_follow(number))
    issue, stops, warnings = _approve(number)
    workflow.send_soon(issue, timedelta(seconds=hold), findings=stops, now=clock.now())
    db.session.commit()
    _warn(warnings)
    click.echo(f"Goes out in {hold} seconds: issue {number}" if hold else f"Sending issue {number}")
    if wait:
        ctx.exit(_follow(number))


@group.command("pause")
@number_argument
def pause(number: int) -> None:
    """Stop sending between two recipients."""
    control.pause(composing.find_issue(number))
    db.session.commit()
    click.echo(f"Paused issue {number}")


@group.command("resume")
@number_argument
def resume(number: int) -> None:
    """Go on where it was paused, without waiting for any back-off."""
    control.resume(composing.find_issue(number), now=clock.now())
    db.session.commit()
    click.echo(f"Resumed issue {number}")


@group.command("cancel")
@number_argument
def cancel(number: int) -> None:
    """End an issue for good; who has not got it will not."""
    control.cancel(composing.find_issue(number), now=clock.now())
    db.session.commit()
    click.echo(f"Cancelled issue {number}")


@group.command("stop")
@number_argument
def stop(number: int) -> None:
    """Take a scheduled issue back before its first mail; it stays approved."""
    workflow.stop(composing.find_issue(number))
    db.session.commit()
    click.echo(f"Stopped issue {number}")


@group.command("show")
@as_json_option
def show(as_json: bool) -> None:
    """List the issues, newest first."""
    with reading():
        facts = [_facts(issue) for issue in composing.newest_issues()]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        click.echo(f"{fact['id']}  {fact['state']}  {fact['list']}  {fact['subject']}")


@group.command("report")
@number_argument
@as_json_option
def report(number: int, as_json: bool) -> None:
    """Say what became of every recipient; the numbers add up."""
    with reading():
        facts = asdict(reports.report(number))
    if as_json:
        print_json(facts)
        return
    for name, count in facts.items():
        click.echo(f"{count:>9,}  {name.replace('_', ' ')}")


@group.command("trace")
@number_argument
@click.argument("address")
@as_json_option
def trace(number: int, address: str, as_json: bool) -> None:
    """Say whether one person got an issue, and if not, why not."""
    with reading():
        facts = asdict(reports.trace(number, address))
    if as_json:
        print_json({"address": address, "issue": number, **facts})
        return
    click.echo(f"{facts['state']}: {facts['reason']}")


def _approve(number: int) -> tuple[Issue, list[Finding], list[Finding]]:
    """Approve the issue as it stands; return it, what stops it and what a command lets pass."""
    issue = composing.find_issue(number)
    findings = preflight.examine(issue)
    if issue.state is not IssueState.APPROVED:
        workflow.approve(issue, by=None, now=clock.now())
    warnings = [
        finding
        for finding in findings
        if finding.level is Level.WARN or finding.code == POSTAL_ADDRESS
    ]
    stops = [finding for finding in findings if finding.level is Level.STOP]
    return issue, [finding for finding in stops if finding not in warnings], warnings


def _warn(findings: list[Finding]) -> None:
    """Say what the command let pass; only after it worked, so that a refusal is one line."""
    for finding in findings:
        click.echo(f"Warning: {finding.sentence} {finding.why}", err=True)


def _follow(number: int) -> int:
    """Show how the sending goes until it is over; return the exit code."""
    began, shown = time.monotonic(), ""
    while True:
        now = clock.now()
        with reading():
            issue = composing.find_issue(number)
            state, reason = issue.state, issue.pause_reason
            facts = reports.report(number)
            is_alive = reports.clock_is_alive(now=now)
        progress = _progress(facts)
        if progress != shown:
            click.echo(progress, err=True)
            shown = progress
        if state in OVER:
            return 0
        if state is not IssueState.SENDING and state is not IssueState.SCHEDULED:
            raise OneLine(f"Issue {number} is {state.value}. {reason}")
        if not is_alive and time.monotonic() - began > CLOCK_GRACE:
            click.echo(
                "No clock is running, so nothing is sent: start one with “flask jobs run”. "
                f"Issue {number} stays {state.value}.",
                err=True,
            )
            return NO_CLOCK
        time.sleep(FOLLOW_EVERY)


def _progress(report: reports.Report) -> str:
    return ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in asdict(report).items()
    )


def _facts(issue: Issue) -> dict[str, Any]:
    return {
        "id": issue.id,
        "list": issue.mailing_list.slug,
        "state": issue.state.value,
        "subject": issue.editions[0].subject,
        "send_at": issue.send_at.isoformat() if issue.send_at else None,
        "zone": issue.zone,
        "pause_reason": issue.pause_reason,
    }


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"{path} is not UTF-8 text.") from exc
