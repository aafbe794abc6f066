"""Pages in which nothing differs but an address: made once a list and language, then filled in.

Making one costs as much as a third of a sign-up.
"""

import secrets

from flask import current_app, render_template, request
from markupsafe import escape

from newsletter import page_language

MOST_KEPT = 100

_EXTENSION = "public.prepared"
_STAND_IN = {name: f"{name}{secrets.token_hex(16)}" for name in ("address", "sender_address")}
"""What stands in a page that is kept, in place of an address; nobody can know it and type it."""


def page(template: str, *, list_slug: str, address: str, sender_address: str) -> str:
    """Return a page that needs only these three; the same letters as if it were made now."""
    kept: dict[tuple[str, ...], str] = current_app.extensions.setdefault(_EXTENSION, {})
    begin = {"list": list_slug}
    # Links keep to the language that a link chose, and stand below where the server has us.
    key = (template, page_language.spoken(), page_language.to("/", **begin), request.script_root)
    if current_app.jinja_env.auto_reload or len(kept) >= MOST_KEPT:
        kept.clear()
    # Another thread may have cleared it meanwhile.
    text = kept.get(key) or render_template(template, begin=begin, **_STAND_IN)
    kept[key] = text
    for name, value in (("address", address), ("sender_address", sender_address)):
        text = text.replace(_STAND_IN[name], escape(value))
    return text
