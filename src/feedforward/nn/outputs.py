"""What the numbers are that a network gives, as far as their making shows, and whether a loss takes them for that."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

from feedforward.graph.dimension import Size
from feedforward.graph.node import Node
from feedforward.nn.activations import activation_of
from feedforward.nn.losses import BinaryCrossentropy, CategoricalCrossentropy, Loss, SparseCategoricalCrossentropy
from feedforward.nn.margins import ClassMarginLoss, MarginLoss

__all__ = ["OutputKind", "note_kind", "kind_of", "doubt"]


@dataclass(frozen=True)
class OutputKind:
    """What the numbers of a node are.

    Parameters
    ----------
    kind : str
        ``"softmax"`` and ``"sigmoid"`` for what these return, ``"linear"`` for sums weighted by a variable, which may
        be any numbers; ``""`` for all else, of which nothing is known.
    layer : str
        The layer that made them so, ``""`` for none.
    units : int or Dimension
        The last size.
    """

    kind: str
    layer: str
    units: Size


_outputs: weakref.WeakKeyDictionary[Node, OutputKind] = weakref.WeakKeyDictionary()
"""What stands for the call of a layer hides what the layer computes: this remembers it, without keeping the weights."""

_MOVEMENTS = ("reshape", "transpose", "squeeze", "expand_dims", "broadcast_to", "cast")


def note_kind(placeholder: Node, kind: OutputKind) -> None:
    """Remember of what stands for the call of a layer what numbers the call returned."""
    _outputs[placeholder] = kind


def kind_of(node: Node, layer: str = "") -> OutputKind:
    """Return what the numbers of a node are, those of `layer` unless they come from another one."""
    node = _unmoved(node)
    if node in _outputs:
        return _outputs[node]
    units = node.shape[-1] if node.shape else 1
    kind = activation_of(node)
    if kind is not None:
        return OutputKind(kind, layer, units)
    while node.op.name in ("add", "subtract", "multiply"):  # a bias, a scale
        sources = [source for source in map(_unmoved, node.inputs) if source.op.name not in ("variable", "constant")]
        if len(sources) != 1:
            return OutputKind("", layer, units)
        node = sources[0]
    if node in _outputs and _outputs[node].kind == "linear":
        return _outputs[node]
    # Probabilities may be mixed by probabilities, and are some then; nothing keeps a variable to that.
    is_linear = node.op.name == "matmul" and any(_unmoved(source).op.name == "variable" for source in node.inputs)
    return OutputKind("linear" if is_linear else "", layer, units)


def _unmoved(node: Node) -> Node:
    """Return the node whose numbers another one has in another order or shape."""
    while node.op.name in _MOVEMENTS:
        node = node.inputs[0]
    return node


def doubt(output: OutputKind, loss: Loss) -> str | None:
    """Return why a network with such an output can hardly be meant to be trained with a loss, and the way out.

    Examples
    --------
    >>> doubt(OutputKind("linear", "dense", 1), BinaryCrossentropy())[:74]
    "layer 'dense' has no activation, but BinaryCrossentropy expects probabilit"
    """
    who = f"layer {output.layer!r}" if output.layer else "the output"
    if output.kind == "softmax" and output.units == 1:
        return (
            f"{who} is a softmax of one unit, which is 1 whatever the input, beside {type(loss).__name__}. Use sigmoid "
            f"with BinaryCrossentropy, or one unit for each class."
        )
    name = type(loss).__name__
    if isinstance(loss, MarginLoss | ClassMarginLoss) and output.kind in ("softmax", "sigmoid"):
        return (
            f"{who} gives probabilities, by {output.kind}, but {name} expects any numbers, the larger the surer. Leave "
            f"out the {output.kind}."
        )
    if not isinstance(loss, BinaryCrossentropy | CategoricalCrossentropy | SparseCategoricalCrossentropy):
        return None
    fitting = "sigmoid" if isinstance(loss, BinaryCrossentropy) else "softmax"
    if loss.from_logits and output.kind in ("softmax", "sigmoid"):
        return (
            f"{who} gives probabilities, by {output.kind}, but {name}(from_logits=True) applies {fitting} itself. "
            f"Leave out the {output.kind}{', or from_logits' if output.kind == fitting else ''}."
        )
    if not loss.from_logits and output.kind == "linear":
        return (
            f"{who} has no activation, but {name} expects probabilities. Give the layer activation={fitting!r}, or the "
            f"loss from_logits=True."
        )
    if output.kind == "sigmoid" and fitting == "softmax":
        return (
            f"{who} ends in sigmoid, whose outputs do not add up to 1, but {name} expects the probabilities of classes "
            f"of which one is right. Use softmax, or BinaryCrossentropy if several may be right."
        )
    return None
