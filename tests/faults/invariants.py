"""I1 to I7 of STANDARDS 5.3, and two more: the ledger's books against the sink's record.

Each function returns what is wrong as sentences that begin with the invariant's name; a run without
a fault of ours returns none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.faults.books import Row, Sums, key_of
from tests.faults.witness import Message

MAY_BE_ACCEPTED = ("sent", "uncertain")


@dataclass(frozen=True)
class Sample:
    """The books at one moment of a run, and how many rows could be in doubt by then."""

    sums: tuple[Sums, ...]
    # Kills and outages so far, each times the connections that were open.
    doubts: int


@dataclass(frozen=True)
class Evidence:
    """All that a run left behind."""

    rows: Sequence[Row]
    samples: Sequence[Sample]
    messages: Sequence[Message]
    blames: Sequence[str]
    # Connections that the sink ended while it had, or could have had, a whole message.
    losses: int
    readers: int


def broken(evidence: Evidence) -> list[str]:
    """Return every invariant that does not hold, with what shows it."""
    accepted = Counter(
        key_of(message.message_id) for message in evidence.messages if message.is_accepted
    )
    return [
        *_once(evidence, accepted),
        *_as_written(evidence.rows, accepted),
        *_sums(evidence),
        *_doubts(evidence),
        *_open(evidence.rows),
        *_same_bytes(evidence.messages),
        *(f"wire: {blame}" for blame in evidence.blames),
    ]


def _once(evidence: Evidence, accepted: Counter[str]) -> Iterable[str]:
    """I1: nobody's message was accepted twice, under one Message-ID or two."""
    for key, count in accepted.items():
        if count > 1:
            yield f"I1: {key} was accepted {count} times"
    sends = {row.message_key: row.send_id for row in evidence.rows}
    readers = Counter(
        message.recipient
        for message in evidence.messages
        if message.is_accepted and key_of(message.message_id) in sends
    )
    for reader, count in readers.items():
        if count > 1:
            yield f"I1: {reader} got the issue {count} times"


def _as_written(rows: Sequence[Row], accepted: Counter[str]) -> Iterable[str]:
    """I2, I3, I4: what the row says is what the sink saw."""
    known = set()
    for row in rows:
        known.add(row.message_key)
        count = accepted[row.message_key]
        if row.state == "sent" and not count:
            yield f"I2: {row.message_key} is written as sent and was never accepted"
        elif count and row.state in ("failed", "suppressed", "cancelled"):
            yield f"I3: {row.message_key} is {row.state} and was accepted ({row.reason})"
        elif count and row.state not in MAY_BE_ACCEPTED:
            yield f"I4: {row.message_key} was accepted and is {row.state}"
    for key in accepted.keys() - known:
        yield f"I4: {key} was accepted and has no row"


def _sums(evidence: Evidence) -> Iterable[str]:
    """I5: the sum is true in every sample, and nobody was left out of it."""
    if not evidence.samples:
        yield "I5: there is no sample"
    for sample in evidence.samples:
        for sums in sample.sums:
            if sums.planned != sum(sums.states.values()):
                yield f"I5: planned {sums.planned}, but {sums.states}"
    if len(evidence.rows) != evidence.readers:
        yield f"I5: {evidence.readers} readers have {len(evidence.rows)} rows"


def _doubts(evidence: Evidence) -> Iterable[str]:
    """I6: no more rows are in doubt than messages that were under way when something broke."""
    for sample in evidence.samples:
        uncertain = sum(sums.states.get("uncertain", 0) for sums in sample.sums)
        most = sample.doubts + evidence.losses
        if uncertain > most:
            yield f"I6: {uncertain} are uncertain where {most} could be"
            return


def _open(rows: Sequence[Row]) -> Iterable[str]:
    """I7: nothing waits any more."""
    left = Counter(row.state for row in rows if row.state in ("waiting", "in_flight"))
    if left:
        yield f"I7: {dict(left)} at the end"


def _same_bytes(messages: Sequence[Message]) -> Iterable[str]:
    """Clause 8 of STANDARDS 5.2: every attempt has the same bytes."""
    digests = defaultdict(set)
    for message in messages:
        digests[message.message_id].add(message.digest)
    for message_id, found in digests.items():
        if len(found) > 1:
            yield f"bytes: {message_id} came in {len(found)} forms"
