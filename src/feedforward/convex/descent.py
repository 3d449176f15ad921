"""Gradient methods for convex functions: with a proximal operator, with a projection, with subgradients.

    proximal gradient:  x+ = prox_{t h}(x - t g),  g the gradient of f at x
    subgradient:        x+ = project(x - t g),     g a subgradient of f at x

Each says in words why it stopped, and what it measured then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from feedforward.convex.points import Floats, Function, as_point, value_of
from feedforward.convex.proximal import Indicator, SquaredL2, Term
from feedforward.convex.steps import Backtracking, InverseRoot, Polyak, Step
from feedforward.convex.subgradients import value_and_subgradient
from feedforward.errors import DataError
from feedforward.nn.config import Range, check_bool, check_choice, check_int, check_number
from feedforward.tensor import Tensor

__all__ = ["Descent", "projected_gradient", "proximal_gradient", "subgradient_method"]

_SHORTEST = 1e-20
"""Of the steps that are tried; a gradient that needs shorter ones has no bound on its slope."""

_ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""What f may be above its bound, as a share of |f|: near the minimum both sides differ by rounding alone."""


@dataclass(frozen=True)
class Descent:
    """Where a method came to, and why it stopped.

    Attributes
    ----------
    x : float64 array
        The last point; of a subgradient method, the best.
    value : float
        f(x) + h(x).
    measure : float
        What the stopping test looked at: the gap, or the norm of the gradient mapping |x - x+| / t, which is 0 at a
        minimum only; NaN where there is neither.
    iterations : int
        Steps taken.
    is_converged : bool
        Whether the test was passed.
    reason : str
        The same in words.
    values : tuple of float
        f + h before the first step and after each.
    average : {"uniform", "linear"}, optional
        Of which average of all points so far `averages` are the values.
    averages : tuple of float
        As many as `values`; none without an average.
    """

    x: Floats
    value: float
    measure: float
    iterations: int
    is_converged: bool
    reason: str
    values: tuple[float, ...]
    average: Literal["uniform", "linear"] | None = None
    averages: tuple[float, ...] = ()


def proximal_gradient(
    function: Function,
    x: Any,
    term: Term | None = None,
    *,
    step: Step | Backtracking | None = None,
    is_accelerated: bool = True,
    use_restart: bool | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 1000,
    gap: Callable[[Floats], float] | None = None,
) -> Descent:
    """Minimise f + h, f smooth, h with a proximal operator: ISTA, or accelerated, FISTA.

    x+ = prox_{t h}(y - t g(y)),  y = x + (s - 1) / s+ (x - x-),  s+ = (1 + sqrt(1 + 4 s^2)) / 2.

    Parameters
    ----------
    function : callable
        f: takes a tensor of x's shape, float64, and returns a scalar tensor. It has a gradient everywhere.
    x : float array, shape (...)
        Where to begin.
    term : Term, optional
        h; without one this is the gradient method.
    step : Step or Backtracking, optional
        `Backtracking()` by default.
    is_accelerated : bool
        Whether y runs ahead of x; else y = x.
    use_restart : bool, optional
        Whether what runs ahead begins anew, y = x and s = 1, when it points uphill: (y - x+)' (x+ - x) > 0. A function
        with curvature is then no slower than without acceleration. By default it does; only with acceleration.
    tolerance : float
        Stop when |y - x+| / t, the gradient mapping, is at most this times max(1, |x+|); with a gap, when that is at
        most this.
    max_iterations : int
        Stop at the latest then.
    gap : callable, optional
        Takes x and returns a bound on f + h minus its smallest value, such as `lasso_gap` gives.

    Returns
    -------
    Descent

    Raises
    ------
    DataError
        If f or its gradient is not finite somewhere.
    ValueError
        If no step, however short, keeps f below its bound: then the gradient is no gradient of f; or if use_restart is
        given without acceleration.

    Notes
    -----
    After k steps of 1/L, f + h is above its minimum by at most L |x0 - x*|^2 / (2 k), accelerated and without restarts
    2 L |x0 - x*|^2 / (k + 1)^2: see `GradientRate` and `AcceleratedRate`. With restarts that is seen, and not proven.

    References
    ----------
    Beck and Teboulle, 2009, theorems 3.1 and 4.4; O'Donoghue and Candes, "Adaptive restart for accelerated gradient
    schemes", 2015, section 3.2 (the restart).

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.convex import L1, proximal_gradient
    >>> found = proximal_gradient(lambda x: ff.sum(ff.square(x - 3.0)) / 2.0, [0.0, 0.0], L1(1.0))
    >>> print(found.x, found.reason)  # 3, nearer to 0 by 1
    [2. 2.] gradient mapping 0 <= 1e-06 max(1, |x|) after 2 steps
    """
    caller = "proximal_gradient"
    check_number(caller, "tolerance", tolerance, Range(0))
    check_int(caller, "max_iterations", max_iterations, 1)
    check_bool(caller, "is_accelerated", is_accelerated)
    if use_restart is not None:
        check_bool(caller, "use_restart", use_restart)
        if not is_accelerated:
            raise ValueError(
                f"{caller}(use_restart={use_restart}, is_accelerated=False): nothing runs ahead that could begin anew. "
                f"Expected acceleration. Set is_accelerated=True, or leave use_restart out."
            )
    has_restarts = use_restart is None or use_restart
    rule = Backtracking() if step is None else step
    h = SquaredL2(0.0) if term is None else term
    if not isinstance(rule, Step | Backtracking) or not isinstance(h, Term):
        raise TypeError(
            f"{caller}(term={term!r}, step={step!r}): expected a Term and a Step, such as L1(0.1) and Constant(0.01)."
        )
    present = as_point(caller, "x", x)
    ahead, s, length = present, 1.0, rule.first if isinstance(rule, Backtracking) else 1.0
    values = [value_of(caller, function, present) + value_of(caller, h, present)]
    for iteration in range(1, max_iterations + 1):
        value, slope = value_and_subgradient(caller, function, ahead)
        if isinstance(rule, Backtracking):
            after, length = _backtracked(caller, function, h, ahead, value, slope, rule, length)
        else:
            length = rule.at(iteration)
            after = _moved(h, ahead, slope, length)
        values.append(value_of(caller, function, after) + value_of(caller, h, after))
        mapping = float(np.linalg.norm(ahead - after)) / length
        measure = mapping if gap is None else float(gap(after))
        if np.isnan(measure):
            raise DataError(
                f"{caller}: the gap at {after.tolist()} is NaN. Expected a number >= 0. Correct the function."
            )
        allowed = tolerance * (max(1.0, float(np.linalg.norm(after))) if gap is None else 1.0)
        before, present = present, after
        if measure <= allowed:
            break
        if is_accelerated and not (has_restarts and np.vdot(ahead - after, after - before) > 0):
            following = (1 + np.sqrt(1 + 4 * s * s)) / 2
            ahead, s = after + (s - 1) / following * (after - before), following
        else:
            ahead, s = after, 1.0
    what, limit = ("gap", f"{tolerance:g}") if gap is not None else ("gradient mapping", f"{tolerance:g} max(1, |x|)")
    return _descent(present, values[-1], values, measure, what, limit, measure <= allowed)


def projected_gradient(
    function: Function,
    x: Any,
    project: Callable[[Tensor], Tensor],
    *,
    step: Step | Backtracking | None = None,
    is_accelerated: bool = False,
    use_restart: bool | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 1000,
    gap: Callable[[Floats], float] | None = None,
) -> Descent:
    """Minimise a smooth function over a convex set: x+ = project(x - t g), g the gradient of f at x.

    The proximal gradient with the indicator of the set; see `proximal_gradient` for all but `project`.

    Parameters
    ----------
    project : callable
        Returns the nearest point of the set: a projection of this package, or a constraint of
        ``feedforward.constraints`` whose set is convex.

    References
    ----------
    Bertsekas, "Nonlinear programming", 1999, section 2.3.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.convex import projected_gradient, project_simplex
    >>> found = projected_gradient(lambda x: ff.sum(ff.square(x - [1.0, 0.5, 0.5])), [0.0] * 3, project_simplex)
    >>> found.x.round(6)
    array([0.666667, 0.166667, 0.166667])
    """
    return proximal_gradient(
        function,
        x,
        Indicator(project),
        step=step,
        is_accelerated=is_accelerated,
        use_restart=use_restart,
        tolerance=tolerance,
        max_iterations=max_iterations,
        gap=gap,
    )


def subgradient_method(
    function: Function,
    x: Any,
    project: Callable[[Tensor], Tensor] | None = None,
    *,
    step: Step | Polyak | None = None,
    tolerance: float = 1e-3,
    max_iterations: int = 1000,
    lower_bound: float | None = None,
    average: Literal["uniform", "linear"] | None = None,
) -> Descent:
    """Minimise a convex function with kinks: x+ = project(x - t g), g a subgradient; returns the best point.

    Parameters
    ----------
    function : callable
        f: takes a tensor of x's shape, float64, and returns a scalar tensor.
    x : float array, shape (...)
        Where to begin.
    project : callable, optional
        Returns the nearest point of the set that x is to be in.
    step : Step or Polyak, optional
        `InverseRoot()` by default. With a constant step it comes near the minimum, and no nearer.
    tolerance : float
        Stop when the best value is within this of the lower bound.
    max_iterations : int
        Stop at the latest then.
    lower_bound : float, optional
        A number that f is nowhere below, such as the value of a dual. Without one nothing says when to stop but a
        subgradient of 0: the slope does not become small at a kink. `Polyak` takes it for f's smallest value.
    average : {"uniform", "linear"}, optional
        Of which average of the points f is computed, too: all of them alike, or the n-th, x being the first, n times.
        An average does not jump as single points do; that costs a value of f a step.

    Returns
    -------
    Descent
        `values` are those of all points, which may rise.

    Raises
    ------
    DataError
        If f or a subgradient is not finite somewhere, or f is below its lower bound.
    ValueError
        If `Polyak` has no lower bound.

    References
    ----------
    Shor, "Minimization methods for non-differentiable functions", 1985, chapter 2; Boyd, Xiao and Mutapcic,
    "Subgradient methods", lecture notes, 2003.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.convex import subgradient_method
    >>> found = subgradient_method(lambda x: ff.sum(ff.abs(x - 2.0)), [0.0], lower_bound=0.0, tolerance=0.05)
    >>> found.reason
    'gap 0.0499 <= 0.05 after 52 steps'
    """
    caller = "subgradient_method"
    check_number(caller, "tolerance", tolerance, Range(0))
    check_int(caller, "max_iterations", max_iterations, 1)
    if lower_bound is not None:
        check_number(caller, "lower_bound", lower_bound, Range())
    if average is not None:
        check_choice(caller, "average", average, ["uniform", "linear"])
    rule = InverseRoot() if step is None else step
    if isinstance(rule, Polyak) and lower_bound is None:
        raise ValueError(
            f"{caller}(step=Polyak()): expected lower_bound, f's smallest value. Give it, or another step."
        )
    if not isinstance(rule, Step | Polyak):
        raise TypeError(f"{caller}(step={step!r}): expected a Step whose lengths are known, such as InverseTime(1.0).")
    point = as_point(caller, "x", x)
    if project is not None:
        point = np.asarray(project(Tensor(point)).numpy(), np.float64)
    smallest = np.nan if lower_bound is None else float(lower_bound)
    best, lowest, mean = point, np.inf, point
    values: list[float] = []
    averages: list[float] = []
    for iteration in range(max_iterations + 1):
        value, slope = value_and_subgradient(caller, function, point)
        if value < lowest:
            best, lowest = point, value
        values.append(value)
        if average is not None:
            # Of n points: the newest has one part in n, or n parts in 1 + 2 + ... + n.
            mean = mean + (point - mean) * (1 / (iteration + 1) if average == "uniform" else 2 / (iteration + 2))
            averages.append(value_of(caller, function, mean))
        gap = lowest - smallest
        if gap < -_ROUNDING * abs(value):
            raise DataError(
                f"{caller}: f is {value:.6g} at {point.tolist()}, below lower_bound={lower_bound!r}. Expected a number "
                f"that f is nowhere below. Give a smaller one."
            )
        is_minimum = not slope.any()
        if gap <= tolerance or is_minimum or iteration == max_iterations:
            break
        steepness = float(np.linalg.norm(slope))
        length = rule.at(iteration + 1) if isinstance(rule, Step) else (value - smallest) / steepness / steepness
        moved = Tensor(point - length * slope)
        point = np.asarray((moved if project is None else project(moved)).numpy(), np.float64)
    if is_minimum:
        reason = f"the subgradient is 0 after {iteration} steps: a minimum"
        found = Descent(best, lowest, gap, iteration, True, reason, tuple(values))
    elif lower_bound is None:
        reason = f"stopped after {iteration} steps; without a lower bound nothing says how near the minimum is"
        found = Descent(best, lowest, gap, iteration, False, reason, tuple(values))
    else:
        found = _descent(best, lowest, values, gap, "gap", f"{tolerance:g}", gap <= tolerance)
    return replace(found, average=average, averages=tuple(averages))


def _descent(
    x: Floats, value: float, values: list[float], measure: float, what: str, limit: str, is_converged: bool
) -> Descent:
    """Return the result of a method that measures something, with its reason."""
    steps = len(values) - 1
    reason = f"{what} {measure:.3g} <= {limit} after {steps} steps"
    if not is_converged:
        advice = "raise max_iterations, scale x, or see whether f has a minimum"
        reason = f"stopped after {steps} steps at {what} {measure:.3g}, wanted {limit}: {advice}"
    return Descent(x, value, measure, steps, is_converged, reason, tuple(values))


def _moved(h: Term, point: Floats, slope: Floats, length: float) -> Floats:
    """Return prox_{t h}(x - t g)."""
    return np.asarray(h.prox(Tensor(point - length * slope), length).numpy(), np.float64)


def _backtracked(
    caller: str,
    function: Function,
    h: Term,
    point: Floats,
    value: float,
    slope: Floats,
    rule: Backtracking,
    length: float,
) -> tuple[Floats, float]:
    """Return the next point, and the step that put f below its bound."""
    while length > _SHORTEST:
        after = _moved(h, point, slope, length)
        moved = after - point
        bound = value + float(np.vdot(slope, moved)) + float(np.vdot(moved, moved)) / (2 * length)
        if value_of(caller, function, after) <= bound + _ROUNDING * abs(value):
            return after, length
        length *= rule.factor
    raise ValueError(
        f"{caller}: no step from {point.tolist()} keeps the function below f + g' (z - x) + |z - x|^2 / (2 t), though "
        f"steps were cut to {length:.3g}. Expected a function whose gradient is continuous. Give a kink as a term "
        f"h, or use subgradient_method."
    )
