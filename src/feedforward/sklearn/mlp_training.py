"""How an MLP estimator is trained: an epoch as one native call, and L-BFGS on the compiled loss and gradient.

A step differs from that of `Model.fit` in two ways, which are scikit-learn's: weights of samples are divided by their
sum over the batch, and the penalty for large weights by the same number. What is minimised of a batch is

    (sum of w l + alpha / 2 sum of W^2) / sum of w

for losses l and weights w of samples and the kernels W. Not here: when to stop (``mlp_estimator.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize

from feedforward import ops, random
from feedforward.execution import backend
from feedforward.functions import square, sum, where
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.node import Array
from feedforward.nn.optimizers import Optimizer
from feedforward.sklearn.mlp_goal import Goal
from feedforward.sklearn.mlp_network import dense_layers
from feedforward.tensor import Tensor, Variable, store, symbolic
from feedforward.tracing import Traced, trace
from feedforward.training.feed import Piece
from feedforward.training.loop import Loop
from feedforward.training.model import Model

__all__ = ["Rows", "Descent", "Surface"]

_PIECE_BYTES = 2**22
"""Of sparse rows, how many bytes are made dense at a time."""

_BLOCK = 1024
"""Rows of which loss and gradient are computed at a time: what layers give for so many stays in the cache."""


@dataclass(frozen=True)
class Rows:
    """What is trained on.

    Parameters
    ----------
    x : array or CSR matrix, shape (n, d)
        The rows.
    rest : sequence of arrays, shape (n, ...)
        The targets and, if there are any, the weights of the samples.
    """

    x: Any
    rest: Sequence[Array]

    def pieces(self, order: Array, batch_size: int) -> Iterator[Piece]:
        """Yield batches in an order: dense rows as they lie; sparse ones are made dense some batches at a time."""
        if isinstance(self.x, np.ndarray):
            yield Piece([self.x, *self.rest], order, batch_size)
            return
        bytes_of_batch = batch_size * self.x.shape[1] * self.x.dtype.itemsize
        size = batch_size * max(1, _PIECE_BYTES // max(bytes_of_batch, 1))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            arrays = [self.x[rows].toarray(), *(array[rows] for array in self.rest)]
            yield Piece(arrays, np.arange(len(rows)), batch_size)

    def traced(self, step: Callable[..., list[Tensor]]) -> Traced:
        """Return a step on a batch of such rows as a program."""
        batch, names = unknown("batch"), ("x", "y", "sample_weight")
        nodes = [
            ops.placeholder((batch, *array.shape[1:]), array.dtype, name)
            for array, name in zip([self.x, *self.rest], names, strict=False)
        ]
        return trace(step, [symbolic(node) for node in nodes])


def _gradients(total: Tensor, weights: Sequence[Variable]) -> list[Tensor]:
    """Return the gradients of a number by variables, zeros by those that it does not depend on."""
    nodes = [weight.node for weight in weights]
    parts = zip(nodes, gradient(total.node, nodes), strict=True)
    return [symbolic(zeros_like(node) if part is None else part) for node, part in parts]


class Descent:
    """Goes over batches with the optimizer that a model is compiled with.

    Parameters
    ----------
    model : Model
        Whose weights are trained.
    optimizer : Optimizer
        What changes them.
    goal : Goal
        What is minimised.
    alpha : float
        What the squares of the kernels cost.
    rows : Rows
        Such as `epoch` will be given.
    """

    def __init__(self, model: Model, optimizer: Optimizer, goal: Goal, alpha: float, rows: Rows) -> None:
        optimizer.check_single_steps("fit")
        optimizer.build(model.trainable_weights)
        self.optimizer = optimizer
        self._model, self._goal, self._alpha = model, goal, alpha
        self._traced = rows.traced(self._step)
        self._loop = Loop(backend().compile(self._traced.program), self._traced.program, [])

    def _step(self, *data: Tensor) -> list[Tensor]:
        """Change the weights, and return the loss of the batch, times its size."""
        model, goal = self._model, self._goal
        with random.drawing_from(model.seed, self.optimizer.iterations):
            total, weight = goal.sums(model, data, training=True)
        weight = where(weight > 0.0, weight, 1.0)  # of a batch whose samples all weigh 0 the penalty is left
        squares = [sum(square(layer.kernel.value())) for layer in dense_layers(model)]
        penalty = squares[0]
        for each in squares[1:]:
            penalty = penalty + each
        penalty = penalty * (0.5 * self._alpha)
        weights = model.trainable_weights
        gradients = _gradients((total + penalty) / weight, weights)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        count = symbolic(ops.size(data[0].node.shape[0], total.dtype))
        return [(total * goal.share + penalty) / weight * count]

    def epoch(self, rows: Rows, order: Array, batch_size: int) -> float:
        """Take a step for each batch, and return the mean of their losses.

        Raises
        ------
        NotFiniteError
            If a loss or a weight is NaN or infinite; the weights are then those before that batch.
        """
        loop, variables = self._loop, self._traced.variables
        loop.variables = [variable.numpy() for variable in variables]
        total = 0.0
        try:
            for piece in rows.pieces(order, batch_size):  # one by one: a loop over many would keep some of them
                total += float(loop.run([piece], whole="the epoch")[0])
        finally:  # after Ctrl-C, too, the weights are those after all batches that were done
            updated = len(self._traced.program.updates)
            store(variables[:updated], loop.finished()[0][:updated])
        return total / len(order)


class Surface:
    """The loss of all rows, and its gradient, as a function of all weights in one vector.

    Parameters
    ----------
    model, goal, alpha, rows
        As for `Descent`; no layer may draw at random or look at the batch as a whole.
    """

    def __init__(self, model: Model, goal: Goal, alpha: float, rows: Rows) -> None:
        self._model, self._goal, self._alpha, self._rows = model, goal, alpha, rows
        kernels = [layer.kernel for layer in dense_layers(model)]
        # In scikit-learn's order, kernels before biases: sums in L-BFGS are taken along it.
        self.weights = [*kernels, *(each for each in model.trainable_weights if each not in {*kernels})]
        self._penalised = int(np.sum([kernel.size for kernel in kernels]))
        self._traced = rows.traced(self._step)
        self._executable = backend().compile(self._traced.program)

    def _step(self, *data: Tensor) -> list[Tensor]:
        """Return the sum of w l over a batch, that of w, and the gradient of the first by each weight."""
        total, weight = self._goal.sums(self._model, data, training=False)
        return [total, weight, *_gradients(total, self.weights)]

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """Return what is minimised at some weights, and its gradient."""
        total, weight, slope = self._totals(vector)
        kernels = vector[: self._penalised]
        slope[: self._penalised] += self._alpha * kernels
        return (total + 0.5 * self._alpha * float(kernels @ kernels)) / weight, slope / weight

    def reported(self, vector: Array) -> float:
        """Return the loss as it is reported, see `Goal.share`."""
        total, weight, _ = self._totals(vector)
        kernels = vector[: self._penalised]
        return (total * self._goal.share + 0.5 * self._alpha * float(kernels @ kernels)) / weight

    def _totals(self, vector: Array) -> tuple[float, float, Array]:
        """Return the sum of w l over all rows, that of w, and the gradient of the first."""
        self.take(vector)
        loop = self._executable.loop([variable.numpy() for variable in self._traced.variables])
        for piece in self._rows.pieces(np.arange(self._rows.x.shape[0]), _BLOCK):
            loop.run(piece.arrays, piece.order, piece.batch_size)
        total, weight, *slopes = loop.totals
        return float(total), float(weight), np.concatenate([slope.ravel() for slope in slopes])

    def take(self, vector: Array) -> None:
        """Let the model have the weights of a vector."""
        before = [weight.numpy() for weight in self.weights]
        parts = np.split(vector, np.cumsum([array.size for array in before])[:-1])
        store(
            self.weights,
            [np.array(part.reshape(array.shape), array.dtype) for part, array in zip(parts, before, strict=True)],
        )

    def minimise(self, max_iter: int, max_fun: int, tol: float, told: Callable[[int, float], None]) -> Any:
        """Return what SciPy's L-BFGS-B found, from the present weights on; the model then has the weights found.

        Parameters
        ----------
        max_iter, max_fun : int
            The most iterations and the most evaluations.
        tol : float
            The largest element of the gradient at which to stop.
        told : callable
            Called after each iteration with its number and the loss.
        """
        start = np.concatenate([weight.numpy().ravel() for weight in self.weights])
        done = 0

        def callback(intermediate_result: Any) -> None:
            nonlocal done
            done += 1
            told(done, float(intermediate_result.fun))

        options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
        found = scipy.optimize.minimize(self, start, method="L-BFGS-B", jac=True, options=options, callback=callback)
        found.reported = self.reported(found.x)
        return found
