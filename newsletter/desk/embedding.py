"""The form of a list for other sites: ready to copy, and the pages that it may lead back to."""

from flask import Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from newsletter import languages, links, translating
from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.desk.forms import Form, typed
from newsletter.desk.guard import blueprint, needs, the_list
from newsletter.desk.noting import note
from newsletter.extensions import db
from newsletter.subscriptions import consent, embedding
from newsletter.subscriptions.embedding import FIELD
from newsletter.subscriptions.models import MailingList, Source
from newsletter.subscriptions.words import FREQUENCIES
from newsletter.web import FRAME_POLICY, policy


@blueprint.get("/lists/<slug>/form")
@needs(Action.MANAGE_LISTS)
def show_form_to_paste(slug: str) -> Response:
    """Show the form as it is to be pasted and as readers see it, in one language."""
    mailing_list = the_list(slug)
    return _page(mailing_list, Form({FIELD: "\n".join(mailing_list.return_pages)}))


@blueprint.get("/lists/<slug>/form.html")
@needs(Action.MANAGE_LISTS)
def show_form_as_seen(slug: str) -> Response:
    """Show the form alone, as a browser without any style shows it; nothing in it works."""
    code = _language()
    page = render_template(
        "desk/embedded_frame.html",
        language=code,
        direction=languages.direction(code),
        form=_form_to_paste(the_list(slug), code, way_back=""),
    )
    return Response(page, headers={"Content-Security-Policy": FRAME_POLICY})


@blueprint.post("/lists/<slug>/form")
@needs(Action.MANAGE_LISTS)
def change_return_pages(slug: str) -> AnyResponse:
    """Keep the pages to which forms elsewhere may lead back."""
    mailing_list = the_list(slug)
    form = typed(FIELD)
    with form.checking():
        mailing_list.return_pages = embedding.read_pages(form.values[FIELD])
    if form.errors:
        return _page(mailing_list, form, status=422)
    number = len(mailing_list.return_pages)
    what = f"{number} page{'' if number == 1 else 's'}"
    note(Deed.LIST_PAGES_CHANGED, slug, what, mailing_list_id=mailing_list.id)
    db.session.commit()
    flash("The pages are saved. Copy the form below again if it shall lead to one of them.")
    return redirect(f"/desk/lists/{slug}/form", code=303)


def _page(mailing_list: MailingList, form: Form, status: int = 200) -> Response:
    code, pages = _language(), mailing_list.return_pages
    way_back = embedding.way_back(mailing_list, request.args.get("back", ""))
    page = render_template(
        "desk/embedding.html",
        mailing_list=mailing_list,
        form=form,
        pages=pages,
        way_back=way_back,
        language=code,
        languages=translating.written(),
        pasted=_form_to_paste(mailing_list, code, way_back=way_back),
        api=links.public_url("/api/v1/subscriptions"),
    )
    response = make_response(page, status)
    response.headers["Content-Security-Policy"] = policy(frame_src="'self'")
    return response


def _language() -> str:
    asked = request.args.get("in", "")
    return asked if asked in translating.written() else translating.ORIGINAL


def _form_to_paste(mailing_list: MailingList, code: str, *, way_back: str) -> str:
    """Return the form as HTML, in the words of one language, whatever the desk speaks."""
    ours = translating.translator(code)
    words = consent.wording(mailing_list.name, ours, tracking=mailing_list.tracking)
    return render_template(
        "public/embedded_form.html",
        mailing_list=mailing_list,
        way_back=way_back,
        language=code,
        direction=languages.direction(code),
        frequencies=FREQUENCIES,
        words=words,
        sealed_words=consent.sealed(words, mailing_list.id),
        source=Source.EMBED,
        version_of=consent.VERSION_OF,
        action=links.public_url(f"/subscribe?lang={code}"),
        privacy=links.public_url(f"/privacy?lang={code}"),
        ours=ours,
        _=ours.gettext,
    )
