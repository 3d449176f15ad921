"""The linear pieces of a network: along a line, and in a plane.

A network of ReLU units is linear between places where a unit changes from off to on. Layer after layer, these places
are solved for: each layer is linear on every piece that the layers before it left, and cuts it where one of its units
has a kink.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.convex.points import Floats, as_vector
from feedforward.errors import DataError, LimitError
from feedforward.figures import new_figure
from feedforward.nn.config import Range, check_int, check_number
from feedforward.theory.bounds import PieceBounds, piece_bounds
from feedforward.theory.chain import Step, steps_of
from feedforward.training.model import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LinePieces", "PlaneRegions", "linear_pieces", "linear_regions"]

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class LinePieces:
    """The pieces of a network along the segment start + t (end - start), t from 0 to 1.

    Attributes
    ----------
    start, end : float64 array, shape (d,)
    breaks : float64 array, shape (count + 1,)
        The t between which the output is linear, from 0 to 1.
    values : float64 array, shape (count + 1, k)
        The network's output there.
    slopes : float64 array, shape (count, k)
        Its derivative by t on each piece.
    crossings : int
        At how many inner t some unit has a kink; at some of them the output may go on straight.
    bounds : PieceBounds or None
        What is proven of one input and as many units, those of a second kink counted again; None without kinks.
    """

    start: Floats
    end: Floats
    breaks: Floats
    values: Floats
    slopes: Floats
    crossings: int
    bounds: PieceBounds | None

    @property
    def count(self) -> int:
        """The number of pieces."""
        return len(self.slopes)

    def plot(self) -> Figure:
        """Draw the output over t, with a dot at each break.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        figure, axes = new_figure("LinePieces.plot")
        for at, column in enumerate(self.values.T):
            axes[0, 0].plot(self.breaks, column, ".-", markersize=4, label=f"output {at}")
        most = f", at most {self.bounds.at_most}" if self.bounds else ""
        axes[0, 0].set(xlabel="t", ylabel="output", title=f"{self.count} linear pieces{most}")
        if self.values.shape[1] > 1:
            axes[0, 0].legend()
        return figure  # type: ignore[no-any-return]


def linear_pieces(model: Model, start: Any, end: Any, *, tolerance: float = 1e-12) -> LinePieces:
    """Return the pieces on which a network is linear along a segment.

    Parameters
    ----------
    model : Model
        A chain of Dense layers and piecewise linear activations, see Raises; its weights are taken as float64.
    start, end : float array, shape (d,)
        Where the segment begins and ends; two different points.
    tolerance : float
        Kinks that are no further apart, as shares of the segment, are one: those of several units at one place may
        differ by rounding.

    Returns
    -------
    LinePieces

    Raises
    ------
    TypeError, ValueError, ShapeError
        If the model is no chain of Dense, Activation, LeakyReLU, PReLU, Rescaling and Dropout on vectors, or has an
        activation that is not piecewise linear; if the points do not fit or are the same.

    Notes
    -----
    A kink between t_a and t_b, where the unit is z_a and z_b, is at t_a + (t_b - t_a) z_a / (z_a - z_b), up to some
    roundings of float64. Pieces whose slopes differ by no more than rounding can explain are one: by the usual bound,
    2**-53 (sum of all widths) |direction| |W_1| ... |W_L|. Time and memory are some (pieces x units).

    References
    ----------
    Raghu et al., "On the expressive power of deep neural networks", 2017 (transitions along a line).

    Examples
    --------
    Two units fold the segment from 0 to 1, two more fold it again:

    >>> from feedforward import theory
    >>> pieces = theory.linear_pieces(theory.sawtooth(2), [0.0], [1.0])
    >>> pieces.count, pieces.breaks.tolist(), pieces.slopes[:, 0].tolist()
    (4, [0.0, 0.25, 0.5, 0.75, 1.0], [4.0, -4.0, 4.0, -4.0])
    """
    caller = "linear_pieces"
    check_number(caller, "tolerance", tolerance, Range(0, 0.5))
    steps = steps_of(caller, model)
    size = len(steps[0].kernel)
    first, last = as_vector(caller, "start", start, size), as_vector(caller, "end", end, size)
    if (first == last).all():
        raise DataError(f"{caller}: start and end are both {first.tolist()}. Expected two points. Move one.")
    t, values = np.array([0.0, 1.0]), np.stack([first, last])
    for step in steps:
        values = values @ step.kernel + step.bias
        t, values = _cut(t, values, step.bend.kinks, tolerance)
        values = step.bend(values)
    slopes, doubt = _slopes(steps, first, last, (t[1:] + t[:-1]) / 2)
    bends = np.flatnonzero((np.abs(np.diff(slopes, axis=0)) > doubt).any(1))
    kept = np.concatenate([[0], bends + 1])
    breaks = np.append(kept, len(t) - 1)
    return LinePieces(first, last, t[breaks], values[breaks], slopes[kept], len(t) - 2, _bounds(steps, 1))


def _bounds(steps: list[Step], inputs: int) -> PieceBounds | None:
    widths = [len(step.bias) * len(step.bend.kinks) for step in steps if step.bend.kinks]
    return piece_bounds(inputs, widths) if widths else None


def _cut(t: Floats, z: Floats, kinks: tuple[float, ...], tolerance: float) -> tuple[Floats, Floats]:
    """Return breaks and values with those added at which a unit has a kink."""
    found = [t[1:-1]]
    for kink in kinks:
        above = z - kink
        piece, unit = np.nonzero(np.sign(above[:-1]) * np.sign(above[1:]) < 0)
        left, right = above[piece, unit], above[piece + 1, unit]
        found.append(t[piece] + (t[piece + 1] - t[piece]) * (left / (left - right)))
    breaks = [0.0]
    for each in np.sort(np.concatenate(found)).tolist():
        if tolerance < each - breaks[-1] and each < 1.0 - tolerance:
            breaks.append(each)
    after = np.array([*breaks, 1.0])
    return after, np.stack([np.interp(after, t, column) for column in z.T], 1)


def _slopes(steps: list[Step], start: Floats, end: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return the derivative by t at some t, and by how much rounding can change the difference of two of them."""
    h = start + t[:, np.newaxis] * (end - start)
    slope = np.repeat((end - start)[np.newaxis], len(t), 0)
    largest, operations = np.abs(end - start), 0
    for step in steps:
        z = h @ step.kernel + step.bias
        line, intercept = step.bend.lines(z)
        h, slope = line * z + intercept, slope @ step.kernel * line
        largest = largest @ np.abs(step.kernel) * np.abs(step.bend.slopes).max(0)
        operations += len(step.kernel) + 2
    return slope, operations * _EPSILON * largest


@dataclass(frozen=True)
class PlaneRegions:
    """The regions of a network in the parallelogram origin + s (right - origin) + t (up - origin), s, t from 0 to 1.

    Attributes
    ----------
    origin, right, up : float64 array, shape (d,)
    polygons : list of float64 array, shape (corners, 2)
        The corners (s, t) of each region, one after another around it.
    maps : list of float64 array, shape (3, k)
        On each region, the output is [1, s, t] map.
    bounds : PieceBounds or None
        What is proven of two inputs and as many units; None without kinks.
    """

    origin: Floats
    right: Floats
    up: Floats
    polygons: list[Floats]
    maps: list[Floats]
    bounds: PieceBounds | None

    @property
    def count(self) -> int:
        """The number of regions."""
        return len(self.polygons)

    @property
    def areas(self) -> Floats:
        """The share of the parallelogram that each region is, shape (count,)."""
        # The shoelace formula: half the cross product of each corner with the next.
        turned = [(polygon, np.roll(polygon, -1, 0)) for polygon in self.polygons]
        return np.array([np.abs((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / 2 for a, b in turned])

    def plot(self, output: int = 0) -> Figure:
        """Draw the tiling, colored by one output at the middle of each region.

        Raises
        ------
        ValueError
            If there is no such output.
        ImportError
            If Matplotlib is missing.
        """
        if not 0 <= output < self.maps[0].shape[1]:
            raise ValueError(
                f"PlaneRegions.plot(output={output!r}): the network has {self.maps[0].shape[1]} outputs. Give the "
                f"number of one, from 0."
            )
        figure, axes = new_figure("PlaneRegions.plot", 1, 1, (5.6, 4.6))
        from matplotlib.collections import PolyCollection

        heights = [_with_one(polygon.mean(0)) @ map[:, output] for polygon, map in self._parts]
        tiles = PolyCollection(self.polygons, array=np.array(heights), edgecolors="k", linewidths=0.4, cmap="viridis")
        axes[0, 0].add_collection(tiles)
        figure.colorbar(tiles, label=f"output {output}")
        most = f", at most {self.bounds.at_most}" if self.bounds else ""
        axes[0, 0].set(xlim=(0, 1), ylim=(0, 1), xlabel="s", ylabel="t", title=f"{self.count} linear regions{most}")
        return figure  # type: ignore[no-any-return]

    @property
    def _parts(self) -> list[tuple[Floats, Floats]]:
        return list(zip(self.polygons, self.maps, strict=True))


def linear_regions(
    model: Model, origin: Any, right: Any, up: Any, *, tolerance: float = 1e-12, max_regions: int = 20_000
) -> PlaneRegions:
    """Return the convex polygons on which a network is linear in a parallelogram of its inputs.

    Parameters
    ----------
    model : Model
        As for `linear_pieces`.
    origin, right, up : float array, shape (d,)
        Three corners; right and up are those beside the origin.
    tolerance : float
        A unit cuts a region if on both sides of its kink a corner is further than so many times the sum of sizes of
        what the unit adds up there.
    max_regions : int
        More are an error, before memory is full.

    Returns
    -------
    PlaneRegions

    Raises
    ------
    TypeError, ValueError, ShapeError
        As for `linear_pieces`; if the three corners lie on a line.
    LimitError
        If there are more regions.

    Notes
    -----
    A region is where no unit passes a kink. Two neighbours may have the same map, as where the unit between them has
    weight 0 in the next layer: they are counted as two.

    References
    ----------
    Montufar et al., "On the number of linear regions of deep neural networks", 2014; Hanin and Rolnick,
    "Complexity of linear regions in deep networks", 2019.

    Examples
    --------
    Two lines that cross within the square:

    >>> from feedforward import theory
    >>> cross = theory.make_network(([[1.0, 0.0], [0.0, 1.0]], [-0.5, -0.5], "relu"), ([[1.0], [1.0]], [0.0], None))
    >>> regions = theory.linear_regions(cross, [0.0, 0.0], [1.0, 0.0], [0.0, 1.0])
    >>> regions.count, regions.areas.tolist(), regions.bounds.at_most
    (4, [0.25, 0.25, 0.25, 0.25], 4)
    """
    caller = "linear_regions"
    check_number(caller, "tolerance", tolerance, Range(0, 0.5))
    check_int(caller, "max_regions", max_regions, 1)
    steps = steps_of(caller, model)
    size = len(steps[0].kernel)
    corners = [as_vector(caller, name, p, size) for name, p in (("origin", origin), ("right", right), ("up", up))]
    first, along, across = corners[0], corners[1] - corners[0], corners[2] - corners[0]
    if np.linalg.matrix_rank(np.stack([along, across])) < 2:
        raise DataError(f"{caller}: the corners {[corner.tolist() for corner in corners]} lie on a line. Move one.")
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    parts = [(square, np.stack([first, along, across]))]
    for step in steps:
        after = []
        for polygon, map in parts:
            z = map @ step.kernel
            z[0] += step.bias
            for piece in _pieces(polygon, z, step.bend.kinks, tolerance):
                slope, intercept = step.bend.lines(_with_one(piece.mean(0)) @ z)
                bent = z * slope
                bent[0] += intercept
                after.append((piece, bent))
            if len(after) > max_regions:
                raise LimitError(
                    f"{caller}: more than {max_regions} regions at layer {step.layer!r}. Raise max_regions, or take a "
                    f"smaller part of the plane."
                )
        parts = after
    polygons, maps = [polygon for polygon, _ in parts], [map for _, map in parts]
    return PlaneRegions(corners[0], corners[1], corners[2], polygons, maps, _bounds(steps, 2))


def _with_one(points: Floats) -> Floats:
    """Return (s, t) as (1, s, t), for one point or for rows."""
    return np.concatenate([np.ones((*points.shape[:-1], 1)), points], -1)


def _pieces(polygon: Floats, z: Floats, kinks: tuple[float, ...], tolerance: float) -> list[Floats]:
    """Return a polygon cut by the line z = kink of each unit and kink; z is shape (3, units)."""
    pieces = [polygon]
    for kink in kinks:
        lines = z - np.array([[kink], [0.0], [0.0]])
        least = tolerance * (np.abs(z).sum(0) + abs(kink))
        heights = _with_one(polygon) @ lines
        for unit in np.flatnonzero((heights.max(0) > least) & (heights.min(0) < -least)):
            pieces = [part for piece in pieces for part in _halves(piece, lines[:, unit], least[unit])]
    return pieces


def _halves(polygon: Floats, line: Floats, least: float) -> list[Floats]:
    """Return the two parts of a convex polygon on either side of a line, or itself if it lies on one side."""
    height = _with_one(polygon) @ line
    if height.max() <= least or height.min() >= -least:
        return [polygon]
    height = np.where(np.abs(height) <= least, 0.0, height)
    following = np.roll(polygon, -1, 0)
    sides = []
    for side in (height, -height):
        corners = []
        for a, b, here, there in zip(polygon, following, side, np.roll(side, -1), strict=True):
            if here >= 0:
                corners.append(a)
            if here * there < 0:
                corners.append(a + (b - a) * (here / (here - there)))
        sides.append(np.array(corners))
    return sides
