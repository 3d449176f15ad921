"""The network of a model: which layers and operations lead from its inputs to its outputs.

A network is described by calling layers on an `Input`. Each call leaves a placeholder that remembers the layer; an
operation between two layers leaves an ordinary node. `Network.apply` walks that description and calls everything again
on real tensors: in training or not, eagerly or traced.
"""

from __future__ import annotations

import inspect
import itertools
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any, TypeVar

from feedforward import ops
from feedforward.errors import FormatError, LimitError, ShapeError
from feedforward.functions import cast
from feedforward.graph.attribute import MOST_AXES
from feedforward.graph.call import RESULT
from feedforward.graph.dimension import parse
from feedforward.graph.limits import MAX_ELEMENTS, check_elements, check_entries
from feedforward.graph.node import Literal, Node, build, in_own_context, reachable, shape_text
from feedforward.graph.op import OPS
from feedforward.graph.program import fill, match_sizes
from feedforward.graph.text import attrs_from_text, attrs_to_text
from feedforward.lookup import Registry
from feedforward.nn.config import from_config, to_config
from feedforward.nn.layer import LAYERS, Layer, LayerCall, Output, is_described, layer_calls
from feedforward.nn.text import TEXT, is_text, lookup_of, text_input
from feedforward.tensor import Tensor, Variable, evaluate, is_tracing, of_node, stand_in, symbolic

__all__ = ["MODELS", "Network", "config_of"]

T = TypeVar("T")

MODELS: Registry[type[Any]] = Registry("model")
"""The classes of models that are made of a network, by their names in files."""

_DEEPEST = 16
"""How deep networks may be nested, in a file: reading and describing them takes so many calls within calls."""

_CALL_PARTS = {"is_list", "output", "training"}
"""What the line of a call may have besides its layer and inputs."""

_limits: weakref.WeakKeyDictionary[Node, int] = weakref.WeakKeyDictionary()
"""How many elements a value may have that is computed by a node of a network from a file: a network that is made of it
has the limit, too."""


class Network:
    """Layers and operations from inputs to outputs.

    Parameters
    ----------
    inputs : sequence of tensors
        What `Input` returned.
    outputs : sequence of tensors
        What was made of them.

    Attributes
    ----------
    max_elements : int or None
        Elements that a value may have, where a part comes from a file; see `check_elements`.
    lookups : dict of Node to StringLookup
        What makes the inputs of text numbers.
    is_checked : bool
        Whether an input may not be any numbers of its dtype.

    Raises
    ------
    ValueError
        If there is no input or no output, an input is not one, an output does not come from the inputs, or two layers
        share a name.
    """

    def __init__(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        if not inputs or not outputs:
            raise ValueError(f"Model: {len(inputs)} inputs and {len(outputs)} outputs. Give at least one of each.")
        self.inputs = tuple(tensor.node for tensor in inputs)
        self.outputs = tuple(tensor.node for tensor in outputs)
        for node in self.inputs:
            if node.op.name != "placeholder" or node in layer_calls:
                raise ValueError("Model: one of the inputs is no Input. Give what Input() returned.")
        input_names = [node.attrs["name"] for node in self.inputs]
        for name in input_names:
            if input_names.count(name) > 1:
                raise ValueError(
                    f"Model: two inputs are called {name!r}. Give each Input once, with a name of its own."
                )
        # What a user's function gave is data to the network, and in its file.
        evaluate([of_node(node, is_symbolic=False) for node in _described(self.outputs) if node.op is RESULT])
        self.nodes = _described([*self.outputs, *self.inputs])  # an input may be unused
        for node in self.nodes:
            is_leaf = node.op.name == "placeholder" and node not in self.inputs and node not in layer_calls
            if is_leaf and node.value is None:
                raise ValueError(
                    f"Model: the outputs depend on {node.attrs['name']!r}, which is not among the inputs. "
                    f"Give Model(inputs=...) every Input it uses."
                )
            if node.op.name == "variable":
                raise ValueError(
                    f"Model: the outputs depend on the variable {node.attrs['name']!r} outside any layer. "
                    f"Put it in a Layer, so that the model can train and save it."
                )
        self.calls: dict[Node, Output] = {node: layer_calls[node] for node in self.nodes if node in layer_calls}
        self.layers: list[Layer] = []
        for output in self.calls.values():
            if all(output.call.layer is not layer for layer in self.layers):
                self.layers.append(output.call.layer)
        self.lookups = {node: self._lookup(node) for node in self.inputs if is_text(node)}
        fed = [layer for node in self.inputs for layer in self.layers_fed(node)]
        self.is_checked = bool(self.lookups) or any(type(layer).check_fed is not Layer.check_fed for layer in fed)
        limits = [_limits.get(node) for node in self.nodes] + [layer.max_elements for layer in self.layers]
        self.max_elements = min((most for most in limits if most is not None), default=None)
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"Model: two layers are called {name!r}. Give each layer a name of its own.")

    def _lookup(self, text: Node) -> Any:
        """Return what makes an input of text numbers."""
        lookup, name = lookup_of(text), text.attrs["name"]
        direct = [node for node in self.nodes if node not in self.calls and text in node.inputs]
        if direct:
            raise TypeError(
                f"Model: the operation {direct[0].op.name} takes the text input {name!r}. Put a StringLookup between."
            )
        if lookup is None:
            raise ValueError(f"Model: the text input {name!r} goes into no StringLookup. Call one on it first.")
        return lookup

    def layers_fed(self, node: Node) -> Iterator[Layer]:
        """Yield the layers that are called right on an input, also those in a network that is."""
        for call in {output.call for output in self.calls.values() if node in output.call.inputs}:
            inner: Any = call.layer
            if not inner.is_network:
                yield inner
                continue
            for source, own in zip(call.inputs, inner.network.inputs, strict=True):
                if source is node:
                    yield from inner.network.layers_fed(own)

    @in_own_context
    def apply(
        self, inputs: Sequence[Tensor], training: bool, parameters: Mapping[Variable, Tensor] | None = None
    ) -> list[Tensor]:
        """Return the outputs for tensors in place of the inputs.

        Parameters
        ----------
        inputs : sequence of tensor
            One for each input.
        training : bool
            Whether layers such as `Dropout` are to act as in training.
        parameters : mapping of Variable to tensor, optional
            What layers find in place of the values of these variables.
        """
        if parameters is not None:
            stand_in(parameters)
        values: dict[Node, Tensor] = dict(zip(self.inputs, inputs, strict=True))
        results: dict[LayerCall, list[Tensor]] = {}
        mode = None if is_described(inputs) else training  # a description leaves it to whoever runs it
        sizes: dict[str, Any] = {}
        owners: dict[str, str] = {}
        for node, tensor in values.items():
            match_sizes(node.attrs["name"], node.shape, tensor.node.shape, sizes, owners)
        for node in self.nodes:
            if node in values:
                continue
            output = self.calls.get(node)
            if output is not None:
                call = output.call
                if call not in results:
                    results[call] = call.again([values[source] for source in call.inputs], mode)
                values[node] = results[call][output.place]
            elif node.value is not None:
                values[node] = of_node(node, is_symbolic=False)
            else:
                rebuilt = build(node.op, tuple(values[source].node for source in node.inputs), fill(node.attrs, sizes))
                values[node] = of_node(rebuilt, any(values[source].is_symbolic for source in node.inputs))
        outputs = [values[node] for node in self.outputs]
        if self.max_elements is not None and not is_tracing():
            given = [tensor.node for tensor in inputs]
            nodes = reachable([tensor.node for tensor in outputs], stop=set(given).__contains__)
            check_elements(nodes, self.max_elements, given)
            _limits.update(dict.fromkeys([node for node in nodes if node not in given], self.max_elements))
        return outputs

    @property
    def output_names(self) -> list[str]:
        """What the outputs are called: as the layers, operations or inputs that made them; a number keeps two apart."""
        names: list[str] = []
        for node in self.outputs:
            is_named = node in self.calls or node in self.inputs
            name = str(
                self.calls[node].call.layer.name
                if node in self.calls
                else node.attrs["name"]
                if is_named
                else node.op.name
            )
            numbered = (f"{name}_{number}" for number in itertools.count(1))
            names.append(name if name not in names else next(each for each in numbered if each not in names))
        return names

    def cast(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return tensors in the dtypes that the inputs take."""
        return [cast(tensor, node.dtype) for tensor, node in zip(inputs, self.inputs, strict=True)]

    def check_count(self, values: Sized) -> None:
        """Check that there is a value for each input.

        Raises
        ------
        ValueError
            If there are more or fewer.
        """
        if len(values) != len(self.inputs):
            raise ValueError(
                f"the network has {len(self.inputs)} inputs, got {len(values)}. Give a list of one array for each."
            )

    def check_outputs(self, caller: str) -> None:
        """Check that there is a row of each output for each sample.

        Raises
        ------
        ShapeError
            If an output has other rows.
        """
        for node in self.outputs:
            if node.shape[:1] != self.inputs[0].shape[:1]:
                raise ShapeError(
                    f"{caller}: the network's output has shape {shape_text(node.shape)}, expected (batch, ...). "
                    f"Let it have one row for each sample, or call the model itself."
                )

    def to_config(self) -> dict[str, Any]:
        """Return the network as JSON would hold it: its layers, and the graph of their calls and of operations.

        Raises
        ------
        FormatError
            If it has a layer that is not registered, or networks are nested too deeply.
        """
        if _depth(self.layers) > _DEEPEST:
            raise FormatError(f"save: networks are nested more than {_DEEPEST} deep. Join the innermost into one.")
        places = {node: place for place, node in enumerate(self.nodes)}
        graph: list[dict[str, Any]] = []
        entries: dict[LayerCall, int] = {}
        for node in self.nodes:
            if node in self.calls:
                graph.append(self._entry(node, places, entries))
            elif node.value is not None:
                attrs = attrs_to_text({"value": Literal(node.value)})
                graph.append({"op": "constant", "attrs": attrs, "inputs": []})
            elif node.op.name == "placeholder":
                shape = [str(size) for size in node.shape]
                dtype = TEXT if is_text(node) else node.dtype.name
                graph.append({"input": node.attrs["name"], "shape": shape, "dtype": dtype})
            else:
                sources = [places[source] for source in node.inputs]
                graph.append({"op": node.op.name, "attrs": attrs_to_text(node.attrs), "inputs": sources})
        return {
            "layers": [layer.nested_config() or config_of(LAYERS, layer) for layer in self.layers],
            "graph": graph,
            "inputs": [places[node] for node in self.inputs],
            "outputs": [places[node] for node in self.outputs],
        }

    def _entry(self, node: Node, places: dict[Node, int], entries: dict[LayerCall, int]) -> dict[str, Any]:
        """Return the line of a call of a layer; of several outputs the first has the call, the others its place."""
        output = self.calls[node]
        call = output.call
        which = {"output": output.place} if call.is_many else {}
        if call in entries:
            return {"of": entries[call], **which}
        entries[call] = places[node]
        layer = next(place for place, layer in enumerate(self.layers) if layer is call.layer)
        is_list = {"is_list": True} if call.has_list and len(call.inputs) == 1 else {}  # several are one by themselves
        mode = {} if call.training is None else {"training": call.training}
        return {"layer": layer, "inputs": [places[source] for source in call.inputs], **is_list, **mode, **which}

    @classmethod
    def from_config(cls, config: dict[str, Any], max_elements: int | None = MAX_ELEMENTS) -> Network:
        """Return the network that a configuration from a file describes; without `max_elements` there is no limit.

        Raises
        ------
        FormatError
            If it describes none.
        LimitError
            If it describes one with too many entries, or a value of more than `max_elements` for one sample.
        """
        try:
            match config:
                case {"layers": list(configs), "graph": list(graph), "inputs": list(), "outputs": list(), **rest}:
                    if rest:
                        raise FormatError(f"the network has other parts: {', '.join(map(str, rest))[:100]}")
                    if max_elements is not None:
                        check_entries(_count_entries(config), max_elements)
                case _:
                    raise FormatError("the network has not the four lists of layers, graph, inputs and outputs")
            layers = [_read_layer(each, max_elements) for each in configs]
            tensors: list[Tensor] = []
            results: dict[int, list[Tensor]] = {}
            for entry in graph:
                tensors.append(_read_entry(entry, layers, tensors, results))
            if max_elements is not None:
                check_elements([tensor.node for tensor in tensors], max_elements)
                _limits.update(dict.fromkeys([tensor.node for tensor in tensors], max_elements))
            return cls(_chosen(tensors, config["inputs"]), _chosen(tensors, config["outputs"]))
        except (FormatError, LimitError):
            raise
        except Exception as error:  # what a file says can go wrong anywhere
            raise FormatError(f"the network cannot be read: {type(error).__name__}: {error}") from error


def _read_entry(entry: Any, layers: list[Layer], tensors: list[Tensor], results: dict[int, list[Tensor]]) -> Tensor:
    """Return the tensor that one line of a saved graph describes; what a layer of several returned goes to `results`.

    Types are exact, and nothing else may stand in the line: `build` checks attributes, as it does for every node.
    """
    match entry:
        case {"input": str(name), "shape": list(sizes), "dtype": str(dtype), **rest} if not rest:
            if not name.isidentifier() or not all(isinstance(size, str) for size in sizes):
                raise FormatError(f"the input {name!r} has no name, or sizes that are no texts")
            if len(sizes) > MOST_AXES:  # before they are read: each may be long
                raise FormatError(f"the input {name!r} has {len(sizes)} dimensions. Expected at most {MOST_AXES}")
            shape = [parse(size) for size in sizes]
            return symbolic(text_input(shape, name) if dtype == TEXT else ops.placeholder(shape, dtype, name))
        case {"layer": int() as place, "inputs": [_, *_] as places, **rest} if not rest.keys() - _CALL_PARTS:
            layer, arguments = _chosen(layers, [place])[0], _chosen(tensors, places)
            is_list = len(arguments) > 1 or rest.get("is_list") is True
            training = rest.get("training")
            if training is not None and type(training) is not bool:
                raise FormatError(f"a call of the layer {layer.name!r} has training={str(training)[:100]}")
            result = layer(arguments, training=training) if is_list else layer(arguments[0], training=training)
            if isinstance(result, Tensor) != ("output" not in rest):
                raise FormatError(
                    f"the layer {layer.name!r} has one output where it should have several, or the reverse"
                )
            if isinstance(result, Tensor):
                return result
            results[len(tensors)] = list(result)
            return _chosen(results[len(tensors)], [rest["output"]])[0]
        case {"of": int() as place, "output": int() as which, **rest} if not rest:
            if isinstance(place, bool) or place not in results:
                raise FormatError(f"the place {place} is no call of a layer of several outputs")
            return _chosen(results[place], [which])[0]
        case {"op": str(name), "attrs": str(attrs), "inputs": list(places), **rest} if not rest:
            if name not in OPS or (OPS[name].kind == "state" and name not in ("constant", "size")):
                raise FormatError(f"the network has a {name!r} outside a layer")
            sources = [tensor.node for tensor in _chosen(tensors, places)]
            return symbolic(build(OPS[name], tuple(sources), attrs_from_text(attrs)))
    raise FormatError(f"{str(entry)[:100]} is neither an input, nor a call of a layer, nor an operation")


def _read_layer(config: Any, max_elements: int | None) -> Layer:
    """Return the layer that a file describes: a network, or a thing made from its fields."""
    match config:
        case {"model": str(kind), "name": str(name), "trainable": bool(trainable), "network": dict(inner), **rest}:
            has_many = rest.pop("has_many_outputs", None)
            if rest or type(has_many) is not bool or kind not in MODELS:
                raise FormatError(f"the model {name[:100]!r} is of no known kind, or has other parts")
            network = Network.from_config(inner, max_elements)
            layer: Layer = MODELS[kind].of_network(network, name, has_many)
            object.__setattr__(layer, "trainable", trainable)  # its alone: each layer in it knows its own
            return layer
    layer = from_config(LAYERS, config)
    layer._has_own_name = True
    return layer


def _depth(layers: Sequence[Layer]) -> int:
    """Return how deep networks are nested in that of these layers, 0 where none is."""
    depth, level = 0, list(layers)
    while level:
        depth += any(layer.is_network for layer in level)
        level = list({id(part): part for layer in level for part in layer._layers}.values())
    return depth


def _count_entries(config: Any, depth: int = 0) -> int:
    """Return how many layers, calls and operations a saved network has; one that is nested counts for each call.

    Raises
    ------
    FormatError
        If networks are nested too deeply.
    """
    if depth > _DEEPEST:
        raise FormatError(f"networks are nested more than {_DEEPEST} deep")
    if not isinstance(config, dict) or not all(isinstance(config.get(part), list) for part in ("layers", "graph")):
        return 0  # what is wrong is said where it is read
    sizes = [
        _count_entries(each["network"], depth + 1) if isinstance(each, dict) and "network" in each else 0
        for each in config["layers"]
    ]
    calls = [entry for entry in config["graph"] if isinstance(entry, dict) and isinstance(entry.get("inputs"), list)]
    called = Counter(entry["layer"] for entry in calls if isinstance(entry.get("layer"), int))
    nested = sum(size * max(called[layer], 1) for layer, size in enumerate(sizes))
    fed = sum(len(entry["inputs"]) for entry in calls if "layer" in entry)
    return nested + max(len(sizes), len(config["graph"]), fed)


def _chosen(things: Sequence[T], places: Sequence[Any]) -> list[T]:
    """Return the things at places that a file names."""
    if any(isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(things) for place in places):
        raise FormatError(f"the places {places} are not among the {len(things)} before them")
    return [things[place] for place in places]


def config_of(registry: Registry[type[T]], thing: T) -> dict[str, Any]:
    """Return the configuration of a thing, from which it can be made again.

    Raises
    ------
    FormatError
        If its class is not registered, or takes other arguments than its fields.
    """
    kind = type(thing)
    config = to_config(thing)
    if config.get("dtype", "") is None:  # so a file says it only where it matters
        del config["dtype"]
    name = config.pop("class")
    if name not in registry or registry[name] is not kind:
        raise FormatError(
            f"{registry.kind} {kind.__name__} is not registered as {name!r}, so that no file with it could be read. "
            f"Decorate the class with @registered, here and where the file is read: help(feedforward.layers.Layer) "
            f"says how."
        )
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    named = {parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD}
    named -= {"dtype"} - config.keys()
    if not parameters:  # what it is made of stands in its code; name and trainable are set afterwards
        return {"class": name, **config}
    if not named <= config.keys() or (len(named) == len(parameters) and named != config.keys()):
        raise FormatError(
            f"{registry.kind} {kind.__name__} takes {', '.join(sorted(named)) or 'nothing'}, its fields are "
            f"{', '.join(config) or 'none'}, so that no file could bring it back. Make it a dataclass with a field for "
            f"each argument."
        )
    return {"class": name, **config}


def _described(outputs: Sequence[Node]) -> list[Node]:
    """Return every node of a description, inputs before users, through the calls of layers."""
    seen: set[Node] = set(outputs)
    pending = list(outputs)
    while pending:
        node = pending.pop()
        output = layer_calls.get(node)
        sources = output.call.inputs if output is not None else () if node.value is not None else node.inputs
        for source in sources:
            if source not in seen:
                seen.add(source)
                pending.append(source)
    return sorted(seen, key=lambda node: node.serial)
