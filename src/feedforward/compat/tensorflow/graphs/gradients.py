"""``tf.gradients``: an operation of a graph whose rule is our gradient of what the others computed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

import feedforward
from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.arithmetic.arrays import convert_to_tensor
from feedforward.compat.tensorflow.graphs.dispatch import is_eager
from feedforward.compat.tensorflow.graphs.graph import default_graph
from feedforward.compat.tensorflow.graphs.tensors import GraphTensor
from feedforward.compat.tensorflow.graphs.variables import EagerVariable, graph_variable
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.tensor import symbolic

__all__ = ["gradients", "weight_in_graph"]


def weight_in_graph(value: Any) -> Any:
    """Return the variable of the default graph that stands for a weight of a layer; anything else as it is."""
    ours = value.ours if isinstance(value, EagerVariable) else value
    return graph_variable(ours, default_graph()) if isinstance(ours, feedforward.Variable) else value


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


@provided("tf.gradients")
def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = "none",
) -> list[Any]:
    """Return the gradients of the sum of `ys` with respect to each of `xs`; None where there is no way to it.

    Parameters
    ----------
    ys, xs : tensors or variables, alone or in lists
        What is differentiated, and with respect to what.
    grad_ys : tensors, optional
        The gradients of something further on with respect to `ys`; ones by default.
    stop_gradients : tensors, optional
        What is taken as a constant.
    unconnected_gradients : {"none", "zero"}
        What there is in place of None where there is no way.

    Raises
    ------
    RuntimeError
        In eager mode.
    """
    if is_eager():
        raise RuntimeError(
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead."
        )
    if unconnected_gradients not in ("none", "zero"):
        raise ValueError(
            f"Unknown value for unconnected_gradients: {unconnected_gradients!r}. Expected 'none' or 'zero'."
        )
    targets = [convert_to_tensor(y) for y in _as_list(ys)]
    sources = [x if isinstance(x, GraphTensor) else getattr(x, "tensor", x) for x in map(weight_in_graph, _as_list(xs))]
    for x in sources:
        if not isinstance(x, GraphTensor):
            raise TypeError(f"gradients: {x!r} is no tensor or variable of a graph.")
    for y in targets:
        if not y.dtype.is_floating:
            raise TypeError(f"gradients: {y.name!r} is {y.dtype.name}. Only floats can be differentiated.")
    stops = [getattr(each, "tensor", each) for each in ([] if stop_gradients is None else _as_list(stop_gradients))]
    starts = [None] * len(targets) if grad_ys is None else _as_list(grad_ys)
    if len(starts) != len(targets):
        raise ValueError(f"gradients: {len(starts)} grad_ys for {len(targets)} ys.")
    connected = [x for x in sources if _is_connected(targets, x, stops)]
    found: dict[GraphTensor, Any] = {}
    if connected:
        outputs = [(x.shape, x.dtype.base_dtype) for x in connected]
        given = [None if start is None else convert_to_tensor(start) for start in starts]
        args = (targets, connected, given, stops)
        made = default_graph().record("gradients", _rule, args, {}, f"{name}/grad", outputs=outputs)
        found = dict(zip(connected, made if isinstance(made, list) else [made], strict=True))
    return [found[x] if x in found else (_zeros(x) if unconnected_gradients == "zero" else None) for x in sources]


def _zeros(x: GraphTensor) -> Any:
    return default_graph().record("zeros_like", lambda x: symbolic(zeros_like(x.node)), (x,))


def _is_connected(targets: Sequence[GraphTensor], x: GraphTensor, stops: Sequence[GraphTensor]) -> bool:
    """Return whether there is a way of floats from a tensor to one of the targets."""
    todo, seen = list(targets), set()
    while todo:
        tensor = todo.pop()
        if tensor is x:
            return True
        if tensor in seen or tensor in stops or tensor.op.type == "StopGradient":
            continue
        seen.add(tensor)
        todo += [each for each in tensor.op.inputs if each.dtype.is_floating]
    return False


def _rule(targets: Sequence[Any], sources: Sequence[Any], starts: Sequence[Any], stops: Sequence[Any]) -> list[Any]:
    """Return the gradients of our tensors."""
    total = None
    for y, start in zip(targets, starts, strict=True):
        part = y if start is None else y * start
        part = part if part.node.shape == () else feedforward.sum(part)
        total = part if total is None else total + part
    nodes = [x.node for x in sources]
    stopped = {each.node for each in stops}
    is_recorded = (lambda node: node not in stopped) if stopped else None
    found = gradient(total.node, nodes, None, is_recorded)  # type: ignore[union-attr]
    return [symbolic(zeros_like(node) if part is None else part) for node, part in zip(nodes, found, strict=True)]


@provided("tf.hessians")
def hessians(ys: Any, xs: Any, name: str = "hessians", **options: Any) -> list[Any]:
    """Return the second derivatives of the sum of `ys` with respect to each of `xs`, of shape ``x.shape + x.shape``."""
    if options:
        raise TypeError(f"hessians: {', '.join(options)} not known.")
    found = []
    for x in _as_list(xs):
        (first,) = gradients(ys, x)
        sizes = first.shape.as_list()
        if None in sizes:
            raise ValueError(f"hessians: {x!r} has shape {first.shape}. Expected one that is known.")
        count = int(np.prod(sizes))
        rows = [gradients(_element(first, place), x)[0] for place in range(count)]
        found.append(default_graph().record("Reshape", partial(_rows, (*sizes, *sizes)), (rows,), {}, name))
    return found


def _element(x: GraphTensor, place: int) -> Any:
    return default_graph().record("strided_slice", lambda x: x.reshape(-1)[place], (x,))


def _rows(sizes: tuple[int, ...], rows: Sequence[Any]) -> Any:
    return feedforward.stack(list(rows)).reshape(sizes)


class AggregationMethod:
    """How gradients of a tensor that is used often were added up; here always in one way."""

    ADD_N = DEFAULT = 0
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


provide(AggregationMethod, "tf.AggregationMethod")
