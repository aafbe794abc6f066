"""Which requests for a link are not a person's: rules, without knowing who anybody is.

They err on the side of machines: a number that is too small flatters nobody (STANDARDS C28).
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

TOO_SOON = timedelta(seconds=10)
"""So soon after its delivery nobody reads a mail."""

SLICE = timedelta(seconds=5)
"""Requests of one network for one link within such a slice of time are kept as one number."""

RUN = 5
"""So many slices in a row are looked at together."""

MOST_LINKS = 4
"""So many different links from one network within a run is a program that follows them all."""

MOST_REQUESTS = 6
"""So many requests from one network within a run is a program, too."""

_AGENTS = re.compile(
    r"bot\b|crawl|spider|scan|preview|proxy|fetch|monitor|check|headless|phantom|puppeteer"
    r"|playwright|selenium|curl|wget|python|java/|okhttp|go-http|libwww|httpclient|axios|node-"
    r"|ruby|perl|barracuda|mimecast|proofpoint|ironport|symantec|trendmicro|forcepoint|fireeye"
    r"|fortimail|sophos|messagelabs|zscaler|cloudmark|safelinks|urldefense|microsoft office"
    r"|ms-office|facebookexternalhit|slack|whatsapp|telegram",
    re.I,
)


class Hit(NamedTuple):
    """What requests for a link have in common.

    `network` only tells that it was the same one; `subscription_id` is 0 for who has no name.
    """

    slice: int
    network: str
    key: str
    is_machine: bool
    subscription_id: int = 0

    def row(self) -> dict[str, object]:
        """Return it as the columns of a `RecentClick`."""
        named = self._asdict()
        return named | {"link_key": named.pop("key")}

    @property
    def day(self) -> date:
        """The day (UTC) on which they came."""
        return datetime.fromtimestamp(self.slice * SLICE.total_seconds(), UTC).date()


def slice_of(at: datetime) -> int:
    """Return the number of the slice of time that a moment is in."""
    return int(at.timestamp() // SLICE.total_seconds())


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
    return delivered_at is not None and at - delivered_at < TOO_SOON


def judge(hits: Mapping[Hit, int]) -> set[Hit]:
    """Return those of a machine, by themselves or by what is around them; takes how many of each.

    Every request is looked at as often as there are slices in a run, however many there are: a
    program that floods us must not keep us busy with it (STANDARDS XJ02).
    """
    by_network: dict[str, dict[int, list[Hit]]] = defaultdict(lambda: defaultdict(list))
    for hit in hits:
        by_network[hit.network][hit.slice].append(hit)
    machines = {hit for hit in hits if hit.is_machine}
    for slices in by_network.values():
        for first in slices:
            run = [hit for number in range(first, first + RUN) for hit in slices.get(number, ())]
            is_burst = sum(hits[hit] for hit in run) >= MOST_REQUESTS
            if is_burst or len({hit.key for hit in run}) >= MOST_LINKS:
                machines.update(run)
    return machines
