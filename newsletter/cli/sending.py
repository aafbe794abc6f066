"""flask issues: schedule, send, stop, pause, resume, cancel, and decide what is uncertain."""

import sys
from datetime import timedelta

import click

from newsletter import accounts, clock
from newsletter.audit import Deed
from newsletter.cli import following
from newsletter.cli.house import as_json_option, parse_address, print_json
from newsletter.cli.issues import group, number_argument
from newsletter.cli.noting import note, note_issue
from newsletter.delivery import control, preflight, resolving, restoring
from newsletter.delivery.preflight import POSTAL_ADDRESS
from newsletter.delivery.resolving import Decision
from newsletter.extensions import db
from newsletter.issues import composing, times, workflow
from newsletter.issues.checks import Finding, Level, Moment, stood
from newsletter.issues.models import Issue, IssueState

__all__ = ["group"]


@group.command("schedule")
@number_argument
@click.option("--at", "at", required=True, help="Wall time, like 2027-03-01T09:00.")
@click.option("--zone", required=True, help="Time zone, like Europe/Vienna.")
def schedule(number: int, at: str, zone: str) -> None:
    """Approve what an issue says now and schedule it; move one that is scheduled already."""
    issue = composing.find_issue(number)
    wall = clock.parse_wall_time(at)
    when, moment = f"{wall:%Y-%m-%d %H:%M} ({zone})", Moment(wall, zone)
    if issue.state is IssueState.SCHEDULED:
        stops, warnings = _findings(issue, moment)
        workflow.reschedule(issue, wall, zone, findings=stops, now=clock.now())
        note_issue(Deed.ISSUE_RESCHEDULED, issue, when + stood(warnings))
    else:
        issue, stops, warnings = _approve(number, moment)
        workflow.schedule(issue, wall, zone, findings=stops, now=clock.now())
        note_issue(Deed.ISSUE_SCHEDULED, issue, when + stood(warnings))
    db.session.commit()
    _warn(warnings)
    if note := clock.oddity(wall, zone):
        click.echo(f"Note: {note}", err=True)
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
@as_json_option
@click.pass_context
def send(ctx: click.Context, number: int, hold: int, wait: bool, as_json: bool) -> None:
    """Approve what an issue says now and send it; --json prints one object at the end."""
    if wait and _is_on_its_way(composing.find_issue(number)):
        # Somebody follows again what is on its way already, or was faster than this look.
        db.session.rollback()
        ctx.exit(following.follow(number, as_json=as_json))
    issue, stops, warnings = _approve(number)
    workflow.send_soon(issue, timedelta(seconds=hold), findings=stops, now=clock.now())
    note_issue(Deed.ISSUE_SENT, issue, f"after a hold of {hold} seconds{stood(warnings)}")
    db.session.commit()
    _warn(warnings)
    said = f"Goes out in {hold} seconds: issue {number}" if hold else f"Sending issue {number}"
    if not as_json:
        click.echo(said)
    if wait:
        ctx.exit(following.follow(number, as_json=as_json))
    if as_json:
        print_json({"issue": number, "state": IssueState.SCHEDULED.value, "hold": hold})


@group.command("pause")
@number_argument
def pause(number: int) -> None:
    """Stop sending between two recipients."""
    issue = composing.find_issue(number)
    control.pause(issue, now=clock.now())
    note_issue(Deed.ISSUE_PAUSED, issue)
    db.session.commit()
    click.echo(f"Paused issue {number}")


@group.command("resume")
@number_argument
def resume(number: int) -> None:
    """Go on where it was paused, without waiting for any back-off."""
    issue = composing.find_issue(number)
    control.resume(issue, now=clock.now())
    note_issue(Deed.ISSUE_RESUMED, issue)
    db.session.commit()
    click.echo(f"Resumed issue {number}")


@group.command("cancel")
@number_argument
def cancel(number: int) -> None:
    """End an issue that is on its way for good; who has not got it will not."""
    issue = composing.find_issue(number)
    # It commits, and what it commits has to have its entry.
    note_issue(Deed.ISSUE_CANCELLED, issue)
    control.cancel(issue, now=clock.now())
    db.session.commit()
    click.echo(f"Cancelled issue {number}")


@group.command("stop")
@number_argument
def stop(number: int) -> None:
    """Take a scheduled issue back before its first mail; it stays approved."""
    issue = composing.find_issue(number)
    workflow.stop(issue)
    note_issue(Deed.ISSUE_STOPPED, issue)
    db.session.commit()
    click.echo(f"Stopped issue {number}")


@group.command("resolve")
@number_argument
@click.option(
    "--as",
    "decision",
    type=click.Choice([decision.value for decision in Decision]),
    required=True,
    help="Count uncertain mail as sent, or send it again.",
)
@click.option("--address", default="", help="Only this reader’s.")
@click.option("--by", "editor", default="", help="Address of the editor who decided.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def resolve(
    number: int, decision: str, address: str, editor: str, yes: bool, as_json: bool
) -> None:
    """Decide what is uncertain: it counts as sent, or is sent again, perhaps twice to some."""
    issue = composing.find_issue(number)
    chosen = Decision(decision)
    by = accounts.get_editor(editor).signature if editor else "the command line"
    db.session.rollback()
    if chosen is Decision.AGAIN:
        click.echo(resolving.RISKS[chosen], err=True)
        # A program that says `again` has decided; only a person can be asked.
        if not yes and sys.stdin.isatty():
            click.confirm("Send it again?", abort=True, err=True)
    found = resolving.resolve(
        issue,
        chosen,
        by=by,
        now=clock.now(),
        address=parse_address(address) if address else None,
    )
    note_issue(Deed.ISSUE_RESOLVED, issue, f"{chosen}, {found.decided:,} messages, by {by}")
    db.session.commit()
    if as_json:
        facts = {"decided": found.decided, "busy": found.busy, "unwanted": found.unwanted}
        print_json({"issue": number, "as": decision, **facts})
        return
    for sentence in found.sentences(chosen):
        click.echo(sentence)


@group.command("restored")
@as_json_option
def restored(as_json: bool) -> None:
    """After a backup was put back: pause what was open then, and call it uncertain."""
    found = restoring.after_restore(now=clock.now())
    note(Deed.ISSUES_RESTORED, detail=f"{found.uncertain:,} messages")
    db.session.commit()
    if as_json:
        print_json({"begun": found.begun, "uncertain": found.uncertain, "due": found.due})
        return
    for number in found.begun:
        click.echo(f"Issue {number} was being sent: it is paused, what was open is uncertain.")
    for number in found.due:
        click.echo(f"Issue {number} was due: it is paused and asks.")
    click.echo(f"{found.uncertain:,} messages are uncertain now.")


def _is_on_its_way(issue: Issue) -> bool:
    return (
        issue.state in following.MOVING
        or issue.state is IssueState.SENT
        or workflow.is_waiting_for_relay(issue)
    )


def _approve(
    number: int, moment: Moment | None = None
) -> tuple[Issue, list[Finding], list[Finding]]:
    """Approve the issue as it stands; return it, what stops it and what a command lets pass."""
    issue = composing.find_issue(number)
    if issue.state is not IssueState.APPROVED:
        workflow.approve(issue, by=None, now=clock.now())
        note_issue(Deed.ISSUE_APPROVED, issue, f"version {issue.version}")
    stops, warnings = _findings(issue, moment)
    return issue, stops, warnings


def _findings(issue: Issue, moment: Moment | None) -> tuple[list[Finding], list[Finding]]:
    """Return what stops an issue, and what a command lets pass."""
    if moment is not None:
        times.refuse_impossible(moment.wall, moment.zone, now=clock.now())
    findings = preflight.examine(issue, at=moment)
    warnings = [finding for finding in findings if finding.stands or finding.code == POSTAL_ADDRESS]
    stops = [finding for finding in findings if finding.level is Level.STOP]
    return [finding for finding in stops if finding not in warnings], warnings


def _warn(findings: list[Finding]) -> None:
    """Say what the command let pass; only after it worked, so that a refusal is one line."""
    for finding in findings:
        click.echo(f"Warning: {finding.sentence} {finding.why}", err=True)
