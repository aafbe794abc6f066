"""Charts: round scales, words for who does not see them, and the same numbers as a table."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from newsletter import charts
from newsletter.charts import Point


def hours(*values: int) -> list[Point]:
    return [
        Point(f"hour {hour}", value, tick=f"{hour}:00" if hour % 12 == 0 else "")
        for hour, value in enumerate(values)
    ]


def by_hour(points: Sequence[Point]) -> Markup:
    return charts.columns(
        points, name="by-hour", title="Taken by hour", what="People", empty="Nothing was sent."
    )


def growth(points: Sequence[Point]) -> Markup:
    return charts.line(
        points, name="growth", title="Readers of News", what="Readers", empty="No readers yet."
    )


def texts(markup: Markup, tag: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(markup).iter(tag)]


def test_a_chart_is_named_described_and_followed_by_its_numbers() -> None:
    chart = by_hour(hours(3, 0, 1_200))
    tree = ElementTree.fromstring(chart)
    svg = tree.find("svg")
    assert svg is not None
    assert svg.get("role") == "img"
    ids = {element.get("id"): element.text for element in svg.iter() if element.get("id")}
    assert svg.get("aria-labelledby") == " ".join(map(str, ids))
    assert ids["by-hour-title"] == "Taken by hour"
    assert ids["by-hour-about"] == (
        "From hour 0 (3) to hour 2 (1,200); the most, 1,200, at hour 2. In all 1,203."
    )
    assert texts(chart, "td") == ["3", "0", "1,200"]
    assert texts(chart, "caption") == ["Taken by hour"]


def test_a_column_is_as_high_as_its_part_of_the_scale() -> None:
    rects = ElementTree.fromstring(by_hour(hours(50, 0, 100))).iter("rect")
    heights = [float(rect.get("height", "")) for rect in rects]
    assert heights == [charts.HEIGHT / 2, charts.HEIGHT]


def test_one_column_is_not_as_wide_as_the_chart() -> None:
    rect = next(ElementTree.fromstring(by_hour(hours(7))).iter("rect"))
    assert (rect.get("x"), rect.get("width")) == ("46%", "8%")


@pytest.mark.parametrize(
    ("highest", "scale"),
    [
        (1, "0 1"),
        (5, "0 1 2 3 4 5"),
        (6, "0 2 4 6"),
        (47, "0 10 20 30 40 50"),
        (98_765, "0 20,000 40,000 60,000 80,000 100,000"),
        (2_400_000, "0 500,000 1 m 1.5 m 2 m 2.5 m"),
    ],
)
def test_a_scale_is_round_and_has_few_lines(highest: int, scale: str) -> None:
    drawn = ElementTree.fromstring(by_hour([Point("then", highest)]))
    words = [text.text for text in drawn.iter("text") if text.get("x") == "-8"]
    assert " ".join(map(str, words)) == scale


@pytest.mark.parametrize("points", [[], hours(0, 0, 0)])
def test_where_nothing_happened_a_sentence_stands(points: list[Point]) -> None:
    assert by_hour(points) == '<p class="empty">Nothing was sent.</p>'


def test_a_line_shows_its_first_and_last_value() -> None:
    chart = growth(hours(10, 40, 25))
    drawn = ElementTree.fromstring(chart)
    assert [text.text for text in drawn.iter("text") if text.get("class")] == ["10", "25"]
    line = next(drawn.iter("polyline"))
    assert line.get("points") == "0,120 500,0 1000,60"


def test_a_single_point_of_a_line_is_a_dot() -> None:
    chart = growth(hours(12))
    assert "polyline" not in chart
    assert chart.count("<circle") == 1
    assert texts(chart, "desc") == ["hour 0: 12."]
    assert growth([]) == '<p class="empty">No readers yet.</p>'


def test_a_list_that_nobody_reads_yet_is_a_line_at_nothing() -> None:
    line = next(ElementTree.fromstring(growth(hours(0, 0))).iter("polyline"))
    assert line.get("points") == f"0,{charts.HEIGHT} 1000,{charts.HEIGHT}"


def test_words_under_a_chart_stay_inside_it() -> None:
    ticks = [
        (text.text, text.get("text-anchor"))
        for text in ElementTree.fromstring(by_hour(hours(*range(1, 26)))).iter("text")
        if re.fullmatch(r"\d+:00", text.text or "")
    ]
    assert ticks == [("0:00", "middle"), ("12:00", "middle"), ("24:00", "end")]


def test_what_a_policy_or_a_reader_would_refuse_is_not_in_it() -> None:
    chart = by_hour([Point("<b>then</b>", 2, tick="<i>")])
    assert "style=" not in chart
    assert "<b>" not in chart
    assert "<i>" not in chart


def test_a_name_that_is_no_id_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot name a chart"):
        charts.columns(hours(1), name="by hour", title="", what="", empty="")
