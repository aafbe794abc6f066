"""Stay Informed: a newsletter and mailing-list manager that can prove what it sent."""

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask

import config
from newsletter import cli, desk, extensions, page_language, serving, web
from newsletter.mail import facade
from newsletter.mailbox import views as mailbox
from newsletter.membership.following import follow
from newsletter.public import (
    api,
    archive,
    comments,
    crawling,
    feeds,
    following,
    form,
    health,
    images,
    leaving,
    library,
    membership,
    metrics,
    preferences,
    undoing,
)
from newsletter.public.managing import (
    address,
    arriving,
    lists,
    overview,
    own_data,
    person,
    recording,
)
from newsletter.public.managing import membership as own_membership
from newsletter.subscriptions import address_change
from newsletter.tracking import counting

READERS_PAGES = (
    form.blueprint,
    api.blueprint,
    leaving.blueprint,
    preferences.blueprint,
    undoing.blueprint,
    arriving.blueprint,
    overview.blueprint,
    lists.blueprint,
    person.blueprint,
    address.blueprint,
    own_membership.blueprint,
    own_data.blueprint,
    recording.blueprint,
    archive.blueprint,
    library.blueprint,
    comments.blueprint,
    membership.blueprint,
    feeds.blueprint,
    crawling.blueprint,
    images.blueprint,
    following.blueprint,
    health.blueprint,
    metrics.blueprint,
)


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """Return the application, configured from the environment and then from `overrides`.

    Raises ConfigurationError when the environment asks for something that cannot run.
    """
    settings = config.settings(os.environ)
    settings.update(overrides or {})
    app = Flask(
        __name__,
        instance_path=str(settings["INSTANCE_PATH"]),
        template_folder=str(config.ROOT / "templates"),
    )
    app.config.update(settings)
    # Mail bodies in MJML are markup, too: their values are escaped like those of pages.
    app.jinja_env.autoescape = _is_markup
    serving.init_app(app)
    extensions.init_app(app)
    facade.init_app(app)
    counting.init_app(app)
    address_change.also(app, follow)
    web.init_app(app)
    page_language.init_app(app)
    desk.init_app(app)
    api.init_app(app)
    for blueprint in READERS_PAGES:
        app.register_blueprint(blueprint)
    mailbox.init_app(app)
    cli.init_app(app)
    return app


def _is_markup(template: str | None) -> bool:
    return template is None or not template.endswith(".txt")
