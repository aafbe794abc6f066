"""The merge language is closed: known fields become slots, everything else stays words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.issues import merge_fields
from newsletter.issues.merge_fields import MergeField, Part
from tests.timing import within


@pytest.mark.parametrize(
    ("text", "path", "fallback"),
    [
        ("{{ name }}", "name", ""),
        ("{{name}}", "name", ""),
        ("{{ name | friend }}", "name", "friend"),
        ("{{name|dear reader}}", "name", "dear reader"),
        ("{{ attributes.country }}", "attributes.country", ""),
        ("{{ attributes.job-title_2 | you }}", "attributes.job-title_2", "you"),
        ("{{\u00a0name\u00a0}}", "name", ""),
        ("{{ name | }}", "name", ""),
        ("{{ name | <b>“you”</b> }}", "name", "<b>“you”</b>"),
    ],
)
def test_a_known_field_is_cut_out_of_its_text(text: str, path: str, fallback: str) -> None:
    pieces = merge_fields.parse(f"Dear {text},")
    assert pieces == ("Dear ", MergeField(path, fallback), ",")
    assert merge_fields.fields(text)[0].source == text
    assert merge_fields.unknown(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "{{ nme }}",
        "{{ Name }}",
        "{{ name",
        "{{",
        "{{ }}",
        "{{7*7}}",
        "{{ config }}",
        "{{ ''.__class__ }}",
        "{{ name.upper() }}",
        "{{ attributes }}",
        "{{ attributes. }}",
        "{{ attributes.a.b }}",
        "{{ attributes.1 }}",
        "{{ name | upper | x }}",
        "{{ unsubscribe_url }}",
        "{{ name |\nfriend }}",
    ],
)
def test_everything_else_that_opens_like_a_field_is_named_and_stays_text(text: str) -> None:
    assert merge_fields.parse(text) == (text,)
    assert len(merge_fields.unknown(text)) == 1
    assert text.startswith(merge_fields.unknown(text)[0])


def test_an_unclosed_field_before_a_good_one_is_found() -> None:
    assert merge_fields.unknown("{{ name and {{ name }}") == ("{{ name and",)


@pytest.mark.parametrize("text", ["{% for x in y %}", "${7*7}", "<%= 1 %>", "#{1}", "{ name }"])
def test_other_template_languages_are_only_words(text: str) -> None:
    assert merge_fields.parse(text) == (text,)
    assert merge_fields.unknown(text) == ()


@given(st.text(alphabet="{}| \nnameattributes.x<", max_size=60))
def test_parsing_loses_nothing(text: str) -> None:
    pieces = merge_fields.parse(text)
    assert text == "".join(piece if isinstance(piece, str) else piece.source for piece in pieces)


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 50_000,
        "{{ name |" * 12_000,
        "{{ name |" + " " * 100_000,
        "{{" + " " * 100_000 + "name",
        "{{ attributes." + "a" * 100_000,
    ],
)
def test_a_hostile_text_costs_no_time(text: str) -> None:
    within(0.5, lambda: merge_fields.unknown(text))


@pytest.mark.parametrize(
    ("value", "part", "shown"),
    [
        ("Ada & <b>", Part.HTML, "Ada &amp; &lt;b&gt;"),
        ("\"Ada\" 'L'", Part.HTML, "&quot;Ada&quot; &#x27;L&#x27;"),
        ("Ada & <b>", Part.TEXT, "Ada & <b>"),
        ("Ada & <b>", Part.HEADER, "Ada & <b>"),
        ("javascript:x&y=ü", Part.URL, "javascript%3Ax%26y%3D%C3%BC"),
        ("Ada\r\nBcc: x", Part.HEADER, "Ada  Bcc: x"),
        ("a\x00b\x0bc\x85d\u2028e\u2029f\tg", Part.HEADER, "a b c d e f g"),
        ("a\u202eb\u2066c", Part.HTML, "abc"),
        ("lone \ud800", Part.HTML, "lone \ufffd"),
        ("👩‍👩‍👧 e\u0301", Part.TEXT, "👩‍👩‍👧 e\u0301"),
        ("  ", Part.HTML, "friend"),
        ("\r\n", Part.HTML, "friend"),
        ("{{ attributes.x }}", Part.HTML, "{{ attributes.x }}"),
    ],
)
def test_a_value_is_escaped_for_the_part_it_lands_in(value: str, part: Part, shown: str) -> None:
    field = MergeField("name", "friend")
    assert merge_fields.value(field, {"name": value, "attributes.x": "never"}, part) == shown


def test_a_missing_value_gives_the_fallback_or_nothing() -> None:
    assert merge_fields.value(MergeField("name", "friend"), {}, Part.TEXT) == "friend"
    assert merge_fields.value(MergeField("name"), {}, Part.TEXT) == ""
    assert merge_fields.value(MergeField("name", "<you>"), {}, Part.HTML) == "&lt;you&gt;"


def test_a_neutral_line_has_the_fallbacks() -> None:
    assert merge_fields.neutral("Hello {{ name | friend }}{{ attributes.x }}") == "Hello friend"


def test_strange_attributes_count_as_missing() -> None:
    values = merge_fields.values_of(
        "Ada",
        {"country": "KE", "year": 2027, "ratio": 0.5, "yes": True, "list": [1], "no": None},
    )
    assert values == {
        "name": "Ada",
        "attributes.country": "KE",
        "attributes.year": "2027",
        "attributes.ratio": "0.5",
    }


def test_an_endless_value_is_cut() -> None:
    values = merge_fields.values_of("x" * 10_000, {"bio": "y" * 10_000})
    assert {len(value) for value in values.values()} == {merge_fields.LONGEST_VALUE}
