"""flask editors: who may sign in to the desk."""

from typing import Any

import click

from newsletter import accounts, clock
from newsletter.accounts import Editor, RoleName, passkeys, second_factors
from newsletter.audit import Deed
from newsletter.cli.house import HouseGroup, as_json_option, parse_address, print_json
from newsletter.cli.noting import note
from newsletter.extensions import db, reading
from newsletter.subscriptions import lists

group = HouseGroup("editors", help="Who may sign in to the desk.")


@group.command("add")
@click.argument("address")
@click.option(
    "--role",
    type=click.Choice([role.value for role in RoleName]),
    required=True,
    help="author writes; editor also sends; admin also manages lists and editors.",
)
@click.option("--name", default="", help="How the desk calls them.")
@click.option("--list", "slugs", multiple=True, help="Lists that they may use; none means all.")
@as_json_option
def add(address: str, role: str, name: str, slugs: tuple[str, ...], as_json: bool) -> None:
    """Add an editor; prints a sign-in link that works once, for 24 hours."""
    now = clock.now()
    editor = accounts.add_editor(parse_address(address).spelling, role, name, now=now)
    accounts.bind_to_lists(editor, [lists.get_list(slug).id for slug in slugs])
    link = accounts.make_sign_in_link(editor, now=now)
    note(Deed.EDITOR_INVITED, editor.id, role)
    facts = _facts(editor)
    db.session.commit()
    _print_link(facts, link, as_json=as_json)


@group.command("link")
@click.argument("address")
@as_json_option
def link(address: str, as_json: bool) -> None:
    """Print a new sign-in link for an editor."""
    editor = accounts.get_editor(parse_address(address).spelling)
    link = accounts.make_sign_in_link(editor, now=clock.now())
    note(Deed.EDITOR_LINK_MADE, editor.id)
    facts = _facts(editor)
    db.session.commit()
    _print_link(facts, link, as_json=as_json)


@group.command("reset")
@click.argument("address")
@as_json_option
def reset(address: str, as_json: bool) -> None:
    """Take away an editor's second factors and passkeys, and sign them out; prints a new link."""
    editor = accounts.get_editor(parse_address(address).spelling)
    second_factors.remove_all(editor)
    link = accounts.make_sign_in_link(editor, now=clock.now())
    note(Deed.EDITOR_FACTOR_RESET, editor.id)
    facts = _facts(editor)
    db.session.commit()
    _print_link(facts, link, as_json=as_json)


@group.command("show")
@as_json_option
def show(as_json: bool) -> None:
    """Show every editor."""
    with reading():
        facts = [_facts(editor) for editor in accounts.all_editors()]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        state = "active" if fact["active"] else "deactivated"
        click.echo(f"{fact['address']}  {fact['role']}  {state}  {fact['name']}".rstrip())


def _facts(editor: Editor) -> dict[str, Any]:
    return {
        "address": editor.email,
        "name": editor.name,
        "role": accounts.role_of(editor).value,
        "active": editor.active,
        "has_password": editor.password is not None,
        "has_second_factor": second_factors.has_second_factor(editor),
        "passkeys": len(passkeys.passkeys_of(editor)),
        "has_signed_in": editor.joined_at is not None,
        "lists": _lists_of(editor),
    }


def _lists_of(editor: Editor) -> list[str]:
    """Return the short names of the lists that the editor is bound to; none means all."""
    allowed = accounts.allowed_lists(editor)
    return [one.slug for one in lists.all_lists(only=allowed)] if allowed else []


def _print_link(facts: dict[str, Any], link: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**facts, "sign_in_link": link})
        return
    click.echo(f"{facts['address']} is {facts['role']}. This link signs in once, within 24 hours:")
    click.echo(link)
