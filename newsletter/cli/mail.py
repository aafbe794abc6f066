"""flask mail: what mail servers hand over."""

import sys
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

from newsletter import clock, reports
from newsletter.cli.house import HouseGroup
from newsletter.delivery.digests import leaving as digests_leaving
from newsletter.errors import DeadLink
from newsletter.extensions import db
from newsletter.subscriptions import leaving_by_mail

NOT_OURS, LATER = 65, 75
"""What mail servers understand (sysexits.h): this is nothing for us; try again."""

group = HouseGroup("mail", help="What mail servers hand over.")


@group.command("receive")
@click.option("--to", "recipient", default="", help="Whom the envelope named.")
def receive(recipient: str) -> None:
    """Take one mail on standard input that asks to be unsubscribed, and do it."""
    head = sys.stdin.buffer.read(leaving_by_mail.LONGEST_HEAD)
    # A server that writes must not be cut off.
    while sys.stdin.buffer.read(65_536):
        pass
    try:
        _take(head, recipient)
    except DeadLink:
        click.echo("No address of this mail is one to unsubscribe at.", err=True)
        sys.exit(NOT_OURS)
    except SQLAlchemyError as exc:
        _try_later(exc)


@group.command("collect")
@click.argument("maildir", type=click.Path(path_type=Path, exists=True, file_okay=False))
def collect(maildir: Path) -> None:
    """Do what new mails in a maildir ask that want to be unsubscribed, and delete those.

    All others are marked as seen, for a person to read.
    """
    taken = 0
    for path in sorted((maildir / "new").iterdir()):
        with path.open("rb") as mail:
            head = mail.read(leaving_by_mail.LONGEST_HEAD)
        try:
            is_done = _take(head)
        except DeadLink:
            is_done = False
        except SQLAlchemyError as exc:
            _try_later(exc)
        # Killed before this line, it is done once more, which changes nothing.
        if is_done:
            path.unlink()
        else:
            path.rename(maildir / "cur" / f"{path.name}:2,S")
        taken += is_done
    click.echo(f"Mails that asked to be unsubscribed: {taken}")


def _take(head: bytes, recipient: str = "") -> bool:
    """Do what a mail asks, and commit; False for a report on mail, which asks for nothing."""
    if leaving_by_mail.is_report(head):
        return False
    leaving = digests_leaving.whole(leaving_by_mail.find(head, recipient))
    issue_id = reports.issue_of(leaving.delivery_id) if leaving.delivery_id else None
    leaving_by_mail.leave(leaving, issue_id=issue_id, now=clock.now())
    db.session.commit()
    return True


def _try_later(exc: SQLAlchemyError) -> NoReturn:
    db.session.rollback()
    click.echo(f"The database did not take it: {type(exc).__name__}.", err=True)
    sys.exit(LATER)
