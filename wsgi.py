"""What a WSGI server and the `flask` command load."""

import logging
import os
import sys

from newsletter import create_app
from newsletter.errors import ConfigurationError
from newsletter.logs import writing

GUNICORN_CANNOT_BOOT = 3
"""The exit code by which a gunicorn worker tells its master not to try again."""

is_gunicorn = os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn")
# A command says what it did by itself; its log is for what went wrong.
writing.configure(
    os.environ.get("LOG_FORMAT", "text"), level=logging.INFO if is_gunicorn else logging.WARNING
)
try:
    app = create_app()
except ConfigurationError as exc:
    sys.stderr.write(f"{exc}\n")
    sys.exit(GUNICORN_CANNOT_BOOT if is_gunicorn else 2)
