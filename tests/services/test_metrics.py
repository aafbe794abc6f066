"""What a monitor is told, on PostgreSQL."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.public.test_metrics import (  # noqa: F401  # pytest finds them by these names
    issue,
    test_a_paused_issue_has_no_oldest_message_but_keeps_its_numbers,
    test_many_providers_are_shown_as_one_sum_but_those_that_are_held,
    test_processes_show_by_their_signs_of_life,
    test_the_rows_of_an_issue_that_is_sent_are_counted,
)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
