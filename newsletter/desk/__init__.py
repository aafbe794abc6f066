"""The editors' door: one module a page group, one gate in front of all of them."""

from flask import Flask

from newsletter import web
from newsletter.desk import (
    account,
    audience,
    baskets,
    checking,
    composer,
    correcting,
    digests,
    embedding,
    evidence,
    holding,
    home,
    images,
    inbox_lines,
    inserting,
    issue_list,
    library,
    log,
    mailing_lists,
    moving,
    own_address,
    own_sessions,
    passkeys,
    people,
    person,
    preview_readers,
    previews,
    progress,
    proving,
    recipients,
    refusals,
    reviewing,
    search,
    second_factor,
    second_step,
    security,
    sending,
    showing,
    sign_in,
    steering,
    subscribers,
    test_sends,
    versions,
)
from newsletter.desk.guard import blueprint

PAGES = (
    account,
    audience,
    baskets,
    checking,
    composer,
    correcting,
    digests,
    embedding,
    evidence,
    holding,
    home,
    images,
    inbox_lines,
    inserting,
    issue_list,
    library,
    log,
    mailing_lists,
    moving,
    own_address,
    own_sessions,
    passkeys,
    people,
    person,
    preview_readers,
    previews,
    progress,
    proving,
    recipients,
    refusals,
    reviewing,
    search,
    second_factor,
    second_step,
    sending,
    showing,
    sign_in,
    steering,
    subscribers,
    test_sends,
    versions,
)
"""The page groups: importing them gives the blueprint its addresses."""


def init_app(app: Flask) -> None:
    """Give `app` the desk: who is there, and the pages."""
    security.init_app(app)
    app.url_map.converters["digest"] = digests.DigestConverter
    app.register_blueprint(blueprint)
    web.show_errors_below("/desk/", refusals.show_error, app=app)
