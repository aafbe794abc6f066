"""What the `dramatiq` command loads: a process that sends, told of its work by a broker."""

import os
import sys

from newsletter import create_app
from newsletter.delivery.engines.broker import rabbitmq
from newsletter.delivery.engines.dramatiq import Sending, attend
from newsletter.errors import ConfigurationError
from newsletter.logs import writing

# Before anything can be written: what reads the lines expects each of them in this form.
writing.configure(os.environ.get("LOG_FORMAT", "text"))
try:
    app = create_app()
    if app.config["DELIVERY_ENGINE"] != "dramatiq":
        raise ConfigurationError(
            "A worker has nothing to do here: DELIVERY_ENGINE is local, so the clock sends. "
            "Set it to dramatiq on all machines to send with workers."
        )
except ConfigurationError as exc:
    sys.stderr.write(f"{exc}\n")
    sys.exit(2)

broker = rabbitmq(app.config["BROKER_URL"])
attend(broker, Sending(app))
