"""Tasks: families of functions that an optimizer is to make small, one of which is drawn for each run.

To add one, write one dataclass: `shapes` says what is to be found, `drawn` where a run begins and which function of
the family it is about, `loss` is the function. Not here: who makes it small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

from feedforward import random
from feedforward.functions import exp, matmul, reshape, square
from feedforward.graph.node import Array, in_own_context
from feedforward.nn.config import Range, check_choice, check_int, check_number, resolve
from feedforward.nn.initializers import INITIALIZERS, GlorotUniform, Initializer
from feedforward.nn.layer import collect_losses
from feedforward.tensor import Tensor, stand_in
from feedforward.training.data import check_data, check_finite
from feedforward.training.model import Model
from feedforward.training.objectives import measure

__all__ = ["Named", "Network", "Quadratics", "Scaled", "Squares", "Task", "Together", "check_task", "elements"]

Named: TypeAlias = Mapping[str, Tensor]


class Task:
    """Base of all tasks.

    Attributes
    ----------
    samples : tuple of arrays, shape (n, ...)
        What batches are taken from; none where the function is known.
    batch_size : int
        Rows in a batch.
    functions : int
        How many functions the loss is a sum of: what is reported is their mean.
    """

    samples: tuple[Array, ...] = ()
    batch_size: int = 1
    functions: int = 1

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the parameters, each by its name."""
        raise NotImplementedError(f"{type(self).__name__} has no shapes(). Define shapes(self).")

    def drawn(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return first parameters, and what tells the functions of the family apart, drawn by `feedforward.random`."""
        raise NotImplementedError(f"{type(self).__name__} has no drawn(). Define drawn(self).")

    def loss(self, parameters: Named, instance: Named, batch: Sequence[Tensor]) -> Tensor:
        """Return the loss, a scalar.

        Parameters
        ----------
        parameters, instance : dict of str to tensor
            As `drawn` returned them, or what became of them.
        batch : sequence of tensors, shape (batch_size, ...)
            Rows of `samples`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no loss(). Define loss(self, parameters, ...).")


@dataclass(frozen=True)
class Quadratics(Task):
    """f(x) = |W x - y|^2 with W and y drawn at random, several functions side by side, each with an x of its own.

    Parameters
    ----------
    dimensions : int
        Of x and y.
    functions : int
        How many.
    distribution : {"normal", "uniform"}
        What W and y are drawn from: the normal distribution of variance 1, as in the paper, or numbers from 0 to 1, as
        in its authors' code.

    Notes
    -----
    x begins as normal numbers of standard deviation 0.01. The loss is the sum over the functions, so that each x has
    the gradient of its own; the authors' code has the mean, and gradients as much smaller.

    References
    ----------
    Andrychowicz et al., "Learning to learn by gradient descent by gradient descent", 2016, section 3.1.
    """

    dimensions: int = 10
    functions: int = 128
    distribution: str = "normal"

    def __post_init__(self) -> None:
        check_int("Quadratics", "dimensions", self.dimensions, 1)
        check_int("Quadratics", "functions", self.functions, 1)
        check_choice("Quadratics", "distribution", self.distribution, ("normal", "uniform"))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of x."""
        return {"x": (self.functions, self.dimensions)}

    def drawn(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return x; W, and y as columns."""
        draw = random.normal if self.distribution == "normal" else random.uniform
        many, size = self.functions, self.dimensions
        first = {"x": random.normal((many, size), stddev=0.01)}
        return first, {"matrix": draw((many, size, size)), "target": draw((many, size, 1))}

    def loss(self, parameters: Named, instance: Named, batch: Sequence[Tensor]) -> Tensor:
        """Return the sum of all functions."""
        column = reshape(parameters["x"], (self.functions, self.dimensions, 1))
        return square(matmul(instance["matrix"], column) - instance["target"]).sum()


@dataclass(frozen=True)
class Squares(Task):
    """f(x) = |x - a|^2 / d: as simple as a convex function can be.

    Parameters
    ----------
    dimensions : int
        d.

    References
    ----------
    Lv, Jiang and Li, "Learning gradient descent: better generalization and longer horizons", 2017, section 4.2,
    where a rule is trained on it beside a network. Here x and a are drawn from -1 to 1; in their code x begins at 0,
    and no square counts as more than 10.
    """

    dimensions: int = 20

    def __post_init__(self) -> None:
        check_int("Squares", "dimensions", self.dimensions, 1)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of x."""
        return {"x": (self.dimensions,)}

    def drawn(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return x; a."""
        size = (self.dimensions,)
        return {"x": random.uniform(size, -1.0, 1.0)}, {"target": random.uniform(size, -1.0, 1.0)}

    def loss(self, parameters: Named, instance: Named, batch: Sequence[Tensor]) -> Tensor:
        """Return the function's value."""
        return square(parameters["x"] - instance["target"]).mean()


class Network(Task):
    """The training of a network on samples: another start and other batches in every run.

    Parameters
    ----------
    model : Model
        The network. It is copied: neither is it changed, nor does what becomes of it count.
    loss : str, Loss, list or dict
        As in `Model.compile`.
    x, y : arrays, shape (n, ...)
        Samples and targets, as `Model.fit` takes them: lists or dicts for several inputs or outputs.
    batch_size : int
        Samples in a step, at most n.
    initializer : str or Initializer, optional
        What all weights are drawn from. By default `GlorotUniform` draws those of two or more axes, and the others,
        such as biases, begin as they stand in the model.

    Raises
    ------
    ValueError, TypeError, ShapeError, DataError
        If a setting is none of these, the network has no trainable weights or constraints on them, or samples and
        targets do not fit it, as `Model.fit` says.

    Notes
    -----
    The loss is that of `Model.fit`: with what regularizers and layers add, and with layers that act as in training.
    Dropout draws other units in each step. Weights that are not trainable, such as running statistics, have no say in
    it: with `BatchNormalization` every batch goes by its own.

    Examples
    --------
    >>> import numpy as np
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1, name="line")])
    >>> Network(model, "mean_squared_error", np.zeros((8, 2)), np.zeros((8, 1)), batch_size=4).shapes()
    {'line/kernel': (2, 1), 'line/bias': (1,)}
    """

    def __init__(
        self,
        model: Model,
        loss: Any,
        x: Any,
        y: Any,
        batch_size: int = 128,
        initializer: str | Initializer | None = None,
    ) -> None:
        if not isinstance(model, Model):
            raise TypeError(f"Network(model={model!r:.60}): expected a Model. Give one that has its layers.")
        check_int("Network", "batch_size", batch_size, 1)
        self._initializer = None if initializer is None else resolve(INITIALIZERS, initializer)
        self._model = deepcopy(model)
        self._model.compile("sgd", loss)  # whose optimizer is never asked
        samples = check_finite(self._model, check_data(self._model, x, y, None, "Network"), "Network")
        if batch_size > samples.rows:
            raise ValueError(
                f"Network(batch_size={batch_size}): there are {samples.rows} samples. Give a batch of at most as many."
            )
        self.samples, self.batch_size = tuple(samples.arrays), int(batch_size)
        trained = {*self._model.trainable_weights}
        if not trained:
            raise ValueError("Network: the model has no trainable weights. Add a Dense layer, or set trainable=True.")
        weights = {path: weight for path, weight in self._model.weights_by_path() if weight in trained}
        for path, weight in weights.items():
            if weight.constraint is not None:
                raise ValueError(
                    f"Network: the weight {path!r} has the constraint {weight.constraint!r:.60}, which runs do not "
                    f"keep. Give a model without constraints."
                )
        self._first_values = {path: weight.numpy() for path, weight in weights.items()}  # no trace has them

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the trainable weights, by their paths."""
        return {path: value.shape for path, value in self._first_values.items()}

    def drawn(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return weights; nothing else tells two runs apart but their batches."""
        return {path: self._first(value) for path, value in self._first_values.items()}, {}

    def _first(self, value: Array) -> Tensor:
        if self._initializer is not None:
            return self._initializer(value.shape, value.dtype)
        return GlorotUniform()(value.shape, value.dtype) if value.ndim > 1 else Tensor(value)

    @in_own_context
    def loss(self, parameters: Named, instance: Named, batch: Sequence[Tensor]) -> Tensor:
        """Return the mean loss of a batch."""
        network, count = self._model.network, len(self._model.network.inputs)
        weights = dict(self._model.weights_by_path())
        stand_in({weights[path]: value for path, value in parameters.items()})
        added = collect_losses()
        outputs = network.apply(network.cast(batch[:count]), training=True)
        added += self._model.regularization()
        totals, rows = measure(self._model.wanted("Network"), batch[count:], outputs, None, added)
        return totals[0] / rows


class Scaled(Task):
    """Another task whose parameters are measured in other units: f(c x), with c drawn for every run.

    Parameters
    ----------
    task : Task
        The other task.
    spread : float
        Factors are from exp(-spread) to exp(spread), uniform in their logarithm.
    level : {"coordinate", "parameter", "all"}
        Whether each number, each parameter, or all of them have a factor of their own.

    References
    ----------
    Lv, Jiang and Li, 2017, section 4.1, "random scaling", for each coordinate with spread 3; Moudgil et al., "Celo:
    training versatile learned optimizers on a compute diet", 2025, for the other levels.
    """

    def __init__(self, task: Task, spread: float = 3.0, level: str = "coordinate") -> None:
        check_task("Scaled", task)
        check_number("Scaled", "spread", spread, Range(0, 20))
        check_choice("Scaled", "level", level, ("coordinate", "parameter", "all"))
        self._task, self._spread, self._level = task, float(spread), level
        self.samples, self.batch_size, self.functions = task.samples, task.batch_size, task.functions

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the other task."""
        return self._task.shapes()

    def drawn(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return x / c; the factors, and what the other task draws."""
        first, instance = self._task.drawn()
        if self._level == "all":
            draw = dict.fromkeys(first, self._factors(()))
        else:
            is_each = self._level == "coordinate"
            draw = {name: self._factors(shape if is_each else ()) for name, shape in self.shapes().items()}
        return (
            {name: value / draw[name] for name, value in first.items()},
            {f"factor/{name}": factor for name, factor in draw.items()}
            | {f"task/{name}": value for name, value in instance.items()},
        )

    def _factors(self, shape: tuple[int, ...]) -> Tensor:
        return exp(random.uniform(shape, -self._spread, self._spread))

    def loss(self, parameters: Named, instance: Named, batch: Sequence[Tensor]) -> Tensor:
        """Return the other task's loss at c x."""
        scaled = {name: value * instance[f"factor/{name}"] for name, value in parameters.items()}
        own = {name.removeprefix("task/"): value for name, value in instance.items() if name.startswith("task/")}
        return self._task.loss(scaled, own, batch)


class Together(Task):
    """Several tasks at a time, as one whose parameters are all of theirs and whose loss is the sum.

    Parameters
    ----------
    *tasks : Task
        At most one of them has samples.

    References
    ----------
    Lv, Jiang and Li, 2017, section 4.2, "combination with convex functions".
    """

    def __init__(self, *tasks: Task) -> None:
        if not tasks:
            raise ValueError("Together(): there are no tasks. Give one at least.")
        for task in tasks:
            check_task("Together", task)
        with_samples = [task for task in tasks if task.samples]
        if len(with_samples) > 1:
            raise ValueError(f"Together: {len(with_samples)} of the tasks have samples. Give at most one that has.")
        self._tasks = tasks
        self.samples = with_samples[0].samples if with_samples else ()
        self.batch_size = with_samples[0].batch_size if with_samples else 1

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of all, each by the number of its task and its name."""
        return {f"{at}/{name}": shape for at, task in enumerate(self._tasks) for name, shape in task.shapes().items()}

    def drawn(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return what all tasks draw."""
        draws = [task.drawn() for task in self._tasks]
        first, instance = (
            {f"{at}/{name}": value for at, draw in enumerate(draws) for name, value in draw[part].items()}
            for part in (0, 1)
        )
        return first, instance

    def loss(self, parameters: Named, instance: Named, batch: Sequence[Tensor]) -> Tensor:
        """Return the sum of the losses, each divided by the number of its functions."""
        total = Tensor(0.0)
        for at, task in enumerate(self._tasks):
            own = [
                {name.partition("/")[2]: value for name, value in part.items() if name.partition("/")[0] == str(at)}
                for part in (parameters, instance)
            ]
            total = total + task.loss(own[0], own[1], batch if task.samples else ()) / task.functions
        return total


def check_task(owner: str, task: Any) -> None:
    """Check that it is a task; TypeError, which begins with `owner`, if it is none."""
    if not isinstance(task, Task):
        raise TypeError(f"{owner}: got {task!r:.60}. Expected a task. Give one, such as Quadratics().")


def elements(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Return how many numbers parameters of these shapes have."""
    return sum(math.prod(shape) for shape in shapes.values())
