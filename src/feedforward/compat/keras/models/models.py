"""Models of Keras 1 and 2: ours, described, trained and looked at in Keras's words.

What they do over data stands in ``training.py``, their files in ``saving.py``.
"""

from __future__ import annotations

import copy
import functools
import json
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from feedforward.compat.keras.computing.boundary import seen, taken
from feedforward.compat.keras.computing.numbers import floatx
from feedforward.compat.keras.layers.initializers import drawn_seed
from feedforward.compat.keras.layers.layer import KerasLayer, layer_name, plain_shape, train_free
from feedforward.compat.keras.layers.merging import Merge
from feedforward.compat.keras.models.closures import noted
from feedforward.compat.keras.models.progress import print_summary
from feedforward.compat.keras.models.rebuilding import layer_of, model_of
from feedforward.compat.keras.models.saving import load_weights, save_model, save_weights
from feedforward.compat.keras.models.serializing import custom_objects as scope
from feedforward.compat.keras.models.serializing import serialized
from feedforward.compat.keras.models.training import Trained
from feedforward.compat.keras.models.version import __version__
from feedforward.compat.keras.spelling import by_name, is_alone
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.graphs.shapes import as_shape
from feedforward.compat.version import written_for
from feedforward.graph.node import Node
from feedforward.nn.layer import Input as our_input
from feedforward.nn.layer import Layer as OurLayer
from feedforward.nn.layer import LayerCall, is_in_call
from feedforward.tensor import Tensor, Variable, symbolic
from feedforward.training.model import Model as OurModel
from feedforward.training.network import Network
from feedforward.training.sequential import Sequential as OurSequential

__all__ = ["InputLayer", "Model", "Sequential", "KerasModel", "is_list_config"]


@provided("keras.layers.InputLayer", "keras.engine.InputLayer", "keras.engine.topology.InputLayer")
class InputLayer:
    """What stands for an `Input` among the layers of a model.

    Parameters
    ----------
    input_shape, batch_input_shape : sequence of int or None
        The shape, without or with the batch.
    dtype, name
        As of `Input`.
    """

    trainable = False

    def __init__(
        self,
        input_shape: Any = None,
        batch_size: int | None = None,
        batch_input_shape: Any = None,
        dtype: Any = None,
        name: str | None = None,
        tensor: Tensor | None = None,
    ) -> None:
        if tensor is None:
            shape = tuple(batch_input_shape)[1:] if batch_input_shape is not None else tuple(input_shape)
            tensor = our_input(shape, np.dtype(dtype or "float32").name, name or layer_name("Input"))
        self.output = self.input = seen(tensor)
        self.name = str(tensor.node.attrs["name"])
        self._ours = tensor

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of what is fed."""
        return self._ours.shape

    input_shape = batch_input_shape = output_shape

    @property
    def weights(self) -> list[Variable]:
        """No weights."""
        return []

    trainable_weights = non_trainable_weights = weights

    def get_weights(self) -> list[Any]:
        """Return no weights."""
        return []

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take no weights.

        Raises
        ------
        ValueError
            If there are any.
        """
        if len(weights):
            raise ValueError(f"set_weights: the input {self.name!r} has no weights, got {len(weights)}.")

    def count_params(self) -> int:
        """Return 0."""
        return 0

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return another of these settings."""
        return cls(batch_input_shape=config["batch_input_shape"], dtype=config["dtype"], name=config["name"])

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        dtype = self._ours.dtype.name
        return {"batch_input_shape": self.output_shape, "dtype": dtype, "sparse": False, "name": self.name}


class KerasModel(Trained, KerasLayer, OurModel):
    """What Keras's models have in common."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if is_alone():
            self.seed = drawn_seed()

    def _take(self, network: Network) -> None:
        super()._take(network)
        network.apply = functools.partial(noted, network, network.apply)  # type: ignore[method-assign]
        if self.waiting is not None:
            restore, self.waiting = self.waiting, None
            restore(self.variables)

    def add_loss(self, loss: Any, inputs: Any = None) -> None:
        """Refuse tensors of the model, which a loss function may use itself; inside of a call see our `add_loss`."""
        if is_in_call():
            super().add_loss(taken(loss))
            return
        raise ValueError(
            "Model.add_loss(): it is not provided outside of a call. Give compile() a function of targets and outputs; "
            "it may use other tensors of the model, too."
        )

    @property
    def input(self) -> Any:
        """What it is computed from."""
        return self._of_nodes(self.inputs)

    @property
    def output(self) -> Any:
        """What it computes."""
        return self._of_nodes(self.outputs)

    @property
    def inputs(self) -> list[Tensor]:
        """All inputs."""
        return seen([symbolic(node) for node in self.network.inputs])  # type: ignore[no-any-return]

    @property
    def outputs(self) -> list[Tensor]:
        """All outputs."""
        return seen([symbolic(node) for node in self.network.outputs])  # type: ignore[no-any-return]

    @staticmethod
    def _of_nodes(tensors: list[Tensor]) -> Any:
        return tensors if len(tensors) > 1 else tensors[0]

    @property
    def layers(self) -> list[Any]:
        """Its layers, the inputs among them, in the order of their depth."""
        if self._network is None or self.has_own_call:
            return super().layers
        return _ordered(self.network)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Return the layer of a name, or at a place.

        Raises
        ------
        ValueError
            If there is none.
        """
        layers = self.layers
        if isinstance(name, int):  # by place
            name, index = None, name
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"get_layer(index={index}): the model has {len(layers)} layers.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"get_layer({name!r}): no such layer. The layers are {', '.join(one.name for one in layers)}.")

    def summary(  # type: ignore[override]
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
    ) -> None:
        """Print Keras's table of the layers."""
        rows = []
        calls: dict[int, list[LayerCall]] = {}
        names = {node: node.attrs["name"] for node in self.network.inputs}
        for node, output in self.network.calls.items():
            names[node] = output.call.layer.name
            known = calls.setdefault(id(output.call.layer), [])
            if all(call is not output.call for call in known):
                known.append(output.call)
        for layer in self.layers:
            own = calls.get(id(layer), [])
            sources = [f"{_source(node, names)}[0][0]" for call in own for node in call.inputs]
            shapes = {tuple(plain_shape(spec.shape) for spec in call.results) for call in own}
            shape = "multiple" if own else str(getattr(layer, "output_shape", "multiple"))
            if len(shapes) == 1:
                (found,) = shapes
                shape = str(found[0] if len(found) == 1 else list(found))
            rows.append((f"{layer.name} ({type(layer).__name__})", shape, layer.count_params(), sources))
        trained = sum(weight.size for weight in self.trainable_weights)
        counts = trained, sum(weight.size for weight in self.weights) - trained
        print_summary(rows, counts, line_length, positions, print_fn or print, str(self.name))

    def build(self, *shapes: Any, **settings: Any) -> None:
        """Make the weights for inputs of a shape, the batch's size first."""
        if is_in_call():  # of the model itself, which makes them
            super().build(*shapes)
            return
        shape = settings.pop("input_shape", shapes[0] if shapes else ())
        sizes = [int(size) if size is not None else 1 for size in as_shape(shape).as_list()]
        self.build_for([np.zeros(sizes, floatx())])

    def get_config(self) -> dict[str, Any]:
        """Return what the model is made of."""
        return _network_config(self)

    def to_json(self, **options: Any) -> str:
        """Return what the model is made of, as JSON."""
        config = {"class_name": type(self).__name__, "config": serialized(self.get_config())}
        return json.dumps(config | {"keras_version": __version__(), "backend": "tensorflow"}, **options)

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write the model to a file; see `saving.save_model`."""
        save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath: Any, overwrite: bool = True, save_format: str | None = None) -> None:
        """Write the weights to a file; see `saving.save_weights`."""
        save_weights(self, filepath, overwrite, save_format)

    def load_weights(self, filepath: Any, by_name: bool = False) -> None:
        """Take the weights of a file."""
        load_weights(self, filepath, by_name)

    def to_yaml(self, **options: Any) -> str:
        """Refuse: nothing of YAML is read or written."""
        raise ValueError("to_yaml(): YAML is not provided. Use to_json().")

    def __copy__(self) -> Self:
        """Return a model of its own."""
        return copy.deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a model of its own with the same weights."""
        clone = clone_model(self)
        clone.set_weights(self.get_weights())
        return clone  # type: ignore[no-any-return]


def _source(node: Node, names: dict[Node, str]) -> str:
    """Return what made a node: a layer, an input, or an operation."""
    return names.get(node, node.op.name)


def _ordered(network: Network) -> list[Any]:
    """Return the layers of a network and its inputs, the farthest from the outputs first."""
    depths: dict[Node, int] = dict.fromkeys(network.nodes, 0)
    for node in reversed(network.nodes):
        output = network.calls.get(node)
        step = 1 if output is not None or node in network.inputs else 0
        for source in output.call.inputs if output is not None else node.inputs:
            depths[source] = max(depths.get(source, 0), depths[node] + max(step, 0))
    found: list[tuple[int, int, Any]] = []
    seen: set[int] = set()
    for place, node in enumerate(network.nodes):
        output = network.calls.get(node)
        layer: Any = output.call.layer if output is not None else _input_layers.get(node)
        if output is None and node in network.inputs and layer is None:
            layer = _input_layers[node] = InputLayer(tensor=symbolic(node))
        if layer is None or id(layer) in seen:
            continue
        seen.add(id(layer))
        own = [each for each, one in network.calls.items() if one.call.layer is layer] or [node]
        found.append((-max(depths[each] for each in own), place, layer))
    return [layer for _, _, layer in sorted(found, key=lambda entry: entry[:2])]


_input_layers: weakref.WeakKeyDictionary[Node, InputLayer] = weakref.WeakKeyDictionary()
"""What stands for inputs among the layers of models."""


@provided("keras.models.Model", "keras.Model", "keras.engine.Model", "keras.engine.training.Model")
class Model(KerasModel):
    """A model of what leads from inputs to outputs: ``Model(inputs, outputs)``; Keras 1 has ``input=, output=``."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        names = ("inputs", "outputs", "name")
        given = by_name("Model", (*names, "trainable", "dtype", "dynamic"), names, args, settings)
        self._take_besides({})
        if given.pop("dynamic", False):
            raise ValueError(
                "Model(dynamic=True): a model is compiled from what its layers compute, and never run line by line. "
                "Leave it out if it computes with tensors alone; else train it in a loop with tf.GradientTape."
            )
        dtype = given.pop("dtype", None)
        if dtype is not None and np.dtype(getattr(dtype, "name", dtype)).name != floatx():
            raise ValueError(f"Model(dtype={dtype!r}): a model has the dtype of its inputs. Give it to Input().")
        if self._is_own and given.get("inputs") is None and given.get("outputs") is None:
            OurLayer.__init__(self, name=given.get("name"))
        else:
            OurModel.__init__(self, taken(given.get("inputs")), taken(given.get("outputs")), given.get("name"))
        if not given.pop("trainable", True):
            self.trainable = False

    @property
    def _is_own(self) -> bool:
        """Whether it is of a program's class, which may set layers first and say later what it computes."""
        return not type(self).__module__.startswith("feedforward.")

    def _track(self, attribute: str, part: Any) -> None:
        if self._is_own and vars(self).get("_network") is None:
            train_free(part)
            OurLayer._track(self, attribute, part)
        else:
            super()._track(attribute, part)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Return a model made of what `get_config` returned."""
        return model_of(cls, config, custom_objects)

    def _default_name(self) -> str:
        return layer_name(type(self).__name__)


@provided("keras.models.Sequential", "keras.Sequential", "keras.engine.Sequential")
class Sequential(KerasModel, OurSequential):
    """A model of layers one after another."""

    def __init__(self, layers: Any = None, name: str | None = None) -> None:
        self._take_besides({})
        self._stack: list[Any] = []
        OurLayer.__init__(self, name=name)
        for layer in layers or []:
            self.add(layer)

    def _default_name(self) -> str:
        return layer_name(type(self).__name__)

    @property
    def layers(self) -> list[Any]:
        """Its layers, without the input."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer | Tensor)]

    def add(self, layer: Any) -> None:
        """Put a layer at the end.

        Raises
        ------
        TypeError, ValueError
            As our own `Sequential.add`.
        """
        if isinstance(layer, InputLayer):
            layer = layer.output
        layer = taken(layer)
        if not isinstance(layer, OurLayer | Tensor):
            raise TypeError(f"add({layer!r:.80}): expected a layer, such as Dense(10).")
        if not self._stack and isinstance(layer, Merge) and layer.branches:
            vars(self)["_stack"] = [layer]
            self._rebuild()
            return
        if not self._stack:
            first = self._first_of(layer)
            if first is not None:
                OurSequential.add(self, first)
        before = list(self._stack)
        vars(self)["_stack"] = [*before, layer]
        try:
            if isinstance(before[0] if before else None, Merge):
                self._rebuild()
            else:
                OurSequential.add(self, layer)
        except BaseException:
            vars(self)["_stack"] = before
            raise

    def _first_of(self, layer: Any) -> Tensor | None:
        """Return the input that a first layer says it takes."""
        if isinstance(layer, OurModel):
            if not layer.is_described or len(layer.network.inputs) != 1:
                return None
            node = layer.network.inputs[0]
            return our_input(plain_shape(node.shape)[1:], node.dtype.name)
        return layer.first_input() if isinstance(layer, KerasLayer) else None

    def _rebuild(self) -> None:
        if self._network is not None:  # what described the network of before is no call any more
            old = {output.call for output in self._network.calls.values()}
            for layer in self._layers:
                layer._calls[:] = [each for each in layer._calls if each() is not None and each() not in old]
        first = self._stack[0] if self._stack else None
        if not isinstance(first, Merge):
            OurSequential._rebuild(self)
            return
        inputs = [symbolic(node) for branch in first.branches for node in branch.network.inputs]
        x = first([taken(branch.output) for branch in first.branches])
        for layer in self._stack[1:]:
            x = layer(x)
        self._set_network(inputs, x)

    def pop(self) -> None:
        """Take the last layer away.

        Raises
        ------
        TypeError
            If there is none.
        """
        if not self.layers:
            raise TypeError("pop(): there are no layers in the model.")
        vars(self)["_stack"] = self._stack[:-1]
        vars(self)["_layers"] = [layer for layer in self._stack if isinstance(layer, OurLayer)]
        self._network = None
        self._compiled.clear()
        self._rebuild()

    def get_config(self) -> Any:
        """Return the configurations of its layers: in Keras 1 and before 2.2.3 a list."""
        layers = [{"class_name": type(layer).__name__, "config": layer.get_config()} for layer in self.layers]
        return layers if is_list_config() else {"name": self.name, "layers": layers}

    @classmethod
    def from_config(cls, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """Return a model of the layers that configurations describe."""
        model = cls(name=config.get("name") if isinstance(config, dict) else None)
        with scope(custom_objects):
            for each in config["layers"] if isinstance(config, dict) else config:
                model.add(layer_of(each))
        return model


def is_list_config() -> bool:
    """Return whether a Sequential's configuration is a list of its layers'."""
    return written_for().keras < (2, 2)


def _network_config(model: KerasModel) -> dict[str, Any]:
    """Return the configuration of a model's layers and their calls."""
    network = model.network
    plain = [
        node
        for node in network.nodes
        if node not in network.calls and node not in network.inputs and node.value is None
    ]
    if plain:
        raise ValueError(
            f"get_config(): the operation {plain[0].op.name} stands between the layers of {model.name!r}, outside of "
            f"any. Put it in a Lambda layer."
        )
    indices: dict[tuple[int, int], int] = {}
    layers = []

    def reference(node: Node) -> list[Any]:
        output = network.calls.get(node)
        if output is None:
            return [node.attrs["name"], 0, 0, {}]
        return [str(output.call.layer.name), indices[id(output.call.layer), id(output.call)], output.place, {}]

    calls_of: dict[int, list[LayerCall]] = {}
    for node in network.nodes:
        output = network.calls.get(node)
        if output is not None:
            own = calls_of.setdefault(id(output.call.layer), [])
            if all(call is not output.call for call in own):
                indices[id(output.call.layer), id(output.call)] = len(own)
                own.append(output.call)
    for layer in model.layers:
        inbound = [[reference(source) for source in call.inputs] for call in calls_of.get(id(layer), [])]
        config = layer.get_config()
        layers.append(
            {"name": layer.name, "class_name": type(layer).__name__, "config": config, "inbound_nodes": inbound}
        )
    return {
        "name": model.name,
        "layers": layers,
        "input_layers": [reference(node)[:3] for node in network.inputs],
        "output_layers": [reference(node)[:3] for node in network.outputs],
    }


@provided("keras.models.clone_model")
def clone_model(model: Any, input_tensors: Any = None) -> Any:
    """Return a model made of the same layers, with new weights."""
    if input_tensors is not None:
        raise ValueError("clone_model(input_tensors=...): it is not provided. Call the clone on them.")
    return type(model).from_config(model.get_config())
