"""What only ``tf.contrib.eager`` had: gradients of functions, networks that track layers, metrics that add up."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np

import feedforward
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.arrays import convert_to_tensor
from feedforward.compat.tensorflow.eager import GradientTape
from feedforward.compat.tensorflow.tensors import EagerTensor, plain
from feedforward.compat.tensorflow.variables import shown_variable
from feedforward.graph.node import reachable
from feedforward.tape import leaves

__all__ = ["Network"]


# Gradients of functions


@provided("tf.contrib.eager.implicit_value_and_gradients")
def implicit_value_and_gradients(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives what `f` returns, and a list of (gradient, variable) for each that it reads.

    Raises
    ------
    ValueError
        When called: if `f` reads no trainable variable, or returns None.
    """

    def graded(*args: Any, **kwargs: Any) -> Any:
        with GradientTape() as tape:
            value = f(*args, **kwargs)
        if value is None:
            raise ValueError(
                f"Cannot differentiate a function that returns None: {f.__name__} has to return what to differentiate."
            )
        variables = [variable for variable in tape.watched_variables() if variable.trainable]
        variables += _of_layers(value, variables)
        if not variables:
            raise ValueError("No trainable variables were accessed while the function was being computed.")
        return value, list(zip(tape.gradient(value, variables), variables, strict=True))

    return graded


def _of_layers(value: Any, known: list[Any]) -> list[Any]:
    """Return the trainable variables that a value was computed from, besides those known: the weights of layers."""
    nodes = {node for node in reachable([each.node for each in leaves(plain(value))]) if node.op.name == "variable"}
    nodes -= {each.ours.leaf for each in known}
    if not nodes:
        return []
    # Layers hold them, and nothing lists all layers.
    found = [each for each in gc.get_objects() if type(each) is feedforward.Variable and each.leaf in nodes]
    return [shown_variable(each) for each in found if each.trainable]


@provided("tf.contrib.eager.implicit_gradients")
def implicit_gradients(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives a list of (gradient, variable) for each trainable variable that `f` reads."""
    both = implicit_value_and_gradients(f)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


@provided("tf.contrib.eager.value_and_gradients_function")
def value_and_gradients_function(f: Callable[..., Any], params: Any = None) -> Callable[..., Any]:
    """Return a function that gives what `f` returns, and the list of its gradients by its arguments.

    Parameters
    ----------
    f : callable
        Takes tensors and returns one.
    params : sequence of int, optional
        By which arguments; by default all.
    """
    if params is not None and not all(isinstance(place, int) for place in params):
        raise ValueError(f"params={params!r}: expected the places of arguments, such as [0].")

    def graded(*args: Any, dy: Any = None, **kwargs: Any) -> Any:
        given = [each if isinstance(each, EagerTensor) else convert_to_tensor(each) for each in args]
        chosen = [given[place] for place in (range(len(given)) if params is None else params)]
        if not chosen:
            raise ValueError("no arguments to differentiate by: give the function some.")
        with GradientTape(persistent=True) as tape:
            tape.watch(chosen)
            value = f(*given, **kwargs)
        if value is None:
            raise ValueError("Cannot differentiate a function that returns None.")
        return value, tape.gradient(value, chosen, dy)

    return graded


@provided("tf.contrib.eager.gradients_function")
def gradients_function(f: Callable[..., Any], params: Any = None) -> Callable[..., Any]:
    """Return a function that gives the list of the gradients of `f` by its arguments."""
    both = value_and_gradients_function(f, params)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


# Networks


@provided("tf.contrib.eager.Network")
class Network:
    """Layers whose variables are known together; a subclass says in `call` what it computes.

    Parameters
    ----------
    name : str, optional
        What it is called.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or type(self).__name__.lower()
        self._layers: list[Any] = []

    def track_layer(self, layer: Any) -> Any:
        """Let the variables of a layer be the network's, too, and return it."""
        if not hasattr(layer, "variables"):
            raise TypeError(f"Network.track_layer() passed type {type(layer)}, not a layer.")
        self._layers.append(layer)
        return layer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what `call` computes."""
        return self.call(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Return what it computes: said by a subclass."""
        raise NotImplementedError(f"{type(self).__name__} has no `call`. Define it: def call(self, inputs): ...")

    @property
    def layers(self) -> list[Any]:
        """The layers that are tracked."""
        return list(self._layers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Return a layer by its name or place."""
        if index is not None:
            return self._layers[index]
        for layer in self._layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name!r}. There are {[layer.name for layer in self._layers]}.")

    @property
    def variables(self) -> list[Any]:
        """The variables of all layers."""
        return [variable for layer in self._layers for variable in layer.variables]

    @property
    def trainable_variables(self) -> list[Any]:
        """The trainable variables of all layers."""
        return [variable for layer in self._layers for variable in layer.trainable_variables]

    weights, trainable_weights = variables, trainable_variables


# Metrics


class _Metric:
    """A mean that is added up in float64."""

    def __init__(self, name: str | None = None, dtype: Any = "float64") -> None:
        self.name = name or type(self).__name__
        self._dtype = np.dtype(getattr(dtype, "as_numpy_dtype", dtype))
        self.init_variables()

    def init_variables(self) -> None:
        """Begin anew."""
        self._total = self._count = 0.0

    def _add(self, values: Any, weights: Any) -> None:
        found = np.asarray(values, np.float64)
        shares = np.broadcast_to(np.float64(1.0) if weights is None else np.asarray(weights, np.float64), found.shape)
        self._total += float((found * shares).sum())
        self._count += float(shares.sum())

    def result(self) -> EagerTensor:
        """Return the mean of all that was added; NaN if nothing was."""
        mean = self._total / self._count if self._count else np.nan
        return EagerTensor(feedforward.Tensor(np.asarray(mean, self._dtype)))


@provided("tf.contrib.eager.metrics.Mean")
class Mean(_Metric):
    """The mean of numbers."""

    def __call__(self, values: Any, weights: Any = None) -> Any:
        """Add numbers, and return them."""
        self._add(values, weights)
        return values


def _hits(of: Callable[[Any, Any], Any], name: str, says: str) -> None:
    """Provide a metric that counts in how many places predictions are right."""

    class Hits(_Metric):
        def __call__(self, labels: Any, predictions: Any, weights: Any = None) -> Any:
            """Add predictions, and return what was given."""
            right = of(np.asarray(labels), np.asarray(predictions))
            self._add(right, weights)
            return (labels, predictions) if weights is None else (labels, predictions, weights)

    Hits.__name__, Hits.__doc__ = name, says
    provide(Hits, f"tf.contrib.eager.metrics.{name}")


def _equal(labels: Any, predictions: Any) -> Any:
    if labels.shape != predictions.shape:
        raise ValueError(f"Accuracy: labels have shape {labels.shape}, predictions {predictions.shape}. Give them one.")
    return labels == predictions


_hits(_equal, "Accuracy", "How often predictions equal labels.")
_hits(lambda y, p: y == (p > 0.5), "BinaryAccuracy", "How often predictions are on the side of 1/2 that labels are.")
_hits(
    lambda y, p: y.argmax(-1) == p.argmax(-1),
    "CategoricalAccuracy",
    "How often the largest prediction is where that of one-hot labels is.",
)
_hits(lambda y, p: y == p.argmax(-1), "SparseAccuracy", "How often the largest prediction is where labels say.")


# The rest


@provided("tf.contrib.eager.num_gpus")
def num_gpus() -> int:
    """Return how many GPUs there are: none."""
    return 0


@provided("tf.contrib.eager.list_devices")
def list_devices() -> list[str]:
    """Return the names of the devices."""
    return ["/job:localhost/replica:0/task:0/device:CPU:0"]


for _number, _name in enumerate(("EXPLICIT", "WARN", "SILENT", "SILENT_FOR_INT32")):
    provide(_number, f"tf.contrib.eager.DEVICE_PLACEMENT_{_name}")
for _number, _name in enumerate(("SYNC", "ASYNC")):
    provide(_number, f"tf.contrib.eager.{_name}")
refuse(
    "a program runs in one mode.",
    "tf.contrib.eager.run_test_in_graph_and_eager_modes",
    "tf.contrib.eager.run_all_tests_in_graph_and_eager_modes",
)
refuse("keep variables in an object of your own.", "tf.contrib.eager.EagerVariableStore")
