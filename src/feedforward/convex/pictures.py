"""Pictures: a function beside its quadratic model, gaps beside their bounds, and what a small and a large C do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.arrays import numbers
from feedforward.convex.gaps import RateCheck, as_checks
from feedforward.convex.points import Floats, Function, as_matrix, as_vector, value_of
from feedforward.convex.taylor import quadratic_model
from feedforward.errors import ShapeError
from feedforward.figures import new_figure, new_grid
from feedforward.nn.config import Range, check_bool, check_int, check_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_cost", "plot_quadratic_model", "plot_rates"]


def plot_quadratic_model(function: Function, x: Any, *, radius: float = 1.0, points: int = 41) -> Figure:
    """Draw a function of one or two numbers, and its quadratic model at a point.

    Of one number both are curves; of two, lines of equal height, the function's on the left, the model's on the right
    with the eigenvectors of the Hessian, each 1 / sqrt(|eigenvalue|) long: the half axes of the model's ellipses.

    Parameters
    ----------
    function : callable
        Takes a float64 tensor of shape (d,), d = 1 or 2, and returns a scalar tensor.
    x : float array, shape (d,)
        The point.
    radius : float
        How far from it is drawn, above 0.
    points : int
        For how many values of each number, at least 3.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If d is neither 1 nor 2.
    ImportError
        If Matplotlib is missing.
    """
    caller = "plot_quadratic_model"
    check_number(caller, "radius", radius, Range(0, has_low=False))
    check_int(caller, "points", points, 3)
    point = as_vector(caller, "x", x)
    if len(point) > 2:
        raise ShapeError(
            f"{caller}: x has shape {point.shape}. Expected 1 or 2 numbers. Fix the others in the function."
        )
    model = quadratic_model(function, point)
    offsets = np.linspace(-radius, radius, points)
    if len(point) == 1:
        figure, axes = new_figure(caller)
        along = point + offsets[:, np.newaxis]
        axes[0, 0].plot(along[:, 0], [value_of(caller, function, each) for each in along], label="f")
        axes[0, 0].plot(along[:, 0], model(along), "--", label="quadratic model")
        axes[0, 0].plot(point, [model.value], "ko")
        axes[0, 0].set(xlabel="x", title=f"slope {model.gradient[0]:.3g}, curvature {model.hessian[0, 0]:.3g}")
        axes[0, 0].legend()
        return figure  # type: ignore[no-any-return]
    figure, axes = new_figure(caller, 1, 2, (9.0, 4.2))
    grid = np.stack(np.meshgrid(point[0] + offsets, point[1] + offsets), -1)
    true = np.array([value_of(caller, function, each) for each in grid.reshape(-1, 2)]).reshape(points, points)
    levels = np.unique(np.quantile(true[np.isfinite(true)], np.linspace(0.02, 0.98, 15)))
    for axis, heights, title in ((axes[0, 0], true, "f"), (axes[0, 1], model(grid), "quadratic model")):
        axis.contour(grid[..., 0], grid[..., 1], heights, levels=levels if len(levels) > 1 else None)
        axis.plot(*point, "ko")
        axis.set(xlabel="$x_1$", ylabel="$x_2$", title=title, aspect="equal")
    eigenvalues, vectors = np.linalg.eigh(model.hessian)
    for eigenvalue, vector in zip(eigenvalues, vectors.T, strict=True):
        if eigenvalue:
            end = point + vector * min(radius, 1 / np.sqrt(abs(eigenvalue)))
            axes[0, 1].annotate("", end, point, arrowprops={"arrowstyle": "->"})
            axes[0, 1].annotate(f"{eigenvalue:.3g}", end)
    return figure  # type: ignore[no-any-return]


def plot_cost(
    fit: Callable[[Floats, Any, float], Any], x: Any, y: Any, costs: Sequence[float] = (0.01, 1.0, 100.0)
) -> Figure:
    """Draw what a linear classifier makes of two-dimensional samples for small and large C.

    1/2 |w|^2 + C sum_i loss_i: with a small C the margin is wide and samples may lie in it; with a large one it is as
    narrow as it must be for the samples to be right.

    Parameters
    ----------
    fit : callable
        ``fit(x, y, C)`` returns what has a ``decision_function``, or is one: from rows of x, shape (m, 2), to m numbers
        whose signs are the classes, and which are -1 and 1 at the margins.
    x : float array, shape (n, 2)
        Samples.
    y : array, shape (n,)
        Their classes, two different ones; the second in order is the positive one.
    costs : sequence of float
        The C, above 0, a picture each.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError, ValueError
        If shapes do not fit; if there are not two classes.
    ImportError
        If Matplotlib is missing.
    """
    caller = "plot_cost"
    samples, labels = as_matrix(caller, "x", x, 2), np.asarray(y)
    classes = np.unique(labels)
    if labels.shape != (len(samples),) or len(classes) != 2:
        raise ShapeError(
            f"{caller}: y has shape {labels.shape} and {len(classes)} classes for {len(samples)} samples. Expected a "
            f"label for each, two different ones. Choose two classes."
        )
    if not len(costs):
        raise ValueError(f"{caller}(costs={costs!r}): there is none. Give at least one C.")
    for cost in costs:
        check_number(caller, "costs", cost, Range(0, has_low=False))
    low, high = samples.min(0), samples.max(0)
    room = 0.1 * np.maximum(high - low, 1e-9)
    sides = [np.linspace(low[axis] - room[axis], high[axis] + room[axis], 101) for axis in (0, 1)]
    grid = np.stack(np.meshgrid(*sides), -1)
    figure, axes = new_figure(caller, 1, len(costs), (3.6 * len(costs), 3.6))
    for axis, cost in zip(axes[0], costs, strict=True):
        fitted = fit(samples, y, float(cost))
        decide = getattr(fitted, "decision_function", fitted)
        heights = np.asarray(numbers(decide(grid.reshape(-1, 2)), f"{caller}: the decision"), np.float64).reshape(
            101, 101
        )
        # Support vectors lie on the margin up to what the solver left.
        inside = int((np.abs(np.asarray(decide(samples)).reshape(-1)) < 1 - 1e-3).sum())
        axis.contour(grid[..., 0], grid[..., 1], heights, levels=[-1, 0, 1], colors="k", linestyles=["--", "-", "--"])
        for label, color in zip(classes, ("C0", "C1"), strict=True):
            axis.scatter(*samples[labels == label].T, s=12, color=color, label=str(label))
        axis.set(title=f"C = {cost:g}: {inside} inside the margins")
    axes[0, 0].legend()
    return figure  # type: ignore[no-any-return]


def plot_rates(
    checks: Sequence[RateCheck] | Mapping[str, Sequence[RateCheck]], *, use_log_steps: bool = True
) -> Figure:
    """Draw gaps that were measured, as lines, and their bounds, dashed and in the same colour; both axes logarithmic.

    On these axes k^-p is a line of slope -p: 1/sqrt(k) falls by half a decade in each, 1/k by one, 1/k^2 by two.

    Parameters
    ----------
    checks : sequence of RateCheck, or mapping of str to such sequences
        What `check_rate` returned; of a mapping, a picture for each key.
    use_log_steps : bool
        Whether the axis of k is logarithmic; if not, (1 - m/L)^k is a line.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError, ValueError
        If there is nothing to draw, or something else.
    ImportError
        If Matplotlib is missing.
    """
    caller = "plot_rates"
    check_bool(caller, "use_log_steps", use_log_steps)
    panels = dict(checks) if isinstance(checks, Mapping) else {"": checks}
    if not panels:
        raise ValueError(f"{caller}(checks={checks!r}): there is none. Give at least one.")
    for panel in panels.values():
        as_checks(caller, panel)
    figure, axes = new_grid(caller, len(panels), (5.6, 4.2))
    for axis, (title, panel) in zip(axes, panels.items(), strict=True):
        axis.set_axis_on()
        for each in panel:
            steps = np.arange(1, len(each.measured) + 1)
            # A logarithmic axis has no place for 0, nor for what rounding makes of it.
            measured, proven = (np.where(gaps > each.rounding, gaps, np.nan) for gaps in (each.measured, each.proven))
            (line,) = axis.plot(steps, measured, lw=1.2, label=f"{each.name} ({each.point})")
            axis.plot(steps, proven, "--", lw=1.0, color=line.get_color())
        axis.set(xlabel="steps k", ylabel="gap; dashed: proven", title=title, yscale="log")
        if use_log_steps:
            axis.set(xscale="log")
        axis.legend(fontsize="small")
    return figure  # type: ignore[no-any-return]
