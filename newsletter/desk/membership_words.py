"""The words that members agree to, in each language, and the list that is theirs; for admins."""

from flask import flash, redirect, render_template
from werkzeug.wrappers import Response

from newsletter import clock, languages, translating
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import blueprint, needs
from newsletter.desk.noting import note
from newsletter.extensions import db
from newsletter.membership import agreement, audience

PAGE = "/desk/members/words"


@blueprint.get("/members/words")
@needs(Action.MANAGE_LISTS)
def show_membership_words() -> str:
    """Show the words of each language, to be changed, and which list is the members'."""
    return render_template("desk/membership_words.html", form=_form(), **_facts())


@blueprint.post("/members/words")
@needs(Action.MANAGE_LISTS)
def change_membership_words() -> Response | tuple[str, int]:
    """Let members agree to other words; who agreed before agreed to those of then."""
    form = typed(*(_field(language) for language in languages.OFFERED))
    changed = []
    with form.checking():
        for language in languages.OFFERED:
            text = form.values[_field(language)]
            if agreement.write(language, text, now=clock.now()):
                changed.append(language)
    if form.errors:
        return _again(form)
    if changed:
        note(Deed.MEMBER_WORDS_CHANGED, detail=", ".join(changed))
    db.session.commit()
    names = ", ".join(languages.english_name(language) for language in changed)
    flash(f"Changed: {names}. New applications agree to these words." if changed else "No change.")
    return redirect(PAGE, code=303)


@blueprint.post("/members/list")
@needs(Action.MANAGE_LISTS)
def choose_members_list() -> Response | tuple[str, int]:
    """Let another list be the members'."""
    form = typed("members_list")
    with form.checking():
        chosen = audience.choose(form.values["members_list"])
    if form.errors:
        errors = form.errors
        form = _form()
        form.errors.update(errors)
        return _again(form)
    note(Deed.MEMBER_LIST_CHOSEN, detail=chosen.slug, mailing_list_id=chosen.id)
    name = chosen.name
    db.session.commit()
    flash(f"{name} is the members’ list. Who is accepted from now on is put on it.")
    return redirect(PAGE, code=303)


def _form() -> Form:
    written = agreement.written()
    values = {
        _field(language): written[language].text if language in written else ""
        for language in languages.OFFERED
    }
    return Form(values)


def _again(form: Form) -> tuple[str, int]:
    return show_again("desk/membership_words.html", form, **_facts())


def _facts() -> dict[str, object]:
    chosen = audience.members_list()
    return {
        "written": agreement.written(),
        "languages": languages.OFFERED,
        "default": agreement.agreement(translating.translator(translating.ORIGINAL)),
        "members_list": chosen,
        "lists": audience.choices(),
    }


def _field(language: str) -> str:
    return f"words-{language}"
