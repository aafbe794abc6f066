"""Which addresses may be asked, before anything is looked up or connected."""

from ipaddress import ip_address

import pytest

from newsletter.errors import FetchFailed
from newsletter.fetching import guard
from newsletter.fetching.troubles import Trouble
from tests.timing import within

CLOSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.8.8.8
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.9 192.0.0.170 192.0.2.1 192.88.99.1
192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255
240.0.0.1 255.255.255.255
:: ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8 ::127.0.0.1 ::8.8.8.8 ::ffff:0:8.8.8.8
64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 64:ff9b:1:7f00:1:: 100::1 100:0:0:1::1
2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
2002:7f00:1:: 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00::1 fdff::1 fe80::1 fe80::1%eth0
fec0::1 ff02::1 ff0e::1 2606:4700::1111%eth0
"""
PUBLIC = """
1.1.1.1 8.8.8.8 9.9.9.9 93.184.215.14 100.63.255.255 100.128.0.1 172.32.0.1 192.0.1.1 198.20.0.1
223.255.255.254 2606:4700:4700::1111 2a00:1450:4001::2004 2001:4860:4860::8888 2001:200::1
"""


@pytest.mark.parametrize("text", CLOSED.split())
def test_an_address_that_is_not_everybodys_is_not_public(text: str) -> None:
    assert not guard.is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC.split())
def test_an_address_of_a_host_of_the_web_is_public(text: str) -> None:
    assert guard.is_public(ip_address(text))


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://example.org", "https://example.org/"),
        ("HTTPS://Example.ORG:443/Path?q=1#part", "https://example.org/Path?q=1"),
        ("http://example.org:80/", "http://example.org/"),
        ("http://example.org:443/", "http://example.org:443/"),
        (" https://example.org/a\n", "https://example.org/a"),
        (
            "https://münchen.example/straße?wo=größe",
            "https://xn--mnchen-3ya.example/stra%C3%9Fe?wo=gr%C3%B6%C3%9Fe",
        ),
        ("https://faß.example/", "https://xn--fa-hia.example/"),
        ("https://a_b.example.org/%7Ename/%C3%BC", "https://a_b.example.org/%7Ename/%C3%BC"),
        ("https://example.org/'\"<>`{}|^", "https://example.org/'%22%3C%3E%60%7B%7D%7C%5E"),
        ("https://93.184.215.14/", "https://93.184.215.14/"),
        ("https://[2606:4700:0:0:0:0:0:1]/x", "https://[2606:4700::1]/x"),
        ("https://example.org?q=/?&x[]=1", "https://example.org/?q=/?&x%5B%5D=1"),
        ("https://example.org//double/../up", "https://example.org//double/../up"),
    ],
)
def test_an_address_of_a_page_is_brought_into_one_form(url: str, whole: str) -> None:
    assert guard.target(url).url == whole


REFUSED = [
    "",
    "example.org",
    "//example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org:80/_GET",
    "data:text/html,x",
    "dict://example.org:80/",
    "javascript:alert(1)",
    "mailto:ada@example.org",
    "https:///path",
    "https://",
    "https:example.org",
    "http://[",
    "http://[::1",
    "http://[v1.x]/",
    "http://[example.org]/",
    "http://ok@127.0.0.1/",
    "http://ada:secret@example.org/",
    "http://@example.org/",
    "http://example.org@/",
    "http://example.org:8080/",
    "http://example.org:22/",
    "http://example.org:0/",
    "http://example.org:99999/",
    "http://example.org:x/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.01/",
    "http://1.1.1.1.1/",
    "http://0/",
    "http://example.0x7f/",
    "http://127.0.0.1./",
    "http://example.org./",
    "http://example..org/",
    "http://.example.org/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://a.localhost/",
    "http://printer/",
    "http://metadata.google.internal/",
    "http://nas.local/",
    "http://router.lan/",
    "http://wiki.corp/",
    "http://wiki.intranet/",
    "http://mail.home.arpa/",
    "http://hidden.onion/",
    "http://localhost.localdomain/",
    "http://-a.example/",
    "http://a-.example/",
    "http://exa%6dple.org/",
    "http://exa mple.org/",
    "http://example.org/a b",
    "http://example.org\\@127.0.0.1/",
    "http://example.org/\r\nHost: inside",
    "http://example.org/\x00",
    "http://exam\tple.org/",
    "http://example.org\u2044.evil.example/",
    "http://example.org\u2100/",
    "http://\U0001f600.example/",
    f"http://{'a' * 64}.example/",
    f"http://{'a.' * 130}example/",
    f"http://example.org/{'a' * 2000}",
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_address_of_a_page_of_the_web_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(FetchFailed, match=r"\.$") as caught:
        guard.target(url)
    assert caught.value.trouble == Trouble.ADDRESS


@pytest.mark.parametrize(
    ("url", "host"),
    [
        # Letters that only look like digits and dots become them, and then it is an address.
        ("http://①②⑦.⓪.⓪.①/", "127.0.0.1"),
        ("http://127。0。0。1/", "127.0.0.1"),
        ("http://[::ffff:7f00:1]/", "::ffff:127.0.0.1"),
        ("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("http://[fd00::1]/", "fd00::1"),
        ("http://[fe80::1%25eth0]/", None),
    ],
)
def test_an_address_in_numbers_is_known_as_what_it_is(url: str, host: str | None) -> None:
    ip = guard.target(url).ip
    assert ip is not None
    assert not guard.is_public(ip)
    if host is not None:
        assert ip == ip_address(host)


def test_a_letter_that_ends_up_as_localhost_is_refused_after_that() -> None:
    with pytest.raises(FetchFailed):
        guard.target("http://ｌｏｃａｌｈｏｓｔ/")
    with pytest.raises(FetchFailed):
        guard.target("http://ⓐ.ⓛocal/")


@pytest.mark.parametrize(
    "text",
    [
        "http://" + "a." * 50_000,
        "http://" + "-" * 100_000,
        "http://" + "0x" * 50_000,
        "http://" + "[" * 100_000,
        "http://" + "ü" * 100_000,
        "http://ex.org/" + "%" * 100_000,
        ":" * 100_000,
    ],
)
def test_a_hundred_thousand_letters_take_no_time(text: str) -> None:
    def refuse() -> None:
        with pytest.raises(FetchFailed):
            guard.target(text)

    within(0.05, refuse)
