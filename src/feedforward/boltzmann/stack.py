"""A stack of machines, each of which learns what the one below makes of the data; and networks that begin with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.boltzmann.learning import ContrastiveDivergence
from feedforward.boltzmann.machine import RBM
from feedforward.errors import ShapeError
from feedforward.nn.layer import Input
from feedforward.nn.layers import Dense
from feedforward.training.sequential import Sequential

__all__ = ["Stack", "initialise_from"]

_ACTIVATIONS = {"binary": "sigmoid", "gaussian": None}
"""What a layer computes its means by, for each kind of units."""


class Stack:
    """Machines one on another: the hidden units of one are the visible units of the next.

    Parameters
    ----------
    machines : sequence of RBM
        From the data up, at least one.

    Raises
    ------
    TypeError
        If one is no RBM.
    ValueError
        If there are none, one comes twice, or units of one are of another kind than those that the next begins with.
    ShapeError
        If a machine has another number of visible units than the one below has hidden ones.

    References
    ----------
    Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", 2006.

    Examples
    --------
    >>> stack = Stack([RBM(16, 8, seed=0), RBM(8, 2, hidden="gaussian", seed=1)])
    >>> x = np.random.default_rng(0).integers(0, 2, (40, 16))
    >>> errors = stack.fit(x, ContrastiveDivergence(epochs=2, batch_size=10, learning_rate=0.01))
    >>> [len(each) for each in errors], stack.transform(x).shape
    ([2, 2], (40, 2))
    >>> [layer.units for layer in stack.autoencoder().layers]
    [8, 2, 8, 16]
    """

    def __init__(self, machines: Sequence[RBM]) -> None:
        if not isinstance(machines, Iterable):
            raise TypeError(f"Stack({machines!r}): expected machines. Write Stack([RBM(784, 1000), RBM(1000, 500)]).")
        self.machines = tuple(machines)
        for machine in self.machines:
            if not isinstance(machine, RBM):
                raise TypeError(f"Stack: got {machine!r}. Expected machines: write Stack([RBM(784, 1000), ...]).")
        if not self.machines or len(set(map(id, self.machines))) < len(self.machines):
            raise ValueError(
                f"Stack({list(self.machines)!r}): expected at least one machine, each of them once. Make a machine for "
                f"each layer."
            )
        for below, above in pairwise(self.machines):
            if below.hidden_units != above.visible_units:
                raise ShapeError(
                    f"Stack: {above!r} stands on {below!r}, which has {below.hidden_units} hidden units. Expected as "
                    f"many visible ones: make it RBM({below.hidden_units}, {above.hidden_units})."
                )
            if below.hidden != above.visible:
                raise ValueError(
                    f"Stack: {above!r} stands on {below!r}, whose hidden units are {below.hidden}. Expected visible "
                    f"ones of that kind: make it with visible={below.hidden!r}."
                )

    def __repr__(self) -> str:
        return f"Stack({list(self.machines)!r})"

    def fit(
        self, x: Any, learning: ContrastiveDivergence | Sequence[ContrastiveDivergence] | None = None, seed: int = 0
    ) -> list[list[float]]:
        """Let one machine after another learn, from the means that those below have for the samples.

        Parameters
        ----------
        x : array, shape (n, d)
            Samples, as for `RBM.fit`.
        learning : ContrastiveDivergence, or one for each machine, optional
            How they learn.
        seed : int
            The key of the random draws.

        Returns
        -------
        list of lists of float
            What `RBM.fit` returned for each machine.

        Raises
        ------
        ValueError
            If there is not one record for each machine, or as for `RBM.fit`.
        """
        records: list[ContrastiveDivergence | None]
        is_one = learning is None or isinstance(learning, ContrastiveDivergence)
        records = [learning] * len(self.machines) if is_one else list(learning)  # type: ignore[list-item, arg-type]
        if len(records) != len(self.machines):
            raise ValueError(
                f"fit: learning has {len(records)} records for {len(self.machines)} machines. Give one for each, or "
                f"one for all."
            )
        found = []
        for machine, record in zip(self.machines, records, strict=True):
            found.append(machine.fit(x, record, seed))
            x = machine.hidden_means(x).numpy()
        return found

    def transform(self, x: Any) -> NDArray[np.float32]:
        """Return the means of the uppermost hidden units, shape (n, d) -> (n, m)."""
        x = self.machines[0].as_samples(x, "transform")
        for machine in self.machines:
            x = machine.hidden_means(x).numpy()
        found: NDArray[np.float32] = x
        return found

    def encoder(self) -> Sequential:
        """Return a new network that computes `transform`: a `Dense` layer for each machine."""
        layers = [Dense(machine.hidden_units, _ACTIVATIONS[machine.hidden]) for machine in self.machines]
        model = Sequential([Input((self.machines[0].visible_units,)), *layers])
        initialise_from(model, self)
        return model

    def autoencoder(self) -> Sequential:
        """Return a new network that goes up the stack and down again to the data: the stack, unrolled.

        Up with W and the hidden biases, down with W transposed and the visible biases. Both ways are layers of their
        own, so that learning by gradients lets them part.
        """
        up = [Dense(machine.hidden_units, _ACTIVATIONS[machine.hidden]) for machine in self.machines]
        down = [Dense(machine.visible_units, _ACTIVATIONS[machine.visible]) for machine in reversed(self.machines)]
        model = Sequential([Input((self.machines[0].visible_units,)), *up, *down])
        initialise_from(model, self)
        for layer, machine in zip(down, reversed(self.machines), strict=True):
            layer.set_weights([machine.kernel.numpy().T, machine.visible_bias.numpy()])
        return model


def initialise_from(model: Sequential, stack: Stack) -> None:
    """Let the first dense layers of a network begin as a stack of machines: pre-training.

    Parameters
    ----------
    model : Sequential
        Its first `Dense` layers have as many units as the machines, from the data up, and their activation: sigmoid for
        binary hidden units, none for Gaussian ones. Layers after these stay as they are.
    stack : Stack
        Whose kernels and hidden biases they get.

    Raises
    ------
    TypeError
        If the model is no Sequential, or the stack no Stack.
    ValueError
        If there are fewer dense layers than machines, or one has no bias or another activation.
    ShapeError
        If a layer's kernel has another shape than the machine's. Nothing is changed then.

    Examples
    --------
    >>> import feedforward as ff
    >>> stack = Stack([RBM(16, 8, seed=0)])
    >>> model = ff.Sequential([ff.layers.Dense(8, "sigmoid"), ff.layers.Dense(2, "softmax")])
    >>> initialise_from(model, stack)
    >>> bool((model.layers[0].kernel.numpy() == stack.machines[0].kernel.numpy()).all())
    True
    """
    if not isinstance(model, Sequential) or not isinstance(stack, Stack):
        raise TypeError(
            f"initialise_from: got a {type(model).__name__} and a {type(stack).__name__}. Expected a Sequential and a "
            f"Stack: write initialise_from(model, stack)."
        )
    model.build((None, stack.machines[0].visible_units))
    layers = [layer for layer in model.layers if isinstance(layer, Dense)]
    if len(layers) < len(stack.machines):
        raise ValueError(
            f"initialise_from: {model.name} has {len(layers)} dense layers for {len(stack.machines)} machines. "
            f"Expected one for each. Add layers, or take fewer machines."
        )
    pairs = list(zip(layers, stack.machines, strict=False))
    for layer, machine in pairs:
        wanted = _ACTIVATIONS[machine.hidden]
        if layer.activation not in (wanted, wanted or "linear") or layer.bias is None:
            raise ValueError(
                f"initialise_from: layer {layer.name!r} has activation {layer.activation!r}, use_bias="
                f"{layer.use_bias}. The hidden units of {machine!r} expect {wanted or 'linear'!r} with a bias: make it "
                f"Dense({machine.hidden_units}, {wanted!r})."
            )
        if layer.kernel.shape != machine.kernel.shape:
            raise ShapeError(
                f"initialise_from: layer {layer.name!r} has a kernel of shape {layer.kernel.shape}, {machine!r} one of "
                f"{machine.kernel.shape}. Expected the same: change the units of one of them."
            )
    for layer, machine in pairs:
        layer.set_weights([machine.kernel.numpy(), machine.hidden_bias.numpy()])
