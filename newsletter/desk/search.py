"""One field for everything; an address of a reader gets into no address of a page."""

from urllib.parse import urlencode

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter import searching
from newsletter.desk import finds
from newsletter.desk.guard import SIGNED_IN, blueprint, needs, the_editor

AT_SIGNS = "@＠"


@blueprint.post("/search")
@needs(SIGNED_IN)
def search() -> Response | str:
    """Lead to what was typed: to an issue by its number, else to what is found.

    Posted, so that an address stands in no history and no log: that page is shown at once.
    """
    typed = _clean(request.form.get("q", ""))
    if any(sign in typed for sign in AT_SIGNS):
        return _page(typed)
    line = finds.numbered_issue(typed)
    if line is not None:
        return redirect(f"/desk/issues/{line.number}", code=303)
    return redirect(f"/desk/search?{urlencode({'q': typed})}" if typed else "/desk/search", 303)


@blueprint.get("/search")
@needs(SIGNED_IN)
def show_search() -> str:
    """Show what is found, by kind, and what is not."""
    return _page(_clean(request.args.get("q", "")))


def _clean(text: str) -> str:
    return " ".join(text[: searching.LONGEST_SEARCH].split())


def _page(typed: str) -> str:
    groups = finds.groups(typed, by=the_editor()) if typed else []
    return render_template(
        "desk/search.html",
        searched=typed,
        found=[group for group in groups if group.finds],
        missed=[group.name for group in groups if not group.finds],
        is_address=any(sign in typed for sign in AT_SIGNS),
    )
