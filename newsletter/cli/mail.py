"""flask mail: what mail servers hand over."""

import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from newsletter import clock, reports
from newsletter.cli.house import HouseGroup
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
    if leaving_by_mail.is_report(head):
        return
    try:
        leaving = leaving_by_mail.find(head, recipient)
        issue_id = reports.issue_of(leaving.delivery_id) if leaving.delivery_id else None
        leaving_by_mail.leave(leaving, issue_id=issue_id, now=clock.now())
        db.session.commit()
    except DeadLink:
        click.echo("No address of this mail is one to unsubscribe at.", err=True)
        sys.exit(NOT_OURS)
    except SQLAlchemyError as exc:
        db.session.rollback()
        click.echo(f"The database did not take it: {type(exc).__name__}.", err=True)
        sys.exit(LATER)
