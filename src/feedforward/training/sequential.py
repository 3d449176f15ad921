"""The model of layers one after another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from feedforward.errors import DataError
from feedforward.graph.node import Array
from feedforward.nn.layer import Input, Layer, as_tensor
from feedforward.tensor import Tensor, is_tracing, symbolic
from feedforward.training.data import inputs_of
from feedforward.training.model import Model
from feedforward.training.network import Network
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
    def __init__(self, layers: Sequence[Any] = (), name: str = "sequential") -> None:
        self._set_up(name)
        self._chain: list[Layer] = []
        self._input: Tensor | None = None
        if not isinstance(layers, Iterable) or isinstance(layers, Tensor | str):
            raise TypeError(f"Sequential({layers!r}): expected a list of layers. Write Sequential([Dense(10)]).")
        for layer in layers:
            self._append(layer)
        self._rebuild()

    @all_or_nothing
    def add(self, layer: Any) -> None:
        """Put a layer at the end.

        Raises
        ------
        TypeError, ValueError
            If it is no layer, is in the model already, or is an `Input` that does not come first.
        """
        remember(self)
        self._append(layer)
        self._rebuild()

    @property
    def layers(self) -> list[Layer]:
        """The layers in their order."""
        return list(self._chain)

    def adopt(self, network: Network) -> None:
        """Take over a network that was read from a file."""
        self._chain, self._input, self._network = list(network.layers), symbolic(network.inputs[0]), network

    def _append(self, layer: Any) -> None:
        if isinstance(layer, Tensor) and layer.is_symbolic:
            if self._chain or self._input is not None:
                raise ValueError(f"{self.name}: an Input must come first, and once. Put it before the layers.")
            self._input = layer
        elif isinstance(layer, Layer):
            if any(layer is other for other in self._chain):
                raise ValueError(f"{self.name}: layer {layer.name!r} is in the model already. Make a new one.")
            self._chain.append(layer)
        elif isinstance(layer, Model):
            raise TypeError(
                f"{self.name}: got {layer!r}, a model in place of a layer, which is not supported yet. "
                f"Give its layers: Sequential([*inner.layers, ...])."
            )
        else:
            raise TypeError(f"{self.name}: got {layer!r}, which is no layer. Give layers such as Dense(10).")

    def _rebuild(self) -> None:
        """Describe the network anew."""
        if self._input is None or not self._chain:
            return
        x = self._input
        for layer in self._chain:
            x = layer(x)
        self._set_network(self._input, x)

    def build_for(self, arrays: Sequence[Array]) -> None:
        """Learn the input's shape from data; see `Model`."""
        if self._input is None and len(arrays) > 1:
            raise DataError(
                f"{self.name}: x is a list of {len(arrays)} arrays, the model takes one. If they are samples, make "
                f"them one array with np.stack(x)."
            )
        if self._input is None and arrays and self._chain:
            if arrays[0].ndim < 2:
                raise DataError(
                    f"{self.name}: x has shape {arrays[0].shape}. Expected one row for each sample, shape (n, d): "
                    f"reshape it with x.reshape(-1, 1) if each sample is one number."
                )
            self._learn(arrays[0].shape)

    @all_or_nothing
    def _learn(self, shape: tuple[int | None, ...]) -> None:
        """Describe the network for samples of the shape of these, whose first size is the batch's."""
        remember(self)
        self._input = Input(shape[1:])
        self._rebuild()

    @all_or_nothing
    def __call__(self, x: Any, training: bool = False) -> Tensor:
        """Return the output for tensors; see `Model`."""
        if self._input is None and self._chain and not is_tracing():
            first = as_tensor(next(iter(inputs_of((), x, self.name).values())))
            if first.ndim:
                self._learn(first.shape)
        output: Tensor = super().__call__(x, training)
        return output
