"""The first page of the desk: what needs a person now, what comes next, what was last."""

from flask import render_template

from newsletter.desk.guard import SIGNED_IN, blueprint, needs


@blueprint.get("/")
@needs(SIGNED_IN)
def show_home() -> str:
    """Show what needs somebody now."""
    return render_template("desk/home.html")
