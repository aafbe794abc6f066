"""Which requests are a machine's."""

import time
from collections import Counter
from datetime import timedelta

import pytest

from newsletter.tracking.machines import Hit, judge, looks_like_one, slice_of
from tests.conftest import NOW

PERSON = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept-Language": "fr",
}
LATER = NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("method", "headers", "delivered_at", "is_machine"),
    [
        ("GET", {}, NOW, False),
        ("GET", {}, None, False),
        ("HEAD", {}, NOW, True),
        ("GET", {"User-Agent": ""}, NOW, True),
        ("GET", {"User-Agent": "curl/8.5.0"}, NOW, True),
        ("GET", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, NOW, True),
        ("GET", {"User-Agent": "Mozilla/5.0 Mimecast URL Protect"}, NOW, True),
        ("GET", {"User-Agent": "Mozilla/5.0 HeadlessChrome/120.0"}, NOW, True),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}, NOW, True),
        ("GET", {"Accept-Language": None}, NOW, True),
        ("GET", {}, LATER - timedelta(seconds=2), True),
    ],
)
def test_one_is_known_by_what_it_says_and_when_it_comes(
    method: str, headers: dict[str, str | None], delivered_at: object, is_machine: bool
) -> None:
    said = {name: value for name, value in {**PERSON, **headers}.items() if value is not None}
    assert looks_like_one(method, said, at=LATER, delivered_at=delivered_at) is is_machine  # type: ignore[arg-type]


def hits(keys: str, *, apart: float, network: str = "1") -> Counter[Hit]:
    moments = [NOW + number * timedelta(seconds=apart) for number in range(len(keys))]
    return Counter(
        Hit(slice_of(at), network, key, False) for at, key in zip(moments, keys, strict=True)
    )


@pytest.mark.parametrize(
    ("found", "machines"),
    [
        (hits("a", apart=1), 0),
        (hits("abc", apart=1), 0),
        (hits("abcd", apart=1), 4),
        (hits("abcd", apart=11), 0),
        (hits("aaaaa", apart=1), 0),
        (hits("aaaaaa", apart=1), 6),
        (hits("aa", apart=1) + hits("bcd", apart=1, network="2"), 0),
        (hits("a", apart=1, network="2") + hits("abcd", apart=1), 4),
    ],
)
def test_who_follows_everything_at_once_is_one(found: Counter[Hit], machines: int) -> None:
    judged = judge(found)
    assert sum(number for hit, number in found.items() if hit in judged) == machines


@pytest.mark.parametrize("apart", [0.3, 1, 2, 2.4, 3.4, 4])
def test_first_and_last_of_a_slow_burst_are_a_machines_too(apart: float) -> None:
    found = hits("abcdefghijkl", apart=apart)
    assert judge(found) == set(found)


def test_a_flood_is_judged_in_a_time_that_grows_with_it_and_no_faster() -> None:
    found = Counter(
        {
            Hit(number, network, key, False): 1000
            for number in range(200)
            for network in ("1", "2")
            for key in "abcdefghij"
        }
    )
    began = time.process_time()
    assert judge(found) == set(found)
    assert time.process_time() - began < 0.5
