"""What one layer can and cannot do: linear layers that are one, points that no perceptron parts, steps that zigzag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb, lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.convex.points import Floats, as_matrix
from feedforward.derivatives import grad
from feedforward.errors import DataError, LimitError, ShapeError
from feedforward.figures import new_figure
from feedforward.functions import square
from feedforward.linear import Perceptron
from feedforward.nn.activating import as_activation
from feedforward.nn.config import Range, check_int, check_number
from feedforward.tensor import Tensor
from feedforward.theory.chain import make_network, steps_of
from feedforward.training.model import Model
from feedforward.training.sequential import Sequential

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Inseparable", "Mistakes", "Zigzag", "inseparable", "merged", "mistakes_by_margin", "xor_network", "zigzag"]

_MOST_SUBSETS = 20_000


def merged(model: Model) -> Sequential:
    """Return the one layer that a network without activations is.

    ((x W_1 + b_1) W_2 + b_2) ... = x W + b,  W = W_1 W_2 ...,  b = (b_1 W_2 + b_2) ...

    Parameters
    ----------
    model : Model
        A chain of Dense layers without activation, Rescaling and Dropout.

    Returns
    -------
    Sequential
        Of one Dense layer, of float64. Its products are those of float64: exact where every sum is, as for small whole
        numbers; else off by at most 2**-53 (sum of widths) |W_1| |W_2| ....

    Raises
    ------
    ValueError
        If a layer has an activation other than the linear one; it is named.
    TypeError, ValueError, ShapeError
        If the model is no such chain.

    Examples
    --------
    >>> from feedforward import theory
    >>> deep = theory.make_network(([[1.0, 2.0]], [0.0, 1.0], None), ([[3.0], [4.0]], [5.0], None))
    >>> [weight.tolist() for weight in theory.merged(deep).get_weights()]  # 3 x + 4 (2 x + 1) + 5
    [[[11.0]], [9.0]]
    """
    steps = steps_of("merged", model)
    kernel, bias = np.eye(len(steps[0].kernel)), np.zeros(len(steps[0].kernel))
    for step in steps:
        if step.bend.kinks:
            raise ValueError(
                f"merged: layer {step.layer!r} has an activation that bends. Expected none: only linear layers are "
                f"one. Give the layers before it, or after."
            )
        kernel, bias = step.bend(kernel @ step.kernel), step.bend(bias @ step.kernel + step.bias)
    return make_network((kernel, bias, None))


@dataclass(frozen=True)
class Inseparable:
    """A proof that no plane has two classes of points strictly on its two sides.

    Attributes
    ----------
    rows : tuple of int
        Some rows of x.
    multipliers : tuple of int
        A number above 0 for each, without a common divisor.

    Notes
    -----
    sum m_i y_i x_i = 0 and sum m_i y_i = 0 hold exactly. If a plane had y_i (w x_i + b) > 0 for these rows, the sum of
    m_i times these would be above 0; but it is w 0 + b 0 = 0.
    """

    rows: tuple[int, ...]
    multipliers: tuple[int, ...]

    def __str__(self) -> str:
        terms = " + ".join(f"{m} * row {row}" for m, row in zip(self.multipliers, self.rows, strict=True))
        return f"of y (w x + b) > 0, {terms} is 0 > 0"


def inseparable(x: Any, y: Any) -> Inseparable | None:
    """Return a proof that no plane separates two classes strictly, or None if there is such a plane.

    Parameters
    ----------
    x : float array, shape (n, d)
        Few points: all d + 2 of them that there are, are tried.
    y : int array, shape (n,)
        Their classes, two different numbers; the larger is the positive one.

    Returns
    -------
    Inseparable or None

    Raises
    ------
    ShapeError, DataError
        If shapes do not fit, or there are not two classes.
    LimitError
        If there are more than 20,000 ways to choose.

    Notes
    -----
    Kirchberger's theorem: if any d + 2 points or fewer can be separated, all can. Of each choice the multipliers are
    found in fractions, so the answer is about the very float64 given, and nothing is rounded.

    References
    ----------
    Kirchberger, "Über Tchebychefsche Annäherungsmethoden", 1903; Minsky and Papert, "Perceptrons", 1969.

    Examples
    --------
    Exclusive or: -b > 0, w_1 + b > 0, w_2 + b > 0 and -(w_1 + w_2 + b) > 0 add up to 0 > 0.

    >>> corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> print(inseparable(corners, [0, 1, 1, 0]))
    of y (w x + b) > 0, 1 * row 0 + 1 * row 1 + 1 * row 2 + 1 * row 3 is 0 > 0
    >>> print(inseparable(corners, [0, 1, 1, 1]))
    None
    """
    points, labels = as_matrix("inseparable", "x", x), np.asarray(y)
    classes = np.unique(labels)
    if labels.shape != (len(points),) or len(classes) != 2:
        raise ShapeError(
            f"inseparable: y has shape {labels.shape} and {len(classes)} classes for {len(points)} points. Expected a "
            f"class for each, two different ones. Choose two classes."
        )
    n, d = points.shape
    choices = sum(comb(n, size) for size in range(2, d + 3))
    if choices > _MOST_SUBSETS:
        raise LimitError(
            f"inseparable: {n} points in {d} dimensions can be chosen in {choices} ways. Expected at most "
            f"{_MOST_SUBSETS}. Take fewer points, or fit linear.LinearSVC."
        )
    signs = np.where(labels == classes[1], 1, -1).tolist()
    signed = [
        [sign * Fraction(number) for number in (*row, 1.0)] for sign, row in zip(signs, points.tolist(), strict=True)
    ]
    # The fewer rows, the simpler the proof; of a smallest set the multipliers are the only ones.
    for size in range(2, d + 3):
        for rows in combinations(range(n), size):
            found = _dependence([signed[row] for row in rows])
            if found is not None:
                return Inseparable(rows, found)
    return None


def _dependence(rows: list[list[Fraction]]) -> tuple[int, ...] | None:
    """Return m, all above 0, with sum m_i rows_i = 0, if such m are unique but for a factor; else None."""
    # Gauss and Jordan's elimination, of which column i is row i.
    left = [list(column) for column in zip(*rows, strict=True)]
    pivots: list[int] = []
    for column in range(len(rows)):
        rank = len(pivots)
        at = next((row for row in range(rank, len(left)) if left[row][column]), None)
        if at is None:
            continue
        left[rank], left[at] = left[at], left[rank]
        left[rank] = [number / left[rank][column] for number in left[rank]]
        for row in range(len(left)):
            if row != rank and left[row][column]:
                left[row] = [a - left[row][column] * b for a, b in zip(left[row], left[rank], strict=True)]
        pivots.append(column)
    if len(pivots) != len(rows) - 1 or pivots != list(range(len(rows) - 1)):
        return None  # none, or several: then fewer rows have one of their own
    solution = [-left[row][-1] for row in range(len(pivots))] + [Fraction(1)]
    if min(solution) <= 0:
        return None
    whole = lcm(*(number.denominator for number in solution))
    return tuple(int(number * whole) for number in solution)


def xor_network() -> Sequential:
    """Return what exclusive or needs: a hidden layer of two units, relu(x_1 + x_2) - 2 relu(x_1 + x_2 - 1).

    References
    ----------
    Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.1.

    Examples
    --------
    >>> print(xor_network()(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])).numpy()[:, 0])
    [0. 1. 1. 0.]
    """
    return make_network(([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], "relu"), ([[1.0], [-2.0]], [0.0], None))


@dataclass(frozen=True)
class Mistakes:
    """How many mistakes a perceptron made until it made none, beside Novikoff's bound (R / gamma)^2, by the margin.

    Attributes
    ----------
    margins : float64 array, shape (m,)
        The gap that was left between the classes and the plane that parts them.
    mistakes : int array, shape (m,)
    bounds : float64 array, shape (m,)
        Of the widest margin that these points have.
    """

    margins: Floats
    mistakes: Any
    bounds: Floats

    def plot(self) -> Figure:
        """Draw both over the margin, on logarithmic axes.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        figure, axes = new_figure("Mistakes.plot")
        axes[0, 0].loglog(self.margins, self.bounds, "-", label="$(R / \\gamma)^2$")
        axes[0, 0].loglog(self.margins, np.maximum(self.mistakes, 1), "o", label="mistakes made")
        axes[0, 0].set(xlabel="margin", ylabel="mistakes")
        axes[0, 0].legend()
        return figure  # type: ignore[no-any-return]


def mistakes_by_margin(margins: Sequence[float], *, samples: int = 200, size: int = 2, seed: int = 0) -> Mistakes:
    """Return how many mistakes a perceptron makes on points that a plane through 0 parts with a margin.

    Parameters
    ----------
    margins : sequence of float
        Each above 0 and below 1.
    samples : int
        Points for each margin, at least 2, drawn in the ball of radius 1 on both sides of the strip around the plane.
    size : int
        Their dimension d, at least 1.
    seed : int
        From which points and plane are drawn.

    Returns
    -------
    Mistakes

    Raises
    ------
    ValueError
        If a number is out of its range, or there is no margin.

    References
    ----------
    Novikoff, "On convergence proofs on perceptrons", 1962; see `linear.Perceptron`, whose bound this is.

    Examples
    --------
    >>> found = mistakes_by_margin([0.3, 0.1])
    >>> bool((found.mistakes <= found.bounds).all())
    True
    """
    caller = "mistakes_by_margin"
    for name, value, least in (("samples", samples, 2), ("size", size, 1), ("seed", seed, 0)):
        check_int(caller, name, value, least)
    if not len(margins):
        raise ValueError(f"{caller}(margins={margins!r}): there is none. Give at least one.")
    for margin in margins:
        check_number(caller, "margins", margin, Range(0, 1, has_low=False, has_high=False))
    made, bounds = [], []
    for margin in margins:
        random = np.random.default_rng(seed)
        plane = _on_sphere(random, 1, size)[0]
        x = _on_sphere(random, samples, size) * random.random((samples, 1)) ** (1 / size)
        height = x @ plane
        x -= np.outer(height, plane)
        side = np.where(np.arange(samples) % 2 == 0, 1.0, -1.0)  # both classes are there
        level = margin + (1 - margin) * np.abs(height)
        # What stands this far above the plane has less room left and right in the ball of radius 1.
        room = np.sqrt(np.maximum(0.0, 1 - level**2)) / np.maximum(np.linalg.norm(x, axis=1), 1e-300)
        x = x * np.minimum(1.0, room)[:, np.newaxis] + np.outer(side * level, plane)
        fitted = Perceptron(fit_intercept=False, max_iter=1_000_000, random_state=seed).fit(x, side)
        made.append(int(fitted.mistakes_[0]))
        bounds.append(float(fitted.mistake_bounds_[0]))
    return Mistakes(np.array(margins, np.float64), np.array(made), np.array(bounds))


def _on_sphere(random: np.random.Generator, rows: int, size: int) -> Floats:
    points: Floats = random.standard_normal((rows, size))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points


@dataclass(frozen=True)
class Zigzag:
    """The way of two weights to their goal, when they sit behind an activation.

    Attributes
    ----------
    activation : str
    path : float64 array, shape (steps + 1, 2)
        The weights before each step, and at the end.
    goal : float64 array, shape (2,)
    same_sign : float
        The share of the gradients whose two numbers have the same sign; those that are 0 do not count.
    detour : float
        How many times as long the path is as the straight line from its begin to its end.
    """

    activation: str
    path: Floats
    goal: Floats
    same_sign: float
    detour: float

    @property
    def distance(self) -> float:
        """How far from the goal the path ends."""
        return float(np.linalg.norm(self.path[-1] - self.goal))

    def plot(self) -> Figure:
        """Draw the path.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        figure, axes = new_figure("Zigzag.plot", 1, 1, (4.8, 4.4))
        axes[0, 0].plot(*self.path.T, ".-", lw=0.8)
        axes[0, 0].plot(*self.goal, "k*", markersize=12)
        title = f"{self.activation}: {self.same_sign:.0%} of one sign, {self.detour:.1f} times as long"
        axes[0, 0].set(xlabel="$w_1$", ylabel="$w_2$", title=title, aspect="equal")
        return figure  # type: ignore[no-any-return]


def zigzag(activation: Any = "sigmoid", *, steps: int = 100, learning_rate: float = 0.5, seed: int = 0) -> Zigzag:
    """Return the way that two weights take to (1, -1), sample by sample, behind an activation.

    The gradient of the loss by w_i is delta h_i. Where all h_i are above 0, as a sigmoid's outputs are, all w_i grow
    together or shrink together: towards (1, -1) they can only zigzag.

    Parameters
    ----------
    activation : str or callable
        What makes the inputs h of normal numbers, element by element.
    steps : int
        At least 1, each on a new sample.
    learning_rate : float
        As a share of 1 / |h|^2, above 0 and below 2: 1 would put the sample right at once.
    seed : int
        From which the samples are drawn.

    Returns
    -------
    Zigzag

    Raises
    ------
    ValueError, TypeError
        If a number is out of its range, or a name unknown.
    DataError
        If the weights do not move.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.3; for the step's length, Widrow and Hoff's
    rule, normalised.

    Examples
    --------
    >>> from feedforward import theory
    >>> sigmoid, tanh = theory.zigzag("sigmoid"), theory.zigzag("tanh")
    >>> sigmoid.same_sign, tanh.same_sign < 0.7, sigmoid.detour > 2 * tanh.detour
    (1.0, True, True)
    """
    check_int("zigzag", "steps", steps, 1)
    check_int("zigzag", "seed", seed, 0)
    check_number("zigzag", "learning_rate", learning_rate, Range(0, 2, has_low=False, has_high=False))
    inputs = as_activation(activation)(Tensor(np.random.default_rng(seed).standard_normal((steps, 2)))).numpy()
    goal, path, gradients = np.array([1.0, -1.0]), [np.zeros(2)], []
    slope = grad(lambda w, h: square((w * h).sum() - (goal * h).sum()) * 0.5)
    for h in inputs:
        gradients.append(slope(path[-1], h).numpy())
        length = float(h @ h)
        path.append(path[-1] - (learning_rate / length * gradients[-1] if length else 0.0))
    moved = np.array([each for each in gradients if each.any()])
    if not len(moved):
        raise DataError(f"zigzag(activation={activation!r}): no gradient differs from 0. Expected some. Take another.")
    way = np.array(path)
    straight = float(np.linalg.norm(way[-1] - way[0]))
    length = float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())
    shown = activation if isinstance(activation, str) else getattr(activation, "__name__", type(activation).__name__)
    share = float((moved[:, 0] * moved[:, 1] > 0).mean())
    return Zigzag(str(shown), way, goal, share, length / straight if straight else np.inf)
