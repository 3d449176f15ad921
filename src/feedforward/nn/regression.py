"""Losses of numbers: the distance of each output from its target, or of all outputs of a sample together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from feedforward.functions import abs, exp, expm1, log, log1p, maximum, minimum, square, where
from feedforward.graph.node import Array
from feedforward.nn.config import Range, check_number, registered
from feedforward.nn.cosines import cosine
from feedforward.nn.loss import EPSILON, LOSSES, Loss, align, mean_of_sample
from feedforward.tensor import Tensor

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Quantile",
]


@registered(LOSSES, "mse")
@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The mean of (y_true - y_pred)^2 over the outputs."""

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return mean((y_true - y_pred)^2) of each sample."""
        y_true, y_pred = align(y_true, y_pred)
        return mean_of_sample(square(y_pred - y_true))


@registered(LOSSES, "mae")
@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """The mean of |y_true - y_pred| over the outputs; its derivative is 0 where they are equal."""

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return mean(|y_true - y_pred|) of each sample."""
        y_true, y_pred = align(y_true, y_pred)
        return mean_of_sample(abs(y_pred - y_true))


@registered(LOSSES, "mape")
@dataclass(frozen=True)
class MeanAbsolutePercentageError(Loss):
    """The mean of 100 |y_true - y_pred| / max(|y_true|, 1e-7) over the outputs, in percent."""

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean error of each sample in percent of the targets."""
        y, p = align(y_true, y_pred)
        return mean_of_sample(100.0 * abs(p - y) / maximum(abs(y), EPSILON))

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a target for each output, none of them 0, of which there are no percents."""
        self._check_shape(y, output_shape)
        advice = "Drop the row, or use MeanAbsoluteError."
        self._refuse(y, y == 0, "a target of 0 has no percents", advice)


@registered(LOSSES, "msle")
@dataclass(frozen=True)
class MeanSquaredLogarithmicError(Loss):
    """The mean of (log(1 + y_true) - log(1 + y_pred))^2 over the outputs, for targets of many sizes, at least 0.

    Notes
    -----
    Outputs below 0 count as 0, and have derivative 0: let the last layer end in `softplus` or `exponential`.
    """

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return mean((log(1 + y_true) - log(1 + y_pred))^2) of each sample."""
        y, p = align(y_true, y_pred)
        return mean_of_sample(square(log1p(where(p <= 0.0, 0.0, p)) - log1p(where(y <= 0.0, 0.0, y))))

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a target >= 0 for each output."""
        self._check_shape(y, output_shape)
        self._refuse(y, y < 0, "targets must be >= 0", "Shift them, or use MeanSquaredError.")


@registered(LOSSES)
@dataclass(frozen=True)
class Huber(Loss):
    """The mean over the outputs of d^2 / 2 where |d| <= delta, and of delta |d| - delta^2 / 2 beyond.

    d is y_pred - y_true.

    Parameters
    ----------
    delta : float
        Where the parabola goes over into lines, above 0: outliers pull no more than `delta`.

    References
    ----------
    Huber, "Robust estimation of a location parameter", 1964.
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        check_number("Huber", "delta", self.delta, Range(0, has_low=False))

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the Huber loss of each sample."""
        y, p = align(y_true, y_pred)
        size = abs(p - y)
        # Of two factors that do not overflow: near |d| / 2 for small and delta for large ones.
        near = minimum(size, self.delta)
        return mean_of_sample(near * (size - 0.5 * near))


@registered(LOSSES)
@dataclass(frozen=True)
class LogCosh(Loss):
    """The mean of log(cosh(y_pred - y_true)) over the outputs: d^2 / 2 for small d, |d| - log(2) for large ones.

    Notes
    -----
    It never overflows, and keeps its relative accuracy for small d. The derivative is tanh(d).
    """

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return mean(log(cosh(y_pred - y_true))) of each sample."""
        y, p = align(y_true, y_pred)
        size = abs(p - y)
        # cosh(d) = 1 + (1 - e^-|d|)^2 e^|d| / 2, which cancels nothing; beyond 1, e^|d| is taken out.
        near = minimum(size, 1.0)
        small = log1p(0.5 * square(expm1(-near)) * exp(near))
        return mean_of_sample(where(size < 1.0, small, (size - math.log(2.0)) + log1p(exp(-2.0 * size))))


@registered(LOSSES, "pinball")
@dataclass(frozen=True)
class Quantile(Loss):
    """The mean over the outputs of tau d where d >= 0, and of (tau - 1) d below; d = y_true - y_pred.

    Parameters
    ----------
    tau : float
        Between 0 and 1: the output learns the number that a target is below with probability tau, 1/2 its median.

    Notes
    -----
    The derivative by the output is -tau where d = 0.

    References
    ----------
    Koenker and Bassett, "Regression quantiles", 1978.
    """

    tau: float = 0.5

    def __post_init__(self) -> None:
        check_number("Quantile", "tau", self.tau, Range(0, 1, has_low=False, has_high=False))

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the quantile loss of each sample."""
        y, p = align(y_true, y_pred)
        d = y - p
        return mean_of_sample(where(d >= 0.0, self.tau * d, (self.tau - 1.0) * d))


@registered(LOSSES)
@dataclass(frozen=True)
class Poisson(Loss):
    """The mean of y_pred - y_true log(y_pred) over the outputs, each of which is the mean of a count.

    Notes
    -----
    -log of the Poisson probability of y_true, less what depends on y_true alone. Outputs are kept at or above 1e-7 in
    the logarithm: let the last layer end in `exponential` or `softplus`.
    """

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return mean(y_pred - y_true log(y_pred)) of each sample."""
        y, p = align(y_true, y_pred)
        return mean_of_sample(p - y * log(where(p <= EPSILON, EPSILON, p)))

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a count >= 0 for each output."""
        self._check_shape(y, output_shape)
        self._refuse(y, y < 0, "counts must be >= 0", "Drop the row, or use MeanSquaredError.")


@registered(LOSSES)
@dataclass(frozen=True)
class CosineSimilarity(Loss):
    """Minus the cosine of the angle between outputs and targets, along the last axis: -1 where they point one way.

    Notes
    -----
    A vector of zeros has the cosine 0 with every other, and derivative 0 by a target of zeros.
    """

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return minus the cosine of each sample."""
        return mean_of_sample(-cosine(*align(y_true, y_pred)))
