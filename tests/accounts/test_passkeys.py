"""Passkeys: what the device of an editor makes and signs, and what is none of that."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts
from newsletter.accounts import Editor, challenges, passkeys
from newsletter.accounts.models import Passkey, PasskeyChallenge
from newsletter.errors import InvalidInput, NotFound, Refused
from newsletter.extensions import db
from tests.accounts.authenticators import USER_PRESENT, Device
from tests.conftest import NOW
from tests.factories import make_editor

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


def add(editor: Editor, device: Device, name: str = "Phone") -> Passkey:
    options, challenge = passkeys.registration_options(editor, now=NOW)
    return passkeys.add_passkey(editor, device.make(options), challenge, name=name, now=NOW)


def use(device: Device) -> Passkey:
    options, challenge = passkeys.sign_in_options(now=LATER)
    return passkeys.recognise(device.use(options), challenge, now=LATER)


def test_a_passkey_is_made_and_recognised(edith: Editor) -> None:
    device = Device()
    made = add(edith, device, "  My   phone ")
    assert made.name == "My phone"
    assert use(device) is made
    db.session.refresh(made)
    assert (made.sign_count, made.used_at) == (1, LATER)


def test_the_device_is_told_to_look_who_holds_it_and_to_keep_the_key(edith: Editor) -> None:
    asked = json.loads(passkeys.registration_options(edith, now=NOW)[0])
    wanted = asked["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")
    assert asked["rp"] == {"id": "news.example.org", "name": "Stay Informed"}
    assert asked["attestation"] == "none"
    assert edith.email not in asked["user"]["id"]


def test_asking_to_sign_in_says_nothing_about_who_has_a_passkey(edith: Editor) -> None:
    before = json.loads(passkeys.sign_in_options(now=NOW)[0])
    add(edith, Device())
    after = json.loads(passkeys.sign_in_options(now=NOW)[0])
    assert after["allowCredentials"] == []
    assert {**before, "challenge": ""} == {**after, "challenge": ""}


def test_one_device_has_one_passkey_of_an_editor(edith: Editor) -> None:
    device = Device()
    made = add(edith, device)
    asked = json.loads(passkeys.registration_options(edith, now=NOW)[0])
    assert [one["id"] for one in asked["excludeCredentials"]] == [made.credential_id]
    with pytest.raises(InvalidInput, match="already"):
        add(edith, device)
    with pytest.raises(InvalidInput, match="already"):
        add(make_editor("other@example.org"), device)


def wrong_origin(device: Device) -> None:
    device.origin = "https://news.example.org.evil.example"


def wrong_host(device: Device) -> None:
    device.host = "evil.example"


def nobody_was_looked_at(device: Device) -> None:
    device.flags = USER_PRESENT


def nobody_was_there(device: Device) -> None:
    device.flags = 0


@pytest.mark.parametrize(
    "spoil", [wrong_origin, wrong_host, nobody_was_looked_at, nobody_was_there]
)
def test_what_is_not_as_it_should_be_is_refused(
    edith: Editor, spoil: Callable[[Device], None]
) -> None:
    good, bad = Device(), Device()
    add(edith, good)
    spoil(good)
    spoil(bad)
    with pytest.raises(InvalidInput) as refused:
        use(good)
    assert str(refused.value) == passkeys.REFUSED
    with pytest.raises(InvalidInput):
        add(edith, bad)


def test_another_key_or_another_user_is_refused(edith: Editor) -> None:
    device, forger, stranger = Device(), Device(), Device()
    add(edith, device)
    forger.credential_id, forger.user_handle = device.credential_id, device.user_handle
    with pytest.raises(InvalidInput):
        use(forger)
    with pytest.raises(InvalidInput):
        use(stranger)
    device.user_handle = make_editor("other@example.org").fs_uniquifier.encode()
    with pytest.raises(InvalidInput):
        use(device)


def test_a_challenge_is_answered_once_and_soon(edith: Editor) -> None:
    device = Device()
    device.counts = False
    add(edith, device)
    options, challenge = passkeys.sign_in_options(now=NOW)
    answer = device.use(options)
    passkeys.recognise(answer, challenge, now=NOW)
    with pytest.raises(InvalidInput):
        passkeys.recognise(answer, challenge, now=NOW)
    options, challenge = passkeys.sign_in_options(now=NOW)
    with pytest.raises(InvalidInput):
        passkeys.recognise(device.use(options), challenge, now=NOW + challenges.LIFETIME)


def test_the_answer_to_another_challenge_is_refused(edith: Editor) -> None:
    device = Device()
    add(edith, device)
    answer = device.use(passkeys.sign_in_options(now=NOW)[0])
    _, another = passkeys.sign_in_options(now=NOW)
    with pytest.raises(InvalidInput):
        passkeys.recognise(answer, another, now=NOW)


def test_a_copied_key_is_found_out_by_its_count(edith: Editor) -> None:
    device = Device()
    add(edith, device)
    for _ in range(3):
        use(device)
    device.uses = 1
    with pytest.raises(InvalidInput):
        use(device)


def test_a_device_that_never_counts_is_taken(edith: Editor) -> None:
    device = Device()
    device.counts = False
    made = add(edith, device)
    assert use(device) is use(device) is made


def test_a_deactivated_editor_has_no_use_of_it(edith: Editor) -> None:
    device = Device()
    add(edith, device)
    accounts.deactivate(edith)
    with pytest.raises(InvalidInput):
        use(device)


DAMAGED = [
    "",
    "x",
    "null",
    "[]",
    "{}",
    "[" * 5000,
    '{"id": 1}',
    '{"id": "\\u0000", "rawId": "\\u0000", "type": "public-key", "response": {}}',
    '{"id": "\\ud800", "rawId": "\\ud800", "type": "public-key", "response": {"clientDataJSON": '
    '"\\ud800", "authenticatorData": "é", "signature": "=", "attestationObject": "oA"}}',
    '{"id": "eA", "rawId": "eA", "type": "public-key", "response": {"clientDataJSON": "e30", '
    '"authenticatorData": "e30", "signature": "e30", "attestationObject": "e30", '
    '"userHandle": "="}}',
    "x" * (passkeys.LONGEST_ANSWER + 1),
]


@pytest.mark.parametrize("answer", DAMAGED, ids=range(len(DAMAGED)))
def test_damage_is_refused_with_the_same_sentence(edith: Editor, answer: str) -> None:
    _, challenge = passkeys.sign_in_options(now=NOW)
    with pytest.raises(InvalidInput) as refused:
        passkeys.recognise(answer, challenge, now=NOW)
    assert str(refused.value) == passkeys.REFUSED
    _, challenge = passkeys.registration_options(edith, now=NOW)
    with pytest.raises(InvalidInput) as refused:
        passkeys.add_passkey(edith, answer, challenge, name="", now=NOW)
    assert str(refused.value) == passkeys.REFUSED


@pytest.mark.parametrize("place", range(0, 300, 7))
def test_no_flipped_letter_gets_through(edith: Editor, place: int) -> None:
    device = Device()
    add(edith, device)
    options, challenge = passkeys.sign_in_options(now=NOW)
    parts = json.loads(device.use(options))
    name = ("signature", "authenticatorData", "clientDataJSON")[place % 3]
    text = parts["response"][name]
    where = place % (len(text) - 1)
    letter = "A" if text[where] != "A" else "B"
    parts["response"][name] = text[:where] + letter + text[where + 1 :]
    with pytest.raises(InvalidInput):
        passkeys.recognise(json.dumps(parts), challenge, now=NOW)


def test_passkeys_are_named_and_removed_by_their_editor_alone(edith: Editor) -> None:
    device, other = Device(), make_editor("other@example.org")
    made = add(edith, device)
    with pytest.raises(NotFound):
        passkeys.get_passkey(other, made.id)
    with pytest.raises(InvalidInput, match="Enter a name"):
        passkeys.rename(made, " ")
    passkeys.rename(made, "Old phone")
    assert [one.name for one in passkeys.passkeys_of(edith)] == ["Old phone"]
    assert passkeys.count_by_editor() == {edith.id: 1}
    passkeys.remove(passkeys.get_passkey(edith, made.id))
    with pytest.raises(InvalidInput):
        use(device)


def test_there_is_a_most(edith: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "MOST", 1)
    add(edith, Device())
    with pytest.raises(Refused, match="Remove one"):
        passkeys.registration_options(edith, now=NOW)


@pytest.mark.parametrize(
    ("url", "host", "possible"),
    [
        ("https://news.example.org", "news.example.org", True),
        ("http://localhost:8000", "localhost", True),
        ("http://news.example.org", "news.example.org", False),
        ("http://127.0.0.1:8000", "127.0.0.1", False),
        ("https://192.0.2.1", "192.0.2.1", False),
        ("https://[2001:db8::1]", "2001:db8::1", False),
    ],
)
def test_browsers_make_none_for_addresses_of_numbers(
    app: Flask, url: str, host: str, possible: bool
) -> None:
    app.config["PUBLIC_URL"], app.config["PUBLIC_HOST"] = url, host
    assert passkeys.are_possible() is possible


def test_challenges_that_nobody_answered_are_forgotten(app: Flask) -> None:
    challenges.new_challenge(now=NOW - challenges.LIFETIME)
    kept = challenges.new_challenge(now=NOW)
    challenges.forget_old(now=NOW)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PasskeyChallenge)) == 1
    assert challenges.use_up(kept, now=NOW)
