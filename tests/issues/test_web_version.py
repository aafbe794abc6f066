"""The archive shows an issue as it reads to nobody in particular."""

import pytest

from newsletter.issues.web_version import archive_page_parts
from tests.issues.samples import content, item

pytestmark = pytest.mark.usefixtures("app")


def test_merge_fields_have_neutral_values() -> None:
    page = archive_page_parts(content())
    assert page.subject == "New guidance, reader"
    assert page.preheader == "What decision-makers asked about, answered for you."
    assert "<p>Dear friend,</p>" in page.introduction


def test_the_introduction_is_markup_without_styles() -> None:
    page = archive_page_parts(content())
    assert "<h2>What is new</h2>" in page.introduction
    assert "style=" not in page.introduction
    assert page.introduction.__html__() == page.introduction


def test_rows_lead_to_their_page_or_to_our_library() -> None:
    first, second = archive_page_parts(content()).rows
    assert (first.url, second.url) == ("https://example.org/guidance?a=1&b=2", "/library/launch")
    assert (first.label, first.button_words) == ("Guidance · 20 January 2025", "Read the guidance")


def test_languages_have_their_direction() -> None:
    page = archive_page_parts(content(language="ar", rows=(item(language="en"),)))
    assert (page.direction, page.rows[0].direction) == ("rtl", "ltr")


@pytest.mark.parametrize(
    "typed",
    [
        "<script>alert(1)</script>",
        "{{ name | <script>alert(1)</script> }}",
        "[x](javascript:alert(1))",
        "[x]({{ name | javascript:alert(1) }})",
        "<img src=x onerror=alert(1)>",
    ],
)
def test_nothing_in_it_runs(typed: str) -> None:
    introduction = archive_page_parts(content(introduction=typed)).introduction
    for mark in ("<script", "<img", 'href="javascript:'):
        assert mark not in introduction
