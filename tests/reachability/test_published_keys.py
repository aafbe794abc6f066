"""Whether the DNS has the keys that we sign with."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.mail.dkim import SigningKey
from newsletter.reachability import published_keys
from newsletter.reachability.models import DomainResult
from tests.keys import ED25519, RSA, public_records
from tests.nameserver import Zone

OURS = {name.rstrip("."): text.decode() for name, text in public_records([RSA, ED25519]).items()}
RSA_NAME, ED25519_NAME = RSA.record_name, ED25519.record_name


def check(*keys: SigningKey, **records: str | None) -> tuple[DomainResult, str]:
    """What is found for keys whose records are as published, but for rsa= and ed25519=."""
    names = {"rsa": RSA_NAME, "ed25519": ED25519_NAME}
    texts: dict[str, list[str] | None] = {name: [text] for name, text in OURS.items()}
    for name, text in records.items():
        texts[names[name]] = None if text is None else text.split("\n") if text else []
    found = published_keys.check("example.org", keys, Zone(texts))
    return found.result, found.sentence


def test_our_keys_are_there() -> None:
    result, sentence = check(RSA, ED25519)
    assert result is DomainResult.OK
    assert sentence == (
        "The key at s2027._domainkey.example.org is ours. "
        "The key at e2027._domainkey.example.org is ours."
    )


def test_an_rsa_key_may_be_written_in_the_older_way_and_with_blanks() -> None:
    public = RSA.private.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    text = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()
    assert check(RSA, rsa=f" p = {text[:50]} {text[50:]} ;")[0] is DomainResult.OK


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("v=DKIM1; k=rsa; p=", "taken back"),
        (OURS[ED25519_NAME], "another one"),
        (OURS[RSA_NAME].replace("k=rsa", "k=ed25519"), "another one"),
        ("v=DKIM1; p=AAAA", "another one"),
        ("v=DKIM1; p=no base64!", "another one"),
        (f"{OURS[RSA_NAME]}; h=sha1", "may not be used for mail"),
        (f"{OURS[RSA_NAME]}; s=tlsrpt", "may not be used for mail"),
        (f"{OURS[RSA_NAME]}\n{OURS[RSA_NAME]}", "several keys"),
    ],
    # The keys are made anew by each process, and the names of tests are the same in all.
    ids=["empty", "other", "kind", "short", "damaged", "hash", "service", "two"],
)
def test_another_key_there_is_wrong(record: str, words: str) -> None:
    result, sentence = check(RSA, ED25519, rsa=record)
    assert result is DomainResult.WRONG
    assert words in sentence
    assert RSA_NAME in sentence


@pytest.mark.parametrize("record", ["", "v=spf1 -all", "v=DKIM2; p=AAAA", "hello"])
def test_no_key_there_is_missing(record: str) -> None:
    result, sentence = check(RSA, ED25519, rsa=record)
    assert result is DomainResult.MISSING
    assert sentence == (
        f"There is no key at {RSA_NAME}, so nobody can verify our signatures. Publish it there."
    )


@pytest.mark.parametrize("more", ["; h=sha1:sha256", "; s=email", "; s=*; n=a note", "; t=s"])
def test_what_a_record_may_say_besides(more: str) -> None:
    assert check(RSA, rsa=OURS[RSA_NAME] + more) == (
        DomainResult.OK,
        f"The key at {RSA_NAME} is ours.",
    )


def test_a_key_that_is_being_tried_out_says_so() -> None:
    result, sentence = check(RSA, rsa=f"{OURS[RSA_NAME]}; t=y:s")
    assert result is DomainResult.OK
    assert "being tried out" in sentence


def test_silence_is_not_a_fault() -> None:
    assert check(RSA, ED25519, ed25519=None)[0] is DomainResult.UNKNOWN
    # What is known to be wrong is wrong, whatever the others are.
    assert check(RSA, ED25519, ed25519=None, rsa="v=DKIM1; p=")[0] is DomainResult.WRONG


def test_without_keys_of_ours_the_relay_signs() -> None:
    result, sentence = check()
    assert result is DomainResult.UNKNOWN
    assert "does not sign mail from example.org" in sentence
