"""flask subscribers: import, export, look up, erase."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from newsletter import clock, erasure, traces
from newsletter.addresses import Address
from newsletter.audiences import exporting, importing
from newsletter.audiences.importing import ImportReport
from newsletter.audit import Deed
from newsletter.cli.house import HouseGroup, as_json_option, parse_address, print_json
from newsletter.cli.noting import note
from newsletter.delivery.digests import overview
from newsletter.errors import NotFound
from newsletter.extensions import db, reading
from newsletter.reports import dossier
from newsletter.subscriptions import earlier_addresses, lists
from newsletter.subscriptions.standing import Standing, standing

SHOWN_REFUSALS = 20
"""Refused rows that are listed one by one; JSON has them all."""

group = HouseGroup("subscribers", help="The people on the lists.")


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--list", "slug", required=True, help="Short name of the list.")
@click.option("--consent", required=True, help="The basis on which these people are written to.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Count only; change nothing.")
@as_json_option
def import_file(file: Path, slug: str, consent: str, is_dry_run: bool, as_json: bool) -> None:
    """Confirm the rows of a CSV file (address,name,language) on a list; no mail is sent."""
    mailing_list = lists.get_list(slug)
    report = importing.import_file(
        file,
        mailing_list,
        basis=consent,
        actor="command line",
        now=clock.now(),
        is_dry_run=is_dry_run,
    )
    if not is_dry_run:
        what = f"{report.imported:,} on the list “{slug}”"
        note(Deed.SUBSCRIBERS_IMPORTED, detail=what, mailing_list_id=mailing_list.id)
        db.session.commit()
    if as_json:
        print_json(_report_facts(report, is_dry_run))
    else:
        _say_report(report, is_dry_run)


@group.command("export")
@click.option("--list", "slug", default="", help="Only this list.")
def export(slug: str) -> None:
    """Write every subscription with its history as CSV to standard output."""
    mailing_list = lists.get_list(slug) if slug else None
    note(
        Deed.SUBSCRIBERS_EXPORTED,
        detail=f"the list “{slug}”" if slug else "all lists",
        mailing_list_id=mailing_list.id if mailing_list else None,
    )
    db.session.commit()
    with reading():
        exporting.export_subscribers(sys.stdout, mailing_list)


@group.command("show")
@click.argument("address")
@as_json_option
def show(address: str, as_json: bool) -> None:
    """Show how one person stands."""
    with reading():
        facts = _standing_facts(_standing(parse_address(address)))
    if as_json:
        print_json(facts)
        return
    click.echo(f"{facts['address']}  {facts['state']}")
    for subscription in facts["subscriptions"]:
        due_at = subscription["digest_due_at"]
        due = f"  {subscription['frequency']}, digest due {due_at}" if due_at else ""
        click.echo(f"  {subscription['list']}  {subscription['state']}{due}")
    if facts["applications"] or facts["comments"]:
        said = facts["applications"], facts["comments"]
        click.echo(f"  applications to become a member: {said[0]}, comments: {said[1]}")
    for number in facts["left_by"]:
        click.echo(f"  subscriber {number} had this address before and has another one now")
    for digest in facts["digests"]:
        click.echo(f"  digest {digest['digest']}  {digest['state']}  {digest['title']}")


@group.command("evidence")
@click.argument("address")
@as_json_option
def evidence(address: str, as_json: bool) -> None:
    """Show all evidence of one person's consent: words, versions, times (UTC)."""
    with reading():
        facts = dossier.facts(dossier.dossier_of(parse_address(address), now=clock.now()))
    if as_json:
        print_json(facts)
        return
    click.echo(f"{facts['address']}  subscriber {facts['subscriber'] or 'none'}")
    for one in facts["events"]:
        told = [one["list"], one["page"], one["network"], f"by {one['by']}", one["detail"]]
        click.echo(f"{one['at']}  {one['kind']}  {', '.join(filter(None, told))}")
        if one["words"]:
            click.echo(f"  version {one['version']}, {one['language']}: {one['words']}")
    for one in facts["applications"]:
        click.echo(f"{one['asked_at']}  asked to become a member, as {one['name']}: {one['state']}")
        confirmed = f"confirmed {one['confirmed_at']}, {one['network']}"
        click.echo(f"  {confirmed if one['confirmed_at'] else 'not confirmed'}")
        click.echo(f"  version {one['version']}, {one['language']}: {one['words']}")
    for one in facts["comments"]:
        click.echo(f"{one['at']}  commented on “{one['about']}”: {one['comment']}")
    click.echo(f"{facts['shows']} {facts['does_not_show']}")


@group.command("erase")
@click.argument("address")
@click.option("--subscriber", type=int, help="Who had ADDRESS before, where that is who is meant.")
@as_json_option
def erase(address: str, subscriber: int | None, as_json: bool) -> None:
    """Delete a person; one keyed mark stays, so that no import brings them back."""
    meant = erasure.meant(parse_address(address), subscriber)
    erased = erasure.erase(meant, now=clock.now())
    note(Deed.SUBSCRIBER_ERASED)
    db.session.commit()
    erasure.finish(erased)
    if as_json:
        print_json({"erased": erased.was_known, "suppressed": True})
        return
    what = "Erased" if erased.was_known else "Nothing was kept about them, but the mark is set:"
    click.echo(f"{what} {address}")


def _standing(address: Address) -> Standing:
    """Return how an address stands, also of who is on no list; raise NotFound for nobody."""
    try:
        return standing(address)
    except NotFound:
        left_by = earlier_addresses.readers_of(address.canonical)
        if left_by or traces.of(address.canonical, None):
            return Standing(address.spelling, None, None)
        raise


def _report_facts(report: ImportReport, is_dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": is_dry_run,
        "rows": report.rows,
        "imported": report.imported,
        "already_subscribed": report.already,
        "refused": len(report.refused),
        "refusals": [{"line": row.line, "reason": row.reason} for row in report.refused],
    }


def _say_report(report: ImportReport, is_dry_run: bool) -> None:
    would = "would be " if is_dry_run else ""
    click.echo(
        f"{report.rows:,} rows: {report.imported:,} {would}imported, "
        f"{report.already:,} subscribed already, {len(report.refused):,} refused"
    )
    for reason, count in report.reasons().most_common():
        click.echo(f"  {count:,}: {reason}")
    for row in report.refused[:SHOWN_REFUSALS]:
        click.echo(f"  line {row.line}: {row.reason}")


def _standing_facts(person: Standing) -> dict[str, Any]:
    subscriber = person.subscriber
    canonical = parse_address(person.address).canonical
    kept = traces.of(canonical, subscriber)
    left_by = () if subscriber else earlier_addresses.readers_of(canonical)
    return {
        "address": person.address,
        "state": person.state,
        "suppressed": person.suppression is not None,
        "suppression_reason": person.suppression.reason.value if person.suppression else None,
        "name": subscriber.name if subscriber else "",
        "language": subscriber.language if subscriber else "",
        "applications": len(kept.applications),
        "comments": len(kept.comments),
        "left_by": [one.id for one in left_by],
        "subscriptions": [
            {
                "list": subscription.mailing_list.slug,
                "state": subscription.state.value,
                "frequency": subscription.frequency.value,
                "digest_due_at": _text(subscription.digest_due_at),
                "topics": [topic.slug for topic in subscription.topics],
            }
            for subscription in person.subscriptions
        ],
        "digests": [
            {
                "digest": -taken.number,
                "title": taken.title,
                "state": taken.state.value,
                "planned_at": _text(taken.planned_at),
                "finished_at": _text(taken.finished_at),
            }
            for taken in (overview.of_reader(subscriber.id) if subscriber else [])
        ],
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
