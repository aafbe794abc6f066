"""How large a mail may be before somebody is told."""

import pytest

from newsletter.issues.checks import Facts, Message, size
from tests.issues.checks.situations import facts


def sized(html: int, encoded: int = 0, whole: int = 0) -> Facts:
    message = Message("en", "Subject", "w" * html, "text", encoded or html, whole or html)
    return facts(messages=(message,))


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        (sized(90_000), []),
        (sized(90_001), ["large"]),
        (sized(50_000, encoded=100_000), []),
        (sized(50_000, encoded=100_001), ["large"]),
        (sized(50_000, whole=150_001), ["heavy"]),
        (sized(50_000, whole=10_000_001), ["too-large"]),
    ],
)
def test_each_budget_has_a_finding(known: Facts, codes: list[str]) -> None:
    assert [one.code for one in size.check(known)] == codes


def test_what_relays_refuse_is_a_stop_and_what_is_cut_off_is_none() -> None:
    levels = [one.level.value for one in size.check(sized(9_000_000, whole=11_000_000))]
    assert levels == ["warn", "stop"]


def test_a_waiver_holds_until_it_has_grown() -> None:
    one, near, far = (next(iter(size.check(sized(octets)))) for octets in (91_000, 99_000, 101_000))
    assert one.identity == near.identity != far.identity
