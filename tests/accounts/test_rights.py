"""What roles allow, and lists that editors are bound to."""

import pytest
from flask import Flask

from newsletter import accounts
from newsletter.accounts import Action, RoleName
from newsletter.errors import InvalidInput
from tests.factories import make_editor, make_list


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (RoleName.AUTHOR, {Action.WRITE}),
        (
            RoleName.EDITOR,
            {Action.WRITE, Action.SEND, Action.SEE_SUBSCRIBERS, Action.REVIEW_MEMBERS},
        ),
        (RoleName.ADMIN, set(Action)),
    ],
)
def test_a_role_allows_exactly_its_actions(
    app: Flask, role: RoleName, allowed: set[Action]
) -> None:
    editor = make_editor(role=role)
    assert {action for action in Action if accounts.may(editor, action)} == allowed


def test_a_deactivated_editor_may_nothing(app: Flask) -> None:
    editor = make_editor(role=RoleName.EDITOR)
    accounts.deactivate(editor)
    assert not any(accounts.may(editor, action) for action in Action)


def test_who_is_bound_to_lists_may_use_these_and_who_is_not_all(app: Flask) -> None:
    editor, news, alerts = make_editor(), make_list("news"), make_list("alerts")
    assert accounts.allowed_lists(editor) is None
    accounts.bind_to_lists(editor, [news.id, news.id])
    assert accounts.allowed_lists(editor) == {news.id}
    assert accounts.may_use_list(editor, news.id)
    assert not accounts.may_use_list(editor, alerts.id)
    accounts.bind_to_lists(editor, [])
    assert accounts.may_use_list(editor, alerts.id)


def test_an_admin_is_never_bound(app: Flask) -> None:
    editor, news = make_editor(), make_list("news")
    accounts.bind_to_lists(editor, [news.id])
    accounts.change_role(editor, RoleName.ADMIN)
    assert accounts.allowed_lists(editor) is None
    with pytest.raises(InvalidInput, match="every list"):
        accounts.bind_to_lists(editor, [news.id])
    make_editor("other@example.org", role=RoleName.ADMIN)
    accounts.change_role(editor, RoleName.EDITOR)
    assert accounts.allowed_lists(editor) is None
