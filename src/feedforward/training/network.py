"""The network of a model: which layers and operations lead from its inputs to its outputs.

A network is described by calling layers on an `Input`. Each call leaves a placeholder that remembers the layer; an
operation between two layers leaves an ordinary node. `Network.apply` walks that description and calls everything again
on real tensors: in training or not, eagerly or traced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feedforward import ops
from feedforward.errors import FormatError, GraphError
from feedforward.graph.dimension import parse
from feedforward.graph.node import Node, build
from feedforward.graph.op import OPS
from feedforward.graph.program import fill, match_sizes
from feedforward.graph.text import attrs_from_text, attrs_to_text
from feedforward.nn.config import from_config, to_config
from feedforward.nn.layer import LAYERS, Layer, LayerCall, layer_calls
from feedforward.tensor import Tensor, of_node, symbolic


class Network:
    """Layers and operations from inputs to outputs.

    Parameters
    ----------
    inputs : sequence of tensors
        What `Input` returned.
    outputs : sequence of tensors
        What was made of them.

    Raises
    ------
    ValueError
        If an input is not one, an output does not come from the inputs, or two layers share a name.
    """

    def __init__(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self.inputs = tuple(tensor.node for tensor in inputs)
        self.outputs = tuple(tensor.node for tensor in outputs)
        for node in self.inputs:
            if node.op.name != "placeholder" or node in layer_calls:
                raise ValueError("Model: one of the inputs is no Input. Give what Input() returned.")
        self.nodes = _described(self.outputs)
        for node in self.nodes:
            if node.op.name == "placeholder" and node not in self.inputs and node not in layer_calls:
                raise ValueError(
                    f"Model: the outputs depend on {node.attrs['name']!r}, which is not among the inputs. "
                    f"Give Model(inputs=...) every Input it uses."
                )
            if node.op.name == "variable":
                raise ValueError(
                    f"Model: the outputs depend on the variable {node.attrs['name']!r} outside any layer. "
                    f"Put it in a Layer, so that the model can train and save it."
                )
        self.calls: dict[Node, LayerCall] = {node: layer_calls[node] for node in self.nodes if node in layer_calls}
        self.layers: list[Layer] = []
        for call in self.calls.values():
            if call.layer not in self.layers:
                self.layers.append(call.layer)
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"Model: two layers are called {name!r}. Give each layer a name of its own.")

    def apply(self, inputs: Sequence[Tensor], training: bool) -> list[Tensor]:
        """Return the outputs for tensors in place of the inputs."""
        values: dict[Node, Tensor] = dict(zip(self.inputs, inputs, strict=True))
        sizes: dict[str, Any] = {}
        for node, tensor in values.items():
            match_sizes(node.attrs["name"], node.shape, tensor.node.shape, sizes, {})
        for node in self.nodes:
            if node in values:
                continue
            call = self.calls.get(node)
            if call is not None:
                values[node] = call.layer(values[call.inputs[0]], training=training)
            else:
                rebuilt = build(node.op, tuple(values[source].node for source in node.inputs), fill(node.attrs, sizes))
                values[node] = of_node(rebuilt, any(values[source].is_symbolic for source in node.inputs))
        return [values[node] for node in self.outputs]

    def to_config(self) -> dict[str, Any]:
        """Return the network as JSON would hold it: its layers, and the graph of their calls and of operations."""
        places = {node: place for place, node in enumerate(self.nodes)}
        graph: list[dict[str, Any]] = []
        for node in self.nodes:
            if node in self.calls:
                call = self.calls[node]
                graph.append(
                    {"layer": self.layers.index(call.layer), "inputs": [places[source] for source in call.inputs]}
                )
            elif node.op.name == "placeholder":
                shape = [str(size) for size in node.shape]
                graph.append({"input": node.attrs["name"], "shape": shape, "dtype": node.dtype.name})
            else:
                sources = [places[source] for source in node.inputs]
                graph.append({"op": node.op.name, "attrs": attrs_to_text(node.attrs), "inputs": sources})
        return {
            "layers": [to_config(layer) for layer in self.layers],
            "graph": graph,
            "inputs": [places[node] for node in self.inputs],
            "outputs": [places[node] for node in self.outputs],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Network:
        """Return the network that a configuration describes.

        Raises
        ------
        FormatError
            If it describes none.
        """
        try:
            layers = [from_config(LAYERS, layer) for layer in config["layers"]]
            tensors: list[Tensor] = []
            for entry in config["graph"]:
                tensors.append(_read_entry(entry, layers, tensors))
            return cls([tensors[place] for place in config["inputs"]], [tensors[place] for place in config["outputs"]])
        except (KeyError, IndexError, TypeError, ValueError, GraphError) as error:
            raise (
                error if isinstance(error, FormatError) else FormatError(f"the network cannot be read: {error}")
            ) from error


def _read_entry(entry: dict[str, Any], layers: list[Layer], tensors: list[Tensor]) -> Tensor:
    """Return the tensor that one line of a saved graph describes."""
    if "input" in entry:
        return symbolic(ops.placeholder([parse(size) for size in entry["shape"]], entry["dtype"], str(entry["input"])))
    if any(not 0 <= place < len(tensors) for place in entry["inputs"]):
        raise FormatError(f"the inputs {entry['inputs']} of an entry do not come before it")
    sources = [tensors[place] for place in entry["inputs"]]
    if "layer" in entry:
        layer: Layer = layers[entry["layer"]]
        return layer(sources[0])
    if OPS[entry["op"]].kind == "state" and entry["op"] not in ("constant", "size"):
        raise FormatError(f"the network has a {entry['op']} outside a layer")
    return symbolic(build(OPS[entry["op"]], tuple(tensor.node for tensor in sources), attrs_from_text(entry["attrs"])))


def _described(outputs: Sequence[Node]) -> list[Node]:
    """Return every node of a description, inputs before users, through the calls of layers."""
    seen: set[Node] = set(outputs)
    pending = list(outputs)
    while pending:
        node = pending.pop()
        call = layer_calls.get(node)
        for source in call.inputs if call is not None else node.inputs:
            if source not in seen:
                seen.add(source)
                pending.append(source)
    return sorted(seen, key=lambda node: node.serial)
