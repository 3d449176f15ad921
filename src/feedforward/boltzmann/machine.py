"""The restricted Boltzmann machine: visible and hidden units, and weights between the two sides alone.

Not here: how it learns (``learning.py``), and its likelihood (``likelihood.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward import random
from feedforward.arrays import Origin, numbers
from feedforward.attributes import check_attribute
from feedforward.boltzmann.energy import KINDS, Kind, drawn, free_energy, means
from feedforward.boltzmann.learning import ContrastiveDivergence, learn
from feedforward.errors import DataError, ShapeError
from feedforward.function import function
from feedforward.functions import transpose
from feedforward.nn.config import check_choice, check_int
from feedforward.random import check_seed
from feedforward.tensor import Tensor, Variable

__all__ = ["RBM"]


class RBM:
    """A restricted Boltzmann machine: p(v, h) = exp(-E(v, h)) / Z.

    E(v, h) = -b v - c h - v W h for binary units. On a Gaussian side, -b v becomes (v - b)^2 / 2, or -c h becomes
    (h - c)^2 / 2. Given one side, the units of the other are independent: 1 with probability sigmoid(c + vW), or normal
    with mean c + vW and variance 1.

    Parameters
    ----------
    visible_units, hidden_units : int
        d and m, at least 1.
    visible, hidden : {"binary", "gaussian"}
        What the units are; one side at least is binary, for with two Gaussian ones Z is infinite if W is large. To a
        Gaussian side give data that have been standardised: its units have variance 1.
    seed : int, optional
        Of the first weights, normal with standard deviation 0.01; by default this thread's sequence goes on.

    Attributes
    ----------
    kernel : float32 Variable, shape (d, m)
        W.
    visible_bias, hidden_bias : float32 Variable, shapes (d,) and (m,)
        b and c, at first 0.
    updates : int64 Variable
        How many steps of learning it has taken, by which its random draws are told apart.

    Raises
    ------
    ValueError
        If a number of units is no int >= 1, a kind is unknown, or both sides are Gaussian.

    References
    ----------
    Smolensky, "Information processing in dynamical systems", 1986. Hinton, Osindero and Teh, "A fast learning algorithm
    for deep belief nets", 2006. Gaussian units: Hinton and Salakhutdinov, "Reducing the dimensionality of data with
    neural networks", 2006, with variance 1. First weights: Hinton, "A practical guide to training restricted Boltzmann
    machines", 2010, section 8.

    Examples
    --------
    >>> x = np.array([[1, 1, 0, 0], [0, 0, 1, 1]] * 50, np.float32)
    >>> machine = RBM(4, 2, seed=0)
    >>> errors = machine.fit(x, ContrastiveDivergence(epochs=100, batch_size=20, learning_rate=0.2))
    >>> errors[-1] < 0.2 < errors[0]
    True
    """

    visible_units: int
    hidden_units: int
    visible: Kind
    hidden: Kind
    kernel: Variable
    visible_bias: Variable
    hidden_bias: Variable
    updates: Variable

    def __init__(
        self,
        visible_units: int,
        hidden_units: int,
        visible: Kind = "binary",
        hidden: Kind = "binary",
        seed: int | None = None,
    ) -> None:
        for name, units in (("visible_units", visible_units), ("hidden_units", hidden_units)):
            check_int("RBM", name, units, 1)
        for name, kind in (("visible", visible), ("hidden", hidden)):
            check_choice("RBM", name, kind, KINDS)
        if visible == hidden == "gaussian":
            raise ValueError(
                "RBM(visible='gaussian', hidden='gaussian'): no distribution belongs to large weights then. Expected a "
                "binary side: give hidden='binary'."
            )
        self.visible_units, self.hidden_units = int(visible_units), int(hidden_units)
        self.visible, self.hidden = visible, hidden
        first = random.normal((self.visible_units, self.hidden_units), stddev=0.01, seed=seed)
        self.kernel = Variable(first, name="kernel")
        self.visible_bias = Variable(np.zeros(self.visible_units, np.float32), name="visible_bias")
        self.hidden_bias = Variable(np.zeros(self.hidden_units, np.float32), name="hidden_bias")
        self.updates = Variable(np.int64(0), trainable=False, name="updates")

    def __setattr__(self, name: str, value: Any) -> None:
        check_attribute(self, name)
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"RBM({self.visible_units}, {self.hidden_units}, visible={self.visible!r}, hidden={self.hidden!r})"

    @property
    def variables(self) -> dict[str, Variable]:
        """What a file holds of it, by name."""
        return {each.name: each for each in (self.kernel, self.visible_bias, self.hidden_bias, self.updates)}

    def fit(self, x: Any, learning: ContrastiveDivergence | None = None, seed: int = 0) -> list[float]:
        """Learn from samples, from the present weights on; velocities and persistent chains begin anew.

        Parameters
        ----------
        x : array, shape (n, d)
            Samples; for binary units from 0 to 1, where what lies between is taken for a probability.
        learning : ContrastiveDivergence, optional
            How; by default as that record has it.
        seed : int
            The key of all random draws: the same machine, data and seed give the same bits.

        Returns
        -------
        list of float
            For each epoch the mean over samples of the squared distance from a sample to the means of the visible units
            given hidden states drawn from it. It shows progress, and is not what is made small.

        Raises
        ------
        ShapeError, DataError
            If x has no rows or not d columns; if a number is not finite, or is none from 0 to 1 where units are binary.
        NotFiniteError
            If a weight becomes infinite or NaN: the learning rate is too high. Weights are those before that batch.
        """
        data = self.as_samples(x, "fit")
        return learn(self, data, ContrastiveDivergence() if learning is None else learning, check_seed(seed))

    def hidden_means(self, v: Any) -> Tensor:
        """Return the means of the hidden units given visible states, shape (n, d) -> (n, m)."""
        return means(self._states(v) @ self.kernel + self.hidden_bias, self.hidden)

    def visible_means(self, h: Any) -> Tensor:
        """Return the means of the visible units given hidden states, shape (n, m) -> (n, d)."""
        return means(self._states(h) @ transpose(self.kernel) + self.visible_bias, self.visible)

    def energy(self, v: Any, h: Any) -> Tensor:
        """Return E(v, h) of visible and hidden states, shapes (n, d) and (n, m) -> (n,)."""
        v, h = self._states(v), self._states(h)
        own: Tensor = _energy(v, self.visible_bias, self.visible) + _energy(h, self.hidden_bias, self.hidden)
        mutual: Tensor = ((v @ self.kernel) * h).sum(1)
        return own - mutual

    def free_energy(self, v: Any) -> Tensor:
        """Return F(v) = -log of the sum of exp(-E(v, h)) over h, shape (n, d) -> (n,), nats.

        Of two samples the one with less free energy is likelier: F(v) = -log p(v) - log Z.
        """
        return free_energy(self._states(v), self.kernel, self.visible_bias, self.visible, self.hidden_bias, self.hidden)

    def step(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """Draw hidden states given visible ones, then visible states given those: Gibbs sampling, one step.

        Returns
        -------
        mean, v : float tensors, shape (n, d)
            The means of the visible units, and states drawn with these.
        """
        mean = self.visible_means(drawn(self.hidden_means(v), self.hidden))
        return mean, drawn(mean, self.visible)

    def sample(self, count: int, steps: int = 1000, seed: int = 0, start: Any = None) -> NDArray[np.float32]:
        """Return visible states after steps of Gibbs sampling; the further, the nearer to draws from p(v).

        Parameters
        ----------
        count : int
            How many chains n, at least 1.
        steps : int
            Of each, at least 1.
        seed : int
            The key of the random draws.
        start : array, shape (n, d), optional
            Where the chains begin; by default where visible units are drawn by their biases alone.

        Returns
        -------
        float32 array, shape (n, d)
            0 or 1, or any number from Gaussian units.

        Raises
        ------
        ValueError
            If count or steps is no int >= 1.
        ShapeError, DataError
            If start has not n rows and d columns, or other numbers than samples have.
        """
        check_int("sample", "count", count, 1)
        check_int("sample", "steps", steps, 1)
        check_seed(seed)
        if start is None:
            bias = Tensor(np.tile(self.visible_bias.numpy(), (count, 1)))
            with random.drawing_from(seed, steps):  # no step of the chains has that number
                v = drawn(means(bias, self.visible), self.visible)
        else:
            v = Tensor(self.as_samples(start, "sample"))
            if len(v) != count:
                raise ShapeError(f"sample(count={count}): start has {len(v)} rows. Give a row for each chain.")
        for step in range(steps):
            v = self._keyed_step(v, Tensor(np.int64(seed)), Tensor(np.int64(step)))
        found: NDArray[np.float32] = v.numpy()
        return found

    @function
    def _keyed_step(self, v: Tensor, seed: Tensor, step: Tensor) -> Tensor:
        with random.drawing_from(seed, step):
            return self.step(v)[1]

    def as_samples(self, x: Any, caller: str) -> NDArray[np.float32]:
        """Return samples as float32, if they fit the visible units; messages begin with `caller`."""
        data = numbers(x.numpy() if isinstance(x, Tensor) else x, f"{caller}: x")
        if data.ndim != 2 or data.shape[1] != self.visible_units or not len(data):
            raise ShapeError(
                f"{caller}: x has shape {data.shape}. Expected (n, {self.visible_units}), a row for each sample and at "
                f"least one: reshape it, as in x.reshape(len(x), -1)."
            )
        is_bad = ~np.isfinite(data)
        if is_bad.any():
            raise DataError(
                f"{caller}: x is not finite in {Origin.of(x).cells(is_bad)}. Expected finite numbers. Replace or drop "
                f"them."
            )
        if self.visible == "binary" and (data.min() < 0 or data.max() > 1):
            raise DataError(
                f"{caller}: x has numbers from {data.min():g} to {data.max():g}. Binary visible units take 0 to 1: "
                f"scale it, such as x / 255, or make the machine with visible='gaussian' and standardise x."
            )
        return np.ascontiguousarray(data, np.float32)

    def _states(self, states: Any) -> Tensor:
        return states if isinstance(states, Tensor) else Tensor(np.asarray(numbers(states, "RBM: states"), np.float32))


def _energy(states: Tensor, bias: Tensor, kind: Kind) -> Tensor:
    """Return what a side adds to the energy by itself."""
    return -(states @ bias) if kind == "binary" else ((states - bias) * (states - bias)).sum(1) * 0.5
