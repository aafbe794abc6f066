"""When the relay may be called again."""

from newsletter.delivery.health import RelayHealth


def test_each_fruitless_call_makes_the_wait_longer_until_one_works() -> None:
    health = RelayHealth()
    assert health.wait(at=0.0) == 0.0

    health.failed(since=0.0, at=0.5)
    assert health.wait(at=0.5) == 1.0
    assert health.wait(at=1.5) == 0.0

    health.failed(since=1.5, at=2.0)
    assert health.wait(at=2.0) == 2.0

    health.worked()
    assert health.wait(at=2.0) == 0.0
    health.failed(since=3.0, at=3.0)
    assert health.wait(at=3.0) == 1.0


def test_connections_that_break_together_count_once() -> None:
    health = RelayHealth()
    for _ in range(8):
        health.failed(since=0.0, at=1.0)

    assert health.wait(at=1.0) == 1.0
