"""Plain links by which a reader passes a page on; nobody hears of them until they are used."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Way:
    """One way to pass a page on; `name` is empty for the reader's own mail program."""

    name: str
    url: str


SERVICES = (
    ("WhatsApp", "https://wa.me/?text={title}%20{address}"),
    ("Telegram", "https://t.me/share/url?url={address}&text={title}"),
    ("LinkedIn", "https://www.linkedin.com/sharing/share-offsite/?url={address}"),
    ("Facebook", "https://www.facebook.com/sharer/sharer.php?u={address}"),
    ("X", "https://x.com/intent/post?url={address}&text={title}"),
)


def ways(title: str, address: str) -> list[Way]:
    """Return the ways to pass on the page at `address`, the mail program first."""
    parts = {"title": quote(title, safe=""), "address": quote(address, safe="")}
    mail = "mailto:?subject={title}&body={address}"
    return [Way(name, pattern.format(**parts)) for name, pattern in (("", mail), *SERVICES)]
