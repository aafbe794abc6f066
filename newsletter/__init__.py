"""Stay Informed: a newsletter and mailing-list manager that can prove what it sent."""

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask

import config
from newsletter import accounts, desk, extensions, limits, web
from newsletter.delivery import models as delivery_models
from newsletter.mail import models as mail_models
from newsletter.public import library as public_library

# Importing a module defines its tables; the doors import the rest.
TABLES = (accounts, delivery_models, limits, mail_models)

DOORS = (public_library.blueprint,)
"""The page groups of the readers' pages and of the desk."""


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
    extensions.init_app(app)
    web.init_app(app)
    desk.init_app(app)
    for blueprint in DOORS:
        app.register_blueprint(blueprint)
    return app


def _is_markup(template: str | None) -> bool:
    return template is None or not template.endswith(".txt")
