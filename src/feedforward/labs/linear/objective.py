"""The losses of the linear lab: scores, what each point costs, the gradient, and the gradient checked.

A loss is a function of margins: how far a point is on the right side. Those of three classes compare the score of the
right class, s_y, with those of the wrong ones, s_j; those of two classes have one score s, and targets t of -1 and 1.

    weston_watkins   sum over j of max(0, 1 - (s_y - s_j))           a margin for each wrong class
    one_vs_all       max(0, 1 - s_y) + sum over j of max(0, 1 + s_j)   a margin for each class: s_y and each -s_j
    structured       max(0, 1 - (s_y - max of s_j))                  one margin
    softmax          log(1 + exp(-(s_y - log of sum of exp(s_j))))   one margin
    logistic         log2(1 + exp(-t s))                             one margin
    perceptron       max(0, -t s)                                    one margin
    hinge            max(0, 1 - t s)                                 one margin
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

import feedforward as ff
from feedforward.labs.linear.state import CLASSES, MOST_POINTS, Floats, Integers

__all__ = ["OBJECTIVES", "Check", "Evaluation", "Objective"]


class Evaluation(NamedTuple):
    """What an objective is at some parameters, of which r rows are in use (3 or 1); each point has m margins.

    Attributes
    ----------
    scores : float64 array, shape (n, r)
    losses : float64 array, shape (n,)
        What each point costs.
    margins, parts : float64 arrays, shape (n, m)
        Each point's margins, and what each of them costs.
    data_loss, penalty, total : float64 arrays, shape ()
        The mean of the losses, strength * sum(W^2), and the sum of both.
    gradient_W, gradient_b : float64 arrays, shapes (r, 2) and (r,)
        The gradient of the total.
    """

    scores: Floats
    losses: Floats
    margins: Floats
    parts: Floats
    data_loss: Floats
    penalty: Floats
    total: Floats
    gradient_W: Floats
    gradient_b: Floats


class Check(NamedTuple):
    """How the gradient compares with central differences.

    Attributes
    ----------
    difference : float
        The largest difference |g - d| / max(1, |g|, |d|), of the parameters in which the loss is smooth.
    rounding : float
        How large that may be by rounding alone: much where the total is large.
    kinks : int
        In how many parameters it has a kink right here, so that there is no derivative to compare with.
    """

    difference: float
    rounding: float
    kinks: int


@dataclass(frozen=True)
class Objective:
    """A loss of the package, and the margins that it depends on.

    Parameters
    ----------
    loss : Loss
        The package's loss.
    margins_of : callable or None
        Makes the points' margins, shape (n, m), of their scores: the right ones, (n, 1), and the wrong ones, (n, 2).
        None if it is of two classes: the margin is t s then.
    of_margin : callable
        What a margin costs.
    reach : float or None
        The margin from which on a point costs nothing and pulls no more; None if it always pulls.
    """

    loss: ff.losses.Loss
    margins_of: Callable[[ff.Tensor, ff.Tensor], ff.Tensor] | None
    of_margin: Callable[[ff.Tensor], ff.Tensor]
    reach: float | None

    @property
    def is_binary(self) -> bool:
        """Whether it is of two classes: one score, and targets -1 and 1."""
        return self.margins_of is None

    @cached_property
    def _program(self) -> Callable[..., tuple[ff.Tensor, ...]]:
        """The evaluation as one compiled program for each number of points."""

        def run(W: ff.Tensor, b: ff.Tensor, x: ff.Tensor, y: ff.Tensor, strength: ff.Tensor) -> tuple[ff.Tensor, ...]:
            with ff.GradientTape() as tape:
                tape.watch([W, b])
                scores = x @ ff.transpose(W) + b
                losses = self.loss.per_sample(y, scores)
                data_loss = ff.mean(losses)
                penalty = strength * ff.sum(ff.square(W))
                total = data_loss + penalty
            gradient_W, gradient_b = tape.gradient(total, [W, b])
            margins = self._margins(scores, y)
            parts = self.of_margin(margins)
            return scores, losses, margins, parts, data_loss, penalty, total, gradient_W, gradient_b

        return ff.function(run)

    @cached_property
    def _totals(self) -> Callable[..., ff.Tensor]:
        """The totals at k sets of parameters at once."""

        def run(
            W: ff.Tensor, b: ff.Tensor, x: ff.Tensor, y: ff.Tensor, share: ff.Tensor, strength: ff.Tensor
        ) -> ff.Tensor:
            scores = x @ ff.transpose(W, (0, 2, 1)) + ff.expand_dims(b, 1)
            losses = self.loss.per_sample(y, ff.reshape(scores, (-1, 1 if self.is_binary else CLASSES)))
            losses = ff.reshape(losses, (-1, MOST_POINTS))
            return ff.sum(losses * share, 1) + strength * ff.sum(ff.square(W), (1, 2))

        return ff.function(run)

    def _margins(self, scores: ff.Tensor, y: ff.Tensor) -> ff.Tensor:
        if self.margins_of is None:
            return y * scores
        right = ff.take_along_axis(scores, ff.expand_dims(y, 1), 1)
        return self.margins_of(right, ff.take_along_axis(scores, ff.take(ff.Tensor(_WRONG), y, 0), 1))

    @cached_property
    def _curve(self) -> Callable[[ff.Tensor], ff.Tensor]:
        return ff.function(self.of_margin)

    def curve(self, margins: Floats) -> Floats:
        """Return what each of some margins costs."""
        return self._curve(ff.Tensor(margins)).numpy()

    def evaluate(self, W: Floats, b: Floats, x: Floats, y: Floats | Integers, strength: float) -> Evaluation:
        """Return scores, losses and gradient at some parameters.

        Parameters
        ----------
        W : float64 array, shape (r, 2)
        b : float64 array, shape (r,)
        x : float64 array, shape (n, 2)
        y : array
            Classes, int32 of shape (n,); of two classes -1 and 1, float64 of shape (n, 1).
        strength : float
            What the sum of the squared weights is multiplied by.
        """
        arrays = (ff.Tensor(np.asarray(array)) for array in (W, b, x, y, strength))
        return Evaluation(*(tensor.numpy() for tensor in self._program(*arrays)))

    def check(self, W: Floats, b: Floats, x: Floats, y: Floats | Integers, strength: float) -> Check:
        """Return how the gradient compares with central differences of the total.

        Notes
        -----
        Where the slopes to the left and to the right differ by more than a curved line's would, there is a kink: a
        margin lies right where its hinge bends. The gradient is then one of many subgradients.
        """
        here = self.evaluate(W, b, x, y, strength)
        gradient = np.append(here.gradient_W, here.gradient_b)
        parameters = np.append(W, b)
        steps = _STEP * np.maximum(1.0, np.abs(parameters))
        moved = parameters + np.concatenate([np.diag(steps), -np.diag(steps)])
        ahead, behind = self._totals_at(moved, x, y, strength).reshape(2, -1)
        right, left = (ahead - here.total) / steps, (here.total - behind) / steps
        size = np.max([np.ones_like(steps), np.abs(gradient), np.abs(left), np.abs(right)], 0)
        rounding = _ROUNDING * abs(here.total) / steps / size
        is_kink = np.abs(right - left) / size > _KINK + 2 * rounding
        differences = np.where(is_kink, 0.0, np.abs(gradient - (left + right) / 2) / size)
        return Check(float(differences.max()), float(rounding.max()), int(np.count_nonzero(is_kink)))

    def _totals_at(self, parameters: Floats, x: Floats, y: Floats | Integers, strength: float) -> Floats:
        """Return the total at each of k rows of parameters; points of no weight fill up, so that one program serves."""
        count = len(parameters)
        W, b = np.split(parameters, [parameters.shape[1] * 2 // 3], 1)
        spare = MOST_POINTS - len(x)
        targets = np.concatenate([y, np.zeros((spare, *y.shape[1:]), y.dtype)])
        share = np.repeat([1 / len(x), 0.0], [len(x), spare])
        arrays = W.reshape(count, -1, 2), b, np.pad(x, ((0, spare), (0, 0))), np.concatenate([targets] * count), share
        return self._totals(*(ff.Tensor(np.asarray(array)) for array in (*arrays, strength))).numpy()


_STEP = 1e-6
"""Relative; of a smooth total the error of a central difference is about 1e-12, that of rounding about 1e-10."""

_ROUNDING = 8 * np.finfo(np.float64).eps
"""Relative; of the difference of two totals."""

_KINK = 1e-4
"""Slopes to both sides differ by the step times the curvature, at most some 1e-5, where there is no kink."""

_WRONG = np.array([[other for other in range(CLASSES) if other != right] for right in range(CLASSES)])
"""The wrong classes of each class."""


def _log_one_plus_exp_of_minus(m: ff.Tensor) -> ff.Tensor:
    return ff.softplus(-m)


_hinge, _logistic, _perceptron = ff.losses.Hinge(), ff.losses.Logistic(), ff.losses.Perceptron()

OBJECTIVES = {
    "weston_watkins": Objective(
        ff.losses.CategoricalHinge(), lambda right, wrong: right - wrong, _hinge.of_margin, reach=1.0
    ),
    "one_vs_all": Objective(
        ff.losses.OneVsAllHinge(), lambda right, wrong: ff.concatenate([right, -wrong], 1), _hinge.of_margin, reach=1.0
    ),
    "structured": Objective(
        ff.losses.CrammerSinger(),
        lambda right, wrong: right - ff.max(wrong, 1, keepdims=True),
        _hinge.of_margin,
        reach=1.0,
    ),
    "softmax": Objective(
        ff.losses.SparseCategoricalCrossentropy(from_logits=True),
        lambda right, wrong: right - ff.logsumexp(wrong, 1, keepdims=True),
        _log_one_plus_exp_of_minus,
        reach=None,
    ),
    "logistic": Objective(_logistic, None, _logistic.of_margin, reach=None),
    "perceptron": Objective(_perceptron, None, _perceptron.of_margin, reach=0.0),
    "hinge": Objective(_hinge, None, _hinge.of_margin, reach=1.0),
}
"""The lab's losses by name."""
