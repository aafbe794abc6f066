"""Pages with one question: a heading that asks, a field, a button that repeats its verb."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from flask import redirect, render_template
from werkzeug.wrappers import Response

from newsletter.extensions import db
from newsletter.page_language import to


@dataclass(frozen=True)
class Question:
    """One page with one field."""

    heading: str
    label: str
    field: str
    # An <input>'s type, or `select`.
    kind: str
    button: str
    chosen: Sequence[str] = ()
    choices: Sequence[tuple[str, str]] = ()
    lead: str = ""
    hint: str = ""
    # A box to tick beside it: name, label, whether it is ticked.
    option: tuple[str, str, bool] | None = None


@dataclass(frozen=True)
class Sure:
    """One page that only asks whether it is meant."""

    heading: str
    sentences: Sequence[str]
    button: str
    action: str
    back: bool = True


def show(question: Question, errors: dict[str, str] | None = None) -> str:
    """Return the page of a question."""
    return render_template("public/manage/question.html", asked=question, errors=errors or {})


def refuse(question: Question, sentence: str) -> tuple[str, int]:
    """Return it once more, with what is wrong with the answer."""
    db.session.rollback()
    return show(question, {question.field: sentence}), HTTPStatus.UNPROCESSABLE_ENTITY


def make_sure(sure: Sure) -> str:
    """Return the page that asks once more."""
    return render_template("public/manage/sure.html", asked=sure)


def home(done: str = "") -> Response:
    """Lead back to the reader's page, which says what was done."""
    return redirect(to("/manage", done=done), HTTPStatus.SEE_OTHER)


def tell(heading: str, *sentences: str, back: bool = True) -> str:
    """Return a page that says what happened."""
    return render_template(
        "public/manage/told.html", heading=heading, sentences=sentences, back=back
    )
