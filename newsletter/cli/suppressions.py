"""flask suppressions: addresses that are never mailed."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from newsletter import clock, erasure
from newsletter.addresses import Address
from newsletter.audiences import marks, suppressing
from newsletter.audiences.marks import MarksReport
from newsletter.audiences.suppressing import SuppressionReport
from newsletter.audit import Deed
from newsletter.cli.house import HouseGroup, as_json_option, parse_address, print_json
from newsletter.cli.noting import note
from newsletter.extensions import db, reading
from newsletter.subscriptions import signup, suppression
from newsletter.subscriptions.models import SuppressionReason

SHOWN_REFUSALS = 20
"""Refused rows that are listed one by one; JSON has them all."""

group = HouseGroup("suppressions", help="Addresses that are never mailed.")


@group.command("add")
@click.argument("address")
@click.option("--reason", required=True, help="Why, in words for whoever asks later.")
def add(address: str, reason: str) -> None:
    """Never mail an address again; asking twice is harmless."""
    suppressed = parse_address(address)
    suppression.suppress(
        suppressed, reason=SuppressionReason.OPERATOR, note=reason[:300], now=clock.now()
    )
    note(Deed.SUPPRESSION_ADDED, _number_of(suppressed))
    db.session.commit()
    click.echo(f"Suppressed {suppressed.spelling}")


@group.command("lift")
@click.argument("address")
@click.option("--reason", required=True, help="Why, for the log: no name and no address.")
def lift(address: str, reason: str) -> None:
    """Let an address be mailed again; never one whose reader complained or was erased."""
    lifted = parse_address(address)
    suppression.lift(lifted)
    note(Deed.SUPPRESSION_LIFTED, _number_of(lifted), reason)
    db.session.commit()
    click.echo(f"{lifted.spelling} may be mailed again")


def _number_of(address: Address) -> object:
    """Return whose address it is, for the log, which has numbers only."""
    reader = signup.find_subscriber(address)
    return reader.id if reader else ""


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", default="", help="Why, for rows that do not say it themselves.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Count only; change nothing.")
@as_json_option
def import_file(file: Path, reason: str, is_dry_run: bool, as_json: bool) -> None:
    """Never mail the addresses of a file: one a line, CSV with address,reason, or an export."""
    if marks.is_export(file):
        _take_export(file, is_dry_run, as_json)
        return
    report = suppressing.suppress_file(
        file,
        note=reason or f"imported from {file.name[:200]}",
        now=clock.now(),
        is_dry_run=is_dry_run,
    )
    if not is_dry_run:
        note(Deed.SUPPRESSIONS_IMPORTED, detail=f"{report.suppressed:,} of {report.rows:,}")
        db.session.commit()
    if as_json:
        print_json(_facts(report, is_dry_run))
    else:
        _say(report, is_dry_run)


@group.command("export")
def export() -> None:
    """Write the suppression list to standard output; of erased people only their mark."""
    note(Deed.SUPPRESSIONS_EXPORTED)
    db.session.commit()
    with reading():
        marks.export_marks(sys.stdout)


def _take_export(file: Path, is_dry_run: bool, as_json: bool) -> None:
    """Take an export; who was erased when it was made, and is here again, is erased once more."""
    report = marks.take_marks(file)
    done = [erasure.erase(parse_address(one), now=clock.now()) for one in report.erased]
    if is_dry_run:
        db.session.rollback()
    else:
        for _ in done:
            note(Deed.SUBSCRIBER_ERASED, detail="once more, by an exported suppression list")
        note(Deed.SUPPRESSIONS_IMPORTED, detail=f"{report.suppressed:,} of {report.rows:,}")
        db.session.commit()
        for one in done:
            erasure.finish(one)
    if as_json:
        print_json(_facts(report, is_dry_run) | {"erased": len(report.erased)})
        return
    _say(report, is_dry_run)
    if report.erased:
        would = "would be " if is_dry_run else ""
        click.echo(f"{len(report.erased):,} who had been erased {would}erased once more")


def _facts(report: SuppressionReport | MarksReport, is_dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": is_dry_run,
        "rows": report.rows,
        "suppressed": report.suppressed,
        "already_suppressed": report.already,
        "refused": len(report.refused),
        "refusals": [{"line": row.line, "reason": row.reason} for row in report.refused],
    }


def _say(report: SuppressionReport | MarksReport, is_dry_run: bool) -> None:
    would = "would be " if is_dry_run else ""
    click.echo(
        f"{report.rows:,} rows: {report.suppressed:,} {would}suppressed, "
        f"{report.already:,} suppressed already, {len(report.refused):,} refused"
    )
    for reason, count in Counter(row.reason for row in report.refused).most_common():
        click.echo(f"  {count:,}: {reason}")
    for row in report.refused[:SHOWN_REFUSALS]:
        click.echo(f"  line {row.line}: {row.reason}")
