"""The commands: one group a feature, all through the same verbs as the pages."""

from flask import Flask

from newsletter.cli import (
    audit,
    digests,
    editors,
    jobs,
    library,
    lists,
    mail,
    mailbox,
    pace,
    sending,
    subscribers,
    suppressions,
)

GROUPS = (
    audit.group,
    digests.group,
    editors.group,
    sending.group,
    jobs.group,
    library.group,
    lists.group,
    mail.group,
    pace.group,
    subscribers.group,
    suppressions.group,
)


def init_app(app: Flask) -> None:
    """Give `app` its commands."""
    for group in GROUPS:
        app.cli.add_command(group)
    app.cli.add_command(mailbox.command)
