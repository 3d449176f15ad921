"""What a solver returns: weights, how far they can be from the best ones, and in words why it stopped.

`Watch` is what all solvers share: it keeps the best primal and the best dual value seen, and decides when to stop.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.figures import new_figure

__all__ = ["Pass", "Result", "Watch", "relative"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pass:
    """What was known after some passes over the rows.

    Parameters
    ----------
    passes : int
        Passes over all rows, or steps that look at all of them.
    seconds : float
        Since the solver began.
    primal, dual : float
        The best values until then.
    """

    passes: int
    seconds: float
    primal: float
    dual: float

    @property
    def gap(self) -> float:
        """Primal minus dual."""
        return max(0.0, self.primal - self.dual)


@dataclass(frozen=True)
class Result:
    """Weights, and what is known about them.

    Parameters
    ----------
    w : float64 array, shape (d,) or (d, c)
    intercept : float, or float64 array of shape (c,)
    primal, dual : float
        P(w), and the largest dual value seen: the minimum of P lies between the two. The dual is -inf where the loss
        has none.
    history : tuple of Pass
    reason : str
        Why the solver stopped, in words.
    is_done : bool
        Whether it reached what was asked for.
    beta : float64 array, shape (n,) or (n, c), optional
        The dual variables of `dual`; w(beta) = sum_i beta_i x_i.
    """

    w: Floats = field(repr=False)
    intercept: Any = field(repr=False)
    primal: float
    dual: float
    history: tuple[Pass, ...] = field(repr=False)
    reason: str
    is_done: bool
    beta: Floats | None = field(default=None, repr=False)

    @property
    def gap(self) -> float:
        """P(w) - D(beta): P(w) is no further from the minimum than this, up to roundings."""
        return max(0.0, self.primal - self.dual)

    @property
    def relative_gap(self) -> float:
        """The gap divided by the primal value."""
        return relative(self.primal, self.dual)

    @property
    def passes(self) -> int:
        """Passes over the rows."""
        return self.history[-1].passes if self.history else 0

    def plot(self) -> Any:
        """Return a Matplotlib figure of the gap after each pass.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        ValueError
            If there is no gap, for want of a dual.
        """
        if not math.isfinite(self.dual):
            raise ValueError("plot: this loss has no dual, so there is no gap. Expected a convex loss. Plot history.")
        figure, axes = new_figure("plot")
        axis = axes[0, 0]
        steps = [step for step in self.history if math.isfinite(step.gap) and step.gap > 0]
        axis.semilogy([step.passes for step in steps], [step.gap for step in steps], marker=".")
        axis.set(xlabel="passes over the rows", ylabel="duality gap P - D", title=self.reason)
        axis.title.set_fontsize("small")
        return figure


def relative(primal: float, dual: float) -> float:
    """Return (P - D) / |P|; 0 where both are equal."""
    gap = max(0.0, primal - dual)
    return gap / abs(primal) if gap and primal else gap


class Watch:
    """Keeps the best that a solver has seen, and decides when it stops.

    Parameters
    ----------
    tol : float
        The relative gap that is asked for.
    max_iter : int
        The most passes.
    advice : callable
        Returns what to do if that is not enough; asked only then.
    """

    def __init__(self, tol: float, max_iter: int, advice: Callable[[], str]) -> None:
        self.tol, self.max_iter, self.advice = tol, max_iter, advice
        self.u: Floats = np.zeros(0)
        self.beta: Floats | None = None
        self.primal, self.dual = math.inf, -math.inf
        self.history: list[Pass] = []
        self._before = Pass(0, 0.0, math.inf, -math.inf)
        self._began = time.perf_counter()
        self._stalled = ""

    @property
    def gap(self) -> float:
        """The relative gap."""
        return relative(self.primal, self.dual)

    def follow(self, earlier: Result, u: Floats) -> None:
        """Count what another solver found for the same problem, its weights u: best values, passes and seconds."""
        self.u, self.primal, self.dual, self.beta = u, earlier.primal, earlier.dual, earlier.beta
        self.history, self._before = list(earlier.history), earlier.history[-1]

    def see(self, passes: int, u: Floats, primal: float, dual: float, beta: Floats | None = None) -> bool:
        """Note a point and its certificate, and return whether to stop."""
        if not self.u.size or primal < self.primal:
            self.u, self.primal = u.copy(), primal
        if dual > self.dual:
            self.dual = dual
            self.beta = None if beta is None else beta.copy()
        passes, seconds = passes + self._before.passes, time.perf_counter() - self._began + self._before.seconds
        self.history.append(Pass(passes, seconds, self.primal, self.dual))
        if not math.isfinite(primal):
            self._stalled = f"diverged in pass {passes}: the objective is {primal}. Lower learning_rate or C."
        return self.is_done or bool(self._stalled) or passes >= self.max_iter

    def stall(self, why: str) -> None:
        """Note that nothing gets better any more."""
        self._stalled = why

    @property
    def is_done(self) -> bool:
        """Whether the gap is as small as asked for."""
        return math.isfinite(self.dual) and self.gap <= self.tol

    def reason(self) -> str:
        """Return why the solver stops, in words."""
        passes = self.history[-1].passes
        count = f"{passes} pass" + ("es" if passes != 1 else "")
        if self.is_done:
            return f"relative gap {self.gap:.1e} <= {self.tol:g} after {count}"
        if self._stalled:
            return self._stalled
        if not math.isfinite(self.dual):
            return (
                f"stopped after {count} at P = {self.primal:.6g}: a loss without a dual says not how far the minimum is"
            )
        return f"stopped after {count} at relative gap {self.gap:.1e}, wanted {self.tol:g}: {self.advice()}"

    def result(self, scale: float) -> Result:
        """Return what was found; the last row of the weights is that of the intercept's column."""
        w, intercept = self.u[:-1], scale * self.u[-1]
        shown = float(intercept) if w.ndim == 1 else intercept
        primal, dual, done = self.primal, self.dual, self.is_done
        return Result(w, shown, primal, dual, tuple(self.history), self.reason(), done, self.beta)
