"""What forms of the desk share: the typed values, and sentences beside the fields."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from flask import render_template, request

from newsletter import clock
from newsletter.errors import InvalidInput
from newsletter.extensions import db


@dataclass
class Form:
    """What stands in a form's fields, and what is wrong with it, by the field's name."""

    values: Mapping[str, str]
    lists: Mapping[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Turn what a verb refuses into a sentence beside its field; nothing is stored."""
        try:
            yield
        except InvalidInput as exc:
            db.session.rollback()
            self.errors[exc.field or ""] = str(exc)


def typed(*names: str, lists: tuple[str, ...] = ()) -> Form:
    """Return what was posted in the fields called `names`, and in those that repeat."""
    return Form(
        {name: request.form.get(name, "") for name in names},
        {name: request.form.getlist(name) for name in lists},
    )


def typed_version(form: Form) -> int:
    """Return the version that a page was made for, from its hidden field."""
    text = form.values["version"]
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise InvalidInput("This form has lost its version. Load the page again.")
    return int(text)


def show_again(template: str, form: Form, **facts: object) -> tuple[str, int]:
    """Return the page with the typed values and the sentences, and status 422."""
    return render_template(template, form=form, **facts), HTTPStatus.UNPROCESSABLE_ENTITY


def zone_options() -> list[tuple[str, str]]:
    """Return the names of all time zones, twice: what is posted, and what is read."""
    return [(name, name.replace("_", " ")) for name in sorted(clock.zone_names())]
