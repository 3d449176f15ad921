"""The network of an MLP estimator: what its settings build, and the first weights, drawn as scikit-learn draws them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.functions import cast, concatenate, take
from feedforward.graph.node import Array
from feedforward.nn.layer import Input
from feedforward.nn.layers import Activation, BatchNormalization, Dense, Dropout
from feedforward.tensor import Tensor
from feedforward.training.model import Model

__all__ = ["Architecture", "dense_layers"]

_ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid", "exp": "exponential"}
"""What scikit-learn calls activations that have another name here."""


@dataclass(frozen=True)
class Architecture:
    """What a network is built of.

    Parameters
    ----------
    columns : int
        How many columns a row has.
    hidden : tuple of int
        The units of each hidden layer.
    activations : tuple
        What is applied to each hidden layer: names, of scikit-learn or of this package, functions or layers.
    outputs : int
        The number of outputs.
    out_activation : str
        What is applied to them.
    dropout : tuple of float
        The share of each hidden layer's outputs that is dropped in training.
    batch_normalization : bool
        Whether sums of hidden layers are standardised over the batch before their activation.
    categories : tuple of (int, array)
        Columns that hold categories, each with the numbers that name them.
    embedding_size : int
        The length of the vector that each category gets; 0 for one number for each category, 1 where it is that one.
    dtype : str
        What it computes in.
    """

    columns: int
    hidden: tuple[int, ...]
    activations: tuple[Any, ...]
    outputs: int
    out_activation: str
    dropout: tuple[float, ...]
    batch_normalization: bool
    categories: tuple[tuple[int, Array], ...]
    embedding_size: int
    dtype: str

    def model(self, draws: np.random.RandomState) -> Model:
        """Return a network with weights drawn: uniformly in +-sqrt(6 / (inputs + units)), of sigmoids sqrt(2 / ...).

        References
        ----------
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, equation
        16. Biases are drawn from the same numbers, as scikit-learn does, in the order in which it draws.
        """
        x = Input((self.columns,), self.dtype, name="x")
        h = self._columns(x)
        for number, units in enumerate(self.hidden):
            activation = _activation(self.activations[number])
            place = f"{number + 1}"
            if self.batch_normalization:
                h = Dense(units, name=f"hidden_{place}")(h)
                h = BatchNormalization(name=f"normalization_{place}")(h)
                h = Activation(activation, name=f"activation_{place}")(h)
            else:
                h = Dense(units, activation, name=f"hidden_{place}")(h)
            if self.dropout[number]:
                h = Dropout(self.dropout[number], name=f"dropout_{place}")(h)
        y = Dense(self.outputs, _activation(self.out_activation), name="output")(h)
        model = Model(x, y, name="mlp")
        for number, layer in enumerate(dense_layers(model)):
            # The output layer goes by the last hidden one, if there is any.
            own = self.activations[min(number, len(self.activations) - 1)] if self.activations else None
            first = layer.get_weights()
            bound = np.sqrt((2.0 if own in ("logistic", "sigmoid") else 6.0) / sum(first[0].shape))
            layer.set_weights([draws.uniform(-bound, bound, weight.shape) for weight in first])
        if any(self.dropout) or self._embeddings(model):  # so that no draw is made that scikit-learn does not make
            model.seed = int(draws.randint(2**31))
            for layer in self._embeddings(model):
                layer.set_weights([draws.uniform(-0.05, 0.05, layer.kernel.numpy().shape)])
        return model

    def _columns(self, x: Tensor) -> Tensor:
        """Return the columns, those with categories as vectors: of zeros for a category that is not known."""
        if not self.categories:
            return x
        known = {column for column, _ in self.categories}
        numbers = [column for column in range(self.columns) if column not in known]
        parts = [take(x, numbers, axis=1)] if numbers else []
        for column, codes in self.categories:
            is_one = cast(x[:, column : column + 1] == Tensor(codes.astype(self.dtype)), self.dtype)
            if self.embedding_size:
                is_one = Dense(self.embedding_size, use_bias=False, name=f"embedding_{column}")(is_one)
            parts.append(is_one)
        return concatenate(parts, 1) if len(parts) > 1 else parts[0]

    @staticmethod
    def _embeddings(model: Model) -> Sequence[Dense]:
        return [layer for layer in model.layers if isinstance(layer, Dense) and not layer.use_bias]


def dense_layers(model: Model) -> list[Dense]:
    """Return the layers that have the weights that scikit-learn's MLPs have, from the first to the output."""
    return [layer for layer in model.layers if isinstance(layer, Dense) and layer.use_bias]


def _activation(activation: Any) -> Any:
    if isinstance(activation, str):
        return _ACTIVATIONS.get(activation, activation)
    return deepcopy(activation)  # a layer may have weights, which are each network's own
