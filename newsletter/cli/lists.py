"""flask lists: mailing lists."""

from typing import Any, Unpack

import click

from newsletter import clock
from newsletter.audit import Deed
from newsletter.cli.house import HouseGroup, as_json_option, print_json
from newsletter.cli.noting import note
from newsletter.extensions import db, reading
from newsletter.library import catalogue
from newsletter.subscriptions import lists
from newsletter.subscriptions.lists import ListFacts
from newsletter.subscriptions.models import MailingList, Tracking

group = HouseGroup("lists", help="Mailing lists.")


@group.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="What readers see as the sender.")
@click.option("--public", "is_public", is_flag=True, help="Show it on the form and in the archive.")
@click.option("--description", default="", help="One line under the name on the form.")
@click.option("--from-address", default="", help="Default: SLUG@ the host of PUBLIC_URL.")
@click.option("--reply-to", default="", help="Where answers go.")
@click.option("--postal-address", default="", help="Stands in the footer of every issue.")
@click.option("--language", "default_language", default="en", help="Of issues, by default en.")
@click.option("--zone", default="UTC", help="Where digests come in the morning, by default UTC.")
@click.option(
    "--tracking",
    type=click.Choice([tracking.value for tracking in Tracking]),
    default=Tracking.NONE.value,
    help="What is recorded of links, by default nothing; change it at the list in the desk.",
)
@click.option("--topic", "slugs", multiple=True, help="Short name of a topic; may be repeated.")
def add(slug: str, slugs: tuple[str, ...], **facts: Unpack[ListFacts]) -> None:
    """Add a list; prints its short name."""
    facts["topics"] = catalogue.find_topics(slugs)
    mailing_list = lists.add_list(slug, now=clock.now(), **facts)
    note(Deed.LIST_ADDED, mailing_list.slug, mailing_list_id=mailing_list.id)
    db.session.commit()
    click.echo(f"Added the list {mailing_list.slug}")


@group.command("show")
@as_json_option
def show(as_json: bool) -> None:
    """Show every list."""
    with reading():
        facts = [_facts(mailing_list) for mailing_list in lists.all_lists()]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        public = "public" if fact["public"] else "not public"
        click.echo(
            f"{fact['slug']}  {fact['name']}  {public}  from {fact['from']}  "
            f"records {fact['tracking']}"
        )


def _facts(mailing_list: MailingList) -> dict[str, Any]:
    return {
        "slug": mailing_list.slug,
        "name": mailing_list.name,
        "public": mailing_list.is_public,
        "from": lists.sender_address(mailing_list),
        "reply_to": mailing_list.reply_to,
        "postal_address": mailing_list.postal_address,
        "language": mailing_list.default_language,
        "zone": mailing_list.zone,
        "tracking": mailing_list.tracking.value,
        "topics": [topic.slug for topic in mailing_list.topics],
    }
