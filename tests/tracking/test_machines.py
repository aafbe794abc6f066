"""Which requests are a machine's."""

from datetime import timedelta

import pytest

from newsletter.tracking.machines import WINDOW, Hit, judge, looks_like_one
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


def hits(keys: str, *, apart: float, network: bytes = b"1") -> list[Hit]:
    return [
        Hit(NOW + number * timedelta(seconds=apart), key, network, False)
        for number, key in enumerate(keys)
    ]


@pytest.mark.parametrize(
    ("found", "machines"),
    [
        (hits("a", apart=1), 0),
        (hits("abc", apart=1), 0),
        (hits("abcd", apart=1), 4),
        (hits("abcd", apart=WINDOW.total_seconds() + 1), 0),
        (hits("aaaaa", apart=1), 0),
        (hits("aaaaaa", apart=1), 6),
        (hits("aa", apart=1) + hits("bcd", apart=1, network=b"2"), 0),
        (hits("a", apart=1, network=b"2") + hits("abcd", apart=1), 4),
    ],
)
def test_who_follows_everything_at_once_is_one(found: list[Hit], machines: int) -> None:
    assert sum(judge(found)) == machines
