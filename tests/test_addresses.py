"""Addresses: one person, one form; what is no address says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import addresses
from newsletter.errors import InvalidAddress


@pytest.mark.parametrize(
    ("typed", "spelling", "canonical"),
    [
        ("ada@example.org", "ada@example.org", "ada@example.org"),
        ("  Ada@Example.ORG ", "Ada@example.org", "ada@example.org"),
        ("ada+news@example.org", "ada+news@example.org", "ada+news@example.org"),
        ("a.d.a@example.test", "a.d.a@example.test", "a.d.a@example.test"),
        ("ada@faß.de", "ada@faß.de", "ada@xn--fa-hia.de"),
        ("ada@xn--fa-hia.de", "ada@faß.de", "ada@xn--fa-hia.de"),
        ("jose\u0301@example.org", "josé@example.org", "josé@example.org"),
        ("JOSÉ@example.org", "JOSÉ@example.org", "josÉ@example.org"),
    ],
)
def test_spellings_of_one_address_share_one_canonical_form(
    typed: str, spelling: str, canonical: str
) -> None:
    address = addresses.parse(typed)
    assert (address.spelling, address.canonical) == (spelling, canonical)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "ada@@example.org",
        "Ada <ada@example.org>",
        "<ada@example.org>",
        "ada@example.org, eve@example.org",
        "ada@example.org;",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org\n",
        "a\x00da@example.org",
        "ada\u200b@example.org",
        "ada\u202e@example.org",
        "a..da@example.org",
        ".ada@example.org",
        '"ada"@example.org',
        "ada@[192.0.2.1]",
        "ada@localhost",
        "ada@example.invalid",
        "a" * 65 + "@example.org",
        "a@" + "b" * 250 + ".org",
        "a" * 100_000,
        "ada@exa mple.org",
        "alice@example.org)bob@example.org",
    ],
)
def test_what_is_no_bare_address_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        addresses.parse(typed)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 200
    assert caught.value.field == "address"


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused_and_parsing_again_changes_nothing(text: str) -> None:
    try:
        address = addresses.parse(text)
    except InvalidAddress:
        return
    assert addresses.parse(address.spelling) == address


def test_a_domain_goes_onto_the_wire_as_an_a_label_by_idna_2008() -> None:
    assert addresses.for_transport("ada@faß.de") == "ada@xn--fa-hia.de"
    assert addresses.for_transport("josé@faß.de") == "josé@xn--fa-hia.de"
    assert addresses.for_transport("Ada@example.org") == "Ada@example.org"


@pytest.mark.parametrize("address", ["ada@example.org", "a@b", "x", "", "josé@faß.de"])
def test_a_hidden_address_shows_two_letters_at_most(address: str) -> None:
    hidden = addresses.hide(address)
    assert "ada" not in hidden
    assert "example" not in hidden
    assert "…" in hidden
