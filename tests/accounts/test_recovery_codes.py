"""Recovery codes: ten, each once."""

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.accounts import Editor, recovery_codes
from newsletter.accounts.models import RecoveryCode
from newsletter.extensions import db
from tests.factories import make_editor


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


def test_ten_codes_are_made_and_each_works_once(edith: Editor) -> None:
    codes = recovery_codes.renew(edith)
    assert len(set(codes)) == 10
    for left, code in zip(range(9, -1, -1), codes, strict=True):
        assert recovery_codes.use(edith, code)
        assert not recovery_codes.use(edith, code)
        assert recovery_codes.left(edith) == left


def test_the_table_does_not_have_them(edith: Editor) -> None:
    codes = recovery_codes.renew(edith)
    kept = db.session.scalars(sa.select(RecoveryCode.code_hash)).all()
    assert not {code.replace("-", "") for code in codes} & set(kept)


def test_however_it_was_copied_it_is_known(edith: Editor) -> None:
    first, second, third, *_ = recovery_codes.renew(edith)
    assert recovery_codes.use(edith, f"  {first.upper()} ")
    assert recovery_codes.use(edith, second.replace("-", " "))
    assert recovery_codes.use(edith, third.replace("0", "O").replace("1", "l"))


@pytest.mark.parametrize("typed", ["", "-", "0000-0000-0000", "é" * 12, "x" * 5000])
def test_what_is_no_code_is_refused(edith: Editor, typed: str) -> None:
    recovery_codes.renew(edith)
    assert not recovery_codes.use(edith, typed)
    assert recovery_codes.left(edith) == 10


def test_new_codes_end_the_old_ones_and_nobody_else_can_use_them(edith: Editor) -> None:
    old = recovery_codes.renew(edith)
    new = recovery_codes.renew(edith)
    assert not recovery_codes.use(edith, old[0])
    assert not recovery_codes.use(make_editor("other@example.org"), new[0])
    assert recovery_codes.use(edith, new[0])


def test_they_outlive_a_change_of_keys(app: Flask, edith: Editor) -> None:
    codes = recovery_codes.renew(edith)
    app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
    app.config["SECRET_KEY"] = "another key for tests that is long enough to be taken"
    assert recovery_codes.use(edith, codes[0])
