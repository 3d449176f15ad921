"""The layer: what every layer has in common, and the description of a network that calls on an `Input` leave behind.

A layer is a dataclass whose fields are its configuration, with weights made when its input's shape is known. Which
layers there are stands in ``layers.py``.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import weakref
from collections import Counter, UserDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import numpy as np

from feedforward import ops
from feedforward.arrays import Origin, numbers
from feedforward.attributes import check_attribute, declared, is_ours
from feedforward.errors import DtypeError, ShapeError
from feedforward.functions import cast
from feedforward.graph.dimension import unknown
from feedforward.graph.node import Array, Node, Spec, as_dtype, in_own_context, location_text, scope, shape_text
from feedforward.interrupts import held_interrupts
from feedforward.lookup import Registry
from feedforward.nn.config import check_bool, is_int, resolve, snake_case
from feedforward.nn.constraints import as_constraint
from feedforward.nn.initializers import INITIALIZERS, VarianceScaling
from feedforward.nn.naming import check_name, count_name, new_name
from feedforward.nn.outputs import OutputKind, kind_of, note_kind
from feedforward.nn.regularizers import REGULARIZERS, Regularizer
from feedforward.nn.repeating import is_repeating, note_setting, repeated
from feedforward.nn.taking import what_it_takes
from feedforward.nn.text import TEXT, is_text, text_input
from feedforward.ops.state import to_float32
from feedforward.recording import note_freezing
from feedforward.tensor import Tensor, Variable, bind, flush, is_tracing, is_tracing_function, of_node, symbolic
from feedforward.undo import all_or_nothing, remember

__all__ = [
    "LAYERS",
    "LayerCall",
    "Output",
    "Tensors",
    "layer_calls",
    "loading",
    "is_loading",
    "Layer",
    "set_weights",
    "as_tensor",
    "collect_losses",
    "WatchedCall",
    "watch_calls",
    "is_described",
    "is_in_call",
    "is_describing",
    "is_several",
    "Input",
]

Tensors: TypeAlias = Tensor | Any
"""What a call returns, for a type checker: a tensor, or, as Any, a tuple or list of them.

A plain union of the two would have it refuse ``layer(x) * 2``.
"""

LAYERS: Registry[type[Layer]] = Registry("layer")
"""Every layer by its name in files."""


@dataclass(frozen=True, eq=False)
class LayerCall:
    """That a layer was called on the description of a network: what a `Model` is made of.

    Parameters
    ----------
    layer : Layer
        What was called.
    inputs : tuple of Node
        What it was called on.
    has_list : bool
        Whether they were one list, for a layer whose `call` takes one.
    training : bool or None
        Whether it is to act as in training wherever the network runs; None: as the network does.
    results : tuple of Spec
        Shapes and dtypes of what it returned.
    kinds : tuple of OutputKind
        What numbers these are.
    is_many : bool
        Whether that was a tuple or list.
    """

    layer: Layer
    inputs: tuple[Node, ...]
    has_list: bool
    training: bool | None
    results: tuple[Spec, ...]
    kinds: tuple[OutputKind, ...]
    is_many: bool
    _nodes: dict[int, weakref.ref[Node]] = field(default_factory=dict)

    def output(self, place: int) -> Tensor:
        """Return what stands for one of its results; made anew where nobody has kept it."""
        kept = self._nodes.get(place)
        node = None if kept is None else kept()
        if node is None:
            node = ops.placeholder(self.results[place].shape, self.results[place].dtype, str(self.layer.name))
            layer_calls[node] = Output(self, place)
            note_kind(node, self.kinds[place])
            self._nodes[place] = weakref.ref(node)  # which holds the call, not the other way round
        return symbolic(node)

    def again(self, inputs: Sequence[Tensor], training: bool | None) -> list[Tensor]:
        """Return what the layer gives for other tensors: one, or as many as `Output.place` counts."""
        is_training = training if self.training is None else self.training
        result = (
            self.layer(list(inputs), training=is_training)
            if self.has_list
            else self.layer(*inputs, training=is_training)
        )
        return list(result) if isinstance(result, list | tuple) else [result]


@dataclass(frozen=True, eq=False)
class Output:
    """Which of the tensors that a call returned a node stands for."""

    call: LayerCall
    place: int


layer_calls: weakref.WeakKeyDictionary[Node, Output] = weakref.WeakKeyDictionary()
"""What each described output stands for."""

_is_training: ContextVar[bool] = ContextVar("is_training", default=False)
"""Whether the layer that is being called is in training: what layers called inside of it go by."""

_is_describing: ContextVar[bool] = ContextVar("is_describing", default=False)
"""Whether a layer's call is under way that only tells shapes: what it computes, and with what, stays nowhere."""

_added_losses: ContextVar[list[Tensor] | None] = ContextVar("added_losses", default=None)
"""What layers add to the loss in the outermost call under way, or in the step that is being traced."""

_watched: ContextVar[list[WatchedCall] | None] = ContextVar("watched", default=None)
"""Calls of layers on tensors, where somebody wants to see them: see `watch_calls`."""


@dataclass(frozen=True)
class WatchedCall:
    """A call of a layer on tensors, and what it returned."""

    layer: Layer
    results: tuple[Tensor, ...]


class _Loading(threading.local):
    """Whether this thread is loading a file."""

    is_under_way = False


_loading = _Loading()


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Let layers built inside the ``with`` make weights that hold nothing yet: who loads them brings their values.

    A shape from a file takes no memory before the file was seen to have as many numbers.
    """
    try:
        _loading.is_under_way = True
        yield
    finally:
        _loading.is_under_way = False


def is_loading() -> bool:
    """Return whether weights come from a file."""
    return _loading.is_under_way


class _OfTheOnlyCall:
    """What a layer was called on, or gave, when networks were described: a tensor, or a list of several.

    An attribute of the same name that a subclass sets comes first, so this is no property.
    """

    def __init__(self, part: Callable[[LayerCall], list[Tensor]]) -> None:
        self._part = part

    def __set_name__(self, owner: type[Layer], name: str) -> None:
        self._name = name

    def __get__(self, layer: Layer | None, owner: type[Layer]) -> Any:
        if layer is None:
            return self
        calls = [call for reference in layer._calls if (call := reference()) is not None]
        if len(calls) != 1:
            times = f"{len(calls)} times" if calls else "on no Input yet"
            raise AttributeError(
                f"layer {layer.name!r} has no {self._name}: it was called {times}. Expected one call on an Input, or "
                f"in a Sequential that knows its input's shape; keep what a call returns."
            )
        tensors = self._part(calls[0])
        return tensors if len(tensors) > 1 or (self._name == "output" and calls[0].is_many) else tensors[0]


@dataclass(eq=False)
class Layer:
    """Base of all layers.

    Parameters
    ----------
    name : str, optional
        What messages, summaries and files call it; by default its class and a number.
    trainable : bool
        Whether training changes its weights, and those of layers in it. It may be set at any time, for the next `fit`.
    dtype : {"float32", "float64"}, optional
        What its weights are, and what floats that it is given are cast to. By default weights have the dtype of the
        first input, so that ``Input(dtype="float64")`` makes a network of float64, and nothing is cast.

    Attributes
    ----------
    is_built : bool
        Whether its weights are made. From then on its settings stay as they are.

    Notes
    -----
    To keep one of your own in a file, register it, also where the file is read: ``@registered(LAYERS)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config` and ``LAYERS`` from `feedforward.nn.layers`.
    """

    name: str | None = field(default=None, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)
    is_built: bool = field(init=False, repr=False)
    dtype: str | None = field(default=None, kw_only=True)

    _weights: dict[Variable, str] = field(init=False, repr=False)
    _layers: list[Layer] = field(init=False, repr=False)
    _calls: list[weakref.ref[LayerCall]] = field(init=False, repr=False)
    _regularizers: dict[Variable, Regularizer] = field(init=False, repr=False)
    _losses: list[Tensor] = field(init=False, repr=False)
    _owner: Layer | None = field(init=False, repr=False)
    _has_own_name: bool = field(init=False, repr=False)

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Make room for what `__setattr__` tracks, whatever a subclass does first."""
        layer = super().__new__(cls)
        object.__setattr__(layer, "_weights", {})  # each with its name within the layer
        object.__setattr__(layer, "_layers", [])
        object.__setattr__(layer, "_calls", [])
        object.__setattr__(layer, "_regularizers", {})
        object.__setattr__(layer, "_losses", [])
        object.__setattr__(layer, "_owner", None)
        return layer

    def __getstate__(self) -> dict[str, Any]:
        """Let copies and pickles hold the layer without the descriptions that it is a part of."""
        return {**vars(self), "_calls": [], "_losses": []}

    def __post_init__(self) -> None:
        self.is_built = False
        self._has_own_name = self.name is not None
        self.dtype = self.dtype  # which is checked whenever it is set
        self._weight_dtype = self.dtype or "float32"
        if self.name is None:
            self.name = self._default_name()
        else:
            count_name(self.name)

    def __copy__(self) -> Self:
        """Return what `copy.deepcopy` does: a layer with weights of its own. To share them, call one layer twice."""
        return deepcopy(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what a pickle holds; no layer made after that gets its name by default."""
        vars(self).update(state)
        if self.name is not None:
            count_name(self.name)

    def _default_name(self) -> str:
        return new_name(snake_case(type(self).__name__))

    def _check_name(self, name: Any) -> None:
        check_name(type(self).__name__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep track of variables and layers that are made attributes, alone or in lists and dicts, and of a new name.

        Raises
        ------
        AttributeError
            If there is no such attribute, or the layer is built and would not heed it.
        """
        check_attribute(self, name)
        if name == "name" and value is not None:
            self._check_name(value)
            self._rename(value)
        elif name == "trainable":  # as in Keras, what freezes a layer freezes those in it
            check_bool(type(self).__name__, name, value)
            if vars(self).get(name, value) != value:
                note_freezing()
            for layer in self._layers:
                layer.trainable = value
        elif name == "dtype" and value is not None and not vars(self).get("is_built"):
            dtype = as_dtype(value)
            if dtype.kind != "f":
                raise DtypeError(f"{type(self).__name__}(dtype={value!r}): a layer computes in float32 or float64.")
            value = dtype.name
        elif vars(self).get("is_built") and _is_setting(type(self), name) and vars(self).get(name) is not value:
            raise AttributeError(
                f"{type(self).__name__}.{name} cannot be changed: layer {self.name!r} is built. Make a new layer."
            )
        if name != "trainable" and is_ours(type(self)):  # which changes no call
            note_setting()
        for attribute, part in _parts(name, value):
            self._track(attribute, part)
        object.__setattr__(self, name, value)

    def _rename(self, name: str) -> None:
        """Take a new name, by which messages call its weights, too."""
        if "is_built" not in vars(self):
            return
        old = f"{self.path}/"
        object.__setattr__(self, "name", name)
        for weight in self.weights:
            if weight.name.startswith(old):
                weight.name = f"{self.path}/{weight.name[len(old) :]}"

    def _track(self, attribute: str, part: Variable | Layer) -> None:
        """Enter a variable or layer among its own; one without a name is called after its attribute, also in files."""
        if "name" not in vars(self):
            raise TypeError(
                f"{type(self).__name__}.{attribute} is set before the layer is set up. Call super().__init__() first."
            )
        if isinstance(part, Variable):
            if part not in self._weights:
                self._weights[part] = attribute
                part.name = f"{self.path}/{attribute}" if part.name == "variable" else part.name
        elif any(self is layer for layer in part.all_layers()):
            raise ValueError(f"{type(self).__name__}.{attribute} is the layer itself, or holds it. Give another layer.")
        elif all(part is not layer for layer in self._layers):
            remember(part)
            self._layers.append(part)
            is_elsewhere = any(reference() is not None for reference in part._calls)
            if part._owner is None and not is_elsewhere:
                object.__setattr__(part, "_owner", self)
                part.name = part.name if part._has_own_name else attribute

    @property
    def path(self) -> str:
        """Its name, after those of the layers that it is an attribute of: ``block/dense``."""
        return str(self.name) if self._owner is None else f"{self._owner.path}/{self.name}"

    # Not `*inputs: Any` alone: this form lets a subclass name what it takes.
    def build(self, *shapes: Any, **_: Any) -> None:
        """Make the weights for inputs of these shapes, each a tuple whose first size is the batch's and may be unknown.

        A layer of one input defines ``build(self, shape)``; one of several ``build(self, first, second)``, or takes a
        list of all of them as its only argument.
        """

    def call(self, *inputs: Any, **_: Any) -> Any:
        """Return the layer's output, a tensor or a tuple of several; in a subclass, ``call(self, x, training)``.

        Parameters
        ----------
        *inputs : tensor, shape (n, ...)
            As many as the subclass names. One that names a single input is given a list where it is called on one,
            unless it is annotated as a `Tensor`.
        training : bool
            Whether the network is being trained; left out where the subclass does not name it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no call(). Define call(self, x, training).")

    @in_own_context
    def __call__(self, *inputs: Any, training: bool | None = None, **named: Any) -> Tensors:
        """Return the output for tensors, or describe it for an `Input`.

        Parameters
        ----------
        *inputs : tensor, array, or nested lists of numbers, shape (n, ...)
            What `call` takes, by place or by name; ``layer([a, b])`` is ``layer(a, b)``.
        training : bool, optional
            Whether the network is being trained; by default as in the layer or model whose `call` this is a part of.
            On an `Input`: whether this call is always to act so, also while the rest trains, or does not.

        Raises
        ------
        TypeError
            If there are more inputs, or fewer, than the layer takes.
        ShapeError, DtypeError
            If an input does not fit the layer; names the layer.
        """
        if "is_built" not in vars(self):
            raise TypeError(f"{type(self).__name__} is not set up. Call super().__init__() first in its __init__.")
        if len(inputs) > 1 and isinstance(inputs[-1], bool):  # layer(x, training), as `call` is written
            inputs, training = inputs[:-1], inputs[-1]
        if training is not None:
            _is_training.set(training)
        takes = what_it_takes(type(self).call)
        if len(inputs) == 1 and isinstance(inputs[0], dict | UserDict):
            inputs = tuple(self.in_order(inputs[0]))
        if named:
            rest = itertools.takewhile(named.__contains__, takes.names[len(inputs) :])
            inputs += tuple(named.pop(name) for name in rest)
        if named:
            raise TypeError(
                f"layer {self.name!r}: its call takes no {next(iter(named))!r}. Expected {', '.join(takes.names)}"
                f"{' and training' if takes.has_training else ''}: give all inputs up to the last that is named."
            )
        has_list = False
        if len(inputs) == 1 and (
            is_several(inputs[0]) or (self._takes_several() and isinstance(inputs[0], list | tuple))
        ):
            inputs, has_list = inputs[0], takes.takes_list
        if not has_list and not takes.least <= len(inputs) <= takes.most:
            wanted = f"{takes.least}" if takes.least == takes.most else f"at least {takes.least}"
            raise TypeError(
                f"layer {self.name!r}: got {len(inputs)} inputs, it takes {wanted}{location_text()}. Give as many; "
                f"Concatenate() or stack() make several one."
            )
        tensors = self._as_tensors(inputs)
        is_outermost = _added_losses.get() is None
        added = collect_losses() if is_outermost else []
        result = (self._apply if self.is_built else self._build_and_apply)(tensors, has_list, training)
        if is_outermost and (added or self._losses):
            is_kept_apart = is_tracing() and not is_tracing_function()  # the step of a model collects them itself
            object.__setattr__(self, "_losses", [] if is_kept_apart or is_described(tensors) else added)
        return result

    def _takes_several(self) -> bool:
        """Return whether a list of anything stands for several inputs."""
        return what_it_takes(type(self).call).least > 1

    def in_order(self, inputs: Mapping[Any, Any]) -> list[Any]:
        """Return inputs that were given by name in their order; only a network has such names.

        Raises
        ------
        TypeError
            If the layer is none.
        """
        raise TypeError(f"layer {self.name!r}: got a dict of {', '.join(map(repr, inputs))}. Give tensors.")

    def _as_tensors(self, inputs: Sequence[Any]) -> list[Tensor]:
        """Return what the layer is called on as tensors."""
        if self.dtype is None:
            return [as_tensor(x) for x in inputs]
        tensors = [as_tensor(x, self.dtype) for x in inputs]
        return [cast(x, self.dtype) if x.dtype.kind == "f" else x for x in tensors]

    def check_fed(self, data: Array, name: str, origin: Origin) -> None:
        """Check samples that are fed right into the layer, before anything is computed; by default they are right.

        Parameters
        ----------
        data : array, shape (n, ...)
            The samples of all batches.
        name : str
            What messages call them: ``"fit: x"``.
        origin : Origin
            What messages call their cells.
        """

    def as_float(self, x: Tensor) -> Tensor:
        """Return a tensor itself when it holds floats, else cast to the layer's dtype, float32 by default."""
        return x if x.dtype.kind == "f" else cast(x, self.dtype or "float32")

    @all_or_nothing
    def _build_and_apply(self, inputs: Sequence[Tensor], has_list: bool, training: bool | None) -> Tensors:
        """Make the weights, also those of layers that the first call builds, and return the output."""
        remember(self)
        shapes = [x.node.shape for x in inputs]
        floats = [x.dtype for x in inputs if x.dtype.kind == "f"]
        self._weight_dtype = self.dtype or (floats[0].name if floats else "float32")
        takes_all = (has_list or len(shapes) > 1) and what_it_takes(type(self).build).most == 1
        with scope(str(self.name)):
            self.build(*([shapes] if takes_all else shapes))
        self.is_built = True
        return self._apply(inputs, has_list, training)

    def _apply(self, inputs: Sequence[Tensor], has_list: bool, training: bool | None) -> Tensors:
        """Return the output for tensors, or describe it for an `Input`."""
        is_description = is_described(inputs)
        is_training = _is_training.get() and not is_description
        _is_describing.set(_is_describing.get() or is_description)
        if is_description and is_ours(type(self)) and self.input_dtype != TEXT and not self.is_network:
            _refuse_text(self, inputs)

        def run(given: Sequence[Tensor]) -> Any:
            with scope(str(self.name)):
                return self.run(given, has_list, is_training)

        if is_repeating(self, inputs, is_training):
            return repeated(self, run, (has_list, is_training), inputs)
        result = run(inputs)
        is_many = isinstance(result, list | tuple)
        results = list(result) if is_many else [result]
        if not results or not all(isinstance(each, Tensor) for each in results):
            raise TypeError(
                f"layer {self.name!r}: its call returned {type(result).__name__} {result!r:.80}. Return a tensor, or a "
                f"tuple of tensors."
            )
        if not is_description:
            watched = _watched.get()
            if watched is not None:
                watched.append(WatchedCall(self, tuple(results)))
            return result
        specs = tuple(Spec(each.node.shape, each.dtype) for each in results)
        kinds = tuple(kind_of(each.node, str(self.name)) for each in results)
        call = LayerCall(self, tuple(x.node for x in inputs), has_list, training, specs, kinds, is_many)
        outputs = [call.output(place) for place in range(len(results))]
        self._calls[:] = [reference for reference in self._calls if reference() is not None] + [weakref.ref(call)]
        return outputs if is_many else outputs[0]

    def repeats(self, training: bool) -> bool:
        """Return whether each call on tensors of the same shapes and dtypes is the same graph.

        It is not where code of a user's has a say, which may count, print or look at values, nor where numbers are
        drawn, nor where a file limits what may be computed.
        """
        is_plain = is_ours(type(self)) and self.max_elements is None and not vars(self).keys() & {"call", "run"}
        return is_plain and all(layer.repeats(training) for layer in self._layers)

    def run(self, inputs: Sequence[Tensor], has_list: bool, training: bool) -> Any:
        """Return what `call` does, given what it takes."""
        settings = {"training": training} if what_it_takes(type(self).call).has_training else {}
        return self.call(*([list(inputs)] if has_list else inputs), **settings)

    input = _OfTheOnlyCall(lambda call: [symbolic(node) for node in call.inputs])
    output = _OfTheOnlyCall(lambda call: [call.output(place) for place in range(len(call.results))])

    def add_loss(self, loss: Tensor) -> None:
        """Add a number to the loss that is made small; to be used in `call`.

        It counts once for a batch, beside the mean over its samples, in `fit` and in `evaluate`, and is a part of the
        ``loss`` in their logs. In a loop of your own it is among `losses` after a call.

        Parameters
        ----------
        loss : float tensor, shape ()
            The number.

        Raises
        ------
        ShapeError, TypeError
            If it is no float tensor of one number.
        """
        if not isinstance(loss, Tensor) or loss.dtype.kind != "f":
            raise TypeError(f"layer {self.name!r}: add_loss got {loss!r:.80}. Give a float tensor of one number.")
        if loss.node.shape != ():
            raise ShapeError(
                f"layer {self.name!r}: add_loss got shape {shape_text(loss.node.shape)}{location_text()}. Expected one "
                f"number: take its sum() or mean()."
            )
        collected = _added_losses.get()
        if collected is None:
            raise ValueError(f"layer {self.name!r}: add_loss outside of a call. Use it in call(self, x, training).")
        collected.append(loss)

    @property
    def losses(self) -> list[Tensor]:
        """What is added to the loss: by the regularizers of trainable weights, and by `add_loss` in its last call."""
        return [*self.regularization(), *self._losses]

    def regularization(self) -> list[Tensor]:
        """Return what its trainable weights, and those of the layers in it, cost, each once."""
        found = {
            weight: regularizer for layer in self.all_layers() for weight, regularizer in layer._regularizers.items()
        }
        trained = set(self.trainable_weights) if found else set()
        return [regularizer(weight) for weight, regularizer in found.items() if weight in trained]

    def add_weight(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Any,
        trainable: bool = True,
        regularizer: Any = None,
        fan: tuple[int, int] | None = None,
        constraint: Any = None,
    ) -> Variable:
        """Make a variable of the layer, called ``layer/name``.

        Parameters
        ----------
        name : str
            What it is called within the layer.
        shape : tuple of int
            Its shape.
        initializer : str or Initializer
            What fills it.
        trainable : bool
            Whether training changes it.
        regularizer : str or Regularizer, optional
            What it costs: added to the loss, once for a batch, while it is trained.
        fan : (int, int), optional
            How many inputs and outputs an element connects, where that is not what `initializers.fans` says of `shape`.
        constraint : str or Constraint, optional
            What set it is kept in: its first value, and after each update.
        """
        constraint = as_constraint(constraint)
        if is_loading():
            value: Any = of_node(bind(np.broadcast_to(np.zeros((), self._weight_dtype), shape)), is_symbolic=False)
        else:
            chosen = resolve(INITIALIZERS, initializer)
            known = {"fan": fan} if fan is not None and isinstance(chosen, VarianceScaling) else {}
            value = chosen(shape, self._weight_dtype, **known)
            value = value if constraint is None else constraint(value)
        weight = Variable(value, trainable=trainable, name=f"{self.path}/{name}", constraint=constraint)
        self._weights[weight] = name
        if regularizer is not None:
            self._regularizers[weight] = resolve(REGULARIZERS, regularizer)
        return weight

    def all_layers(self) -> list[Layer]:
        """Return the layer and all that are in it, each once."""
        found, seen = [self], {id(self)}  # a dataclass of a user's may have no hash
        for layer in found:  # it grows meanwhile
            new = [part for part in layer._layers if id(part) not in seen]
            found += new
            seen.update(map(id, new))
        return found

    def weights_by_path(self, is_remade: bool = False) -> list[tuple[str, Variable]]:
        """Return each variable with its name in files: ``kernel``, or ``dense/kernel`` for one of a layer in this one.

        Two of them may have one name where layers do. A file keeps the names of a network's layers. What it only says
        the fields of is remade by its class, in another process: there a layer that nobody named counts among those of
        its kind in the same layer.
        """
        is_remade = is_remade or not self.is_network
        found = dict(self._weights)
        counts: Counter[str] = Counter()
        for layer in self._layers:
            name = str(layer.name)
            if is_remade and not layer._has_own_name and layer._owner is None:
                kind = snake_case(type(layer).__name__)
                name = f"{kind}_{counts[kind]}" if counts[kind] else kind
                counts[kind] += 1
            for path, weight in layer.weights_by_path(is_remade):
                found.setdefault(weight, f"{name}/{path}")
        return [(path, weight) for weight, path in found.items()]

    @property
    def input_dtype(self) -> str | None:
        """What an `Input` right before it takes, where nobody declared one; None: floats."""
        return None

    @property
    def max_elements(self) -> int | None:
        """How many elements a value may have where a part comes from a file, see `check_elements`; None: any."""
        return min((most for layer in self._layers if (most := layer.max_elements) is not None), default=None)

    @property
    def is_network(self) -> bool:
        """Whether it is a network that was described, rather than made from its fields."""
        return False

    def nested_config(self) -> dict[str, Any] | None:
        """Return the configuration of a layer that is a network, None of one that is made from its fields."""
        return None

    @property
    def weights(self) -> list[Variable]:
        """Its variables, in the order in which they were made, and those of the layers in it."""
        return list(dict.fromkeys([*self._weights, *(weight for layer in self._layers for weight in layer.weights)]))

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes."""
        if not self.trainable:
            return []
        own = [weight for weight in self._weights if weight.trainable]
        return list(dict.fromkeys([*own, *(weight for layer in self._layers for weight in layer.trainable_weights)]))

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Return copies of the values of `weights`."""
        return [np.array(weight.numpy()) for weight in self.weights]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Give `weights` new values.

        Raises
        ------
        ValueError
            If there are not as many as weights, or a shape differs; then none is changed.
        """
        set_weights(str(self.name), self.weights, values)

    def count_params(self) -> int:
        """Return the number of elements of all weights."""
        return sum(weight.size for weight in self.weights)


def set_weights(owner: str, weights: Sequence[Variable], values: Sequence[Any]) -> None:
    """Give `weights` new values: all, or with an error none.

    Raises
    ------
    ValueError
        If the numbers of weights or a shape differ.
    """
    if len(values) != len(weights):
        raise ValueError(
            f"set_weights: {owner} has {len(weights)} weights, got {len(values)} values. Give one for each."
        )
    names = [f"set_weights: the value for {weight.name}" for weight in weights]
    arrays = [numbers(value, name) for value, name in zip(values, names, strict=True)]
    for weight, array, name in zip(weights, arrays, names, strict=True):
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} is a {type(array.item()).__name__}. Give numbers.")
        if array.shape != weight.shape:
            raise ShapeError(
                f"set_weights: {weight.name} has shape {shape_text(weight.node.shape)}, the value "
                f"{shape_text(array.shape)}. Give the shapes that get_weights() returns."
            )
    new = [array.astype(weight.dtype) for weight, array in zip(weights, arrays, strict=True)]
    flush()  # so that nothing is computed while Ctrl-C is held back
    with held_interrupts():
        for weight, array in zip(weights, new, strict=True):
            weight.assign(array)


def collect_losses() -> list[Tensor]:
    """Return the list to which `add_loss` adds from here to the end of the present `contextvars` context."""
    added: list[Tensor] = []
    _added_losses.set(added)
    return added


def watch_calls() -> list[WatchedCall]:
    """Return the list that gets each call of a layer on tensors in the present `contextvars` context, as it ends."""
    calls: list[WatchedCall] = []
    _watched.set(calls)
    return calls


def is_in_call() -> bool:
    """Return whether a layer's call is under way."""
    return _added_losses.get() is not None


def is_described(inputs: Sequence[Tensor]) -> bool:
    """Return whether a call on tensors describes a network, and computes nothing."""
    return any(x.is_symbolic for x in inputs) and not is_tracing()


def is_describing() -> bool:
    """Return whether the call of a layer is under way on a description."""
    return _is_describing.get()


def is_several(value: Any) -> bool:
    """Return whether a value is a list of tensors or arrays; one of numbers, such as scalar tensors, is data."""
    return isinstance(value, list | tuple) and any(
        isinstance(part, Tensor | np.ndarray) and (part.ndim > 0 or (isinstance(part, Tensor) and part.is_symbolic))
        for part in value
    )


def _refuse_text(layer: Layer, inputs: Sequence[Tensor]) -> None:
    """Raise for a layer that computes with numbers, called on an input of text."""
    for x in inputs:
        if is_text(x.node):
            raise TypeError(
                f"layer {layer.name!r}: got the text input {x.node.attrs['name']!r}{location_text()}, and "
                f"{type(layer).__name__} computes with numbers. Put a StringLookup between."
            )


def as_tensor(x: Any, dtype: Any = "float32") -> Tensor:
    """Return a tensor itself, and data as one: float64 becomes float32 unless that is the dtype, as in `Model.fit`."""
    if isinstance(x, Tensor):
        return x
    tensor = Tensor(x)
    return Tensor(to_float32(tensor.numpy())) if tensor.dtype == np.float64 and dtype != "float64" else tensor


def _parts(name: str, value: Any) -> Iterator[tuple[str, Variable | Layer]]:
    """Yield the variables and layers that a value is or holds, each with what it is called."""
    pending, seen = [(name, value)], set()
    while pending:
        name, value = pending.pop()
        if isinstance(value, Variable | Layer):
            yield name, value
        elif isinstance(value, list | tuple | dict) and id(value) not in seen:
            seen.add(id(value))
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            pending += [(f"{name}_{key}", part) for key, part in parts][::-1]


def _is_setting(cls: type[Layer], name: str) -> bool:
    """Return whether an attribute is a setting that a layer of this package is made from."""
    field = cls.__dataclass_fields__.get(name)
    return field is not None and not name.startswith("_") and name in declared(cls)


def Input(shape: Sequence[int | None], dtype: str = "float32", name: str | None = None) -> Tensor:
    """Return a tensor that stands for the input of a network.

    Parameters
    ----------
    shape : sequence of int or None
        The shape of one sample, without the batch.
    dtype : dtype
        What is fed: ``"uint8"`` for images as they are stored, ``"string"`` for text, which a `StringLookup` has to
        follow.
    name : str, optional
        What messages call it: letters, digits and _; by default ``input`` and a number.

    Raises
    ------
    ShapeError, DtypeError, ValueError
        If a size is no int >= 1, the dtype is not supported, or the name is none.

    Examples
    --------
    >>> Input((784,)).shape
    (None, 784)
    """
    if not isinstance(shape, list | tuple):
        raise ShapeError(f"Input(shape={shape!r}): expected the shape of one sample, a tuple. Write Input(({shape},)).")
    name = new_name("input") if name is None else name
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"Input(name={name!r}): name must be a str of letters, digits and _. Got {name!r}.")
    count_name(name)
    sizes: list[Any] = [unknown("batch")]
    for axis, size in enumerate(shape, 1):
        if size is not None and not is_int(size, 1):
            raise ShapeError(f"Input(shape={tuple(shape)}): every size must be an int >= 1, or None. Got {size!r}.")
        sizes.append(unknown(f"{name}_{axis}") if size is None else int(size))
    if isinstance(dtype, str) and dtype == TEXT:
        return symbolic(text_input(sizes, name))
    if dtype in (str, object, "str", "object"):
        raise DtypeError(f"Input(dtype={dtype!r}): expected {TEXT!r} for text, or a dtype of numbers. Got {dtype!r}.")
    return symbolic(ops.placeholder(sizes, as_dtype(dtype), name))
