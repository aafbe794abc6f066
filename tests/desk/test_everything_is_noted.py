"""No button of the desk is forgotten: each writes down what it did, or is named here."""

from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any

from flask import Flask

from newsletter import audit
from newsletter.desk import noting

WRITERS = {audit.record, noting.note, noting.note_issue}

NOT_WRITTEN_DOWN = {
    "/desk/search": "it changes nothing",
    "/desk/issues/<int:number>/present": "it is a sign of life",
    "/desk/issues/<int:number>/preview/nobody": "it only changes what this browser is shown",
    "/desk/account/address": "it is when the new address is confirmed",
    "/desk/account/passkeys/<int:number>/rename": "the name is their own",
    "/desk/account/passkeys/options": "it is a question",
    "/desk/account/proof": "what was to be proved for is",
    "/desk/account/proof/options": "it is a question",
    "/desk/account/proof/passkey": "what was to be proved for is",
    "/desk/account/second-factor/offer": "it is when the first code proved it",
    "/desk/sign-in-link": "it is when the link is used; anybody can ask for one",
    "/desk/sign-in-passkey/options": "it is a question",
}
"""The addresses that something is posted to and that leave no entry, each with the reason."""


def test_every_button_of_the_desk_is_written_down(app: Flask) -> None:
    posted = {
        rule.rule: app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/desk/") and "POST" in (rule.methods or set())
    }
    silent = {path for path, view in posted.items() if not is_written_down(view, set())}
    assert silent == set(NOT_WRITTEN_DOWN)


def is_written_down(function: Callable[..., Any], seen: set[object]) -> bool:
    """Tell whether a function of the desk, or one that it calls there, writes an entry."""
    function = getattr(function, "__wrapped__", function)
    if function in WRITERS:
        return True
    is_ours = isinstance(function, FunctionType) and function.__module__.startswith(
        "newsletter.desk"
    )
    if not is_ours or function in seen:
        return False
    seen.add(function)
    return any(is_written_down(one, seen) for one in called_by(function))


def called_by(function: Any) -> list[Callable[..., Any]]:
    """Return what a function names and may call, its inner functions' names included."""
    codes, names = [function.__code__], set[str]()
    for code in codes:
        names.update(code.co_names)
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
    named = [function.__globals__.get(name) for name in names]
    modules = [one for one in named if isinstance(one, ModuleType)]
    named += [getattr(module, name, None) for module in modules for name in names]
    return [one for one in named if isinstance(one, FunctionType)]
