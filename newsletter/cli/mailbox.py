"""flask mailbox: the development mailbox."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from newsletter.cli.house import HouseCommand
from newsletter.errors import Refused
from newsletter.mailbox import server, store


@click.command("mailbox", cls=HouseCommand)
@with_appcontext
def command() -> None:
    """Take the mail of a development installation until Ctrl-C; read it at /mailbox."""
    if not current_app.config["USES_MAILBOX"]:
        raise Refused("MAIL_SERVER is set: mail goes there, and no mailbox is needed.")
    folder = store.folder_of(Path(current_app.config["INSTANCE_PATH"]))
    server.serve(current_app.config["MAIL_SERVER"], current_app.config["MAIL_PORT"], folder)
