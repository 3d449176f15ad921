"""Charts: curves, lines and scatter plots as SVG that stands inside an HTML page.

Colours are CSS classes, so one drawing serves a light and a dark page. Every drawing has a title and a description that
a screen reader speaks, and every marked point one that a mouse finds. What stands along an axis is text of the page
above and below the drawing, where a long one is wrapped and a narrow page does not shrink it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Bars",
    "Curve",
    "Line",
    "curve_chart",
    "line_chart",
    "nice_ticks",
    "residual_chart",
    "scatter_chart",
    "short",
]

_WIDTH, _HEIGHT = 560, 284
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 14, 28
_MOST_MARKERS = 60
_MOST_POINTS = 1500
_BARS_SHARE = 0.16
"""How much of a drawing's height the bars of a distribution take."""


@dataclass(frozen=True)
class Curve:
    """A line of a chart.

    Parameters
    ----------
    name : str
        What the legend calls it.
    style : str
        Its CSS class: ``"train"`` or ``"test"``.
    values : sequence of float
        One for each epoch, the first being epoch 1; a value that is not finite leaves a gap.
    """

    name: str
    style: str
    values: Sequence[float]


@dataclass(frozen=True)
class Line:
    """A line through points of a plane.

    Parameters
    ----------
    name : str
        What the legend calls it.
    style : str
        Its CSS class: ``"line1"`` to ``"line5"``.
    x, y : sequence of float
        The points, all finite.
    is_stepped : bool
        Whether it goes from a point to the height of the next one at once, and then across.
    is_marked : bool
        Whether its points are marked, so that a mouse finds them.
    spread : sequence of (float, float)
        For each point the ends of an interval around its y; empty: none is drawn.
    """

    name: str
    style: str
    x: Sequence[float]
    y: Sequence[float]
    is_stepped: bool = False
    is_marked: bool = False
    spread: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Bars:
    """How values are distributed along the level axis.

    Parameters
    ----------
    edges : sequence of float
        Where bars begin and end, one more than there are bars.
    counts : sequence of int
        How many values are in each.
    """

    edges: Sequence[float]
    counts: Sequence[int]


@dataclass(frozen=True)
class _Axis:
    """A scale from values to pixels."""

    low: float
    high: float
    start: float
    end: float
    is_logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return the pixel of a value."""
        low, high, at = (math.log10(v) if self.is_logarithmic else v for v in (self.low, self.high, value))
        return self.start + (self.end - self.start) * ((at - low) / (high - low) if high > low else 0.5)

    def ticks(self) -> list[float]:
        """Return the values to mark."""
        if not self.is_logarithmic:
            return nice_ticks(self.low, self.high)
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        factors = (1,) if self.high / self.low > 1e4 else (1, 3)
        values = [factor * 10.0**power for power in powers for factor in factors]
        return [value for value in values if self.low <= value <= self.high]


def curve_chart(title: str, curves: Sequence[Curve], unit: str) -> str:
    """Return a chart of numbers over the epochs.

    Parameters
    ----------
    title : str
        What is drawn.
    curves : sequence of Curve
        The lines.
    unit : str
        What the upright axis counts.

    Returns
    -------
    str
        An ``svg`` element between the texts of its axes. The upright one is logarithmic if all values are positive and
        span a factor of 50.
    """
    values = [value for curve in curves for value in curve.values if math.isfinite(value)]
    epochs = max((len(curve.values) for curve in curves), default=0)
    if not values:
        return f'<p class="note">{escape(title)}: nothing to draw.</p>'
    x = _Axis(1, max(epochs, 1), _LEFT, _WIDTH - _RIGHT)
    y = _upright_axis(min(values), max(values))
    parts = [_grid(x, y, whole_x=True)]
    parts.extend(_curve(curve, x, y) for curve in curves)
    last = "; ".join(f"{curve.name} ends at {short(curve.values[-1])}" for curve in curves if len(curve.values))
    drawing = _svg(title, f"{title} over {epochs} epochs: {last}.", parts)
    return _with_axes(drawing, "epoch", unit + (", logarithmic" if y.is_logarithmic else ""))


def line_chart(
    title: str,
    description: str,
    lines: Sequence[Line],
    units: tuple[str, str],
    *,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    has_diagonal: bool = False,
    bars: Bars | None = None,
    height: int = _HEIGHT,
) -> str:
    """Return a chart of lines in a plane.

    Parameters
    ----------
    title, description : str
        What is drawn, and what a screen reader says of it.
    lines : sequence of Line
        The lines.
    units : tuple of (str, str)
        What the level and the upright axis count.
    x_range, y_range : tuple of (float, float)
        The ends of the axes.
    has_diagonal : bool
        Whether the line y = x is drawn.
    bars : Bars or None
        What is drawn below the lines, along the level axis.
    height : int
        Of the drawing, which is 560 wide.

    Returns
    -------
    str
        An ``svg`` element between the texts of its axes.
    """
    x = _Axis(*x_range, _LEFT, _WIDTH - _RIGHT)
    bottom = height - _BOTTOM
    room = 0.0 if bars is None else _BARS_SHARE * (bottom - _TOP)
    y = _Axis(*y_range, bottom - room, _TOP)
    parts = [_grid(x, y, whole_x=False, bottom=bottom)]
    if bars is not None:
        parts.append(_bars(bars, x, bottom, room - 6))
    if has_diagonal:
        parts.append(_straight((x_range[0], x_range[0]), (x_range[1], x_range[1]), x, y))
    parts.extend(_line(line, x, y) for line in lines)
    return _with_axes(_svg(title, description, parts, height), *units)


def residual_chart(title: str, predicted: NDArray[np.floating], errors: NDArray[np.floating], unit: str) -> str:
    """Return a chart of errors over predicted values, with the line on which there is none.

    Parameters
    ----------
    title : str
        What is drawn.
    predicted, errors : float arrays, shape (n,)
        The values, and predicted minus true ones; of more than 1,500 an evenly spaced choice is drawn.
    unit : str
        What the level axis counts.

    Returns
    -------
    str
        An ``svg`` element between the axes' texts.
    """
    x = _Axis(float(predicted.min()), float(predicted.max()), _LEFT, _WIDTH - _RIGHT)
    low, high = min(0.0, float(errors.min())), max(0.0, float(errors.max()))
    margin = (high - low) * 0.06 or 0.5
    y = _Axis(low - margin, high + margin, _HEIGHT - _BOTTOM, _TOP)
    chosen, points = _points(predicted, errors, x, y, ("predicted", "error"))
    parts = [_grid(x, y, whole_x=False), _straight((x.low, 0.0), (x.high, 0.0), x, y), points]
    drawing = _svg(title, f"{title}: {chosen} points; on the dashed line the prediction is exact.", parts)
    return _with_axes(drawing, unit, "predicted minus true")


def scatter_chart(
    title: str, true: NDArray[np.float32], predicted: NDArray[np.float32], unit: str, predicted_unit: str
) -> str:
    """Return a chart of predicted over true values, with the line on which they agree.

    Parameters
    ----------
    title : str
        What is drawn.
    true, predicted : float arrays, shape (n,)
        The values; of more than 1,500 an evenly spaced choice is drawn.
    unit, predicted_unit : str
        What the axes count.

    Returns
    -------
    str
        An ``svg`` element between the axes' texts.
    """
    low = float(min(true.min(), predicted.min()))
    high = float(max(true.max(), predicted.max()))
    x = _Axis(low, high, _LEFT, _WIDTH - _RIGHT)
    y = _Axis(low, high, _HEIGHT - _BOTTOM, _TOP)
    chosen, points = _points(true, predicted, x, y, ("true", "predicted"))
    parts = [_grid(x, y, whole_x=False), _straight((low, low), (high, high), x, y), points]
    drawing = _svg(title, f"{title}: {chosen} points; on the diagonal the prediction is exact.", parts)
    return _with_axes(drawing, unit, predicted_unit)


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from `low` to `high`, at most `most` steps of 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> nice_ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> nice_ticks(3.0, 3.0)
    [3.0]
    """
    if high <= low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, digits) for index in range(first, last + 1)]


def _upright_axis(low: float, high: float) -> _Axis:
    bottom, top = _HEIGHT - _BOTTOM, _TOP
    if low > 0 and high / low >= 50:
        return _Axis(low / 1.15, high * 1.15, bottom, top, is_logarithmic=True)
    margin = (high - low) * 0.06 or abs(high) * 0.05 or 0.5
    lowest = max(0.0, low - margin) if low >= 0 else low - margin
    return _Axis(
        lowest, min(high + margin, 1.0) if low >= 0 and high <= 1.0 < high + margin else high + margin, bottom, top
    )


def _curve(curve: Curve, x: _Axis, y: _Axis) -> str:
    """Return a line, a mark at each point, and the text that a mouse finds there."""
    runs: list[list[str]] = [[]]
    marks = []
    radius = 3 if len(curve.values) <= _MOST_MARKERS else 2
    for epoch, value in enumerate(curve.values, 1):
        if not math.isfinite(value) or (y.is_logarithmic and value <= 0):
            runs.append([])
            continue
        place = f"{x.place(epoch):.1f},{y.place(value):.1f}"
        runs[-1].append(place)
        cx, cy = place.split(",")
        marks.append(
            f'<circle cx="{cx}" cy="{cy}" r="{radius}"><title>epoch {epoch}, {escape(curve.name)}: {short(value)}'
            "</title></circle>"
        )
    lines = "".join(f'<polyline points="{" ".join(run)}"/>' for run in runs if len(run) > 1)
    return f'<g class="curve {escape(curve.style)}">{lines}{"".join(marks)}</g>'


def _line(line: Line, x: _Axis, y: _Axis) -> str:
    """Return a line, its intervals, and a mark at each point if they are to be found."""
    places = [(x.place(a), y.place(b)) for a, b in zip(line.x, line.y, strict=True)]
    corners: list[tuple[float, float]] = []
    for place in places:
        if line.is_stepped and corners:
            corners.append((corners[-1][0], place[1]))
        corners.append(place)
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    intervals = "".join(
        f'<line x1="{a:.1f}" y1="{y.place(low):.1f}" x2="{a:.1f}" y2="{y.place(high):.1f}"/>'
        for (a, _), (low, high) in zip(places, line.spread, strict=False)
    )
    marks = ""
    if line.is_marked:
        marks = "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4"><title>{escape(line.name)}: {short(at)}, {short(value)}'
            "</title></circle>"
            for (a, b), at, value in zip(places, line.x, line.y, strict=True)
        )
    return f'<g class="curve {escape(line.style)}">{intervals}<polyline points="{path}"/>{marks}</g>'


def _bars(bars: Bars, x: _Axis, bottom: float, room: float) -> str:
    """Return bars that stand on the level axis, the largest so tall as there is room."""
    most = max(*bars.counts, 1)
    parts = []
    for left, right, count in zip(bars.edges[:-1], bars.edges[1:], bars.counts, strict=True):
        start, tall = x.place(left), room * count / most
        parts.append(
            f'<rect x="{start:.1f}" y="{bottom - tall:.1f}" width="{max(x.place(right) - start - 1, 0.5):.1f}"'
            f' height="{tall:.1f}"><title>{short(left)} to {short(right)}: {count:,} rows</title></rect>'
        )
    return f'<g class="bars">{"".join(parts)}</g>'


def _straight(start: tuple[float, float], end: tuple[float, float], x: _Axis, y: _Axis) -> str:
    """Return the dashed line of what is as it should be."""
    (a, b), (c, d) = ((x.place(one), y.place(other)) for one, other in (start, end))
    return f'<line class="agree" x1="{a:.1f}" y1="{b:.1f}" x2="{c:.1f}" y2="{d:.1f}"/>'


def _points(
    level: NDArray[np.floating], upright: NDArray[np.floating], x: _Axis, y: _Axis, names: tuple[str, str]
) -> tuple[int, str]:
    """Return how many points are drawn, and these."""
    chosen = np.unique(np.linspace(0, len(level) - 1, min(len(level), _MOST_POINTS)).round().astype(np.int64))
    points = "".join(
        f'<circle cx="{x.place(a):.1f}" cy="{y.place(b):.1f}" r="3"><title>{names[0]} {short(a)}, {names[1]} {short(b)}'
        "</title></circle>"
        for a, b in zip(level[chosen].tolist(), upright[chosen].tolist(), strict=True)
    )
    return len(chosen), f'<g class="points">{points}</g>'


def _grid(x: _Axis, y: _Axis, whole_x: bool, bottom: float = _HEIGHT - _BOTTOM) -> str:
    """Return lines across, and the numbers beside and below them; ``level`` lets a narrow page leave some out."""
    across, below = [], []
    for value in y.ticks():
        at = f"{y.place(value):.1f}"
        across.append(f'<line x1="{_LEFT}" y1="{at}" x2="{_WIDTH - _RIGHT}" y2="{at}"/>')
        across.append(f'<text x="{_LEFT - 8}" y="{at}" dy=".32em" text-anchor="end">{short(value)}</text>')
    for value in x.ticks():
        if whole_x and value != int(value):
            continue
        at = f"{x.place(value):.1f}"
        below.append(f'<line x1="{at}" y1="{bottom:.0f}" x2="{at}" y2="{bottom + 4:.0f}"/>')
        below.append(f'<text x="{at}" y="{bottom + 20:.0f}" text-anchor="middle">{short(value)}</text>')
    return f'<g class="grid">{"".join(across)}<g class="level">{"".join(below)}</g></g>'


def _with_axes(drawing: str, level: str, upright: str) -> str:
    return f'<p class="axis">{escape(upright)}</p>{drawing}<p class="axis level">{escape(level)}</p>'


def _svg(title: str, description: str, parts: Sequence[str], height: int = _HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img"><title>{escape(title)}</title><desc>{escape(description)}'
        f"</desc>{''.join(parts)}</svg>"
    )


def short(value: float) -> str:
    """Return a number in at most four significant digits, as texts of the page have it."""
    return f"{value:.4g}"
