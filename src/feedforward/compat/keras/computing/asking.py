"""``K.function`` and ``K.gradients``: values of what is inside of a model, and their gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from feedforward import functions, ops
from feedforward.compat.keras.computing.backend import update
from feedforward.compat.keras.computing.boundary import Update, has_graph_tensor, seen, taken
from feedforward.compat.keras.models.phase import PHASE
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.graphs.gradients import gradients as tensorflow_gradients
from feedforward.compat.tensorflow.graphs.variables import symbol_of, symbolised, with_variables
from feedforward.graph.gradient import gradient
from feedforward.graph.node import Node, reachable
from feedforward.graph.program import Program, substitute
from feedforward.nn.layer import Layer, is_describing, layer_calls
from feedforward.tape import GradientTape
from feedforward.tensor import Tensor, Variable, of_node, store, symbolic
from feedforward.training.network import Network

__all__ = ["function", "gradients"]


def _leaves(outputs: Sequence[Node], known: Sequence[Node] = ()) -> list[Node]:
    """Return the inputs that outputs are computed from, through the calls of layers; those in `known` come first."""
    found, seen_nodes, pending = list(known), set(outputs), list(outputs)
    while pending:
        node = pending.pop()
        output = layer_calls.get(node)
        sources = output.call.inputs if output is not None else node.inputs
        if output is None and node.op.name == "placeholder" and node.value is None and node not in found:
            found.append(node)
        for source in sources:
            if source not in seen_nodes:
                seen_nodes.add(source)
                pending.append(source)
    return found


class _Gradients(Layer):
    """A layer that computes the gradients of a number by tensors of a network, or by weights."""

    def __init__(self, network: Network, sources: Sequence[Any]) -> None:
        super().__init__()
        self._network, self._sources = network, [each if isinstance(each, Variable) else None for each in sources]
        self._shapes = [tuple(each.node.shape) for each in sources]

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`."""
        return False

    def call(self, *inputs: Tensor, training: bool = False) -> list[Tensor]:
        """Return the gradients."""
        if is_describing():
            return [functions.broadcast_to(Tensor(np.zeros((), "float32")), shape) for shape in self._shapes]
        with GradientTape() as tape:
            for each in inputs:
                tape.watch(each)
            loss, *found = map(with_variables, self._network.apply(list(inputs), training))
            total = functions.sum(loss) if loss.ndim else loss
        rest = iter(found)
        sources = [each if each is not None else next(rest) for each in self._sources]
        slopes = tape.gradient(total, sources)
        return [
            functions.broadcast_to(Tensor(np.zeros((), "float32")), source.node.shape) if slope is None else slope
            for slope, source in zip(slopes, sources, strict=True)
        ]


def _of_values(loss: Tensor, sources: Sequence[Any]) -> list[Tensor]:
    """Return the gradients of a tensor that depends on no input, at the present values of variables.

    Raises
    ------
    ValueError
        If there is no way to one of them, as when the tensor was looked at before, or the variable changed since.
    """
    total = functions.sum(loss) if loss.ndim else loss
    found = gradient(total.node, [(symbol_of(each) if isinstance(each, Variable) else each).node for each in sources])
    if None in found:
        raise ValueError(
            f"K.gradients: the loss does not depend on number {found.index(None)} of the variables. Give those that it "
            f"was computed from, by functions of keras.backend."
        )
    return [of_node(each, is_symbolic=True) for each in found if each is not None]


@provided("keras.backend.gradients")
def gradients(loss: Any, variables: Any) -> list[Any]:
    """Return the gradients of a tensor's sum by inputs, outputs of layers, or weights."""
    if has_graph_tensor(loss):
        return tensorflow_gradients(loss, variables)
    several = isinstance(variables, list | tuple)
    found: list[Any] = seen(_gradients(taken(loss), taken(list(variables) if several else [variables])))
    return found


def _gradients(loss: Tensor, sources: Sequence[Any]) -> list[Tensor]:
    between = [each.node for each in sources if not isinstance(each, Variable)]
    leaves = _leaves([loss.node, *between])
    if not leaves:  # of variables alone: what they hold now
        return _of_values(loss, sources)
    network = Network([symbolic(node) for node in leaves], [loss, *(symbolic(node) for node in between)])
    result = _Gradients(network, sources)(*(symbolic(node) for node in leaves))
    return list(result) if isinstance(result, list | tuple) else [result]


def _statistics(network: Network) -> list[Variable]:
    """Return what a network holds that no gradient changes, such as moving averages and their numbers of steps."""
    found = []
    for layer in network.layers:
        found += _statistics(layer._network) if isinstance(layer, _Gradients) else layer.weights
        found += [vars(each)["_steps"] for each in layer.all_layers() if "_steps" in vars(each)]
    return [each for each in dict.fromkeys(found) if not each.trainable]


class _Function:
    """A function of arrays that a part of a network computes, and that may assign to variables."""

    def __init__(self, inputs: Sequence[Any], outputs: Any, updates: Sequence[Any] = ()) -> None:
        self._has_many = isinstance(outputs, list | tuple)
        self._inputs = [taken(each) for each in inputs]
        self._outputs = [taken(each) for each in (outputs if self._has_many else [outputs])]
        made = [each if isinstance(each, Update) else update(*each) for each in updates]
        self._updated = [each.variable for each in made]
        places = [each for each in self._inputs if each is not PHASE]
        wanted = [*self._outputs, *(each.ours for each in made)]
        computed = [each.node for each in wanted if not isinstance(each, Variable)]
        # Variables that the program computed with itself are further inputs, to be read at each call.
        symbols = {node: variable for node in reachable(computed) if (variable := symbolised(node)) is not None}
        self._variables = list(symbols.values())
        stands = {
            node: ops.placeholder(node.shape, node.dtype, f"variable_{place}") for place, node in enumerate(symbols)
        }
        ends = substitute(Program((), (), tuple(computed)), stands).outputs
        fed = [*places, *map(symbolic, stands.values())]
        self._constant = None if fed else [of_node(end, is_symbolic=False) for end in ends]
        self._network = Network(fed, list(map(symbolic, ends))) if computed and fed else None
        self._statistics = [] if self._network is None else _statistics(self._network)

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """Return the values of the outputs for arrays, of before its assignments.

        Raises
        ------
        ValueError
            If there are more or fewer arrays than inputs.
        """
        if len(inputs) != len(self._inputs):
            raise ValueError(f"K.function: got {len(inputs)} values. Expected {len(self._inputs)}, in a list.")
        training, arrays = False, []
        for place, value in zip(self._inputs, inputs, strict=True):
            if place is PHASE:
                training = bool(value)
            else:
                arrays.append(Tensor(np.asarray(value, place.dtype)))
        arrays += [each.value() for each in self._variables]
        kept = self._statistics if training else []
        before = [weight.numpy() for weight in kept]
        found = iter(self._constant or [] if self._network is None else self._network.apply(arrays, training))
        values = [np.array((each if isinstance(each, Variable) else next(found)).numpy())[()] for each in self._outputs]
        new = [each.numpy() for each in found]
        store(kept, before)  # moving averages change by a model's training alone
        for variable, value in zip(self._updated, new, strict=True):
            Variable.assign(variable, value)
        return values if self._has_many else values[0]


@provided("keras.backend.function")
def function(inputs: Sequence[Any], outputs: Any, updates: Any = None, **settings: Any) -> Callable[..., Any]:
    """Return a function of a list of arrays that returns values of tensors.

    Parameters
    ----------
    inputs : list of tensors
        What `Input` or ``model.input`` is; ``K.learning_phase()`` is fed 0 or 1.
    outputs : tensor or list of tensors
        What was made of them.
    updates : list, optional
        What `update` and its like returned, or pairs of a variable and its new value: assigned after each call.
    settings
        Refused.

    Raises
    ------
    ValueError
        If there are settings, or updates that are none.
    """
    if settings:
        raise ValueError(f"K.function({next(iter(settings))}=...): it is not provided. Leave it out.")
    for each in updates or ():
        if not isinstance(each, Update) and not (isinstance(each, tuple | list) and len(each) == 2):
            raise ValueError(f"K.function(updates=...): got {each!r:.60}. Expected what K.update() returns, or pairs.")
    return _Function(inputs, outputs, updates or ())
