"""The layer of Keras: what ours has besides when a program of Keras 1 or 2 makes it or looks at it.

`KerasLayer` stands before one of our layers among the bases of a class, and takes Keras's arguments in both spellings.
`Layer` is what programs derive their own from. Not here: which layers there are.
"""

from __future__ import annotations

import functools
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from feedforward import ops
from feedforward.attributes import is_ours
from feedforward.compat.importing import at_start
from feedforward.compat.keras.computing.boundary import (
    FreeVariable,
    KerasVariable,
    ProgramVariable,
    has_graph_tensor,
    is_inside,
    seen,
    taken,
)
from feedforward.compat.keras.computing.numbers import floatx
from feedforward.compat.keras.layers.activations import as_activation
from feedforward.compat.keras.layers.initializers import as_initializer, seeded
from feedforward.compat.keras.layers.penalties import as_constraint, as_regularizer
from feedforward.compat.keras.models.in_graphs import call_in_graph, losses_in_graph, updates_in_graph
from feedforward.compat.keras.models.phase import PHASE, fixed_phase
from feedforward.compat.keras.models.serializing import serialized
from feedforward.compat.keras.spelling import by_name, is_alone, is_keras_1
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.graphs.dispatch import is_eager
from feedforward.compat.tensorflow.graphs.graph import default_graph
from feedforward.compat.tensorflow.graphs.shapes import TensorShape
from feedforward.compat.tensorflow.graphs.variables import EagerVariable, accessed, shown_variable, with_variables
from feedforward.compat.tensorflow.networks.layers import Layer as TensorFlowLayer
from feedforward.compat.version import written_for
from feedforward.graph.dimension import Dimension, unknown
from feedforward.graph.node import Node
from feedforward.nn.initializers import Initializer
from feedforward.nn.layer import Input as our_input
from feedforward.nn.layer import Layer as OurLayer
from feedforward.nn.layer import _parts as parts_of
from feedforward.nn.layer import is_described, is_describing
from feedforward.nn.taking import what_it_takes
from feedforward.tensor import Tensor, Variable, is_tracing, of_node, symbolic

__all__ = [
    "FORMAT",
    "Input",
    "KerasLayer",
    "Layer",
    "data_format",
    "is_in_step",
    "layer_name",
    "new_names",
    "plain_shape",
    "train_free",
    "with_batch",
]

_counts: Counter[str] = Counter()
"""How many layers of each kind were named."""

_SETTINGS = (
    (re.compile("_initializer$"), as_initializer),
    (re.compile("_regularizer$"), as_regularizer),
    (re.compile("_constraint$"), as_constraint),
    (re.compile("^activation$"), as_activation),
)
"""What settings stand for, by the end of their names."""

_BESIDES = (
    "name",
    "trainable",
    "dtype",
    "input_shape",
    "input_dim",
    "batch_input_shape",
    "batch_size",
    "input_length",
    "weights",
    "activity_regularizer",
)
"""What every layer takes besides."""


class _Format:
    """Where channels are when a layer does not say, and whether that is settled."""

    name = "channels_last"
    is_settled = False

    def settle(self, name: str) -> None:
        """Set where channels are, for the rest of a program."""
        self.name, self.is_settled = name, True

    def read_off(self, shape: Sequence[Any] | None) -> None:
        """Settle where channels are by the first image of a program of Keras 1 that does not say it.

        Keras 1 read it from a file of the user's, and had channels first unless that said otherwise.
        """
        if self.is_settled or not is_keras_1() or shape is None or len(shape) != 4:
            return
        self.is_settled = True
        _, first, _, last = shape
        if first in (1, 3) and last not in (1, 3, None):
            self.name = "channels_first"
            sys.stderr.write(
                f"feedforward: images of shape {tuple(shape[1:])} are read as channels first, as Keras 1 had it unless "
                f"keras.json said otherwise; K.set_image_dim_ordering('tf') changes that\n"
            )


FORMAT = _Format()


@at_start
def _forget_shapes() -> None:
    """Let a program begin with channels last."""
    FORMAT.name, FORMAT.is_settled = "channels_last", False


def data_format(given: Any) -> str:
    """Return where channels are, in our words, by those of Keras 1 or 2; by default what the program set for all.

    Raises
    ------
    ValueError
        If it is nothing of these.
    """
    words = {"th": "channels_first", "tf": "channels_last", "default": FORMAT.name, None: FORMAT.name}
    found = words.get(given, given)
    if found not in ("channels_first", "channels_last"):
        raise ValueError(
            f"data_format={given!r}: expected 'channels_first' or 'channels_last', in Keras 1 'th' or 'tf'."
        )
    return str(found)


_fixed_batches: dict[int, Any] = {}
"""Sizes of batches that inputs of the program are said to have, and the unknown size that stands for each here."""


@at_start
def new_names() -> None:
    """Begin to number layers anew."""
    _counts.clear()
    _fixed_batches.clear()


def with_batch(shape: Any) -> tuple[Any, ...]:
    """Return a shape of a program's that may begin with the size of a batch, which is an unknown one in models."""
    sizes = tuple(shape)
    has_batch = is_in_step() and bool(sizes) and isinstance(sizes[0], int)
    return (_fixed_batches.get(sizes[0], sizes[0]), *sizes[1:]) if has_batch else sizes


def is_in_step() -> bool:
    """Return whether what is computed here belongs to a model, which computes it in each step."""
    return is_tracing() or is_describing()


def layer_name(kind: str) -> str:
    """Return the name that Keras gives a layer: ``dense_1``; in TensorFlow the first is ``dense``."""
    words = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", kind)
    words = re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
    words = f"private{words}" if words.startswith("_") else words
    if is_keras_1():
        words = {"conv2d": "convolution2d", "conv1d": "convolution1d"}.get(words, words)
    _counts[words] += 1
    number = _counts[words] - (not is_alone() and words != "input")
    return f"{words}_{number}" if number else words


def plain_shape(shape: Sequence[Any]) -> tuple[int | None, ...]:
    """Return a shape with None where a size is not known."""
    return tuple(None if isinstance(size, Dimension) else size for size in shape)


class _Seen:
    """What a layer was called on, or returned, as a program sees it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, layer: Any, owner: Any) -> Any:
        return self if layer is None else seen(OurLayer.__dict__[self._name].__get__(layer, owner))


class KerasLayer(OurLayer):
    """What Keras's layers have besides ours."""

    built: bool
    input_spec: Any = None
    supports_masking: bool = False
    stateful: bool = False

    order: ClassVar[tuple[str, ...] | None] = None
    """What arguments by position are in Keras 2, where these are not our settings in their order."""
    order_1: ClassVar[tuple[str, ...]] = ()
    """The same in Keras 1, where it is another."""
    ignored: ClassVar[tuple[str, ...]] = ()
    """Settings of ours that Keras does not have."""
    waiting: Callable[[list[Any]], None] | None = None
    """Called once with the weights when they are made: a checkpoint was restored before."""
    has_format: ClassVar[bool] = False
    """Whether it goes by the image data format that the program set for all."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        cls = type(self)
        own = [name for name in cls._setting_names() if name not in cls.ignored]
        names = cls.order_1 if is_keras_1() and cls.order_1 else cls.order or tuple(own)
        given = self.prepared(by_name(cls.__name__, [*own, *cls.extra_names(), *_BESIDES], names, args, settings))
        self._take_besides(given)
        for name in own:
            value = given.get(name, cls.__dataclass_fields__[name].default)
            for pattern, meaning in _SETTINGS:
                if pattern.search(name):  # also of what is not given: its meaning is the version's
                    given[name] = meaning(value)
        if cls.has_format or "data_format" in given:
            if given.get("data_format") in (None, "default"):
                FORMAT.read_off(self._takes_shape)
            given["data_format"] = data_format(given.get("data_format"))
        super().__init__(**given)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._has_own_name = True  # of Keras's: one that is a part of another keeps its name

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes; `prepared` deals with it."""
        return ()

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return arguments in our words, where that takes more than another name."""
        return given

    @classmethod
    def _setting_names(cls) -> list[str]:
        fields = cls.__dataclass_fields__.values()
        return [each.name for each in fields if each.init and each.name not in ("name", "trainable", "dtype")]

    def _take_besides(self, given: dict[str, Any]) -> None:
        """Take out of some arguments what every layer of Keras takes, and ours does not."""
        shape = given.pop("batch_input_shape", None)
        sample = given.pop("input_shape", None)
        size, length = given.pop("batch_size", None), given.get("input_length")
        if "input_length" in given and "input_length" not in self._setting_names():
            del given["input_length"]
        if "input_dim" in given and "input_dim" not in self._setting_names():
            dim = given.pop("input_dim")
            if dim is not None and sample is None:
                sample = (dim,) if length is None else (length, dim)
        if sample is not None and shape is None:
            shape = (size, *(sample if isinstance(sample, list | tuple) else (sample,)))
        dtype = given.pop("dtype", None)
        self._input_dtype = None if dtype is None else np.dtype(getattr(dtype, "name", dtype)).name
        if self._input_dtype in ("float32", "float64"):
            given["dtype"] = self._input_dtype
        self._first_weights = given.pop("weights", None)
        self._takes_shape = None if shape is None else tuple(shape)
        if shape and shape[0] is not None:
            _fixed_batches[int(shape[0])] = unknown("batch")
        self._penalty = as_regularizer(given.pop("activity_regularizer", None))
        if given.get("name") is None:
            given.pop("name", None)

    @property
    def takes_shape(self) -> tuple[int | None, ...] | None:
        """The shape that the program says a first layer takes, the batch included."""
        return self._takes_shape

    def first_input(self) -> Tensor | None:
        """Return the `Input` that a model begins with whose first layer it is; None if its shape is not known."""
        shape = self._takes_shape
        if shape is None:
            return None
        name = f"{self.name}_input"
        kind = self._input_dtype or self.dtype or floatx()
        return _input(shape[0], shape[1:], kind, name if name.isidentifier() else None)

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        own = vars(cls).get("build")
        if own is not None and not is_ours(cls):
            cls.build = _with_plain_shapes(own)  # type: ignore[method-assign]

    def _default_name(self) -> str:
        return layer_name(type(self).__name__)

    def _build_and_apply(self, inputs: Sequence[Tensor], has_list: bool, training: bool | None) -> Any:
        result = super()._build_and_apply(inputs, has_list, training)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)
            self._first_weights = None
            result = self._apply(inputs, has_list, training)
        if self.waiting is not None and not is_described(inputs):
            restore, self.waiting = self.waiting, None
            restore(self.variables)
            result = self._apply(inputs, has_list, training)
        return result

    def __call__(self, *inputs: Any, training: Any = None, **named: Any) -> Any:
        """Return the output for tensors, or describe it for an `Input`; see our `Layer`."""
        if named.pop("mask", None) is not None:
            raise ValueError(f"layer {self.name!r}: got a mask. Masks are not provided: leave it out.")
        training = None if training is PHASE else training
        if has_graph_tensor(inputs):
            if self._has_own_code:
                return self._call_on_graph(*inputs, training=training, **named)
            return call_in_graph(self, (*inputs, *named.values()), training)
        training = None if training is None else bool(training)
        result = super().__call__(*taken(inputs), training=training, **taken(named))
        if accessed:  # a tape wants to know which variables were read
            accessed[-1].update(dict.fromkeys(map(shown_variable, self.weights)))
        return result if is_inside(inputs) else seen(result)

    @property
    def _has_own_code(self) -> bool:
        """Whether its `call` is a program's."""
        return not type(self).call.__module__.startswith("feedforward.")

    def _call_on_graph(self, *inputs: Any, training: Any, **named: Any) -> Any:
        """Return what a program's own `call` makes of tensors of a graph: it records operations as it stands."""
        if not self.is_built:
            shapes = [[each.shape.as_list() for each in x] if isinstance(x, list) else x.shape for x in inputs]
            self.build(*shapes[:1])
            self.is_built = True
        if training is not None or what_it_takes(type(self).call).has_training:
            named["training"] = PHASE.tensor if training is None else training
        return self.call(*inputs, **named)

    @property
    def updates(self) -> list[Any]:
        """The assignments to its weights, such as moving averages, that calls on tensors of a graph left to be run."""
        return updates_in_graph(self)

    @property
    def losses(self) -> list[Any]:
        """What its regularizers cost, and what the last call added to the loss; in a graph the former, as tensors."""
        return (not is_eager() and losses_in_graph(self)) or seen(super().losses)

    def run(self, inputs: Sequence[Tensor], has_list: bool, training: bool) -> Any:
        """Return what `call` does, and add to the loss what the outputs cost."""
        specs = self.input_spec if isinstance(self.input_spec, list | tuple) else [self.input_spec]
        for spec, each in zip(specs, inputs, strict=False):
            if spec is not None:
                spec.check(str(self.name), each.node)
        fixed = fixed_phase()
        given = seen(list(inputs)) if self._has_own_code else inputs
        phase = training if fixed is None or is_describing() else fixed
        result = taken(super().run(given, has_list, phase))
        if self._has_own_code:
            several = isinstance(result, list | tuple)
            result = type(result)(map(with_variables, result)) if several else with_variables(result)
        if self._penalty is not None:
            for each in result if isinstance(result, list | tuple) else [result]:
                cost = self._penalty(each)
                # In TensorFlow it is a mean over the batch.
                self.add_loss(cost if is_alone() else cost / _rows(each))
        return result

    def repeats(self, training: bool) -> bool:
        """See our `Layer.repeats`: what is added to the loss belongs to one call."""
        return self._penalty is None and fixed_phase() is None and super().repeats(training)

    def add_weight(self, *args: Any, **settings: Any) -> Variable:
        """Make a variable of the layer: ``(name, shape, ...)`` as in Keras 2, ``(shape, initializer, ...)`` as in 1."""
        names: tuple[str, ...] = ("name", "shape", "initializer", "regularizer", "trainable", "constraint")
        if args and isinstance(args[0], list | tuple):
            names = ("shape", "initializer", "name", "trainable", "regularizer", "constraint")
        elif len(args) > 2 and not isinstance(args[2], Initializer | str):
            names = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
        known = {*names, "dtype", "fan"}
        given = by_name(f"{type(self).__name__}.add_weight", known, names, args, settings)
        given.pop("dtype", None)
        start = given.pop("initializer", None)
        start = seeded(as_initializer("glorot_uniform" if start is None else start))
        given["regularizer"] = as_regularizer(given.get("regularizer"))
        given["constraint"] = as_constraint(given.get("constraint"))
        name = given.pop("name", None) or f"param_{len(self.weights)}"
        shape = tuple(int(size) for size in given.pop("shape"))
        weight = super().add_weight(name, shape, start, **given)
        shown_variable(weight)  # known from now on to optimizers that take all variables
        # A program's own code may have it on the left of a tensor as it sees them.
        weight.__class__ = KerasVariable if is_ours(type(self)) else ProgramVariable
        return weight

    add_variable = add_weight

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep track of variables and layers of TensorFlow's as well, alone or in lists and dicts."""
        super().__setattr__(name, value)
        if isinstance(value, EagerVariable | list | tuple | dict):
            for attribute, part in parts_of(name, taken(value)):
                self._track(attribute, part)
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
        new = [part for part in parts if isinstance(part, TensorFlowLayer)]
        if new:
            vars(self)["_others"] = [*vars(self).get("_others", ()), *new]

    def _track(self, attribute: str, part: Any) -> None:
        train_free(part)
        super()._track(attribute, part)

    @property
    def trainable_variables(self) -> list[Any]:
        """The trainable weights as variables of TensorFlow's."""
        return [_shown(weight) for weight in self.trainable_weights] + self._of_graph("trainable_variables")

    @property
    def variables(self) -> list[Any]:
        """The weights as variables of TensorFlow's."""
        return [_shown(weight) for weight in self.weights] + self._of_graph("variables")

    def _of_others(self, what: str) -> list[Any]:
        """Return the variables of the layers of ``tf.layers`` that are its attributes."""
        return [each for other in vars(self).get("_others", ()) for each in getattr(other, what)]

    def _of_graph(self, what: str) -> list[Any]:
        """Return those of them that are in a graph, of all layers in this one."""
        layers = [layer for layer in self.all_layers() if isinstance(layer, KerasLayer)]
        found = [each for layer in layers for each in layer._of_others(what)]
        return [each for each in found if not isinstance(each, EagerVariable)]

    @property
    def weights(self) -> list[Variable]:
        """Its variables, and those of the layers in it."""
        others = [each.ours for each in self._of_others("variables") if isinstance(each, EagerVariable)]
        return list(dict.fromkeys([*super().weights, *others]))

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes; a layer of a program's own may say which."""
        others = self._of_others("trainable_variables") if self.trainable else []
        ours = [each.ours for each in others if isinstance(each, EagerVariable)]
        return list(dict.fromkeys([*super().trainable_weights, *ours]))

    @trainable_weights.setter
    def trainable_weights(self, weights: Sequence[Variable]) -> None:
        for number, weight in enumerate(weights):
            self._track(f"weight_{number}", weight)
        for weight in self._weights:
            weight.trainable = any(weight is each for each in weights)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that training does not change."""
        trained = set(self.trainable_weights)
        return [weight for weight in self.weights if weight not in trained]

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The others as variables of TensorFlow's."""
        return [_shown(weight) for weight in self.non_trainable_weights]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return what Keras 1 calls the kernel and the bias, and whether the layer is built."""
            own = vars(self)
            for word, ours in (("W", "kernel"), ("W", "embeddings"), ("b", "bias"), ("built", "is_built")):
                if name == word and ours in own:
                    return own[ours]
            found = getattr(super(), "__getattr__", None)  # a model says what is missing
            if found is not None:
                return found(name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    @property
    def input_shape(self) -> Any:
        """The shape of what it was called on, None where a size is not known."""
        return self._shapes(self.input)

    @property
    def output_shape(self) -> Any:
        """The shape of what it returned."""
        return self._shapes(self.output)

    @staticmethod
    def _shapes(tensors: Any) -> Any:
        tensors = taken(tensors)
        return [each.shape for each in tensors] if isinstance(tensors, list) else tensors.shape

    input = _Seen("input")
    output = _Seen("output")

    def get_input_at(self, node_index: int) -> Any:
        """Return what it was called on in one of its calls."""
        return seen(self._call_at(node_index)[0])

    def get_output_at(self, node_index: int) -> Any:
        """Return what it returned in one of its calls."""
        return seen(self._call_at(node_index)[1])

    def _call_at(self, place: int) -> tuple[Any, Any]:
        calls = [call for reference in self._calls if (call := reference()) is not None]
        if not -len(calls) <= place < len(calls):
            raise ValueError(f"layer {self.name!r} was called {len(calls)} times. Got node_index={place}.")
        call = calls[place]
        inputs = [symbolic(node) for node in call.inputs]
        outputs = [call.output(each) for each in range(len(call.results))]
        return inputs if len(inputs) > 1 else inputs[0], outputs if call.is_many else outputs[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of what it returns for inputs of a shape."""
        several = bool(input_shape) and isinstance(input_shape[0], list | tuple)
        shapes = input_shape if several else [input_shape]
        inputs = [our_input(tuple(shape)[1:]) for shape in shapes]
        return self._shapes(self(inputs if several else inputs[0]))

    get_output_shape_for = compute_output_shape

    def get_config(self) -> dict[str, Any]:
        """Return its settings, from which `from_config` makes another."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if self._takes_shape is not None:
            config["batch_input_shape"] = self._takes_shape
            config["dtype"] = self._input_dtype or "float32"
        own = [name for name in self._setting_names() if name not in self.ignored] if is_ours(type(self)) else []
        config |= {name: serialized(getattr(self, name)) for name in own}
        if self._penalty is not None:
            config["activity_regularizer"] = serialized(self._penalty)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a layer of these settings."""
        return cls(**config)


def train_free(part: Any) -> None:
    """Let a variable of a program's own be trained as a part of a layer: since Keras 2.3, and in TensorFlow."""
    if isinstance(part, FreeVariable) and (not is_alone() or written_for().keras >= (2, 3)):
        part.trainable = True


def _shown(weight: Variable) -> Any:
    """Return a weight as a program sees it: the variable of the default graph that stands for it, or an eager one."""
    found = None if is_eager() else default_graph().kept.get("weights", {}).get(weight)
    return shown_variable(weight) if found is None else found


def _rows(x: Tensor) -> Tensor:
    """Return how many samples there are, as a number to divide by."""
    return of_node(ops.size(x.node.shape[0], x.dtype), x.is_symbolic)


def _with_plain_shapes(build: Callable[..., Any]) -> Callable[..., Any]:
    """Return a layer's own `build` that is given None where a size is not known."""

    @functools.wraps(build)
    def plain(self: Any, *shapes: Any, **settings: Any) -> Any:
        def one(shape: Any) -> Any:
            several = isinstance(shape, list) or (isinstance(shape, tuple) and shape and isinstance(shape[0], tuple))
            return [one(tuple(each)) for each in shape] if several else kind(plain_shape(shape))

        # The Keras in TensorFlow gives a TensorShape.
        kind: Any = tuple if written_for().name.startswith("keras") else TensorShape

        return build(self, *map(one, shapes), **settings)

    return plain


@provided(
    "keras.layers.Layer",
    "keras.layers.core.Layer",
    "keras.engine.Layer",
    "keras.engine.topology.Layer",
    "keras.engine.base_layer.Layer",
)
class Layer(KerasLayer):
    """What programs derive layers of their own from: `build`, `add_weight`, `call` and `compute_output_shape`."""

    def build(self, input_shape: Any) -> None:
        """Make the weights; what a program's own `build` ends with."""

    def repeats(self, training: bool) -> bool:
        """See our `Layer.repeats`: a program's own code may do anything."""
        return False


@provided("keras.layers.InputSpec", "keras.engine.InputSpec", "keras.engine.topology.InputSpec")
class InputSpec:
    """What a layer of a program's own says of its input.

    Parameters
    ----------
    dtype, shape, ndim, max_ndim, min_ndim, axes
        As in Keras. What does not fit is found when the layer is called.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int] | None = None,
    ) -> None:
        self.dtype, self.shape = dtype, shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim, self.min_ndim, self.axes = max_ndim, min_ndim, axes or {}

    def check(self, owner: str, node: Node) -> None:
        """Check an input.

        Raises
        ------
        ValueError
            If it does not fit.
        """
        shape = plain_shape(node.shape)
        fits = (
            (self.ndim is None or len(shape) == self.ndim)
            and (self.max_ndim is None or len(shape) <= self.max_ndim)
            and (self.min_ndim is None or len(shape) >= self.min_ndim)
            and all(shape[axis] in (None, size) for axis, size in self.axes.items() if -len(shape) <= axis < len(shape))
            and all(None in pair or pair[0] == pair[1] for pair in zip(shape, self.shape or (), strict=False))
            and (self.dtype is None or np.dtype(getattr(self.dtype, "name", self.dtype)) == node.dtype)
        )
        if not fits:
            wanted = ", ".join(f"{name}={value}" for name, value in vars(self).items() if value not in (None, {}))
            raise ValueError(
                f"layer {owner!r}: input {node.dtype.name} {shape}. Expected what its input_spec says: {wanted}."
            )


@provided("keras.layers.Input", "keras.Input", "keras.engine.Input", "keras.engine.topology.Input")
def Input(
    shape: Any = None,
    batch_shape: Any = None,
    name: str | None = None,
    dtype: Any = None,
    sparse: bool = False,
    tensor: Any = None,
    batch_size: int | None = None,
) -> Tensor:
    """Return a tensor that stands for the input of a network.

    Parameters
    ----------
    shape : sequence of int or None
        The shape of one sample.
    batch_shape : sequence of int or None
        The same with the batch first.
    batch_size : int, optional
        The size of the batch: batches may have others, too, and what is drawn for each sample follows them.
    name : str, optional
        What it is called; by default ``input_1`` and so on.
    dtype : dtype
        What it holds; float32 by default.
    sparse, tensor
        Refused.
    """
    if sparse or tensor is not None:
        raise ValueError(f"Input(sparse={sparse!r}, tensor={tensor!r}): neither is provided. Give arrays to fit().")
    if shape is None and batch_shape is None:
        raise ValueError("Input(): there is no shape. Give shape=(...), the shape of one sample.")
    if batch_shape is not None:
        batch_size, *shape = batch_shape
    given = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    kind = np.dtype(getattr(dtype, "name", dtype) or floatx()).name
    FORMAT.read_off((None, *given))
    return seen(_input(batch_size, given, kind, name or layer_name("Input")))  # type: ignore[no-any-return]


def _input(batch_size: int | None, shape: tuple[Any, ...], dtype: str, name: str | None) -> Tensor:
    """Return our `Input`, whose batches are of any size, and note the size that the program says."""
    found = our_input(shape, dtype, name)
    if batch_size is not None:
        _fixed_batches[int(batch_size)] = found.node.shape[0]
    return found
