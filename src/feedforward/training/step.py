"""The steps of a model: what training, measuring and predicting compute of one batch, traced and compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from feedforward import ops, random
from feedforward.backends.backend import Executable
from feedforward.execution import backend
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.node import Array
from feedforward.tensor import Tensor, symbolic
from feedforward.tracing import Traced, trace

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["Mode", "Step", "make_step"]

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


def make_step(model: Model, mode: Mode, arrays: Sequence[Array], has_weights: bool) -> Step:
    """Return the step of a model for data of these dtypes and shapes, whatever their number of rows.

    Parameters
    ----------
    model : Model
        Whose step.
    mode : {"train", "test", "predict"}
        What it is for.
    arrays : sequence of arrays, shape (n, ...)
        The inputs, and targets unless it predicts.
    has_weights : bool
        Whether samples have weights.
    """
    batch = unknown("batch")
    names = [node.attrs["name"] for node in model.network.inputs] + ["y"]
    nodes = [
        ops.placeholder((batch, *array.shape[1:]), array.dtype, name)
        for array, name in zip(arrays, names, strict=False)
    ]
    if has_weights:
        nodes.append(ops.placeholder((batch,), "float32", "sample_weight"))
    if mode == "train":
        model.ready("fit")[0].build(model.parameters)
    function = {"train": _train_step, "test": _test_step, "predict": _predict_step}[mode]
    traced = trace(partial(function, model), [symbolic(node) for node in nodes])
    if mode == "train":
        _check_tracked(model, traced)
    traced = replace(traced, program=replace(traced.program, max_elements=model.network.max_elements))
    return Step(traced, backend().compile(traced.program))


def _train_step(model: Model, *data: Tensor) -> list[Tensor]:
    """Make one step: outputs, loss, gradients, update. Returns the loss summed over the batch, and the metrics."""
    optimizer = model.ready("fit")[0]
    weights = model.trainable_weights
    if not weights:
        raise ValueError("fit: the network has no trainable weights. Add a Dense layer, or set trainable=True.")
    with random.drawing_from(model.seed, optimizer.iterations):
        totals, count = _measure(model, data, training=True)
    loss = totals[0] / count
    parts = gradient(loss.node, [weight.node for weight in weights])
    slopes = [
        symbolic(zeros_like(weight.node) if part is None else part) for weight, part in zip(weights, parts, strict=True)
    ]
    optimizer.apply_gradients(zip(slopes, weights, strict=True))
    return totals


def _check_tracked(model: Model, traced: Traced) -> None:
    """Check that every trainable variable that a step reads belongs to a layer that knows it."""
    known = {*model.weights}
    for variable in traced.variables:
        if variable.trainable and variable not in known:
            raise ValueError(
                f"fit: the network uses the variable {variable.name!r}, which no layer lists among its weights, so "
                f"that it would be neither trained nor saved. Make it, or its layer, an attribute of a layer."
            )


def _test_step(model: Model, *data: Tensor) -> list[Tensor]:
    return _measure(model, data, training=False)[0]


def _predict_step(model: Model, *inputs: Tensor) -> list[Tensor]:
    return model.network.apply(model.network.cast(inputs), training=False)


def _measure(model: Model, data: Sequence[Tensor], training: bool) -> tuple[list[Tensor], Tensor]:
    """Return the totals of loss and metrics over a batch, and its number of samples."""
    network = model.network
    count = len(network.inputs)
    prediction = network.apply(network.cast(data[:count]), training)[0]
    weight = data[count + 1] if len(data) > count + 1 else None
    return model.ready("fit")[1].measure(data[count], prediction, weight)
