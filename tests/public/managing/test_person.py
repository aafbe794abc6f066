"""What is known of a reader, changed by them."""

import pytest
from flask.testing import FlaskClient

from newsletter.subscriptions.models import MailFormat, Subscriber
from tests.public.managing.conftest import fresh


@pytest.mark.parametrize(
    ("what", "typed", "kept"),
    [
        ("name", "  Ada   Lovelace ", "Ada Lovelace"),
        ("name", "", ""),
        ("name", "<b>Ada</b>", "<b>Ada</b>"),
        ("language", "fr", "fr"),
        ("language", "pt-br", "pt-BR"),
        ("format", "text", MailFormat.TEXT),
        ("zone", "Asia/Kathmandu", "Asia/Kathmandu"),
        ("zone", "", ""),
    ],
)
def test_each_fact_is_changed_on_a_page_of_its_own(
    client: FlaskClient, reader: Subscriber, what: str, typed: str, kept: object
) -> None:
    assert client.get(f"/manage/{what}").status_code == 200
    answer = client.post(f"/manage/{what}", data={what: typed})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/manage?done=saved")
    fresh()
    assert getattr(reader, what) == kept
    page = client.get("/manage").text
    assert "<b>Ada" not in page


@pytest.mark.parametrize(
    ("what", "typed"),
    [
        ("name", "x" * 201),
        ("name", "a\x07b"),
        ("language", "klingon!"),
        ("language", ""),
        ("format", "pdf"),
        ("zone", "Mars/Olympus"),
        ("zone", "../etc/passwd"),
    ],
)
def test_what_cannot_be_kept_is_said_beside_its_field(
    client: FlaskClient, reader: Subscriber, what: str, typed: str
) -> None:
    before = getattr(reader, what)
    answer = client.post(f"/manage/{what}", data={what: typed})
    assert (answer.status_code, f'href="#{what}"' in answer.text) == (422, True)
    fresh()
    assert getattr(reader, what) == before


def test_nothing_else_can_be_set_along_with_it(client: FlaskClient, reader: Subscriber) -> None:
    """STANDARDS XA17."""
    data = {"name": "Ada", "address": "eve@example.org", "attributes": "x", "is_admin": "1"}
    client.post("/manage/name", data=data)
    fresh()
    assert (reader.address, reader.attributes) == ("ada@example.org", {})
    assert client.post("/manage/attributes", data=data).status_code == 404
