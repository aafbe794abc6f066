"""The addresses of a name, asked of a name server with a time limit."""

import time
from ipaddress import ip_address

import dns.rcode
import dns.resolver
import pytest

from newsletter.errors import FetchFailed
from newsletter.fetching.names import lookup
from newsletter.fetching.troubles import Trouble
from tests.nameserver import NameServer

RECORDS: dict[tuple[str, str], list[str] | dns.rcode.Rcode | None] = {
    ("www.site.example.", "A"): ["93.184.215.14", "127.0.0.1"],
    ("www.site.example.", "AAAA"): ["2606:4700::1"],
    ("mail.example.", "MX"): ["10 mx.example."],
    ("broken.example.", "A"): dns.rcode.SERVFAIL,
    ("broken.example.", "AAAA"): dns.rcode.SERVFAIL,
    ("silent.example.", "A"): None,
    ("silent.example.", "AAAA"): None,
}


def test_all_addresses_of_a_name_are_found() -> None:
    with NameServer(RECORDS) as server:
        found = lookup("www.site.example", 2, resolver=server.resolver())
    assert set(found) == {
        ip_address(text) for text in ("93.184.215.14", "127.0.0.1", "2606:4700::1")
    }


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("nobody.example", Trouble.NO_PUBLIC_HOST),
        ("mail.example", Trouble.NO_PUBLIC_HOST),
        ("broken.example", Trouble.NO_NAMES),
        ("silent.example", Trouble.NO_NAMES),
    ],
)
def test_a_name_without_an_address_is_told_from_silence(name: str, trouble: Trouble) -> None:
    started = time.monotonic()
    with NameServer(RECORDS) as server, pytest.raises(FetchFailed) as caught:
        lookup(name, 0.3, resolver=server.resolver())
    assert caught.value.trouble == trouble
    assert time.monotonic() - started < 2


def test_no_search_list_makes_another_name_of_it() -> None:
    with NameServer({("printer.house.example.", "A"): ["10.0.0.9"]}) as server:
        resolver = server.resolver()
        resolver.domain = dns.name.from_text("house.example.")
        resolver.search = [resolver.domain]
        resolver.use_search_by_default = True
        with pytest.raises(FetchFailed):
            lookup("printer", 1, resolver=resolver)
    assert {name for name, _ in server.asked} == {"printer."}
