"""What the `dramatiq` command loads in a test: see machines.py."""

import json
import os
from datetime import timedelta

from newsletter.delivery.engines.broker import rabbitmq
from newsletter.delivery.engines.dramatiq import Sending, attend
from tests.services.machines import MACHINE, Machine

machine = Machine(**json.loads(os.environ[MACHINE]))
broker = rabbitmq(machine.broker)
attend(broker, Sending(machine.installation(), lease_length=timedelta(seconds=machine.lease)))
