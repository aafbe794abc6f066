"""What the checks must know, gathered beforehand: they ask nothing and nobody themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.issues.composition import Composition
from newsletter.issues.picking import Sent
from newsletter.reachability.domains import DomainVerdict
from newsletter.reachability.links import Verdict


@dataclass(frozen=True)
class Message:
    """One edition as it leaves, for the reader with the longest values.

    `html_bytes` and `all_bytes` are those of the HTML part and of the whole
    message on the wire, where letters beyond ASCII take more room.
    """

    language: str
    subject: str
    html: str
    text: str
    html_bytes: int = 0
    all_bytes: int = 0


@dataclass(frozen=True)
class Readers:
    """Who reads the list: how many in each language, and without a value, by merge field."""

    by_language: Mapping[str, int] = field(default_factory=dict)
    lacking: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.by_language.values())


@dataclass(frozen=True)
class Sender:
    """The address in From, this installation's own host, and what the DNS says of the former.

    `verdict` is None where nobody asks.
    """

    address: str
    public_host: str
    verdict: DomainVerdict | None = None


@dataclass(frozen=True)
class Moment:
    """A wall time in a zone at which an issue begins."""

    wall: datetime
    zone: str


@dataclass(frozen=True)
class Neighbour:
    """Another issue to the same list, and when it begins or began."""

    number: int
    at: datetime


@dataclass(frozen=True)
class Facts:
    """An issue and all around it; None means not counted, and is not judged.

    By the key of their block: `withdrawn` items, and `changed` ones with when
    they were. By short name: `sent_in`, the last issue that had the item.
    `octets` are the sizes of images by number. A correction is for the readers of
    the issue that it `corrects`. Of `verdicts`, addresses that nobody has looked at
    are missing.
    """

    whole: Composition
    public_url: str = ""
    postal_address: str = ""
    corrects: int | None = None
    recipients: int | None = None
    readers: Readers | None = None
    withdrawn: frozenset[str] = frozenset()
    changed: Mapping[str, str] = field(default_factory=dict)
    sent_in: Mapping[str, Sent] = field(default_factory=dict)
    octets: Mapping[int, int] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    sender: Sender | None = None
    moment: Moment | None = None
    neighbours: tuple[Neighbour, ...] = ()
