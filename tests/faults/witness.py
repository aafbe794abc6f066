"""What the sink recorded: read while it grows, and added up."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.sink import BYTES, RECORD


@dataclass(frozen=True)
class Message:
    """One message that came as far as its final dot."""

    message_id: str
    recipient: str
    digest: str
    size: int
    connection: int
    is_accepted: bool
    # Seconds since the epoch.
    at: float


class Witness:
    """The sink's record; every property reads first what was added to it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORD
        self._bytes = folder / BYTES
        self._offset = 0
        self._rest = b""
        self._events: list[dict[str, Any]] = []
        self._counts: Counter[str] = Counter()

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events so far."""
        self._read()
        return self._events

    def count(self, event: str) -> int:
        """Return how many events of one name there are so far."""
        self._read()
        return self._counts[event]

    @property
    def accepted(self) -> int:
        """How many messages were accepted so far."""
        return self.count("accepted")

    @property
    def messages(self) -> list[Message]:
        """Every message that came as far as its dot."""
        return [
            Message(
                event["message_id"],
                event["recipient"],
                event["digest"],
                event["size"],
                event["connection"],
                event["event"] == "accepted",
                event["at"],
            )
            for event in self.events
            if event["event"] in ("accepted", "not accepted")
        ]

    @property
    def losses(self) -> int:
        """How often a connection was ended so that a message was left in doubt."""
        return sum(event["event"] == "fault" and event["is_loss"] for event in self.events)

    @property
    def met(self) -> Counter[str]:
        """How many faults befell each recipient."""
        return Counter(event["recipient"] for event in self.events if event["event"] == "fault")

    @property
    def blames(self) -> list[str]:
        """What the sender did against the protocol."""
        return [
            f"{event['what']} (connection {event['connection']})"
            for event in self.events
            if event["event"] == "blame"
        ]

    @property
    def most_open(self) -> int:
        """How many connections were open at the same time, at most."""
        return max(
            (event["open"] for event in self.events if event["event"] == "opened"), default=0
        )

    def asked_for(self, recipient: str) -> list[float]:
        """Return when RCPT named this recipient, in seconds since the epoch."""
        return [
            event["at"]
            for event in self.events
            if event["event"] == "rcpt" and event["recipient"] == recipient
        ]

    @property
    def named(self) -> list[str]:
        """Return whom RCPT named so far, in that order."""
        return [event["recipient"] for event in self.events if event["event"] == "rcpt"]

    def received(self, connection: int) -> bytes:
        """Return every byte that came over one connection."""
        return (self._bytes / f"{connection:05}").read_bytes()

    def _read(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as record:
            record.seek(self._offset)
            added = record.read()
        self._offset += len(added)
        *lines, self._rest = (self._rest + added).split(b"\n")
        for line in lines:
            event = json.loads(line)
            self._events.append(event)
            self._counts[event["event"]] += 1
