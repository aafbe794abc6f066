"""Which requests for a link are not a person's: rules, without knowing who anybody is.

They err on the side of machines: a number that is too small flatters nobody (STANDARDS C28).
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

WINDOW = timedelta(seconds=10)
"""Requests so close are looked at together; and so soon after its delivery nobody reads a mail."""

MOST_LINKS = 4
"""So many different links from one network within the window is a program that follows them all."""

MOST_REQUESTS = 6
"""So many requests from one network within the window is a program, too."""

_AGENTS = re.compile(
    r"bot\b|crawl|spider|scan|preview|proxy|fetch|monitor|check|headless|phantom|puppeteer"
    r"|playwright|selenium|curl|wget|python|java/|okhttp|go-http|libwww|httpclient|axios|node-"
    r"|ruby|perl|barracuda|mimecast|proofpoint|ironport|symantec|trendmicro|forcepoint|fireeye"
    r"|fortimail|sophos|messagelabs|zscaler|cloudmark|safelinks|urldefense|microsoft office"
    r"|ms-office|facebookexternalhit|slack|whatsapp|telegram",
    re.I,
)


class Hit(NamedTuple):
    """One request for a link; `network` only tells that two came from the same one."""

    at: datetime
    key: str
    network: bytes
    is_machine: bool
    subscription_id: int | None = None


def looks_like_one(
    method: str, headers: Mapping[str, str], *, at: datetime, delivered_at: datetime | None
) -> bool:
    """Tell whether a single request is a machine's, by what it says and when it comes."""
    agent = headers.get("User-Agent", "")
    purpose = headers.get("Sec-Purpose", "") + headers.get("Purpose", "")
    if method != "GET" or not agent or _AGENTS.search(agent) or "prefetch" in purpose:
        return True
    # A person's browser says which kinds of page it reads, and which languages.
    if "Accept-Language" not in headers:
        return True
    return delivered_at is not None and at - delivered_at < WINDOW


def judge(hits: Sequence[Hit]) -> list[bool]:
    """Tell of each request whether it is a machine's, by itself or by those around it."""
    by_network: dict[bytes, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_network[hit.network].append(hit)
    return [hit.is_machine or _is_burst(hit, by_network[hit.network]) for hit in hits]


def _is_burst(hit: Hit, same: Sequence[Hit]) -> bool:
    if len(same) < MOST_LINKS:
        return False
    near = [one for one in same if abs(one.at - hit.at) <= WINDOW]
    return len(near) >= MOST_REQUESTS or len({one.key for one in near}) >= MOST_LINKS
