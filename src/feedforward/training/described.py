"""A layer that is a network: described by calls of layers on an `Input`, or a subclass with a `call` of its own.

Here is what a model is before anybody trains it: its layers, its summary, its outputs for tensors, its place in other
networks. What `compile`, `fit` and `predict` do stands in ``model.py``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from feedforward.arrays import Origin
from feedforward.graph.node import Array, Node, in_own_context
from feedforward.nn.config import snake_case
from feedforward.nn.layer import Input, Layer, Tensors, as_tensor, is_described, is_describing, layer_calls
from feedforward.nn.naming import check_name
from feedforward.nn.text import TEXT
from feedforward.tensor import Tensor, Variable, stand_in, symbolic
from feedforward.training.data import as_list, fit_axes, inputs_of
from feedforward.training.network import MODELS, Network
from feedforward.training.summary import counted, summary_html, summary_text
from feedforward.undo import all_or_nothing, remember

__all__ = ["Described"]


class Described(Layer):
    """A layer that is a network; see `Model`.

    Attributes
    ----------
    has_many_outputs : bool
        Whether it returns a list, which may have one entry.
    """

    has_many_outputs: bool

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Say what a subclass forgot, where an attribute is missing that every model has."""
            if "is_built" not in vars(self) and not name.startswith("__"):
                raise TypeError(f"{type(self).__name__} is not set up. Call super().__init__() first in its __init__.")
            if name in ("input", "output"):
                Layer.__dict__[name].__get__(self, type(self))  # which says why there is none
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._network: Network | None = None
        self.has_many_outputs = False

    def _set_network(self, inputs: Any, outputs: Any) -> None:
        if self.has_own_call:
            raise TypeError(
                f"{type(self).__name__} has a call of its own, and was given inputs, outputs or layers. Leave one of "
                f"the two out."
            )
        for word, value in (("inputs", inputs), ("outputs", outputs)):
            for tensor in value if isinstance(value, list | tuple) else [value]:
                if not isinstance(tensor, Tensor) or not tensor.is_symbolic:
                    raise TypeError(f"Model({word}={tensor!r}): give what Input() or a layer called on it returned.")
        self.has_many_outputs = isinstance(outputs, list | tuple)
        self._take(Network(as_list(inputs), as_list(outputs)))

    def _take(self, network: Network) -> None:
        """Be what a network describes."""
        self._network = network
        if self.has_own_call:
            # A call of itself, of which only this network knows: the table of calls would hold it in memory for ever.
            for node in network.calls:
                layer_calls.pop(node, None)
            self._calls.clear()
        else:
            object.__setattr__(self, "_layers", list(network.layers))
            self.is_built = True

    @classmethod
    def of_network(cls, network: Network, name: str, has_many_outputs: bool) -> Self:
        """Return the model of a network that was read from a file."""
        model = cls.__new__(cls)
        Layer.__init__(model, name=name)
        model._take(network)
        model.has_many_outputs = has_many_outputs
        return model

    @property
    def has_own_call(self) -> bool:
        """Whether it is of a subclass that computes its outputs itself."""
        return type(self).call is not Described.call

    def _default_name(self) -> str:
        """Return its class; a number is added when it becomes a layer of another network, beside others like it."""
        return snake_case(type(self).__name__)

    def _check_name(self, name: Any) -> None:
        """Take any text: only a model that becomes a layer has to have a layer's name."""
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}(name={name!r}): name must be a str. Got {name!r}.")
        if self._owner is not None or any(reference() is not None for reference in self._calls):
            check_name(type(self).__name__, name)

    def _track(self, attribute: str, part: Variable | Layer) -> None:
        """Enter what a `call` of its own may use; a network has the layers that were called to describe it."""
        if self.has_own_call:
            super()._track(attribute, part)

    @property
    def network(self) -> Network:
        """The description of the network.

        Raises
        ------
        ValueError
            If it is not known yet what the input's shape is.
        """
        if self._network is None:
            raise ValueError(
                f"{self.name} has no layers, or does not know its input's shape yet. Begin it with Input(shape), then "
                f"layers; or fit it."
            )
        return self._network

    @property
    def is_described(self) -> bool:
        """Whether it is known what its inputs are."""
        return self._network is not None

    @property
    def layers(self) -> list[Layer]:
        """Its layers in the order of their calls; of a subclass with its own `call` those that are its attributes."""
        return list(self._layers)

    def get_layer(self, name: str) -> Layer:
        """Return the layer called `name`.

        Raises
        ------
        ValueError
            If there is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"no layer {name!r}. The layers are {', '.join(str(layer.name) for layer in self.layers)}.")

    def summary(self, print_fn: Callable[[str], object] = print) -> None:
        """Print a table of the layers, their output shapes and numbers of parameters.

        Parameters
        ----------
        print_fn : callable
            What to print with.
        """
        print_fn(summary_text(str(self.name), self._shown()))

    def _shown(self) -> Network:
        """Return the network that a summary shows: of a model with its own `call` what that does, if layers do it."""
        if self.has_own_call:
            (call,) = {output.call for output in self.network.calls.values()}
            outputs = self.run([symbolic(node) for node in call.inputs], call.has_list, training=False)
            with contextlib.suppress(ValueError):  # variables of its own stand in no description
                return Network([symbolic(node) for node in self.network.inputs], as_list(outputs))
        return self.network

    def __str__(self) -> str:
        """Return the summary; before the input's shape is known, what `repr` says."""
        return repr(self) if self._network is None else summary_text(str(self.name), self._shown())

    def __repr__(self) -> str:
        size = "input shape not known yet" if self._network is None else counted(self.count_params(), "parameter")
        return f"<{type(self).__name__} {self.name!r}: {counted(len(self.layers), 'layer')}, {size}>"

    def _repr_html_(self) -> str | None:
        """Return the summary for a notebook; None lets it show the text."""
        return None if self._network is None else summary_html(str(self.name), self._shown())

    def call(self, *inputs: Any, training: bool = False) -> Any:
        """Return the outputs for tensors, to compute with; `predict` is for data.

        A subclass may define a ``call(self, x, training=False)`` of its own, with layers that are its attributes.

        Parameters
        ----------
        *inputs : tensor, shape (n, ...)
            The samples: one tensor for each input of the network.
        training : bool
            Whether layers such as `Dropout` are to act as in training.
        """
        self.network.check_count(inputs)
        # Integers become what the Input takes, as in `predict`; floats stay, so that a gradient can be taken.
        numbers = zip(inputs, self.network.cast(inputs), strict=True)
        outputs = self.network.apply([one if one.dtype.kind == "f" else other for one, other in numbers], training)
        return outputs if self.has_many_outputs else outputs[0]

    @in_own_context
    def apply(
        self, *inputs: Any, parameters: Mapping[Variable, Any] | Sequence[Any] | None = None, training: bool = False
    ) -> Tensors:
        """Return the outputs for tensors, computed with other weights: gradients flow to whatever those come from.

        Parameters
        ----------
        *inputs : tensor or array, shape (n, ...)
            The samples, as for a call of the model.
        parameters : mapping of Variable to tensor, or list of tensors
            What is read in place of weights: of those that a mapping names, or of all of `trainable_weights`, in their
            order. The weights themselves stay as they are.
        training : bool
            Whether layers such as `Dropout` are to act as in training.

        Raises
        ------
        ValueError
            If a list has more or fewer tensors than there are weights, or a mapping names one that is none of them.
        ShapeError, DtypeError, TypeError
            If a tensor has another shape or dtype than its weight, or depends on an `Input`.

        Examples
        --------
        A step of gradient descent that can itself be differentiated:

        >>> import feedforward as ff
        >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
        >>> with ff.GradientTape() as outer:
        ...     with ff.GradientTape() as inner:
        ...         loss = (model([[2.0]]) ** 2).sum()
        ...     slope = inner.gradient(loss, model.trainable_weights)
        ...     fast = [w - 0.1 * g for w, g in zip(model.trainable_weights, slope, strict=True)]
        ...     loss = (model.apply([[2.0]], parameters=fast) ** 2).sum()
        >>> print(f"{loss:.3f} {outer.gradient(loss, model.trainable_weights)[0].item():.3f}")
        0.160 0.320
        """
        if parameters is not None and is_describing():
            parameters = None  # only shapes count
        if parameters is not None and is_described(self._as_tensors(inputs)):
            raise TypeError(
                f"apply: {self.name} was called on an Input with parameters, which no network keeps. Call it in a "
                f"layer of your own, or on data."
            )
        if parameters is not None:
            weights = self.trainable_weights
            if not isinstance(parameters, Mapping | Sequence):
                raise TypeError(
                    f"apply: parameters is {parameters!r:.80}. Give a tensor for each trainable weight, in their "
                    f"order, or a mapping of weights to tensors."
                )
            if not isinstance(parameters, Mapping):
                if len(parameters) != len(weights):
                    raise ValueError(
                        f"apply: got {len(parameters)} parameters, {self.name} has {len(weights)} trainable weights. "
                        f"Give one for each, in their order."
                    )
                parameters = dict(zip(weights, parameters, strict=True))
            known = set(self.weights)
            for weight in parameters:
                if not isinstance(weight, Variable) or weight not in known:
                    raise ValueError(f"apply: {weight!r:.80} is no weight of {self.name}. Give its weights as keys.")
            stand_in({weight: as_tensor(value) for weight, value in parameters.items()})
        return self(*inputs, training=training)

    def in_order(self, inputs: Mapping[Any, Any]) -> list[Any]:
        """Return inputs that were given by name in their order; see `Layer`."""
        if self._network is None:
            raise TypeError(
                f"{self.name}: it is not known yet what the inputs are called. Give tensors in their order."
            )
        return list(inputs_of(self.input_names, inputs, str(self.name)).values())

    def _takes_several(self) -> bool:
        return super()._takes_several() or (self._network is not None and len(self._network.inputs) > 1)

    def _as_tensors(self, inputs: Sequence[Any]) -> list[Tensor]:
        if self._network is None or len(inputs) != len(self._network.inputs):
            return super()._as_tensors(inputs)
        nodes = self._network.inputs
        names = ["x"] if len(nodes) == 1 else [f"input {name!r}" for name in self.input_names]
        return [
            fit_axes(self._as_input(x, node, f"{self.name}: {name}"), node, f"{self.name}: {name}")
            for x, node, name in zip(inputs, nodes, names, strict=True)
        ]

    def _as_input(self, x: Any, node: Node, name: str) -> Tensor:
        """Return what the network is called on as a tensor: of text, the numbers of the lookup that it goes into.

        Raises
        ------
        OutOfRangeError, DataError, TypeError
            If a number or text is known that a layer does not take which it goes right into.
        """
        lookup = self.network.lookups.get(node)
        tensor = as_tensor(x, node.dtype) if lookup is None else lookup.as_numbers(x, name)
        if self.network.is_checked and tensor.node.value is not None:
            for layer in self.network.layers_fed(node):
                layer.check_fed(tensor.node.value, name, Origin())
        return tensor

    def _apply(self, inputs: Sequence[Tensor], has_list: bool, training: bool | None) -> Tensors:
        if is_described(inputs) and not self._has_own_name and self._owner is None:
            self.name, self._has_own_name = super()._default_name(), True
        result = super()._apply(inputs, has_list, training)
        if is_described(inputs) and not self.has_own_call:
            check_name(type(self).__name__, self.name)
            for path, weight in self.weights_by_path():
                weight.name = f"{self.path}/{path}"  # as the network that this is a layer of knows it
        return result

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`: a tensor that the network holds may be watched by a tape, and a trace would hide it."""
        holds = self._network is None or any(
            node.value is not None and node.op.name != "constant" for node in self._network.nodes
        )
        return not holds and super().repeats(training)

    @property
    def is_network(self) -> bool:
        """Whether a file holds it as a network."""
        return not self.has_own_call

    def nested_config(self) -> dict[str, Any] | None:
        """Return the configuration of the model as a layer of another network; see `Layer`."""
        if self.has_own_call:
            return None
        return {
            "model": self.kind,
            "name": self.name,
            "trainable": self.trainable,
            "network": self.network.to_config(),
            "has_many_outputs": self.has_many_outputs,
        }

    @property
    def kind(self) -> str:
        """What a file calls its class: of `MODELS` the nearest."""
        return next(name for cls in type(self).__mro__ for name in MODELS if MODELS[name] is cls)

    @property
    def max_elements(self) -> int | None:
        """How many elements a value may have where a part comes from a file; see `Layer`."""
        return super().max_elements if self._network is None or self.has_own_call else self._network.max_elements

    @property
    def input_names(self) -> list[str]:
        """What the inputs are called, as messages and a dict of data call them."""
        return [node.attrs["name"] for node in self.network.inputs]

    @property
    def output_names(self) -> list[str]:
        """What the outputs are called: as the layers that made them; of a model with its own `call` by their places."""
        if self.has_own_call:
            return [f"output_{place}" for place in range(1, len(self.network.outputs) + 1)]
        return self.network.output_names

    def build_for(self, arrays: Sequence[Array]) -> None:
        """Learn shape and dtype of the inputs from data; a model described in full knows them."""
        if self._network is None and self.has_own_call:
            self._describe(arrays)

    @all_or_nothing
    def _describe(self, arrays: Sequence[Array]) -> None:
        """Let the network of a model with its own `call` be a call of it, on inputs such as these."""
        remember(self)
        own = self.dtype or "float32"
        dtypes = {"f": own, "O": TEXT}  # an array of objects holds text here
        inputs = [Input(array.shape[1:], dtypes.get(array.dtype.kind, array.dtype.name)) for array in arrays]
        has_own_name, self._has_own_name = self._has_own_name, True  # it becomes no layer of another network here
        outputs = self(inputs) if len(inputs) > 1 else self(inputs[0])
        self._has_own_name = has_own_name
        self.has_many_outputs = isinstance(outputs, list)
        self._take(Network(inputs, as_list(outputs)))
