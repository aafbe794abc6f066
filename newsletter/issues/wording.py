"""Where an item of an issue leads, and what stands around it in the language of the edition."""

from urllib.parse import urlsplit

from newsletter.issues.content import ItemRow
from newsletter.library.words import BUTTON_WORDS, KIND_NAMES
from newsletter.translating import Translator


def item_url(row: ItemRow, public_url: str) -> str:
    """Return where an item leads: its own page elsewhere, else its page in the library."""
    if row.url.lower().startswith(("https://", "http://")):
        return row.url
    return f"{public_url}/library/{row.slug}"


def same_page(address: str) -> str:
    """Return an address so that it is equal to every other way to type it.

    Where it leads is the same with `www.`, with http, with a slash at its end, and with the
    marks by which a site counts where its visitors come from.
    """
    try:
        parts = urlsplit(address.strip())
        port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    except ValueError:
        return address
    host = (parts.hostname or "").removeprefix("www.")
    asked = sorted(pair for pair in parts.query.split("&") if pair[:4].lower() != "utm_")
    return f"{host}{port}{parts.path.rstrip('/')}?{'&'.join(asked)}#{parts.fragment}"


def label(row: ItemRow, ours: Translator) -> str:
    """Return the line above an item: its kind, or the site of a page elsewhere, and its day."""
    what = ours.gettext(KIND_NAMES[row.kind]) if row.kind else ours.isolated(_site(row))
    return f"{what} · {ours.day(row.published_on)}" if row.published_on else what


def action(row: ItemRow, ours: Translator) -> str:
    """Return the words of the button that leads to an item."""
    if row.kind:
        return ours.gettext(BUTTON_WORDS[row.kind])
    return ours.gettext("Read it at %(site)s", site=ours.isolated(_site(row)))


def before_address(words: str, ours: Translator) -> str:
    """Return words with the mark that leads over to an address on the next line."""
    return ours.gettext("%(words)s:", words=words)


def _site(row: ItemRow) -> str:
    try:
        return (urlsplit(row.url).hostname or row.url).removeprefix("www.")
    except ValueError:
        return row.url
