"""How many connections the relay lets us have."""

from newsletter.delivery.pacing.relay import GROWTH, RelayWindow


def test_a_relay_that_never_complains_gets_all_connections() -> None:
    assert RelayWindow().limit(8) == 8


def test_connections_turned_away_together_halve_once() -> None:
    window = RelayWindow()
    window.turned_away(8, at=100.0)
    window.turned_away(8, at=100.4)
    assert window.limit(8) == 4
    window.turned_away(8, at=101.5)
    window.turned_away(8, at=103.0)
    window.turned_away(8, at=105.0)
    assert window.limit(8) == 1


def test_every_hundred_messages_try_one_connection_more() -> None:
    window = RelayWindow()
    window.turned_away(4, at=0.0)
    for _ in range(GROWTH - 1):
        window.taken()
    assert window.limit(4) == 2
    window.taken()
    assert window.limit(4) == 3
    for _ in range(GROWTH):
        window.taken()
    assert window.limit(4) == 4
    assert not window.is_narrow
