"""Deliveries in lanes: whose turn it is, who sleeps, what is dropped."""

from collections import Counter

from newsletter.delivery.leases import DueBatch, Lease
from newsletter.delivery.loads import Errand, Lanes, Load


def load(number: int = 1, *, mailing_list: int = 1) -> Load:
    return Load(DueBatch(number, 1, 1), Lease(number, 1), mailing_list, open=0, held_at=0.0)


def filled(*providers: str, of: Load | None = None) -> Lanes:
    lanes = Lanes()
    for number, provider in enumerate(providers, start=1):
        lanes.add(Errand(of or load(), number, provider))
    return lanes


def always(_provider: str, _list: int) -> float:
    return 0.0


def taken(lanes: Lanes, admit=always, *, now: float = 0.0) -> list[int]:  # type: ignore[no-untyped-def]  # any rule
    numbers = []
    while (errand := lanes.take(admit, now=now)) is not None:
        numbers.append(errand.delivery_id)
    return numbers


def test_lanes_take_turns() -> None:
    lanes = filled("a", "a", "a", "b", "c")

    assert taken(lanes) == [1, 4, 5, 2, 3]
    assert (len(lanes), lanes.awake) == (0, 0)


def test_a_provider_that_has_to_wait_holds_up_nobody_else() -> None:
    lanes = filled("slow", "slow", "b", "c")

    def admit(provider: str, _list: int) -> float:
        return 5.0 if provider == "slow" else 0.0

    assert taken(lanes, admit, now=10.0) == [3, 4]
    assert (len(lanes), lanes.awake, lanes.wakes_at) == (2, 0, 15.0)
    assert taken(lanes, now=14.9) == []
    assert taken(lanes, now=15.0) == [1, 2]


def test_one_list_that_has_to_wait_leaves_the_same_providers_other_list_alone() -> None:
    lanes = Lanes()
    lanes.add(Errand(load(1, mailing_list=1), 1, "a"))
    lanes.add(Errand(load(2, mailing_list=2), 2, "a"))

    assert taken(lanes, lambda _provider, mailing_list: 9.0 if mailing_list == 1 else 0.0) == [2]


def test_what_comes_to_a_sleeping_lane_sleeps_too() -> None:
    lanes = filled("a")
    assert taken(lanes, lambda *_: 5.0) == []

    lanes.add(Errand(load(), 2, "a"))

    assert (len(lanes), lanes.awake) == (2, 0)
    assert taken(lanes, now=6.0) == [1, 2]


def test_what_is_put_back_goes_first_in_its_lane() -> None:
    lanes = filled("a", "a")
    first = lanes.take(always, now=0.0)
    assert first is not None

    lanes.add(first, first=True)

    assert taken(lanes) == [1, 2]


def test_a_batch_that_stops_is_dropped_from_every_lane_awake_or_not() -> None:
    stopped, other = load(1), load(2)
    lanes = Lanes()
    for number, (of, provider) in enumerate(
        [(stopped, "a"), (other, "a"), (stopped, "b"), (stopped, "c")], start=1
    ):
        lanes.add(Errand(of, number, provider))
    lanes.take(lambda provider, _list: 7.0 if provider == "a" else 0.0, now=0.0)

    dropped = lanes.drop(lambda errand: errand.load is stopped)

    assert Counter(errand.delivery_id for errand in dropped) == Counter([1, 4])
    assert (len(lanes), lanes.awake) == (1, 0)
    assert taken(lanes, now=8.0) == [2]
    assert lanes.wakes_at is None


def test_who_sleeps_for_long_is_told_apart_from_who_wakes_soon() -> None:
    lanes = filled("soon", "late")
    taken(lanes, lambda provider, _list: 1.0 if provider == "soon" else 60.0)

    dropped = lanes.drop(lanes.sleepers(until=5.0))

    assert [errand.provider for errand in dropped] == ["late"]
    assert lanes.wakes_at == 1.0
