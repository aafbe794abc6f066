"""Charts drawn on the server: SVG that says what it shows, and the same numbers as a table.

Pure: points in, markup out. Text keeps its size at any width, because places along the
chart are shares of it and heights are pixels. Colours are classes of the style sheet.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

HEIGHT = 160
"""Pixels between the base line and the top of the scale."""

ABOVE = 24
BELOW = 28
"""Pixels for the value over the highest point, and for the words under the base line."""

STEPS = 5
"""Most stretches between the lines of a scale."""

WIDEST = 10.0
"""Most of the chart that one column takes, in per cent, however few there are."""

_NAME = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Point:
    """One value; `label` names it in the table, `tick` under the chart (up to five of them)."""

    label: str
    value: int
    tick: str = ""


def columns(points: Sequence[Point], *, name: str, title: str, what: str, empty: str) -> Markup:
    """Return columns, one a point, for what happened in stretches of time.

    `name` is unique on the page, `what` heads the column of values (“People”), `empty` is
    the sentence where nothing but zeros is to be drawn.
    """
    if not any(point.value for point in points):
        return _nothing(empty)
    top = _scale(points)[-1]
    width = min(100 / len(points), WIDEST)
    drawn = Markup().join(
        Markup('<rect x="{}%" y="{}" width="{}%" height="{}"><title>{}: {}</title></rect>').format(
            _short(_middle(index, points) - width * 0.4),
            _short(_y(point.value, top)),
            _short(width * 0.8),
            _short(HEIGHT + ABOVE - _y(point.value, top)),
            point.label,
            f"{point.value:,}",
        )
        for index, point in enumerate(points)
        if point.value
    )
    highest = max(range(len(points)), key=lambda index: points[index].value)
    drawn += _value(_middle(highest, points), points[highest].value, top)
    ticks = [(_middle(index, points), point.tick) for index, point in enumerate(points)]
    total = f"In all {sum(point.value for point in points):,}."
    return _figure(drawn, points, ticks, name=name, title=title, what=what, also=total)


def line(points: Sequence[Point], *, name: str, title: str, what: str, empty: str) -> Markup:
    """Return a line over an area, for what grows; its points are evenly apart.

    The arguments are those of `columns`; a single point is a dot.
    """
    if not points:
        return _nothing(empty)
    top = _scale(points)[-1]
    places = [_along(index, points) for index in range(len(points))]
    path = " ".join(
        f"{_short(x * 10)},{_short(_y(point.value, top) - ABOVE)}"
        for x, point in zip(places, points, strict=True)
    )
    drawn = Markup(
        '<svg y="{}" width="100%" height="{}" viewBox="0 0 1000 {}" preserveAspectRatio="none">'
        '<polygon points="0,{} {} 1000,{}"></polygon>'
        '<polyline points="{}" vector-effect="non-scaling-stroke"></polyline></svg>'
    ).format(ABOVE, HEIGHT, HEIGHT, HEIGHT, path, HEIGHT, path)
    if len(points) == 1:
        drawn = Markup()
    for index in sorted({0, len(points) - 1}):
        y = _short(_y(points[index].value, top))
        drawn += Markup('<circle cx="{}%" cy="{}" r="4"></circle>').format(_short(places[index]), y)
        drawn += _value(places[index], points[index].value, top)
    ticks = [(place, point.tick) for place, point in zip(places, points, strict=True)]
    return _figure(drawn, points, ticks, name=name, title=title, what=what)


def _figure(
    drawn: Markup,
    points: Sequence[Point],
    ticks: Sequence[tuple[float, str]],
    *,
    name: str,
    title: str,
    what: str,
    also: str = "",
) -> Markup:
    """Put what was drawn on its scale, say what it shows, and add the table."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a chart")
    return Markup(
        '<figure class="chart"><figcaption>{title}</figcaption>'
        '<svg role="img" aria-labelledby="{name}-title {name}-about" width="100%" '
        'height="{height}"><title id="{name}-title">{title}</title>'
        '<desc id="{name}-about">{about}</desc>{scale}{drawn}{ticks}</svg>{table}</figure>'
    ).format(
        name=name,
        title=title,
        height=ABOVE + HEIGHT + BELOW,
        about=" ".join([_in_words(points), also]).strip(),
        scale=_lines(_scale(points)),
        drawn=drawn,
        ticks=Markup().join(_tick(x, words) for x, words in ticks if words),
        table=_table(points, title=title, what=what),
    )


def _in_words(points: Sequence[Point]) -> str:
    first, last = points[0], points[-1]
    if len(points) == 1:
        return f"{first.label}: {first.value:,}."
    most = max(points, key=lambda point: point.value)
    return (
        f"From {first.label} ({first.value:,}) to {last.label} ({last.value:,}); "
        f"the most, {most.value:,}, at {most.label}."
    )


def _table(points: Sequence[Point], *, title: str, what: str) -> Markup:
    rows = Markup().join(
        Markup('<tr><th scope="row">{}</th><td class="number">{}</td></tr>').format(
            point.label, f"{point.value:,}"
        )
        for point in points
    )
    return Markup(
        '<details><summary>The numbers as a table</summary><div class="scroll" tabindex="0">'
        '<table class="numbers"><caption>{}</caption><thead><tr><th scope="col">When</th>'
        '<th scope="col" class="number">{}</th></tr></thead>'
        "<tbody>{}</tbody></table></div></details>"
    ).format(title, what, rows)


def _nothing(sentence: str) -> Markup:
    return Markup('<p class="empty">{}</p>').format(sentence)


def _scale(points: Sequence[Point]) -> list[int]:
    """Return round values from 0 to at least the highest, at most STEPS stretches of them."""
    highest = max(1, *(point.value for point in points))
    step = 1
    while step * STEPS < highest:
        # 1, 2, 5, 10, 20, 50, ...
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return list(range(0, highest + step, step))


def _lines(scale: Sequence[int]) -> Markup:
    """Return the lines of a scale with their values, which stand in the padding at the left."""
    return Markup().join(
        Markup(
            '<line x1="0" x2="100%" y1="{y}" y2="{y}"></line>'
            '<text x="-8" y="{y}" dy="0.35em" text-anchor="end">{value}</text>'
        ).format(y=_short(_y(value, scale[-1])), value=_round(value))
        for value in scale
    )


def _round(value: int) -> str:
    return f"{value / 1_000_000:g} m" if value >= 1_000_000 else f"{value:,}"


def _tick(x: float, words: str) -> Markup:
    return Markup('<text x="{}%" y="{}" text-anchor="{}">{}</text>').format(
        _short(x), ABOVE + HEIGHT + BELOW - 8, "end" if x > 94 else "middle", words
    )


def _value(x: float, value: int, top: int) -> Markup:
    """Return a value written over its point: inside the chart, clear of the scale."""
    anchor = "start" if x < 6 else "end" if x > 94 else "middle"
    return Markup('<text class="value" x="{}%" y="{}" text-anchor="{}">{}</text>').format(
        _short(x), _short(_y(value, top) - 8), anchor, f"{value:,}"
    )


def _middle(index: int, points: Sequence[Point]) -> float:
    return 100 * (index + 0.5) / len(points)


def _along(index: int, points: Sequence[Point]) -> float:
    return 100 * index / (len(points) - 1) if len(points) > 1 else 50.0


def _y(value: int, top: int) -> float:
    return ABOVE + HEIGHT * (1 - value / top)


def _short(number: float) -> str:
    """Return a number for an attribute: two places at most."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
