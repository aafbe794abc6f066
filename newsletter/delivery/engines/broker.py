"""The queue between the clock and the workers: what a message is, and the clock's way to it."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit

from dramatiq import Message, Middleware
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.errors import BrokerError
from pika.exceptions import AMQPError  # type: ignore[import-untyped]  # it has no types

QUEUE = "batches"
ACTOR = "carry"

IDLE = 20.0
"""Seconds after which the clock's connection is closed: nobody answers heartbeats on it."""

# How long a broker that does not answer is waited for, in seconds (pika's names).
_TIMES = {
    "heartbeat": "30",
    "blocked_connection_timeout": "30",
    "socket_timeout": "5",
    "stack_timeout": "10",
}


class BrokerAway(Exception):
    """The broker is out of reach; the text is what was seen of it."""


def rabbitmq(url: str, middleware: Sequence[Middleware] = ()) -> RabbitmqBroker:
    """Return the broker at `url`, not connected yet.

    Messages survive its restart and are confirmed by it. dramatiq's own middleware, which
    tries again, ends what takes long and keeps results, is left out: the database knows better.
    """
    # It would say several lines about each attempt; who uses the broker says one a change.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    parts = urlsplit(url)
    query = urlencode(_TIMES | dict(parse_qsl(parts.query)))
    return RabbitmqBroker(
        url=parts._replace(query=query).geturl(),
        confirm_delivery=True,
        middleware=list(middleware),
    )


class Postbox:
    """The clock's way to the queue, for one thread."""

    def __init__(self, broker: RabbitmqBroker) -> None:
        self._broker = broker
        self._used_at = time.monotonic()
        broker.declare_queue(QUEUE)

    def count(self) -> int:
        """Return how many messages nobody fetched yet; raise BrokerAway."""
        with self._connected():
            return int(self._broker.get_queue_message_counts(QUEUE)[0])

    def post(self, batch_id: int) -> None:
        """Hand over one message and wait until the broker has it; raise BrokerAway."""
        message = Message[None](
            queue_name=QUEUE, actor_name=ACTOR, args=(batch_id,), kwargs={}, options={}
        )
        with self._connected():
            self._broker.enqueue(message)

    def hang_up(self) -> None:
        """End the connection; the next message opens a new one."""
        del self._broker.connection

    @contextmanager
    def _connected(self) -> Iterator[None]:
        if time.monotonic() - self._used_at > IDLE:
            self.hang_up()
        try:
            yield
        except (AMQPError, BrokerError, OSError) as exc:
            self.hang_up()
            raise BrokerAway(repr(exc)) from exc
        self._used_at = time.monotonic()
