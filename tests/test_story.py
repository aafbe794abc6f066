"""The main job, end to end, over a real SMTP conversation."""

from flask import Flask

from tests import story
from tests.relay import Relay


def test_sign_up_confirm_compose_schedule_send_leave(app: Flask) -> None:
    with Relay() as relay:
        story.tell(app, relay)
