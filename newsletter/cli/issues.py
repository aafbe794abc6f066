"""flask issues: compose, check, and ask the ledger; `sending` has what moves an issue."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from newsletter import clock, reports
from newsletter.audit import Deed
from newsletter.cli.house import HouseGroup, as_json_option, parse_address, print_json
from newsletter.cli.noting import note_issue
from newsletter.delivery import preflight, previewing
from newsletter.errors import InvalidInput
from newsletter.extensions import db, reading
from newsletter.issues import composing
from newsletter.issues.checks import Finding
from newsletter.issues.models import Issue
from newsletter.subscriptions import lists

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
    note_issue(Deed.ISSUE_CREATED, issue)
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
        click.echo(_said(finding))
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


def _said(finding: Finding) -> str:
    marks = ", ".join(mark for mark in (finding.code, finding.language) if mark)
    waived = f" Let pass: {finding.waived.reason}" if finding.waived else ""
    return f"{finding.level.value}: {finding.sentence} {finding.why} [{marks}]{waived}"


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
