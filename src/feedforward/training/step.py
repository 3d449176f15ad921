"""The steps of a model: what training, measuring and predicting compute of one batch, traced and compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from feedforward import ops, random
from feedforward.backends.backend import Executable
from feedforward.execution import backend
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.node import Array
from feedforward.nn.layer import Layer, collect_losses
from feedforward.nn.optimizers import Optimizer
from feedforward.tensor import Tensor, Variable, symbolic
from feedforward.tracing import Traced, trace
from feedforward.training.network import Network
from feedforward.training.objectives import Objective, measure

__all__ = ["Mode", "Step", "Task", "make_step", "train_step"]

Mode = Literal["train", "test", "predict"]
"""What a step is for."""


@dataclass(frozen=True)
class Step:
    """A traced step, ready to run."""

    traced: Traced
    executable: Executable

    def values(self) -> list[Array]:
        """Return the present values of its variables."""
        return [variable.numpy() for variable in self.traced.variables]


@dataclass(frozen=True)
class Task:
    """What a step is made of.

    Parameters
    ----------
    layer : Layer
        Whose weights are trained.
    network : Network
        What computes the outputs.
    wanted : sequence of Objective
        What is wanted of each output, unless the step predicts.
    optimizer : Optimizer or None
        What changes the weights, if the step trains.
    seed : int
        The key of random draws, beside the number of the step.
    """

    layer: Layer
    network: Network
    wanted: Sequence[Objective]
    optimizer: Optimizer | None
    seed: int


def make_step(task: Task, mode: Mode, arrays: Sequence[Array], has_weights: bool) -> Step:
    """Return the step of a model for data of these dtypes and shapes, whatever their number of rows.

    Parameters
    ----------
    task : Task
        Network, objectives and optimizer.
    mode : {"train", "test", "predict"}
        What it is for.
    arrays : sequence of arrays, shape (n, ...)
        The inputs, and targets unless it predicts.
    has_weights : bool
        Whether samples have weights.
    """
    batch = unknown("batch")
    asked = [objective.output for objective in task.wanted if objective.has_targets]
    names = [node.attrs["name"] for node in task.network.inputs]
    names += ["y"] if len(asked) == 1 else [f"y[{name!r}]" for name in asked]
    nodes = [
        ops.placeholder((batch, *array.shape[1:]), array.dtype, name) for array, name in zip(arrays, names, strict=True)
    ]
    if has_weights:
        nodes.append(ops.placeholder((batch,), "float32", "sample_weight"))
    if mode == "train" and task.optimizer is not None:
        task.optimizer.build([weight for weight in task.layer.weights if weight.trainable])
    function = {"train": train_step, "test": _test_step, "predict": _predict_step}[mode]
    traced = trace(partial(function, task), [symbolic(node) for node in nodes])
    _check_tracked(task, traced, {"train": "fit", "test": "evaluate", "predict": "predict"}[mode])
    traced = replace(traced, program=replace(traced.program, max_elements=task.network.max_elements))
    return Step(traced, backend().compile(traced.program))


def train_step(task: Task, *data: Tensor) -> list[Tensor]:
    """Make one step: outputs, loss, gradients, update. Returns the loss summed over the batch, and the metrics."""
    weights, optimizer = task.layer.trainable_weights, task.optimizer
    if not weights or optimizer is None:
        raise ValueError("fit: the network has no trainable weights. Add a Dense layer, or set trainable=True.")
    with random.drawing_from(task.seed, optimizer.iterations):
        totals, count = _measure(task, data, training=True)
    loss = totals[0] / count
    parts = gradient(loss.node, [weight.node for weight in weights])
    slopes = [
        symbolic(zeros_like(weight.node) if part is None else part) for weight, part in zip(weights, parts, strict=True)
    ]
    optimizer.apply_gradients(zip(slopes, weights, strict=True))
    return totals


def _check_tracked(task: Task, traced: Traced, caller: str) -> None:
    """Check that every trainable variable that a step reads belongs to a layer that knows it: others are in no file."""
    optimizer = task.optimizer
    rates = [] if optimizer is None else [optimizer.learning_rate, optimizer.weight_decay]
    known = {*task.layer.weights, *(rate for rate in rates if isinstance(rate, Variable))}
    for variable in traced.variables:
        if variable.trainable and variable not in known:
            raise ValueError(
                f"{caller}: the network uses the variable {variable.name!r}, which no layer lists among its weights, "
                f"so that it would be neither trained nor saved. Make it, or its layer, an attribute of a layer."
            )


def _test_step(task: Task, *data: Tensor) -> list[Tensor]:
    with random.drawing_from(task.seed, 0):  # what draws also now draws the same each time
        return _measure(task, data, training=False)[0]


def _predict_step(task: Task, *inputs: Tensor) -> list[Tensor]:
    collect_losses()  # which nobody wants here
    with random.drawing_from(task.seed, 0):  # as in `_test_step`
        outputs: list[Tensor] = task.network.apply(task.network.cast(inputs), training=False)
    return outputs


def _measure(task: Task, data: Sequence[Tensor], training: bool) -> tuple[list[Tensor], Tensor]:
    """Return the totals of loss and metrics over a batch, and its number of samples."""
    count = len(task.network.inputs)
    added = collect_losses()
    predictions = task.network.apply(task.network.cast(data[:count]), training)
    targets = sum(objective.has_targets for objective in task.wanted)
    weight = data[count + targets] if len(data) > count + targets else None
    added += task.layer.regularization()
    return measure(task.wanted, data[count : count + targets], predictions, weight, added)
