"""flask library: items and topics."""

from pathlib import Path
from typing import Any

import click

from newsletter import clock, links
from newsletter.audit import Deed
from newsletter.cli.house import HouseGroup, as_json_option, print_json
from newsletter.cli.noting import note
from newsletter.errors import InvalidInput
from newsletter.extensions import db, reading
from newsletter.library import catalogue, facts
from newsletter.library.models import Item, ItemKind

group = HouseGroup("library", help="What is published: items and topics.")


@group.command("add")
@click.option("--kind", required=True, help=f"One of {', '.join(ItemKind)}.")
@click.option("--title", required=True, help="Its name; makes the slug.")
@click.option("--summary", required=True, help="A sentence or two, for lists and mails.")
@click.option("--url", default="", help="Where it is; may be left out if there is a body.")
@click.option("--body-file", type=click.Path(path_type=Path), help="Its text, Markdown in UTF-8.")
@click.option("--topic", "topics", multiple=True, help="Slug of a topic; may be repeated.")
@click.option("--date", "published_on", default="", help="Like 2025-01-20. Default: today.")
@click.option("--region", default="", help="What part of the world it is about.")
@click.option("--language", default="en", show_default=True, help="Like en, fr or pt-BR.")
@click.option("--slug", help="Its name in links. Default: made from the title.")
@as_json_option
def add(
    topics: tuple[str, ...],
    published_on: str,
    body_file: Path | None,
    slug: str | None,
    as_json: bool,
    **texts: str,
) -> None:
    """Add an item; prints its slug."""
    item = catalogue.add_item(
        kind=texts["kind"],
        title=texts["title"],
        summary=texts["summary"],
        url=texts["url"],
        body=_read_text(body_file) if body_file else "",
        published_on=facts.published_on(published_on),
        topics=catalogue.find_topics(topics),
        region=texts["region"],
        language=texts["language"],
        slug=slug,
        now=clock.now(),
    )
    note(Deed.ITEM_ADDED, item.slug)
    db.session.commit()
    if as_json:
        print_json(_item_facts(item))
    else:
        click.echo(f"Added the item {item.slug}")


@group.command("list")
@as_json_option
def list_items(as_json: bool) -> None:
    """Show every item, the newest first, withdrawn ones too."""
    with reading():
        if as_json:
            print_json([_item_facts(item) for item in catalogue.all_items()])
            return
        for item in catalogue.all_items():
            mark = "  (withdrawn)" if item.withdrawn_at else ""
            click.echo(f"{item.published_on}  {item.kind:<11}  {item.slug}  {item.title}{mark}")


@group.command("withdraw")
@click.argument("slug")
def withdraw(slug: str) -> None:
    """Take an item out of the lists; its page stays and says so."""
    catalogue.withdraw_item(catalogue.find_item(slug), now=clock.now())
    note(Deed.ITEM_WITHDRAWN, slug)
    db.session.commit()
    click.echo(f"Withdrawn: {slug}")


@group.command("restore")
@click.argument("slug")
def restore(slug: str) -> None:
    """Put a withdrawn item back."""
    catalogue.restore_item(catalogue.find_item(slug), now=clock.now())
    note(Deed.ITEM_RESTORED, slug)
    db.session.commit()
    click.echo(f"Listed again: {slug}")


@group.command("topics")
@as_json_option
def show_topics(as_json: bool) -> None:
    """Show every topic."""
    with reading():
        topics = catalogue.topics()
    if as_json:
        print_json([{"slug": topic.slug, "name": topic.name} for topic in topics])
        return
    for topic in topics:
        click.echo(f"{topic.slug}  {topic.name}")


@group.command("add-topic")
@click.argument("slug")
@click.option("--name", required=True, help="What readers see.")
def add_topic(slug: str, name: str) -> None:
    """Add a topic; prints its slug."""
    topic = catalogue.add_topic(slug, name)
    note(Deed.TOPIC_ADDED, topic.slug)
    db.session.commit()
    click.echo(f"Added the topic {topic.slug}")


def _read_text(path: Path) -> str:
    try:
        # An editor's byte order mark is no part of the text.
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"“{path}” is not UTF-8 text. Save it as UTF-8.", field="body") from exc
    except OSError as exc:
        raise InvalidInput(f"“{path}” cannot be read: {exc.strerror}.", field="body") from exc


def _item_facts(item: Item) -> dict[str, Any]:
    return {
        "slug": item.slug,
        "kind": item.kind.value,
        "title": item.title,
        "summary": item.summary,
        "url": item.url,
        "body": item.body,
        "date": item.published_on.isoformat(),
        "topics": [topic.slug for topic in item.topics],
        "region": item.region,
        "language": item.language,
        "withdrawn": item.withdrawn_at is not None,
        "page": links.public_url(f"/library/{item.slug}"),
    }
