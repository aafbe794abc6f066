"""The addresses that we write from: one that subscribed would have us write to ourselves (XA19)."""

from collections.abc import Iterable

from flask import current_app

from newsletter import addresses
from newsletter.statements import Statement, run


def desk_address() -> str:
    """Return the address that mail of the desk itself comes from."""
    return f"desk@{current_app.config['PUBLIC_HOST']}"


def own_addresses(known: Iterable[tuple[str, str]] | None = None) -> frozenset[str]:
    """Return the canonical addresses that we write from.

    `known` are the short names and the chosen addresses of all lists, for who has them already.
    """
    host = current_app.config["PUBLIC_HOST"]
    rows = run(_SENDERS).rows if known is None else list(known)
    writing = {desk_address(), *(f"{slug}@{host}" for slug, _ in rows)}
    chosen = (address for _, address in rows if address)
    return frozenset({*writing, *(addresses.parse(text).canonical for text in chosen)})


_SENDERS = Statement("SELECT slug, from_address FROM mailing_list")
