"""The steps of a model: what training, measuring and predicting compute of one batch, traced and compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from feedforward import ops, random
from feedforward.backends.backend import Executable
from feedforward.execution import backend
from feedforward.functions import cast
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.node import Array, in_own_context
from feedforward.nn.layer import Layer, collect_losses
from feedforward.nn.optimizers import Optimizer
from feedforward.tensor import Tensor, Variable, stand_in, symbolic
from feedforward.tracing import Traced, trace
from feedforward.training.network import Network
from feedforward.training.objectives import Objective, losses_of, measure

__all__ = ["Mode", "Step", "Task", "make_step", "train_step"]

Mode = Literal["train", "gradients", "test", "losses", "predict"]
"""What a step is for.

``"gradients"``: those of the total loss, of all parameters, for an optimizer's snapshot; ``"losses"``: the loss of each
sample.
"""


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
    function, caller = _STEPS[mode]
    traced = trace(partial(function, task), [symbolic(node) for node in nodes])
    _check_tracked(task, traced, caller)
    _check_snapshots(task, traced)
    traced = replace(traced, program=replace(traced.program, max_elements=task.network.max_elements))
    return Step(traced, backend().compile(traced.program))


def train_step(task: Task, *data: Tensor) -> list[Tensor]:
    """Make one step: outputs, loss, gradients, update. Returns the loss summed over the batch, and the metrics."""
    weights, optimizer = task.layer.trainable_weights, task.optimizer
    if not weights or optimizer is None:
        raise ValueError("fit: the network has no trainable weights. Add a Dense layer, or set trainable=True.")
    totals, _, gradients = _gradients(task, data, weights, {})

    def gradients_at(values: Mapping[Variable, Tensor]) -> Sequence[Tensor]:
        return _gradients(task, data, weights, values)[2]

    optimizer.step_from(gradients, gradients_at, weights)
    return totals


def _gradients_step(task: Task, *data: Tensor) -> list[Tensor]:
    """Return the loss summed over the batch, and its gradients by all parameters."""
    parameters = [] if task.optimizer is None else task.optimizer.parameters
    totals, count, gradients = _gradients(task, data, parameters, {})
    return [totals[0], *[g * cast(count, g.dtype) for g in gradients]]


@in_own_context
def _gradients(
    task: Task, data: Sequence[Tensor], weights: Sequence[Variable], values: Mapping[Variable, Tensor]
) -> tuple[list[Tensor], Tensor, list[Tensor]]:
    """Return the totals over a batch, its size and the gradients of its mean loss; tensors stand in for variables."""
    if values:
        stand_in(values)
    with random.drawing_from(task.seed, 0 if task.optimizer is None else task.optimizer.iterations):
        totals, count = _measure(task, data, training=True)
    loss = totals[0] / count
    nodes = [weight.node for weight in weights]
    parts = zip(nodes, gradient(loss.node, nodes), strict=True)
    return totals, count, [symbolic(zeros_like(node) if part is None else part) for node, part in parts]


def _check_snapshots(task: Task, traced: Traced) -> None:
    """Check that a step whose gradients are computed at two places changes nothing twice."""
    known = {*task.layer.trainable_weights, *(() if task.optimizer is None else task.optimizer.variables)}
    changed = traced.variables[: len(traced.program.updates)]
    others = [variable.name for variable in changed if variable not in known]
    if task.optimizer is not None and task.optimizer.has_snapshots and others:
        raise TypeError(
            f"fit: {type(task.optimizer).__name__} runs the network twice in a step, where a layer changes "
            f"{', '.join(others)} each time. Use another optimizer, or leave that layer out."
        )


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


def _losses_step(task: Task, *data: Tensor) -> list[Tensor]:
    count = len(task.network.inputs)
    # Not from predictions that were stored: a loss takes logits where an activation hides them.
    return [losses_of(task.wanted, data[count:], _predict_step(task, *data[:count]))]


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


_STEPS: dict[Mode, tuple[Callable[..., list[Tensor]], str]] = {
    "train": (train_step, "fit"),
    "gradients": (_gradients_step, "fit"),
    "test": (_test_step, "evaluate"),
    "losses": (_losses_step, "evaluate"),
    "predict": (_predict_step, "predict"),
}
"""What a step computes, and who is named where that cannot be."""
