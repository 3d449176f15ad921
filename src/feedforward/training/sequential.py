"""The model of layers one after another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from feedforward.errors import DataError
from feedforward.graph.dimension import Dimension
from feedforward.graph.node import Array
from feedforward.nn.layer import Input, Layer
from feedforward.tensor import Tensor, symbolic
from feedforward.training.model import Model
from feedforward.training.network import MODELS, Network
from feedforward.undo import all_or_nothing, remember

__all__ = ["Sequential"]


class Sequential(Model):
    """A model of layers one after another.

    Parameters
    ----------
    layers : list of Layer, optional
        The layers; the first may be an `Input`. Without one the input's shape is learned from the first data.
    name : str
        What messages and summaries call it.

    Examples
    --------
    >>> import feedforward as ff
    >>> model = Sequential([ff.Input((2,)), ff.layers.Dense(3, activation="tanh"), ff.layers.Dense(1)])
    >>> model.count_params()
    13
    """

    @all_or_nothing
    def __init__(self, layers: Sequence[Any] = (), name: str | None = None) -> None:
        Layer.__init__(self, name=name)
        if not isinstance(layers, Iterable) or isinstance(layers, Tensor | str):
            raise TypeError(f"Sequential({layers!r}): expected a list of layers. Write Sequential([Dense(10)]).")
        for layer in layers:
            self._append(layer)
        self._rebuild()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._input: Tensor | None = None

    @all_or_nothing
    def add(self, layer: Any) -> None:
        """Put a layer at the end.

        Raises
        ------
        TypeError, ValueError
            If it is no layer, is in the model already, or is an `Input` that does not come first; or if the model is a
            layer of another network, which was described without it.
        """
        if any(reference() is not None for reference in self._calls):
            raise ValueError(f"{self.name}: it is a layer of another network already. Add all layers before.")
        remember(self)
        self._append(layer)
        self._rebuild()

    def _take(self, network: Network) -> None:
        super()._take(network)
        self._input = symbolic(network.inputs[0])

    def _append(self, layer: Any) -> None:
        if isinstance(layer, Tensor) and layer.is_symbolic:
            if self._layers or self._input is not None:
                raise ValueError(f"{self.name}: an Input must come first, and once. Put it before the layers.")
            self._input = layer
        elif isinstance(layer, Layer):
            if any(part is self for part in layer.all_layers()):
                raise ValueError(f"{self.name}: got a layer that holds the model itself. Give another layer.")
            if any(layer is other for other in self._layers):
                raise ValueError(f"{self.name}: layer {layer.name!r} is in the model already. Make a new one.")
            self._layers.append(layer)
        else:
            raise TypeError(f"{self.name}: got {layer!r}, which is no layer. Give layers such as Dense(10).")

    def _rebuild(self) -> None:
        """Describe the network anew."""
        if self._input is None or not self._layers:
            return
        x = self._input
        for layer in self._layers:
            x = layer(x)
        self._set_network(self._input, x)

    def build_for(self, arrays: Sequence[Array]) -> None:
        """Learn the input's shape from data; see `Model`."""
        if self._input is None and len(arrays) > 1:
            raise DataError(
                f"{self.name}: x is a list of {len(arrays)} arrays, the model takes one. If they are samples, make "
                f"them one array with np.stack(x)."
            )
        if self._input is None and arrays and self._layers:
            if arrays[0].ndim < 2 and self._layers[0].input_dtype is None:
                raise DataError(
                    f"{self.name}: x has shape {arrays[0].shape}. Expected one row for each sample, shape (n, d): "
                    f"reshape it with x.reshape(-1, 1) if each sample is one number."
                )
            self._learn(arrays[0].shape)

    def build(self, shape: Sequence[Any]) -> None:
        """Make the weights for samples of a shape whose first size is the batch's: ``model.build((None, 4))``."""
        if self._input is None and self._layers and len(shape):
            self._learn(shape)

    @all_or_nothing
    def _learn(self, shape: Sequence[Any]) -> None:
        """Describe the network for samples of the shape of these, whose first size is the batch's."""
        remember(self)
        sizes = [None if isinstance(size, Dimension) else size for size in shape[1:]]
        first = self._layers[0]
        self._input = Input(sizes, first.input_dtype or self.dtype or first.dtype or self._weight_dtype)
        self._rebuild()


MODELS.register("Sequential")(Sequential)  # no decorator: a type checker would take the class for anything
