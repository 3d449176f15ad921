"""Charts: curves and scatter plots as SVG that stands inside an HTML page.

Colours are CSS classes, so one drawing serves a light and a dark page. Every drawing has a title and a description that
a screen reader speaks, and every point one that a mouse finds. What stands along an axis is text of the page above and
below the drawing, where a long one is wrapped and a narrow page does not shrink it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curve", "curve_chart", "scatter_chart", "nice_ticks"]

_WIDTH, _HEIGHT = 560, 284
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 14, 28
_MOST_MARKERS = 60
_MOST_POINTS = 1500


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
    last = "; ".join(f"{curve.name} ends at {_short(curve.values[-1])}" for curve in curves if len(curve.values))
    drawing = _svg(title, f"{title} over {epochs} epochs: {last}.", parts)
    return _with_axes(drawing, "epoch", unit + (", logarithmic" if y.is_logarithmic else ""))


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
    chosen = np.unique(np.linspace(0, len(true) - 1, min(len(true), _MOST_POINTS)).round().astype(np.int64))
    points = "".join(
        f'<circle cx="{x.place(a):.1f}" cy="{y.place(b):.1f}" r="3"><title>true {_short(a)}, predicted {_short(b)}'
        "</title></circle>"
        for a, b in zip(true[chosen].tolist(), predicted[chosen].tolist(), strict=True)
    )
    line = (
        f'<line class="agree" x1="{x.place(low):.1f}" y1="{y.place(low):.1f}" x2="{x.place(high):.1f}"'
        f' y2="{y.place(high):.1f}"/>'
    )
    parts = [_grid(x, y, whole_x=False), line, f'<g class="points">{points}</g>']
    drawing = _svg(title, f"{title}: {len(chosen)} points; on the diagonal the prediction is exact.", parts)
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
            f'<circle cx="{cx}" cy="{cy}" r="{radius}"><title>epoch {epoch}, {escape(curve.name)}: {_short(value)}'
            "</title></circle>"
        )
    lines = "".join(f'<polyline points="{" ".join(run)}"/>' for run in runs if len(run) > 1)
    return f'<g class="curve {escape(curve.style)}">{lines}{"".join(marks)}</g>'


def _grid(x: _Axis, y: _Axis, whole_x: bool) -> str:
    """Return lines across, and the numbers beside and below them; ``level`` lets a narrow page leave some out."""
    bottom, across, below = _HEIGHT - _BOTTOM, [], []
    for value in y.ticks():
        at = f"{y.place(value):.1f}"
        across.append(f'<line x1="{_LEFT}" y1="{at}" x2="{_WIDTH - _RIGHT}" y2="{at}"/>')
        across.append(f'<text x="{_LEFT - 8}" y="{at}" dy=".32em" text-anchor="end">{_short(value)}</text>')
    for value in x.ticks():
        if whole_x and value != int(value):
            continue
        at = f"{x.place(value):.1f}"
        below.append(f'<line x1="{at}" y1="{bottom}" x2="{at}" y2="{bottom + 4}"/>')
        below.append(f'<text x="{at}" y="{bottom + 20}" text-anchor="middle">{_short(value)}</text>')
    return f'<g class="grid">{"".join(across)}<g class="level">{"".join(below)}</g></g>'


def _with_axes(drawing: str, level: str, upright: str) -> str:
    return f'<p class="axis">{escape(upright)}</p>{drawing}<p class="axis level">{escape(level)}</p>'


def _svg(title: str, description: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><title>{escape(title)}</title><desc>{escape(description)}'
        f"</desc>{''.join(parts)}</svg>"
    )


def _short(value: float) -> str:
    """Return a number in at most four significant digits."""
    return f"{value:.4g}"
