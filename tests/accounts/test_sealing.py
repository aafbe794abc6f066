"""Secrets that are kept sealed."""

from flask import Flask

from newsletter.accounts import sealing

OTHER_KEY = "another key for tests that is long enough to be taken"


def test_what_is_sealed_cannot_be_read_and_is_read_again(app: Flask) -> None:
    sealed = sealing.seal("the secret", owner=7)
    assert "secret" not in sealed
    assert sealing.seal("the secret", owner=7) != sealed
    assert sealing.unseal(sealed, owner=7) == "the secret"


def test_another_owner_cannot_use_it(app: Flask) -> None:
    assert sealing.unseal(sealing.seal("the secret", owner=7), owner=8) is None


def test_keys_rotate(app: Flask) -> None:
    sealed = sealing.seal("the secret", owner=7)
    app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
    app.config["SECRET_KEY"] = OTHER_KEY
    assert sealing.unseal(sealed, owner=7) == "the secret"
    anew = sealing.seal("the secret", owner=7)
    app.config["SECRET_KEY_FALLBACKS"] = []
    assert sealing.unseal(sealed, owner=7) is None
    assert sealing.unseal(anew, owner=7) == "the secret"


def test_damage_is_no_secret(app: Flask) -> None:
    sealed = sealing.seal("the secret", owner=7)
    for text in ("", "x", sealed[:-2], sealed.swapcase()):
        assert sealing.unseal(text, owner=7) is None
