"""The links of a rendered edition, led over this installation: once for all its readers.

What is somebody's own (to unsubscribe, the preferences), `mailto:`, `tel:`, anchors, addresses
with a merge field in them and the pages around the issue stay as they are (STANDARDS XB23).
So do links whose words are an address: they lead where they say (H19).
"""

import base64
import hashlib
import hmac
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from newsletter import links
from newsletter.issues.merge_fields import MergeField
from newsletter.issues.rendering import RenderedEdition
from newsletter.issues.segments import Segments, Slot, merged

TOKEN = "tracking_token"
"""The slot for what names a reader's delivery; empty for those who did not agree."""

PIXEL = "tracking_pixel"
"""The slot for the picture that tells of an opening; empty for them, too."""

LONGEST_ADDRESS = 2000

_LINK = re.compile(r'(<a\b[^<>]*?\shref=")(https?://[^"]+)("[^<>]*>)((?:(?!</a>).)*)', re.S | re.I)
_TAG = re.compile(r"<[^>]*>")
_ADDRESS_LIKE = re.compile(r"\S*://|www\.|[\w-]+(\.[\w-]+)+(/\S*)?$", re.I)
_IN_TEXT = re.compile(r"https?://[^\s<>\"]+")
_AFTER_ADDRESS = ").,;:!?]»”'"


@dataclass(frozen=True)
class Rewritten:
    """An edition whose links lead over this installation, and where each key leads."""

    edition: RenderedEdition
    links: dict[str, str]


def rewrite(
    edition: RenderedEdition, issue_id: int, *, public_url: str, is_individual: bool
) -> Rewritten:
    """Return the edition with its links led over `/r/`; the same call gives the same keys."""
    found: dict[str, str] = {}
    key_of = _keys(issue_id)

    def key(address: str) -> str:
        made = key_of(address)
        found[made] = address
        return made

    opening = f"{public_url}/r/"
    slots = (Slot(MergeField(TOKEN)),) if is_individual else ()
    html_part = _html(edition.html_part, key, opening, slots, public_url)
    known = {address: made for made, address in found.items()}
    text_part = _text(edition.text_part, known, opening, slots)
    if is_individual:
        html_part = _with_pixel(html_part)
    return Rewritten(replace(edition, html_part=html_part, text_part=text_part), found)


def _keys(issue_id: int) -> Callable[[str], str]:
    secret = links.signing_keys()[-1].encode()

    def key(address: str) -> str:
        said = f"tracked link\n{issue_id}\n{address}".encode()
        digest = hmac.new(secret, said, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest)[:16].decode()

    return key


def _html(
    part: Segments,
    key: Callable[[str], str],
    opening: str,
    slots: tuple[Slot, ...],
    public_url: str,
) -> Segments:
    pieces: list[str | Slot] = []
    for piece in part:
        if not isinstance(piece, str):
            pieces.append(piece)
            continue
        end = 0
        for link in _LINK.finditer(piece):
            address = html.unescape(link[2])
            words = html.unescape(_TAG.sub("", link[4])).strip()
            if not _is_counted(address, public_url) or _ADDRESS_LIKE.match(words):
                continue
            pieces += [piece[end : link.start(2)], opening, *slots, key(address)]
            end = link.end(2)
        pieces.append(piece[end:])
    return merged(pieces)


def _text(part: Segments, known: dict[str, str], opening: str, slots: tuple[Slot, ...]) -> Segments:
    pieces: list[str | Slot] = []
    for number, piece in enumerate(part):
        if not isinstance(piece, str):
            pieces.append(piece)
            continue
        is_cut = number + 1 < len(part)
        end = 0
        for found in _IN_TEXT.finditer(piece):
            # What goes on in a merge field is another address.
            if is_cut and found.end() == len(piece):
                continue
            address = found[0]
            while address not in known and address[-1] in _AFTER_ADDRESS:
                address = address[:-1]
            if address in known:
                pieces += [piece[end : found.start()], opening, *slots, known[address]]
                end = found.start() + len(address)
        pieces.append(piece[end:])
    return merged(pieces)


def _is_counted(address: str, public_url: str) -> bool:
    is_ours = f"{address}/".startswith(f"{public_url}/")
    if is_ours and not address.startswith(f"{public_url}/library/"):
        return False
    return len(address) <= LONGEST_ADDRESS


def _with_pixel(part: Segments) -> Segments:
    """Return the HTML part with a place for the picture at its end."""
    *first, last = part
    if not isinstance(last, str) or "</body>" not in last:
        return part
    before, after = last.split("</body>", 1)
    return merged([*first, before, Slot(MergeField(PIXEL)), f"</body>{after}"])
