"""Addresses that nobody may subscribe, whoever is on a list: ours, and those of programs.

Addresses that are thrown away after use are welcome: whoever confirms one reads it, and a list of
such hosts would be out of date before it is of use (STANDARDS XA19).
"""

from flask import current_app

from newsletter.addresses import Address
from newsletter.errors import InvalidAddress
from newsletter.marking import marked

DUTIES = frozenset(
    {
        *("abuse", "hostmaster", "mailer-daemon", "postmaster", "root", "usenet", "uucp"),
        *("donotreply", "do-not-reply", "noreply", "no-reply"),
        *("listserv", "mailman", "majordomo"),
    }
)
"""Local parts behind which nobody reads news (RFC 2142): one that confirms is a program."""


def refuse(address: Address, *, own_addresses: frozenset[str]) -> None:
    """Raise InvalidAddress for an address that cannot be subscribed; `own_addresses` are ours."""
    local, _, domain = address.canonical.rpartition("@")
    if domain == current_app.config["UNSUBSCRIBE_DOMAIN"]:
        raise _ours()
    if local.lower() in DUTIES:
        raise InvalidAddress(
            marked(
                "“%(name)s@” belongs to a program or a duty, and nobody reads the news there. "
                "Enter an address of your own."
            ),
            name=local,
        )
    if address.canonical in own_addresses:
        raise _ours()


def _ours() -> InvalidAddress:
    return InvalidAddress(marked("This address belongs to us. Enter your own."))
