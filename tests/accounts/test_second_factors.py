"""The second factor: it counts once a code was typed, and takes no code twice."""

import logging
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.accounts import Editor, recovery_codes, second_factors
from newsletter.accounts.models import Authenticator
from newsletter.errors import InvalidInput, Refused
from newsletter.extensions import db
from tests.accounts.authenticators import Phone, phone_of
from tests.conftest import NOW
from tests.factories import make_editor

MANY = 20


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


def test_it_counts_only_after_a_code_of_it_was_typed(edith: Editor) -> None:
    second_factors.offer(edith, now=NOW)
    secret = second_factors.offered_secret(edith, now=NOW)
    assert secret is not None
    assert not second_factors.has_second_factor(edith)
    with pytest.raises(InvalidInput, match="not the code") as refused:
        second_factors.confirm(edith, "000000", now=NOW)
    assert refused.value.field == "code"
    second_factors.confirm(edith, Phone(secret).code(NOW), now=NOW)
    assert second_factors.added_at(edith) == NOW
    assert second_factors.offered_secret(edith, now=NOW) is None
    assert second_factors.who_has_one() == {edith.id}


def test_an_offer_does_not_wait_for_ever(edith: Editor) -> None:
    second_factors.offer(edith, now=NOW)
    later = NOW + second_factors.OFFER
    assert second_factors.offered_secret(edith, now=later) is None
    with pytest.raises(Refused, match="Begin the set-up again"):
        second_factors.confirm(edith, "000000", now=later)


def test_a_new_phone_takes_the_place_of_the_old_one_with_its_first_code(edith: Editor) -> None:
    old = phone_of(edith, now=NOW)
    second_factors.offer(edith, now=NOW)
    assert second_factors.take_code(edith, old.code(NOW), now=NOW)
    new = phone_of(edith, now=NOW + timedelta(minutes=5))
    later = NOW + timedelta(minutes=6)
    assert not second_factors.take_code(edith, old.code(later), now=later)
    assert second_factors.take_code(edith, new.code(later), now=later)


def test_no_code_is_taken_twice_nor_one_before_it(edith: Editor) -> None:
    phone = phone_of(edith, now=NOW)
    assert second_factors.take_code(edith, phone.code(NOW, later=1), now=NOW)
    assert not second_factors.take_code(edith, phone.code(NOW, later=1), now=NOW)
    assert not second_factors.take_code(edith, phone.code(NOW), now=NOW)
    soon = NOW + timedelta(seconds=60)
    assert second_factors.take_code(edith, phone.code(soon), now=soon)


def test_the_code_that_set_it_up_is_used_up(edith: Editor) -> None:
    phone = phone_of(edith, now=NOW)
    assert not second_factors.take_code(edith, phone.code(NOW, later=-1), now=NOW)


def test_nobody_else_has_this_code(edith: Editor) -> None:
    phone = phone_of(edith, now=NOW)
    other = make_editor("other@example.org")
    assert not second_factors.take_code(other, phone.code(NOW), now=NOW)
    phone_of(other, now=NOW)
    assert not second_factors.take_code(other, phone.code(NOW), now=NOW)


def test_of_twenty_requests_with_one_code_one_gets_in(app: Flask, edith: Editor) -> None:
    phone = phone_of(edith, now=NOW)
    number, code = edith.id, phone.code(NOW)
    db.session.remove()
    start, let_in = Barrier(MANY), []

    def enter() -> None:
        with app.app_context():
            start.wait()
            editor = db.session.get_one(Editor, number)
            if second_factors.take_code(editor, code, now=NOW):
                let_in.append(1)
            db.session.commit()
            db.session.remove()

    requests = [Thread(target=enter) for _ in range(MANY)]
    for request in requests:
        request.start()
    for request in requests:
        request.join()
    assert let_in == [1]


def test_the_secret_is_sealed_in_the_table(edith: Editor) -> None:
    phone = phone_of(edith, now=NOW)
    row = db.session.execute(sa.select(Authenticator.secret)).scalar_one()
    assert row is not None
    assert phone.secret not in row


def test_a_secret_whose_key_is_gone_lets_nobody_in_and_is_logged(
    app: Flask, edith: Editor, caplog: pytest.LogCaptureFixture
) -> None:
    phone = phone_of(edith, now=NOW)
    app.config["SECRET_KEY"] = "another key for tests that is long enough to be taken"
    with caplog.at_level(logging.ERROR):
        assert not second_factors.take_code(edith, phone.code(NOW), now=NOW)
    assert "SECRET_KEY_FALLBACKS" in caplog.text
    assert second_factors.has_second_factor(edith)


def test_the_secret_follows_the_key_when_it_is_used(app: Flask, edith: Editor) -> None:
    phone = phone_of(edith, now=NOW)
    app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
    app.config["SECRET_KEY"] = "another key for tests that is long enough to be taken"
    assert second_factors.take_code(edith, phone.code(NOW), now=NOW)
    app.config["SECRET_KEY_FALLBACKS"] = []
    later = NOW + timedelta(minutes=1)
    assert second_factors.take_code(edith, phone.code(later), now=later)


def test_removing_it_ends_the_recovery_codes_too(edith: Editor) -> None:
    phone_of(edith, now=NOW)
    codes = recovery_codes.renew(edith)
    second_factors.remove(edith)
    assert not second_factors.has_second_factor(edith)
    assert not recovery_codes.use(edith, codes[0])
