"""Images in the desk: added with words, changed, deleted."""

import re
from io import BytesIO

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from newsletter import accounts
from newsletter.accounts import RoleName
from newsletter.audit.models import AuditEntry
from newsletter.desk import uploads
from newsletter.extensions import db
from newsletter.issues import composing, pictures
from newsletter.media import images, reencoding
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_image, make_list
from tests.media import samples

Fields = dict[str, str | tuple[bytes, str]]


@pytest.fixture
def browser(app: Flask) -> Browser:
    return signed_in(app, make_editor(role=RoleName.AUTHOR))


def upload(data: bytes | None = None, name: str = "clinic.jpg") -> Fields:
    return {"image": (samples.jpeg() if data is None else data, name)}


def add(browser: Browser, fields: Fields) -> TestResponse:
    """Send the form for one more image."""
    sent = {
        name: value if isinstance(value, str) else (BytesIO(value[0]), value[1])
        for name, value in fields.items()
    }
    return browser.post("/desk/images/", sent, content_type="multipart/form-data")


def test_an_image_is_added_with_its_words_and_shown(browser: Browser) -> None:
    answer = add(browser, {**upload(), "alt": "A nurse hands out tablets"})
    [image] = images.newest_images().images
    assert answer.headers["Location"] == f"/desk/images/{image.id}"
    page = browser.get(f"/desk/images/{image.id}").text
    assert "Here is: clinic" in page
    assert f'src="{image.path}" alt="A nurse hands out tablets" width="300" height="200"' in page
    listed = browser.get("/desk/images/").text
    assert image.path in listed
    assert ">1 image<" in listed
    [entry] = db.session.query(AuditEntry).filter_by(deed="image.added")
    assert (entry.key, entry.detail) == (str(image.id), "clinic")


def test_decoration_needs_no_words(browser: Browser) -> None:
    answer = add(browser, {**upload(), "is_decorative": "yes", "name": "Line"})
    assert answer.status_code == 303
    [image] = images.newest_images().images
    assert (image.is_decorative, image.alt, image.name) == (True, "", "Line")


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"alt": "A nurse"}, "image", "Choose the file"),
        ({"alt": "A nurse", **upload(b"", "")}, "image", "Choose the file"),
        ({"alt": "A nurse", **upload(b"")}, "image", "The file is empty"),
        ({"alt": "A nurse", **upload(b"<svg onload='alert(1)'/>")}, "image", "SVG"),
        ({"alt": "A nurse", **upload(samples.png_bomb())}, "image", "million pixels"),
        ({"alt": "A nurse", **upload(samples.jpeg()[:300])}, "image", "damaged"),
        ({"alt": "A nurse", "image": "no file at all"}, "image", "Choose the file"),
        ({"alt": " ", **upload()}, "alt", "Say what the image shows"),
        ({"alt": "clinic.jpg", **upload()}, "alt", "name of a file"),
        ({"alt": "A nurse", "is_decorative": "yes", **upload()}, "alt", "no alternative text"),
        ({"alt": "A nurse", "name": "x" * 121, **upload()}, "name", "Shorten it"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    browser: Browser, fields: Fields, field: str, sentence: str
) -> None:
    answer = add(browser, fields)
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-error">[^<]*{sentence}', answer.text)
    assert images.newest_images().total == 0


def test_typed_words_are_kept_when_the_file_is_refused(browser: Browser) -> None:
    fields = {**upload(b"no image"), "alt": 'A "nurse" <b>', "name": "Clinic"}
    answer = add(browser, fields)
    assert 'value="A &#34;nurse&#34; &lt;b&gt;"' in answer.text
    assert 'value="Clinic"' in answer.text


@pytest.mark.parametrize(
    "name",
    ["../../../etc/cron.d/x.jpg", "..\\..\\x.jpg", "/etc/passwd", "CON", "x" * 4000],
)
def test_no_name_of_a_file_leads_anywhere(browser: Browser, app: Flask, name: str) -> None:
    before = {path for path in app.config["INSTANCE_PATH"].parent.iterdir()}
    assert add(browser, {**upload(name=name), "alt": "A"}).status_code == 303
    [image] = images.newest_images().images
    assert re.fullmatch(r"/media/[0-9a-f]{64}\.jpg", image.path)
    assert {path for path in app.config["INSTANCE_PATH"].parent.iterdir()} == before


def test_words_with_markup_are_shown_as_words(browser: Browser) -> None:
    script = "<script>alert(1)</script>"
    add(browser, {**upload(), "alt": f'"{script}', "name": f"'{script}"})
    for path in ("/desk/images/", "/desk/images/1"):
        assert "<script>" not in browser.get(path).text


def test_the_same_image_twice_is_said_to_be_there(browser: Browser) -> None:
    add(browser, {**upload(), "alt": "A nurse"})
    answer = add(browser, {**upload(name="again.jpg"), "alt": "Somebody"})
    assert answer.headers["Location"] == "/desk/images/1"
    page = browser.get("/desk/images/1").text
    assert "was here before, as “clinic”" in page
    assert 'value="A nurse"' in page


def test_an_animation_that_stopped_is_said_to_have(browser: Browser) -> None:
    data = samples.moving_gif(160, width=20, height=20)
    add(browser, {**upload(data), "alt": "A nurse"})
    assert "does not move any more" in browser.get("/desk/images/1").text


def test_words_are_changed(browser: Browser) -> None:
    image = make_image()
    answer = browser.post(f"/desk/images/{image.id}", {"name": "New", "alt": "Two nurses"})
    assert answer.status_code == 303
    db.session.expire_all()
    assert (image.name, image.alt) == ("New", "Two nurses")
    refused = browser.post(f"/desk/images/{image.id}", {"name": "New", "alt": ""})
    assert refused.status_code == 422
    assert 'id="alt-error"' in refused.text
    [entry] = db.session.query(AuditEntry).filter_by(deed="image.changed")
    assert entry.detail == "name, alt"


def test_an_image_of_no_issue_is_deleted(browser: Browser) -> None:
    image = make_image()
    assert "Delete it" in browser.get(f"/desk/images/{image.id}").text
    answer = browser.post(f"/desk/images/{image.id}/delete")
    assert answer.headers["Location"] == "/desk/images/"
    assert "Deleted: A clinic" in browser.get("/desk/images/").text
    assert browser.get("/desk/images/1").status_code == 404
    assert browser.post("/desk/images/1/delete").status_code == 404
    [entry] = db.session.query(AuditEntry).filter_by(deed="image.deleted")
    assert entry.detail == "A clinic"


def test_an_image_of_an_issue_stays_and_says_why(app: Flask) -> None:
    image = make_image()
    own = composing.create_issue(make_list(), subject="Own", by=None, now=NOW)
    other = composing.create_issue(make_list("other"), subject="Other", by=None, now=NOW)
    for issue in (own, other):
        pictures.note_images(issue, [image.id])
    editor = make_editor()
    browser = signed_in(app, editor)
    page = browser.get(f"/desk/images/{image.id}").text
    assert "Delete it" not in page
    assert f'href="/desk/issues/{own.id}"' in page
    assert f'href="/desk/issues/{other.id}"' in page
    answer = browser.post(f"/desk/images/{image.id}/delete")
    assert answer.status_code == 409
    assert "It stays" in answer.text
    assert db.session.query(AuditEntry).filter_by(deed="image.deleted").count() == 0
    # Who may not open the other list's issues is not told of them.
    accounts.bind_to_lists(editor, [own.mailing_list_id])
    page = browser.get(f"/desk/images/{image.id}").text
    assert f'href="/desk/issues/{own.id}"' in page
    assert f'href="/desk/issues/{other.id}"' not in page


def test_there_are_pages_of_images(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No image yet" in browser.get("/desk/images/").text
    monkeypatch.setattr(images, "PAGE_SIZE", 2)
    for number in range(3):
        make_image(str(number))
    assert "Page 1 of 2" in browser.get("/desk/images/").text
    for page in ("2", "99999999999999999999", "-1", "x"):
        assert browser.get(f"/desk/images/?page={page}").status_code == 200


def test_how_many_an_editor_adds_in_an_hour_is_limited(
    browser: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_IN_AN_HOUR", 2)
    # What is refused counts, too: it has cost as much.
    for data in (b"no image", samples.png()):
        add(browser, {**upload(data), "alt": "A"})
    answer = add(browser, {**upload(), "alt": "A"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 3600
    assert "within an hour" in answer.text
    other = signed_in(app, make_editor("other@example.org"))
    assert add(other, {**upload(), "alt": "A"}).status_code == 303


def test_nobody_waits_for_the_database_while_pixels_are_counted(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = reencoding.clean
    was_free = []

    def look(data: bytes) -> reencoding.CleanImage:
        was_free.append(not db.session.registry().in_transaction())
        return clean(data)

    monkeypatch.setattr(reencoding, "clean", look)
    add(browser, {**upload(), "alt": "A"})
    assert was_free == [True]
