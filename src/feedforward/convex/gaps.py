"""Gaps that were measured, beside what is proven of them: the comparison and its table.

Here: any method's values against any theorem of ``rates.py``. Not here: the picture (``pictures.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.convex.descent import Descent
from feedforward.convex.points import Floats
from feedforward.convex.rates import Rate
from feedforward.errors import DataError
from feedforward.nn.config import Range, check_bool, check_int, check_number

__all__ = ["RateCheck", "as_checks", "check_rate", "rates_table"]

_ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""What a gap may be off, as a share of the largest |f|: values are sums, and f* is one, too."""


@dataclass(frozen=True)
class RateCheck:
    """Gaps that were measured, beside what is proven of them.

    Attributes
    ----------
    name : str
        What tables and pictures call it.
    point : {"last", "best", "uniform average", "linear average"}
        Of which point the gaps are.
    measured, proven : float64 array, shape (k,)
        After 1, ..., k steps.
    rounding : float
        What the measured gaps may be off.
    """

    name: str
    point: str
    measured: Floats
    proven: Floats
    rounding: float

    @property
    def is_kept(self) -> bool:
        """Whether no gap is above its bound, up to rounding."""
        return bool((self.measured <= self.proven + self.rounding).all())

    @property
    def tightness(self) -> float:
        """The largest share of its bound that a gap had: 1 if the bound is attained; rounding does not count."""
        counts = self.measured > self.rounding
        return float((self.measured[counts] / self.proven[counts]).max()) if counts.any() else 0.0

    def __str__(self) -> str:
        sign = "<=" if self.is_kept else "is not always <="
        kind = self.point if "average" in self.point else f"{self.point} point"
        steps = len(self.measured)
        return f"{self.name}: gap of the {kind} {self.gap(steps)} {sign} {self.proven[-1]:.3g} after {steps} steps"

    def gap(self, steps: int) -> str:
        """Return the gap after so many steps as text, three digits of it; "rounding" where that is all it is."""
        gap = float(self.measured[steps - 1])
        return f"{gap:.3g}" if gap > self.rounding else "rounding"


def check_rate(rate: Rate, found: Descent, smallest: float, *, name: str = "", use_average: bool = False) -> RateCheck:
    """Return the gaps of a method beside their bounds.

    Parameters
    ----------
    rate : Rate
        A theorem that holds of the method, with constants of the function.
    found : Descent
        What the method returned; of a gradient method with ``tolerance=0.0``, that it does not end early.
    smallest : float
        f*, or a number that f is nowhere below: then the gaps are measured too large, and the check is the stricter.
    name : str
        What tables and pictures call it; by default, the rate's class.
    use_average : bool
        Whether f at the average of the points is measured, and not the best one.

    Returns
    -------
    RateCheck

    Raises
    ------
    TypeError, ValueError
        If an argument is of another kind; if the rate is proven of no such average.
    DataError
        If no step was taken, or a value is below the smallest.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.convex import Constant, SubgradientRate, subgradient_method
    >>> rate = SubgradientRate(Constant(0.1), lipschitz=1.0, distance=2.0)
    >>> found = subgradient_method(lambda x: ff.sum(ff.abs(x - 2.0)), [0.0], step=rate.step, max_iterations=15)
    >>> print(check_rate(rate, found, 0.0))
    SubgradientRate: gap of the best point 0.5 <= 1.3 after 15 steps
    """
    caller = "check_rate"
    if not isinstance(rate, Rate) or not isinstance(found, Descent):
        raise TypeError(
            f"{caller}(rate={rate!r:.60}, found={found!r:.60}): expected a Rate and a Descent. Give a rate, such as "
            f"GradientRate(2.0, 1.0), and what a method of this package returned."
        )
    check_number(caller, "smallest", smallest, Range())
    check_bool(caller, "use_average", use_average)
    if use_average and found.average not in rate.averages:
        kinds = " or ".join(f"average={each!r}" for each in rate.averages) or "a single point: no average"
        raise ValueError(
            f"{caller}(use_average=True): {type(rate).__name__} is proven of {kinds}, and the method was run with "
            f"average={found.average!r}. Give subgradient_method that average, or leave use_average out."
        )
    values = np.array(found.averages if use_average else found.values)
    if len(values) < 2:
        raise DataError(f"{caller}: found has {found.iterations} steps. Expected at least 1. Begin further away.")
    rounding = _ROUNDING * max(float(np.abs(values).max()), abs(smallest))
    if values.min() < smallest - rounding:
        raise DataError(
            f"{caller}: a value is {values.min():.17g}, below smallest={smallest!r}. Expected a number that f is "
            f"nowhere below. Give f's smallest value."
        )
    if rate.point == "best" and not use_average:
        values = np.minimum.accumulate(values)
    point = f"{found.average} average" if use_average else rate.point
    measured = values[1:] - smallest
    return RateCheck(name or type(rate).__name__, point, measured, rate.bounds(len(measured)), rounding)


def rates_table(checks: Sequence[RateCheck], steps: Sequence[int] = (1, 10, 100, 1000)) -> str:
    """Return a table of text: for each rule the gap that was measured <= the one that is proven, after some steps.

    Parameters
    ----------
    checks : sequence of RateCheck
        One for each line, at least one.
    steps : sequence of int
        k, each at least 1; where a method ended before, a dash.

    Returns
    -------
    str

    Raises
    ------
    ValueError, TypeError
        If there is no line, or a k is no int >= 1.

    Examples
    --------
    >>> check = RateCheck("1/L", "last", np.array([0.5, 0.25]), np.array([1.0, 0.5]), 0.0)
    >>> print(rates_table([check], [1, 2, 3]))
    Rule  Gap of  1 step        2 steps        3 steps  Share
    1/L   last    0.5 <= 1      0.25 <= 0.5    -         0.50
    """
    as_checks("rates_table", checks)
    for step in steps:
        check_int("rates_table", "steps", step, 1)
    head = ["Rule", "Gap of", *(f"{step} step{'s' if step > 1 else ''}" for step in steps), "Share"]
    rows = [head]
    for each in checks:
        cells = [
            f"{each.gap(step)} <= {each.proven[step - 1]:.3g}" if step <= len(each.measured) else "-" for step in steps
        ]
        rows.append([each.name, each.point, *cells, f"{each.tightness:.2f}"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def as_checks(caller: str, checks: Any) -> None:
    """Check that there are comparisons, and nothing else.

    Raises
    ------
    TypeError
        If one is something else.
    ValueError
        If there are none.
    """
    if not all(isinstance(each, RateCheck) for each in checks):
        raise TypeError(f"{caller}(checks={checks!r:.60}): expected a sequence of RateCheck. Give [check_rate(...)].")
    if not len(checks):
        raise ValueError(f"{caller}(checks={checks!r}): there is none. Give at least one.")
