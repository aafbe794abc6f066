"""What a WSGI server and the `flask` command load."""

import os
import sys

from newsletter import create_app
from newsletter.errors import ConfigurationError

GUNICORN_CANNOT_BOOT = 3
"""The exit code by which a gunicorn worker tells its master not to try again."""

try:
    app = create_app()
except ConfigurationError as exc:
    sys.stderr.write(f"{exc}\n")
    is_gunicorn = os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn")
    sys.exit(GUNICORN_CANNOT_BOOT if is_gunicorn else 2)
