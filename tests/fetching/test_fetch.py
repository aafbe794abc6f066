"""Asking for a page: what is connected to, how long it may take, how much may come."""

import gzip
import socket
import time
import zlib
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from newsletter.errors import FetchFailed
from newsletter.fetching.fetch import fetch
from newsletter.fetching.names import UNAVAILABLE
from newsletter.fetching.rules import Rules
from newsletter.fetching.troubles import Trouble
from tests.website import HOST, PRIVATE, PUBLIC, Names, Visit, Website, page

MEGABYTE = 1024 * 1024


def trouble_of(script: Callable[[Visit], None], *, certificate: str = "", **changes: Any) -> str:
    """The kind of failure that a site causes; all have the same sentence."""
    with Website(script, certificate=certificate) as site:
        return trouble(site.url(), site.rules(**changes))


def trouble(url: str, rules: Rules) -> str:
    with pytest.raises(FetchFailed) as caught:
        fetch(url, rules=rules)
    assert str(caught.value) == UNAVAILABLE
    return caught.value.trouble


def test_a_page_comes_with_its_status_its_kind_and_its_address() -> None:
    with Website(page("<title>Grüße</title>")) as site:
        answer = fetch(site.url("/a?b=ü#c"), rules=site.rules(user_agent="StayInformed (+x)"))
    assert (answer.status, answer.content_type) == (200, "text/html; charset=utf-8")
    assert answer.body.decode() == "<title>Grüße</title>"
    assert answer.is_whole
    assert answer.url == site.url("/a?b=%C3%BC")
    assert site.heads[0].decode().split("\r\n") == [
        "GET /a?b=%C3%BC HTTP/1.1",
        f"Host: {HOST}:{site.port}",
        "User-Agent: StayInformed (+x)",
        "Accept: text/html, application/xhtml+xml, */*;q=0.5",
        "Accept-Encoding: gzip, deflate",
        "Connection: close",
        "",
        "",
    ]


@pytest.mark.parametrize(
    "status", ["404 Not Found", "500 Oops", "999 Denied", "304 Same", "204 No"]
)
def test_a_status_is_an_answer_and_no_failure(status: str) -> None:
    with Website(page("", status=status)) as site:
        assert fetch(site.url(), rules=site.rules()).status == int(status[:3])


def test_head_has_no_body() -> None:
    with Website(lambda visit: visit.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")) as site:
        assert fetch(site.url(), rules=site.rules(), method="HEAD").body == b""
    assert site.asked == ["HEAD /"]


def test_encrypted_pages_are_asked_by_their_verified_name() -> None:
    with Website(page("inside"), certificate="site") as site:
        assert fetch(site.url(), rules=site.rules()).body == b"inside"


@pytest.mark.parametrize("certificate", ["unknown-authority", "other-name", "expired"])
def test_a_certificate_that_is_not_good_ends_it(certificate: str) -> None:
    assert trouble_of(page(), certificate=certificate) == Trouble.NOT_TRUSTED


class Rude(Website):
    """A server that speaks without listening: once, and then again and again a byte."""

    def __init__(self, first: bytes) -> None:
        super().__init__(page())
        self._first = first

    def _attend(self, stream: socket.socket) -> None:
        stream.sendall(self._first)
        while not self._stop.wait(0.01):
            stream.sendall(b"\0")


def test_plain_words_where_tls_belongs_end_it() -> None:
    with Rude(b"HTTP/1.1 400 Bad Request\r\n\r\n") as site:
        assert trouble(f"https{site.url()[4:]}", site.rules()) == Trouble.UNREACHABLE


# What is connected to.


def test_nothing_that_is_not_public_is_connected_to() -> None:
    with Website(page("secret"), address=PRIVATE) as inside:
        rules = inside.rules(lookup=Names({"inside.example": (PRIVATE,)}))
        assert trouble(inside.url(host="inside.example"), rules) == Trouble.NO_PUBLIC_HOST
        assert trouble(inside.url(host=PRIVATE), rules) == Trouble.NO_PUBLIC_HOST
        assert trouble(inside.url(host=f"[::ffff:{PRIVATE}]"), rules) == Trouble.NO_PUBLIC_HOST
    assert inside.asked == []


def test_a_name_without_addresses_sounds_like_one_that_leads_inside() -> None:
    with Website(page()) as site:
        nobody = trouble(site.url(host="nobody.example"), site.rules())
        empty = trouble(site.url(), site.rules(lookup=Names({HOST: ()})))
    assert {nobody, empty} == {Trouble.NO_PUBLIC_HOST}


@pytest.mark.parametrize("addresses", [(PUBLIC, PRIVATE), (PRIVATE, PUBLIC)])
def test_one_address_that_is_not_public_spoils_the_others(addresses: tuple[str, ...]) -> None:
    with Website(page()) as site:
        rules = site.rules(lookup=Names({HOST: addresses}))
        assert trouble(site.url(), rules) == Trouble.NO_PUBLIC_HOST
    assert site.asked == []


def test_a_name_that_changes_its_mind_is_asked_once_for_each_connection() -> None:
    class Rebinding(Names):
        def __call__(self, name: str, seconds: float) -> list[Any]:
            super().__call__(name, seconds)
            return [ip_address(PUBLIC if len(self.asked) == 1 else PRIVATE)]

    names = Rebinding({HOST: (PUBLIC,)})
    with Website(page("public")) as site:
        assert fetch(site.url(), rules=site.rules(lookup=names)).body == b"public"
        assert names.asked == [HOST]
        # The second time it leads inside, and is seen through.
        assert trouble(site.url(), site.rules(lookup=names)) == Trouble.NO_PUBLIC_HOST
    assert len(site.asked) == 1


def test_by_default_loopback_is_not_public_and_other_ports_are_not_asked() -> None:
    with Website(page()) as site:
        url = site.url()
        assert trouble(url, Rules(ports=frozenset({site.port}), lookup=site.names)) == (
            Trouble.NO_PUBLIC_HOST
        )
        with pytest.raises(FetchFailed, match="80 and 443"):
            fetch(url, rules=Rules(may_connect=lambda ip: True, lookup=site.names))
    assert site.asked == []


def test_a_dead_address_leaves_time_for_the_next_one() -> None:
    with Website(page("here")) as site:
        rules = site.rules(lookup=Names({HOST: ("::1", PRIVATE, PUBLIC)}), may_connect=bool)
        assert fetch(site.url(), rules=rules).body == b"here"


def test_nobody_at_home_is_a_failure() -> None:
    with Website(page()) as site:
        pass
    assert trouble(site.url(), site.rules()) == Trouble.UNREACHABLE


# Redirects.


def going(location: str, status: str = "302 Found") -> Callable[[Visit], None]:
    def script(visit: Visit) -> None:
        if visit.path == "/":
            visit.answer(status=status, Location=location)
        else:
            visit.answer(f"at {visit.path}")

    return script


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_a_redirect_is_followed(status: str) -> None:
    with Website(going("there?x=ü", status)) as site:
        answer = fetch(site.url(), rules=site.rules())
    assert answer.body == b"at /there?x=%C3%BC"
    assert answer.url == site.url("/there?x=%C3%BC")


def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    def script(visit: Visit) -> None:
        count = int(visit.path[1:] or 0)
        visit.answer(status="302 Found", Location=f"/{count - 1}") if count else visit.answer("end")

    with Website(script) as site:
        assert fetch(site.url("/3"), rules=site.rules()).body == b"end"
        assert trouble(site.url("/4"), site.rules()) == Trouble.REDIRECTS
    assert len(site.asked) == 8


def test_endless_redirects_end() -> None:
    assert trouble_of(lambda visit: visit.answer(status="302 Found", Location="/again")) == (
        Trouble.REDIRECTS
    )


def test_a_redirect_to_what_is_not_public_is_not_followed() -> None:
    with Website(page("secret"), address=PRIVATE) as inside:
        ports = frozenset({inside.port})
        for place in (inside.url(host=PRIVATE), inside.url(host="inside.example")):
            with Website(going(place)) as site:
                names = Names({HOST: (PUBLIC,), "inside.example": (PRIVATE,)})
                rules = site.rules(lookup=names, ports=ports | {site.port})
                assert trouble(site.url(), rules) == Trouble.NO_PUBLIC_HOST
    assert inside.asked == []


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://www.site.example/",
        "ftp://www.site.example/",
        "data:text/html,secret",
        "dict://www.site.example/",
        "http://localhost/",
        "http://www.site.example:22/",
        "http://ada:secret@www.site.example/",
        "http://2130706433/",
        "http://[",
        "https://",
        "//",
        "http://www.site.example/a b",
    ],
)
def test_a_redirect_to_what_nobody_may_ask_for_is_not_followed(location: str) -> None:
    assert trouble_of(going(location)) == Trouble.REDIRECTS


def test_a_redirect_without_a_place_is_an_answer() -> None:
    with Website(page("stay", status="302 Found")) as site:
        assert fetch(site.url(), rules=site.rules()).status == 302


# Time and size.


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_is_not_waited_for(beginning: bytes) -> None:
    def script(visit: Visit) -> None:
        visit.say(beginning)
        visit.drip(b"X-A: b\r\n" if beginning else b"H")

    started = time.monotonic()
    assert trouble_of(script, seconds=0.3) == Trouble.SILENT
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("certificate", ["", "site"])
def test_a_server_that_says_nothing_is_not_waited_for(certificate: str) -> None:
    assert trouble_of(Visit.hold, certificate=certificate, seconds=0.3) == Trouble.SILENT


def test_an_encryption_that_drips_is_not_waited_for() -> None:
    # A record of TLS is announced, and comes byte by byte.
    with Rude(b"\x16\x03\x03\x40\x00") as site:
        started = time.monotonic()
        assert trouble(f"https{site.url()[4:]}", site.rules(seconds=0.3)) == Trouble.SILENT
        assert time.monotonic() - started < 3


def test_all_redirects_together_have_one_time_limit() -> None:
    def script(visit: Visit) -> None:
        visit.hold(0.2)
        visit.answer(status="302 Found", Location="/on")

    assert trouble_of(script, seconds=0.5) == Trouble.SILENT


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 " + b"2" * 80_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
    ids=["one", "many", "status", "continue", "some-hundred"],
)
def test_huge_headers_are_not_read(head: bytes) -> None:
    assert trouble_of(lambda visit: visit.say(head)) in (Trouble.TOO_LARGE, Trouble.UNREADABLE)


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"hello",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot packed at all",
    ],
)
def test_what_is_no_answer_of_a_web_site_is_a_failure(words: bytes) -> None:
    assert trouble_of(lambda visit: visit.say(words)) in (Trouble.UNREADABLE, Trouble.UNREACHABLE)


def pouring(piece: bytes, head: bytes = b"") -> Callable[[Visit], None]:
    def script(visit: Visit) -> None:
        visit.say(b"HTTP/1.1 200 OK\r\n", head, b"\r\n")
        while True:
            visit.say(piece)

    return script


def test_a_body_without_an_end_is_not_read_to_it() -> None:
    assert trouble_of(pouring(b"a" * 65_536)) == Trouble.TOO_LARGE
    with Website(pouring(b"a" * 65_536)) as site:
        answer = fetch(site.url(), rules=site.rules(), most_bytes=MEGABYTE, may_be_cut=True)
    assert (len(answer.body), answer.is_whole) == (MEGABYTE, False)


def test_a_body_of_exactly_the_largest_size_is_whole() -> None:
    with Website(page("a" * 1000)) as site:
        answer = fetch(site.url(), rules=site.rules(), most_bytes=1000)
        assert (len(answer.body), answer.is_whole) == (1000, True)
        with pytest.raises(FetchFailed):
            fetch(site.url(), rules=site.rules(), most_bytes=999)


def test_chunks_that_are_mostly_frame_end_it() -> None:
    endless = pouring(b"1;" + b"x" * 1000 + b"\r\na\r\n", b"Transfer-Encoding: chunked\r\n")
    with Website(endless) as site:
        rules = site.rules()
        with pytest.raises(FetchFailed) as caught:
            fetch(site.url(), rules=rules, most_bytes=MEGABYTE, may_be_cut=True)
    assert caught.value.trouble == Trouble.TOO_LARGE


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "bare-deflate"])
def test_a_packed_body_is_unpacked(encoding: str) -> None:
    text = b"<title>Guidance</title>" + b"a few words " * 1000
    pack = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(text),
        "x-gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "bare-deflate": pack.compress(text) + pack.flush(),
    }[encoding]
    with Website(page(packed, Content_Encoding=encoding.removeprefix("bare-"))) as site:
        assert fetch(site.url(), rules=site.rules()).body == text


@pytest.mark.parametrize("may_be_cut", [True, False])
def test_a_bomb_is_not_unpacked(may_be_cut: bool) -> None:
    bomb = gzip.compress(bytes(60 * MEGABYTE))
    assert len(bomb) < MEGABYTE
    with Website(page(bomb, Content_Encoding="gzip")) as site, pytest.raises(FetchFailed) as caught:
        fetch(site.url(), rules=site.rules(), may_be_cut=may_be_cut)
    assert caught.value.trouble == Trouble.TOO_LARGE


def test_no_cookie_comes_back_and_none_goes_on() -> None:
    def script(visit: Visit) -> None:
        target = {"Location": "/on"} if visit.path == "/" else {}
        status = "302 Found" if target else "200 OK"
        visit.answer(status=status, Set_Cookie="a=b", **target)

    with Website(script) as site:
        fetch(site.url(), rules=site.rules())
    assert len(site.heads) == 2
    assert not any(b"ookie" in head or b"Referer" in head for head in site.heads)
