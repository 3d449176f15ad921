"""Layers and models of Keras called on tensors of a graph: operations, whose weights are variables of the graph.

The rule of such an operation calls the layer in a trace of its own, in which the values of the graph's variables are
those of the weights. What a layer assigns to its weights, such as moving averages, is among the outputs, and `updates`
are the assignments: as in TensorFlow 1, a program runs them, or nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import copy_context
from typing import Any

import feedforward
from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.arithmetic.arrays import convert_to_tensor, placeholder_with_default
from feedforward.compat.tensorflow.graphs.graph import Graph, UnknownValueError, default_graph, known_value
from feedforward.compat.tensorflow.graphs.session import Session, present_session, use_for_models
from feedforward.compat.tensorflow.graphs.tensors import GraphTensor
from feedforward.compat.tensorflow.graphs.variables import graph_variable
from feedforward.nn.layer import Input, Layer, collect_losses
from feedforward.nn.taking import what_it_takes
from feedforward.tensor import Tensor, Variable, begin_trace, of_node
from feedforward.training.model import Model

__all__ = ["call_in_graph", "losses_in_graph", "phase_of", "session_of_models", "updates_in_graph", "weights_of"]


def phase_of(graph: Graph) -> GraphTensor:
    """Return the tensor of a graph that says whether what is computed is training: False unless it is fed."""
    if "keras_learning_phase" not in graph.kept:
        with graph.as_default(), graph.name_scope(None), graph.control_dependencies(None):
            graph.kept["keras_learning_phase"] = placeholder_with_default(False, (), name="keras_learning_phase")
    found: GraphTensor = graph.kept["keras_learning_phase"]
    return found


def call_in_graph(layer: Any, inputs: Sequence[Any], training: Any) -> Any:
    """Return what a layer makes of tensors of a graph.

    Parameters
    ----------
    layer : Layer
        The layer.
    inputs : sequence of tensors, or of one list of them
        What it is called on.
    training : bool, tensor or None
        Whether it is to act as in training; None: as ``K.learning_phase()`` says.
    """
    has_list = len(inputs) == 1 and isinstance(inputs[0], list | tuple)
    tensors = [convert_to_tensor(each) for each in (inputs[0] if has_list else inputs)]
    graph = tensors[0].graph if isinstance(tensors[0], GraphTensor) else default_graph()
    if not layer.is_built:
        _build(layer, tensors, has_list)
    weights = weights_of(layer)
    trained = set(Layer.trainable_weights.fget(layer))  # type: ignore[attr-defined]
    variables = [graph_variable(weight, graph, weight in trained) for weight in weights]
    if training is None and any(what_it_takes(type(each).call).has_training for each in layer.all_layers()):
        training = phase_of(graph)
    changed: list[int] = []
    is_new = True

    def rule(values: list[Tensor], given: list[Tensor], phase: Any) -> list[Tensor]:
        found, new = _computed(layer, weights, values, given, phase, has_list)
        if is_new:  # whether it is training is not known yet: these are all that it may change
            changed[:] = sorted(new)
        return [*found, *(new.get(place, given[place]) for place in changed)]

    made = graph.record(type(layer).__name__, rule, (tensors, variables, training), {}, str(layer.name))
    is_new = False
    outputs = list(made) if isinstance(made, list) else [made]
    count = len(outputs) - len(changed)
    updates = [variables[place].assign(value) for place, value in zip(changed, outputs[count:], strict=True)]
    if isinstance(layer, Model):
        graph.kept["has_keras_model"] = True
    graph.kept.setdefault("keras_updates", {}).setdefault(id(layer), []).extend(updates)
    return outputs[0] if count == 1 else outputs[:count]


def weights_of(layer: Layer) -> list[Variable]:
    """Return the weights of a layer as the package has them."""
    found: list[Variable] = Layer.weights.fget(layer)  # type: ignore[attr-defined]
    return found


def _build(layer: Any, tensors: Sequence[GraphTensor], has_list: bool) -> None:
    """Make the weights of a layer for tensors of a graph: it is called on inputs of their shapes."""
    inputs = []
    for tensor in tensors:
        shape = tensor.shape
        if shape.ndims is None or shape.ndims < 1:
            raise ValueError(
                f"layer {layer.name!r}: it was called on {tensor.name!r} of shape {shape}. Expected a known number of "
                f"dimensions, the batch first: give the placeholder a shape."
            )
        inputs.append(Input(shape.as_list()[1:], tensor.dtype.base_dtype.name))
    Layer.__call__(layer, *([inputs] if has_list else inputs))


def _computed(
    layer: Any,
    weights: Sequence[Variable],
    values: Sequence[Tensor],
    given: Sequence[Tensor],
    phase: Any,
    has_list: bool,
) -> tuple[list[Tensor], dict[int, Tensor]]:
    """Return what a layer makes of tensors, and the new values of the weights that it changes, by their places."""
    if isinstance(phase, Tensor):
        try:
            phase = bool(known_value(phase))
        except UnknownValueError:
            phase = feedforward.reshape(phase, (-1,))[0]  # a placeholder may have no shape
            both = [_computed(layer, weights, values, given, each, has_list) for each in (True, False)]
            return _chosen(phase, both, given)
    return copy_context().run(_called, layer, weights, values, given, bool(phase), has_list)


def _called(
    layer: Any,
    weights: Sequence[Variable],
    values: Sequence[Tensor],
    given: Sequence[Tensor],
    phase: bool,
    has_list: bool,
) -> tuple[list[Tensor], dict[int, Tensor]]:
    traced = begin_trace(None)
    traced.leaves.update((weight, value.node) for weight, value in zip(weights, given, strict=True))
    added = collect_losses()
    result = Layer.__call__(layer, *([list(values)] if has_list else values), training=phase)
    if added:
        raise ValueError(
            f"layer {layer.name!r}: it adds to the loss what its outputs cost, which a graph does not know of. Leave "
            f"activity_regularizer and add_loss out, and add the cost to the loss of the graph."
        )
    new = {
        place: of_node(traced.assigned[weight], is_symbolic=True)
        for place, weight in enumerate(weights)
        if weight in traced.assigned
    }
    return (list(result) if isinstance(result, list | tuple) else [result]), new


def _chosen(
    phase: Tensor, both: Sequence[tuple[list[Tensor], dict[int, Tensor]]], given: Sequence[Tensor]
) -> tuple[list[Tensor], dict[int, Tensor]]:
    """Return what is computed in training where the phase says so, else the rest."""
    (trained, new), (used, other) = both
    outputs = [feedforward.where(phase, *pair) for pair in zip(trained, used, strict=True)]
    places = sorted({*new, *other})
    pairs = {place: (new.get(place, given[place]), other.get(place, given[place])) for place in places}
    return outputs, {place: feedforward.where(phase, *pair) for place, pair in pairs.items()}


def updates_in_graph(layer: Any) -> list[Any]:
    """Return the assignments of a layer to its weights, and of those in it, that calls in the default graph left."""
    found = default_graph().kept.get("keras_updates", {})
    return [update for each in layer.all_layers() for update in found.get(id(each), ())]


def losses_in_graph(layer: Any) -> list[GraphTensor]:
    """Return what the regularizers of a layer, and of those in it, cost, as tensors of the default graph."""
    graph = default_graph()
    known, costs = graph.kept.get("weights", {}), graph.kept.setdefault("keras_losses", {})
    found = []
    for each in layer.all_layers():
        for weight, regularizer in each._regularizers.items():
            if weight in known:
                if weight not in costs:
                    name = f"{each.name}/Regularizer"
                    costs[weight] = graph.record("Regularizer", regularizer, (known[weight],), {}, name)
                found.append(costs[weight])
    return found


@provided("keras.backend.get_session")
def session_of_models() -> Session:
    """Return the present session, by default one of models' own; weights that have no value in it get theirs."""
    graph = default_graph()
    session = present_session(graph)
    if session is None:
        session = graph.kept["keras_session"] = Session(graph=graph)
    known: dict[Variable, Any] = graph.kept.get("weights", {})
    session.store({each: weight.numpy() for weight, each in known.items() if session.value_of(each) is None})
    return session


@provided("keras.backend.set_session", "keras.backend.tensorflow_backend.set_session")
def use_session(session: Session) -> None:
    """Let models have the values that a session holds, and the session those that `fit` gives them."""
    use_for_models(session)


provide(session_of_models, "keras.backend.tensorflow_backend.get_session")
