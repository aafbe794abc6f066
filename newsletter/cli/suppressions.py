"""flask suppressions: addresses that are never mailed."""

import click

from newsletter import clock
from newsletter.cli.house import HouseGroup, parse_address
from newsletter.extensions import db
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import SuppressionReason

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
    db.session.commit()
    click.echo(f"Suppressed {suppressed.spelling}")
