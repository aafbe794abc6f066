"""flask audit: who did what."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from newsletter import accounts
from newsletter.audit import asking
from newsletter.audit.asking import Entry, Question
from newsletter.cli.house import HouseGroup, as_json_option, print_json
from newsletter.extensions import reading

group = HouseGroup("audit", help="Who did what.")


@group.command("show")
@click.option("--issue", type=click.IntRange(1, 2**31 - 1), help="Only what was done to one issue.")
@click.option("--most", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@as_json_option
def show(issue: int | None, most: int, as_json: bool) -> None:
    """Show the newest entries of the log, in UTC."""
    with reading():
        found = asking.ask(Question(issue=issue), seen_by=None, most=most)
        editors = {str(editor.id): editor.signature for editor in accounts.all_editors()}
    if as_json:
        print_json([_facts(entry, editors) for entry in found.entries])
        return
    for entry in found.entries:
        click.echo(f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.actor} {entry.says(editors)}")


def _facts(entry: Entry, editors: Mapping[str, str]) -> dict[str, Any]:
    sentence = f"{entry.actor} {entry.says(editors)}"
    return {**asdict(entry), "at": entry.at.isoformat(), "sentence": sentence}
