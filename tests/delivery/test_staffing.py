"""How many connections are opened, kept and asked for again."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from newsletter.delivery import staffing
from newsletter.delivery.crew import Crew
from newsletter.delivery.pacing import Pacer
from newsletter.delivery.staffing import Staffing
from newsletter.delivery.worries import Worries
from tests.delivery.situations import Hands, Post, begin, readers, settings_for, states
from tests.relay import Relay
from tests.scripted_relay import Peer, ScriptedRelay


@pytest.fixture
def crew(app: Flask) -> Iterator[Crew]:
    with Relay() as relay:
        crew = Crew(settings_for(relay))
        yield crew
        crew.go_home()


def test_connections_with_nothing_to_do_are_ended_also_while_mail_waits_for_its_pace(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staffing, "IDLE", 0.2)
    hands = Hands()
    pacer = Pacer(worker="", now=hands)
    staff = Staffing(crew, pacer, Worries(now=hands), most=4, now=hands)

    def work(waiting: int) -> int:
        staff.welcome()
        staff.provide(waiting)
        for channel in crew.channels:
            staff.worked(channel)
        return len(crew.channels)

    _wait(lambda: work(4) == 4)
    # All lanes sleep, and a batch could be claimed: one connection is enough for that.
    _wait(lambda: work(0) == 1)
    time.sleep(0.3)
    assert work(0) == 1
    staff.dismiss_idle()
    assert crew.channels == []


def test_a_relay_that_takes_one_connection_is_not_asked_for_more_all_the_time(app: Flask) -> None:
    relay = OneConnection()
    with ScriptedRelay(relay.serve) as scripted:
        post = Post(Relay(port=scripted.port), connections=4)
        issue_id = begin(*readers(120))
        post.deliver()
        assert states(issue_id) == {"sent": 120}
        # One at a time at first, then the three others together; no time passed since.
        assert relay.refused <= 3
        post.close()


class OneConnection:
    """A relay that refuses every connection beside the one it has."""

    def __init__(self) -> None:
        self.refused = 0
        self._room = threading.Lock()

    def serve(self, peer: Peer) -> None:
        if not self._room.acquire(blocking=False):
            self.refused += 1
            peer.say("421 4.3.2 Too many connections")
            return
        try:
            self._take_mail(peer)
        finally:
            self._room.release()

    def _take_mail(self, peer: Peer) -> None:
        peer.greet()
        while not (line := peer.hear().upper()).startswith("QUIT"):
            if line != "DATA":
                peer.say("250 ok")
                continue
            peer.say("354 go on")
            peer.hear_message()
            peer.say("250 ok")
        peer.say("221 bye")


def _wait(is_reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_reached():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)
