"""Rates: what is proven of the gap f(x_k) - f* after k steps.

    L  the gradient changes by at most L |x - y|              G  no subgradient at the points met is longer
    m  f is at least m/2 |x - y|^2 above its planes           R  |x_0 - x*|, from the first point to a minimum

Here: one record for each theorem, with its proof or its source. Not here: the methods (``descent.py``) and their steps
(``steps.py``); what is measured beside these bounds (``gaps.py``).

The proofs for subgradients all begin with d_i = |x_i - x*|^2 and f_i = f(x_i). Since a projection brings no point
further from x*, a step t_i along a subgradient, of a function that is m/2 |x - y|^2 above its planes, has

    (*)  d_{i+1} <= d_i - 2 t_i g_i' (x_i - x*) + t_i^2 |g_i|^2 <= (1 - m t_i) d_i - 2 t_i (f_i - f*) + t_i^2 G^2

References: Nesterov, "Lectures on convex optimization", 2018; Beck, "First-order methods in optimization", 2017; Boyd,
Xiao and Mutapcic, "Subgradient methods", lecture notes, 2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from feedforward.convex.points import Floats
from feedforward.convex.steps import Constant, InverseTime, Step
from feedforward.nn.config import Range, check_choice, check_int, check_number

__all__ = [
    "AcceleratedRate",
    "ContractionRate",
    "CurvedSubgradientRate",
    "GradientRate",
    "LinearRate",
    "PolyakRate",
    "Rate",
    "SmoothGradientRate",
    "SubgradientRate",
]

_POSITIVE = Range(0, has_low=False)


@dataclass(frozen=True)
class Rate:
    """Base of the theorems: a bound of the gap after k = 1, 2, ... steps.

    Attributes
    ----------
    point : {"last", "best"}
        Of which point it is a bound: the last one, or the best so far.
    averages : tuple of str
        Of which averages of `subgradient_method` it is a bound as well.
    """

    point: ClassVar[Literal["last", "best"]] = "last"

    @property
    def averages(self) -> tuple[str, ...]:
        """Of which averages it is a bound as well: of none."""
        return ()

    def bounds(self, steps: int) -> Floats:
        """Return the bounds after 1, 2, ..., `steps` steps, shape (steps,)."""
        raise NotImplementedError(f"{type(self).__name__} has no bounds(). Define bounds(self, steps).")

    def _check(self, **constants: float) -> None:
        for name, value in constants.items():
            check_number(type(self).__name__, name, value, _POSITIVE)


def _counted(caller: Rate, steps: int, first: int = 1) -> Floats:
    """Return first, first + 1, ..., for each of the steps."""
    check_int(type(caller).__name__, "steps", steps, 1)
    return np.arange(first, first + steps, dtype=np.float64)


@dataclass(frozen=True)
class SubgradientRate(Rate):
    """Of subgradients with any steps t_i known beforehand, the best of n = k + 1 points.

    (R^2 + G^2 sum_{i<=n} t_i^2) / (2 sum_{i<=n} t_i)

    With a constant step t: R^2 / (2 n t) + G^2 t / 2, which comes no nearer than G^2 t / 2; for n known beforehand, t =
    R / (G sqrt(n)) makes it G R / sqrt(n), and no method can promise more. With a / sqrt(i) it is log(n) / sqrt(n).

    Parameters
    ----------
    step : Step
        The rule.
    lipschitz : float
        G, above 0.
    distance : float
        R, above 0.

    Notes
    -----
    Sum (*) with m = 0: 2 sum t_i (f_i - f*) <= R^2 + G^2 sum t_i^2; and no average is below the smallest. With a
    constant step, f is convex, so the same bounds f at the uniform average.

    References
    ----------
    Boyd, Xiao and Mutapcic, 2003, (2); Nesterov, 2018, section 3.2.3; Shor, 1985.

    Examples
    --------
    >>> SubgradientRate(Constant(0.5), lipschitz=1.0, distance=1.0).bounds(3)  # 1/n + 1/4
    array([0.75      , 0.58333333, 0.5       ])
    """

    step: Step
    lipschitz: float
    distance: float
    point: ClassVar[Literal["last", "best"]] = "best"

    def __post_init__(self) -> None:
        if not isinstance(self.step, Step):
            raise TypeError(
                f"SubgradientRate(step={self.step!r}): expected a Step whose lengths are known. Give Constant(0.1)."
            )
        self._check(lipschitz=self.lipschitz, distance=self.distance)

    @property
    def averages(self) -> tuple[str, ...]:
        """Of a constant step, the uniform one."""
        return ("uniform",) if isinstance(self.step, Constant) else ()

    def bounds(self, steps: int) -> Floats:
        """Return the bounds after 1, 2, ..., `steps` steps, shape (steps,)."""
        # No step was taken from the last point; its length in the bound is the one that would come next.
        lengths = np.array([self.step.at(int(i)) for i in _counted(self, steps + 1)])
        bounds = (self.distance**2 + self.lipschitz**2 * np.cumsum(lengths**2)) / (2 * np.cumsum(lengths))
        return np.asarray(bounds[1:], np.float64)


@dataclass(frozen=True)
class PolyakRate(Rate):
    """Of subgradients with Polyak's steps, the best of n = k + 1 points: G R / sqrt(n).

    Parameters
    ----------
    lipschitz : float
        G, above 0.
    distance : float
        R, above 0.

    Notes
    -----
    With t_i = (f_i - f*) / |g_i|^2, (*) is d_{i+1} <= d_i - (f_i - f*)^2 / |g_i|^2. So sum (f_i - f*)^2 <= G^2 R^2, and
    n times the smallest square is no more. No method can promise more for all such functions.

    References
    ----------
    Polyak, "Introduction to optimization", 1987; Boyd, Xiao and Mutapcic, 2003; Drori and Teboulle, "An optimal variant
    of Kelley's cutting-plane method", 2016, appendix A (what no method can do).

    Examples
    --------
    >>> PolyakRate(lipschitz=1.0, distance=1.0).bounds(3)
    array([0.70710678, 0.57735027, 0.5       ])
    """

    lipschitz: float
    distance: float
    point: ClassVar[Literal["last", "best"]] = "best"

    def __post_init__(self) -> None:
        self._check(lipschitz=self.lipschitz, distance=self.distance)

    def bounds(self, steps: int) -> Floats:
        """Return the bounds after 1, 2, ..., `steps` steps, shape (steps,)."""
        return self.lipschitz * self.distance / np.sqrt(_counted(self, steps, 2))


@dataclass(frozen=True)
class CurvedSubgradientRate(Rate):
    """Of subgradients of a function with curvature m: the best of n = k + 1 points, and f at an average of them.

    uniform:  steps 1 / (m i),        G^2 (1 + log n) / (2 m n),  all points counting alike
    linear:   steps 2 / (m (i + 1)),  2 G^2 / (m (n + 1)),        the i-th point counting i times

    `step` is the rule. Where the method begins does not matter.

    Parameters
    ----------
    average : {"uniform", "linear"}
        Which of the two.
    lipschitz : float
        G, above 0. No such function has one everywhere: let the method project onto a ball that a minimum is in.
    curvature : float
        m, above 0.

    Notes
    -----
    uniform: (*) divided by 2 t_i is f_i - f* <= m/2 ((i - 1) d_i - i d_{i+1}) + G^2 / (2 m i). In the sum over i all
    but the last d go, and 1 + 1/2 + ... + 1/n <= 1 + log n.

    linear: times i / (2 t_i) it is i (f_i - f*) <= m/4 ((i - 1) i d_i - i (i + 1) d_{i+1}) + G^2 / m, which adds up to
    at most n G^2 / m; the weights to n (n + 1) / 2.

    References
    ----------
    Lacoste-Julien, Schmidt and Bach, "A simpler approach to obtaining an O(1/t) convergence rate for the projected
    stochastic subgradient method", 2012 (linear); Shalev-Shwartz, Singer and Srebro, "Pegasos", 2007 (uniform).

    Examples
    --------
    >>> rate = CurvedSubgradientRate("linear", lipschitz=1.0, curvature=0.5)
    >>> rate.step, rate.bounds(3)
    (InverseTime(first=4.0, offset=1.0), array([1.33333333, 1.        , 0.8       ]))
    """

    average: Literal["uniform", "linear"]
    lipschitz: float
    curvature: float
    point: ClassVar[Literal["last", "best"]] = "best"

    def __post_init__(self) -> None:
        check_choice("CurvedSubgradientRate", "average", self.average, ["uniform", "linear"])
        self._check(lipschitz=self.lipschitz, curvature=self.curvature)

    @property
    def averages(self) -> tuple[str, ...]:
        """The one that was chosen."""
        return (self.average,)

    @property
    def step(self) -> InverseTime:
        """The rule that this is proven of."""
        if self.average == "uniform":
            return InverseTime(1 / self.curvature)
        return InverseTime(2 / self.curvature, offset=1.0)

    def bounds(self, steps: int) -> Floats:
        """Return the bounds after 1, 2, ..., `steps` steps, shape (steps,)."""
        points = _counted(self, steps, 2)
        scale = self.lipschitz**2 / self.curvature
        bounds = scale * (1 + np.log(points)) / (2 * points) if self.average == "uniform" else 2 * scale / (points + 1)
        return np.asarray(bounds, np.float64)


@dataclass(frozen=True)
class GradientRate(Rate):
    """Of gradients of a smooth function, with or without a proximal or projected term, steps of 1/L: L R^2 / (2 k).

    Parameters
    ----------
    smoothness : float
        L, above 0. For shorter steps t, 1/t; with `Backtracking`, max(L / factor, 1 / first): no step is shorter.
    distance : float
        R, above 0.

    References
    ----------
    Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm for linear inverse problems", 2009, theorem
    3.1; Beck, 2017, chapter 10.

    Examples
    --------
    >>> GradientRate(smoothness=4.0, distance=1.0).bounds(3)
    array([2.        , 1.        , 0.66666667])
    """

    smoothness: float
    distance: float

    def __post_init__(self) -> None:
        self._check(smoothness=self.smoothness, distance=self.distance)

    def bounds(self, steps: int) -> Floats:
        """Return the bounds after 1, 2, ..., `steps` steps, shape (steps,)."""
        return self.smoothness * self.distance**2 / (2 * _counted(self, steps))


@dataclass(frozen=True)
class SmoothGradientRate(GradientRate):
    """Of gradients of a smooth function alone, with steps of 1/L: L R^2 / (4 k + 2). No smaller number is a bound.

    That is half of `GradientRate`, and of 2 L R^2 / (k + 4) (Nesterov, 2018, corollary 2.1.2) an eighth, if k is large.
    A Huber function attains it: L x^2 / 2 where |x| <= R / (2 k + 1), and lines beyond that; for each k another.

    Parameters
    ----------
    smoothness : float
        L, above 0; for shorter constant steps t, 1/t.
    distance : float
        R, above 0.

    References
    ----------
    Drori and Teboulle, "Performance of first-order methods for smooth convex minimization: a novel approach", 2014,
    theorem 3.1.

    Examples
    --------
    >>> SmoothGradientRate(smoothness=4.0, distance=1.0).bounds(3)
    array([0.66666667, 0.4       , 0.28571429])
    """

    def bounds(self, steps: int) -> Floats:
        """Return the bounds after 1, 2, ..., `steps` steps, shape (steps,)."""
        return self.smoothness * self.distance**2 / (4 * _counted(self, steps) + 2)


@dataclass(frozen=True)
class AcceleratedRate(GradientRate):
    """Of accelerated gradients, with or without a term, steps of 1/L, no restarts: 2 L R^2 / (k + 1)^2.

    Of functions of at least 2 k + 1 numbers, one leaves each method that moves along gradients a gap of at least
    3 L R^2 / (32 (k + 1)^2): so none is better by more than a factor of 64/3.

    Parameters
    ----------
    smoothness : float
        L, above 0; with `Backtracking`, as in `GradientRate`.
    distance : float
        R, above 0.

    References
    ----------
    Nesterov, "A method for solving the convex programming problem with convergence rate O(1/k^2)", 1983; Beck and
    Teboulle, 2009, theorem 4.4; Nesterov, 2018, theorem 2.1.7 (what no method can do).

    Examples
    --------
    >>> AcceleratedRate(smoothness=4.0, distance=1.0).bounds(3)
    array([2.        , 0.88888889, 0.5       ])
    """

    def bounds(self, steps: int) -> Floats:
        """Return the bounds after 1, 2, ..., `steps` steps, shape (steps,)."""
        return 2 * self.smoothness * self.distance**2 / _counted(self, steps, 2) ** 2


@dataclass(frozen=True)
class LinearRate(GradientRate):
    """Of gradients of a smooth function with curvature, with or without a term, steps of 1/L: L/2 (1 - m/L)^k R^2.

    On a logarithmic axis a straight line: "linear convergence".

    Parameters
    ----------
    smoothness : float
        L, above 0; for shorter steps as in `GradientRate`.
    distance : float
        R, above 0.
    curvature : float
        m of the smooth part, above 0 and at most L.

    Notes
    -----
    A step has f(x+) + h(x+) - f* - h* <= (L - m)/2 |x - x*|^2 - L/2 |x+ - x*|^2. The left side is not below 0, so
    |x+ - x*|^2 <= (1 - m/L) |x - x*|^2, k times; and the gap is at most the first term.

    References
    ----------
    Beck, 2017, chapter 10, whose fundamental inequality the first line of the notes is.

    Examples
    --------
    >>> LinearRate(smoothness=4.0, distance=1.0, curvature=2.0).bounds(3)
    array([1.  , 0.5 , 0.25])
    """

    curvature: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(type(self).__name__, "curvature", self.curvature, Range(0, self.smoothness, has_low=False))

    def bounds(self, steps: int) -> Floats:
        """Return the bounds after 1, 2, ..., `steps` steps, shape (steps,)."""
        shrunk: Floats = (1 - self.curvature / self.smoothness) ** _counted(self, steps)
        return self.smoothness * self.distance**2 / 2 * shrunk


@dataclass(frozen=True)
class ContractionRate(LinearRate):
    """The same of constant steps, sharper: L/2 (1 - m/L)^(2k - 1) R^2, as x* comes nearer by 1 - m/L in each step.

    For f = m/2 |x|^2 the gap is m/L (1 - m/L) times this, at every k: with m = L/2, a quarter.

    Notes
    -----
    x - grad f(x) / L brings two points together by 1 - m/L, and a proximal operator brings none apart: so |x_{k-1} -
    x*| <= (1 - m/L)^(k-1) R. The last step is that of `LinearRate`: the gap is at most (L - m)/2 times the square.

    References
    ----------
    Taylor, Hendrickx and Glineur, "Exact worst-case convergence rates of the proximal gradient method for composite
    convex minimization", 2018, theorem 3.1 (the distance).

    Examples
    --------
    >>> ContractionRate(smoothness=4.0, distance=1.0, curvature=2.0).bounds(3)
    array([1.    , 0.25  , 0.0625])
    """

    def bounds(self, steps: int) -> Floats:
        """Return the bounds after 1, 2, ..., `steps` steps, shape (steps,)."""
        shrunk: Floats = (1 - self.curvature / self.smoothness) ** (2 * _counted(self, steps) - 1)
        return self.smoothness * self.distance**2 / 2 * shrunk
