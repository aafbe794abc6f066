"""flask digests: which there are, and pause, resume and cancel as of issues."""

import click

from newsletter import clock, reports
from newsletter.audit import Deed
from newsletter.cli.house import as_json_option, print_json
from newsletter.cli.noting import note_issue
from newsletter.delivery import control
from newsletter.delivery.digests import overview
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.issues.models import Issue


@click.group("digests")
def group() -> None:
    """What weekly and monthly readers get."""


number_argument = click.argument("number", type=click.IntRange(1, 2**31 - 1))


@group.command("list")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which page.")
@as_json_option
def list_digests(page: int, as_json: bool) -> None:
    """List the digests, the newest first, with their numbers, and when the next are due."""
    lines, _ = overview.lines(page=page)
    numbers = reports.reports_of([line.number for line in lines]) if lines else {}
    following = overview.next_due()
    if as_json:
        print_json(
            {
                "digests": [
                    {
                        "digest": -line.number,
                        "list": line.list_name,
                        "title": line.title,
                        "period": line.period.value,
                        "day": line.day.isoformat(),
                        "state": line.state.value,
                        "begun_at": line.begun_at.isoformat() if line.begun_at else None,
                        **numbers[line.number].as_dict(),
                    }
                    for line in lines
                ],
                "next": following
                and {"at": following.at.isoformat(), "readers": following.readers},
            }
        )
        return
    for line in lines:
        report = numbers[line.number]
        click.echo(
            f"{-line.number}  {line.state.value:<9}  {line.title}, {line.list_name}: "
            f"{report.sent:,} of {report.planned:,} sent"
        )
    if following:
        click.echo(f"Next: {following.at:%Y-%m-%d %H:%M} UTC, {following.readers:,} readers")
    elif not lines:
        click.echo("Nobody wants digests.")


@group.command("pause")
@number_argument
def pause(number: int) -> None:
    """Stop sending a digest between two recipients."""
    digest = _find(number)
    control.pause(digest, now=clock.now())
    note_issue(Deed.ISSUE_PAUSED, digest)
    db.session.commit()
    click.echo(f"Paused digest {number}")


@group.command("resume")
@number_argument
def resume(number: int) -> None:
    """Go on where it was paused, without waiting for any back-off."""
    digest = _find(number)
    control.resume(digest, now=clock.now())
    note_issue(Deed.ISSUE_RESUMED, digest)
    db.session.commit()
    click.echo(f"Resumed digest {number}")


@group.command("cancel")
@number_argument
def cancel(number: int) -> None:
    """End a digest for good; who has not got it will not get what is in it."""
    digest = _find(number)
    # It commits, and what it commits has to have its entry.
    note_issue(Deed.ISSUE_CANCELLED, digest)
    control.cancel(digest, now=clock.now())
    db.session.commit()
    click.echo(f"Cancelled digest {number}")


def _find(number: int) -> Issue:
    found = db.session.get(Issue, -number)
    if found is None:
        raise NotFound(f"There is no digest {number}.")
    return found
