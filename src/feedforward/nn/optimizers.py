"""Optimizers: which there are, each one dataclass of settings, state and formula.

To add one, write one dataclass: its fields are its configuration, `slots` declares the state of a parameter, and
`update` is its formula. Everything else is in the base class (``optimizer.py``). Formulas are those of Keras 3, of
which the papers' differ in the places noted. The four of ``online.py`` are shown here, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.functions import cast, expm1, maximum, sqrt, square
from feedforward.lookup import namespace
from feedforward.nn import schedules
from feedforward.nn.config import Range, number_setting, registered
from feedforward.nn.online import Adagrad, DualAveraging, Ftrl, FullMatrixAdagrad
from feedforward.nn.optimizer import OPTIMIZERS as OPTIMIZERS
from feedforward.nn.optimizer import GradientsAt, Optimizer, Rate
from feedforward.nn.update_rules.learned import Learned
from feedforward.tensor import Tensor, Variable, store

__all__ = [
    "Optimizer",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "DualAveraging",
    "Ftrl",
    "FullMatrixAdagrad",
    "Learned",
    "Nadam",
    "RMSprop",
    "SGD",
    "SVRG",
    "schedules",
]

_FRACTION = Range(0, 1, has_high=False)
_POSITIVE = Range(0, has_low=False)


def _zeros(parameter: Variable) -> Any:
    return np.zeros(parameter.shape, parameter.dtype)


@registered(OPTIMIZERS)
@dataclass(eq=False)
class SGD(Optimizer):
    """Stochastic gradient descent: w := w - r g, or with momentum u: m := u m - r g, w := w + m.

    Parameters
    ----------
    learning_rate : float
        r.
    momentum : float
        u, from 0 to 1; 0 keeps no state.
    nesterov : bool
        Whether the step is w := w + u m - r g, with the new m; without momentum it changes nothing.

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Sutskever et al., "On the
    importance of initialization and momentum in deep learning", 2013, equations 3 and 4, here in the form in which
    the gradient is taken at the point looked ahead to. Velocities hold r, so a change of r takes effect gradually.
    """

    learning_rate: Rate = number_setting(Range(0), 0.01)
    momentum: float = number_setting(Range(0, 1), 0.0)
    nesterov: bool = False

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``momentum``, if there is any."""
        return {"momentum": _zeros(parameter)} if self.momentum else {}

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and velocity after a step."""
        step = gradient * step_size
        if not self.momentum:
            return parameter - step, {}
        velocity = slots["momentum"] * self.momentum - step
        change = velocity * self.momentum - step if self.nesterov else velocity
        return parameter + change, {"momentum": velocity}


@registered(OPTIMIZERS)
@dataclass(eq=False)
class SVRG(SGD):
    """Gradient descent with the noise of the batches taken out: steps of `SGD` along g(w) - g(s) + G(s).

    g is the gradient of a batch, G that of all samples, and s a snapshot: the weights at the beginning of some epoch.

    Parameters
    ----------
    learning_rate, momentum, nesterov
        As in `SGD`. The rate need not fall: near a minimum the steps become small by themselves.
    snapshot_epochs : int
        After how many epochs each a new snapshot is taken.

    Raises
    ------
    TypeError, ValueError
        By `apply_gradients`, which cannot know g(s); by `fit`, if data are not arrays, which can be gone over twice, or
        a layer changes variables of its own in training, which would be changed twice.

    Notes
    -----
    A step costs two gradients in place of one, a snapshot one for each sample: three times the work of `SGD` where each
    epoch has one. Snapshot and full gradient are kept: weights twice over. Layers that draw at random, such as
    `Dropout`, draw the same for g(w) and g(s), and once for G(s), whose noise stays. Momentum is no part of the method
    as published, nor are clipping and decay, which act on the step's sum as on any gradient.

    References
    ----------
    Johnson and Zhang, "Accelerating stochastic gradient descent using predictive variance reduction", 2013, figure 1,
    option I; there a snapshot is taken every 2 n steps of one sample where the loss is convex, else every 5 n.

    Examples
    --------
    No line goes through these three points, so that batches of one pull each another way; x + 1 is the best:

    >>> import feedforward as ff
    >>> x, y = [[-1.0], [0.0], [1.0]], [-1.0, 3.0, 1.0]
    >>> for optimizer in (SVRG(0.1), SGD(0.1)):
    ...     model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    ...     model.compile(optimizer, "mean_squared_error")
    ...     history = model.fit(x, y, epochs=100, batch_size=1, shuffle=False, verbose=0)
    ...     print(model.predict([[0.0]], verbose=0).round(3))
    [[1.]]
    [[0.923]]
    """

    has_snapshots = True

    snapshot_epochs: int = field(default=1, metadata={"least": 1})

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``snapshot``, s, ``full_gradient``, G(s), NaN before the first, ``snapshot_step``, and those of `SGD`.

        The number is that of the steps before the snapshot: the key of what was drawn for G(s).
        """
        weight = parameter.numpy()
        own = {"snapshot": weight, "full_gradient": np.full_like(weight, np.nan), "snapshot_step": 0}
        return {**own, **super().slots(parameter)}

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and velocity after a step."""
        weight, new = super().update(parameter, gradient, step_size, slots)
        return weight, {**slots, **new}

    def apply_gradients(self, pairs: Iterable[tuple[Tensor | None, Variable]]) -> None:
        """Refuse; see `SVRG`."""
        raise TypeError(
            "SVRG.apply_gradients: gradients at the snapshot are needed, too, which only fit computes. Train with fit; "
            "in a loop of your own give SGD the gradient g(w) - g(s) + G(s)."
        )

    def step_from(self, gradients: Sequence[Tensor], gradients_at: GradientsAt, variables: Sequence[Variable]) -> None:
        """Take a step along g(w) - g(s) + G(s)."""
        states = [self._state[variable] for variable in variables]
        before = gradients_at({one: state["snapshot"].value() for one, state in zip(variables, states, strict=True)})
        full = [state["full_gradient"].value() for state in states]
        slopes = [now - then + whole for now, then, whole in zip(gradients, before, full, strict=True)]
        super().apply_gradients(zip(slopes, variables, strict=True))

    def snapshot(self, is_new: bool) -> dict[Variable, Any]:
        """Return the values of parameters and of `iterations` in a new snapshot, the present ones, or in the last."""
        if is_new:
            return {variable: variable.numpy() for variable in [*self._state, self.iterations]}
        steps = [state["snapshot_step"].numpy() for state in self._state.values()]
        return {one: state["snapshot"].numpy() for one, state in self._state.items()} | {self.iterations: steps[0]}

    def keep_snapshot(self, values: Mapping[Variable, Any], gradients: Sequence[Any]) -> None:
        """Keep a snapshot.

        Parameters
        ----------
        values : mapping of Variable to array
            What `snapshot` returned.
        gradients : sequence of array
            G(s): of the mean loss of all samples, one for each of `parameters`.
        """
        changes: list[tuple[Variable, Any]] = []
        for (parameter, state), g in zip(self._state.items(), gradients, strict=True):
            whole = np.asarray(g, values[parameter].dtype)
            kept = {"snapshot": values[parameter], "full_gradient": whole, "snapshot_step": values[self.iterations]}
            changes += [(state[name], value) for name, value in kept.items()]
        store([slot for slot, _ in changes], [value for _, value in changes])


@registered(OPTIMIZERS)
@dataclass(eq=False)
class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient: v := p v + (1 - p) g^2, w := w - r g / sqrt(v + e).

    Parameters
    ----------
    learning_rate : float
        r.
    rho : float
        p, from 0 up to, but not, 1.
    momentum : float
        u, from 0 to 1: steps add up as m := u m + r g / sqrt(v + e), w := w - m.
    epsilon : float
        e, above 0.
    centered : bool
        Whether v is replaced by v - a^2 with a := p a + (1 - p) g, an estimate of the variance. It is kept from
        falling below 0 by rounding, where Keras would return NaN.

    References
    ----------
    Hinton, "Neural networks for machine learning", lecture 6e, 2012; there e = 0. Centered: Graves, "Generating
    sequences with recurrent neural networks", 2013, equations 38 to 41.
    """

    learning_rate: Rate = number_setting(Range(0), 0.001)
    rho: float = number_setting(_FRACTION, 0.9)
    momentum: float = number_setting(Range(0, 1), 0.0)
    epsilon: float = number_setting(_POSITIVE, 1e-7)
    centered: bool = False

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``velocity`` and what the settings need besides."""
        names = {"velocity": True, "momentum": self.momentum > 0, "average_gradient": self.centered}
        return {name: _zeros(parameter) for name, is_needed in names.items() if is_needed}

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and averages after a step."""
        velocity = slots["velocity"] * self.rho + square(gradient) * (1.0 - self.rho)
        new = {"velocity": velocity}
        spread = velocity
        if self.centered:
            average = slots["average_gradient"] * self.rho + gradient * (1.0 - self.rho)
            new["average_gradient"] = average
            spread = maximum(velocity - square(average), 0.0)
        step = gradient * step_size / sqrt(spread + self.epsilon)
        if self.momentum:
            step = slots["momentum"] * self.momentum + step
            new["momentum"] = step
        return parameter - step, new


@registered(OPTIMIZERS)
@dataclass(eq=False)
class Adam(Optimizer):
    """Steps of a running mean of the gradient over a running root mean square of it, both corrected for their start.

    In step t: m := m + (g - m) (1 - b1), v := v + (g^2 - v) (1 - b2), w := w - a m / (sqrt(v) + e) with
    a = r sqrt(1 - b2^t) / (1 - b1^t).

    Parameters
    ----------
    learning_rate : float
        r.
    beta_1, beta_2 : float
        b1 and b2, from 0 up to, but not, 1.
    epsilon : float
        e, above 0.
    amsgrad : bool
        Whether the largest v so far is taken in place of v.

    Notes
    -----
    1 - b^t is computed as -expm1(t log(b)): in float32 1 - 0.999^t itself would be wrong in the fifth digit at first.
    PyTorch and optax add e to the root of the corrected v; optax.amsgrad takes the largest corrected v.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015: the form before section 2.1, whose e is "epsilon
    hat". Reddi, Kale and Kumar, "On the convergence of Adam and beyond", 2018, algorithm 2.

    Examples
    --------
    The first step has the size of the learning rate, whatever the gradient's:

    >>> w = Variable([1.0, 1.0])
    >>> optimizer = Adam(0.1)
    >>> optimizer.apply_gradients([(Tensor([5.0, -0.01]), w)])
    >>> print(w.numpy().round(3))
    [0.9 1.1]
    """

    learning_rate: Rate = number_setting(Range(0), 0.001)
    beta_1: float = number_setting(_FRACTION, 0.9)
    beta_2: float = number_setting(_FRACTION, 0.999)
    epsilon: float = number_setting(_POSITIVE, 1e-7)
    amsgrad: bool = False

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``momentum``, ``velocity`` and, for amsgrad, ``velocity_hat``."""
        names = ("momentum", "velocity", "velocity_hat") if self.amsgrad else ("momentum", "velocity")
        return {name: _zeros(parameter) for name in names}

    def step_size(self, learning_rate: Tensor, step: Tensor) -> Tensor:
        """Return r sqrt(1 - b2^t) / (1 - b1^t)."""
        rate = learning_rate
        if self.beta_2:
            rate = rate * sqrt(-expm1(step * math.log(self.beta_2)))
        return rate / -expm1(step * math.log(self.beta_1)) if self.beta_1 else rate

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and averages after a step."""
        m, v = slots["momentum"], slots["velocity"]
        m = m + (gradient - m) * (1.0 - self.beta_1)
        v = v + (square(gradient) - v) * (1.0 - self.beta_2)
        new = {"momentum": m, "velocity": v}
        if self.amsgrad:
            v = new["velocity_hat"] = maximum(slots["velocity_hat"], v)
        return parameter - step_size * m / (sqrt(v) + self.epsilon), new


@registered(OPTIMIZERS)
@dataclass(eq=False)
class AdamW(Adam):
    """Adam with decay of the weights beside the gradient: w := w - r d w before each step of `Adam`.

    Parameters
    ----------
    learning_rate : float
        r.
    weight_decay : float
        d, at least 0. `weight_decay_factors` take parameters out: ``{"*/bias": 0.0}``.
    beta_1, beta_2, epsilon, amsgrad
        As in `Adam`.

    Notes
    -----
    ``Adam(weight_decay=d)`` is the same; here it is 0.004 by default, as in Keras, where PyTorch
    has 0.01 and optax 0.0001.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2; there d is not multiplied by r.

    Examples
    --------
    Without a gradient only the decay is left, 1 - 0.1 * 0.5:

    >>> w = Variable([1.0])
    >>> AdamW(0.1, weight_decay=0.5).apply_gradients([(Tensor([0.0]), w)])
    >>> print(w.numpy())
    [0.95]
    """

    weight_decay: Rate = number_setting(Range(0), 0.004)


@registered(OPTIMIZERS)
@dataclass(eq=False)
class Adamax(Optimizer):
    """Steps of a running mean of the gradient over the largest gradient seen, which is forgotten slowly.

    In step t: m := m + (g - m) (1 - b1), u := max(b2 u, |g|), w := w - r m / ((1 - b1^t) (u + e)).

    Parameters
    ----------
    learning_rate : float
        r.
    beta_1, beta_2 : float
        b1 and b2, from 0 up to, but not, 1.
    epsilon : float
        e, above 0.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 2; there e = 0. PyTorch adds e to |g|.
    """

    learning_rate: Rate = number_setting(Range(0), 0.001)
    beta_1: float = number_setting(_FRACTION, 0.9)
    beta_2: float = number_setting(_FRACTION, 0.999)
    epsilon: float = number_setting(_POSITIVE, 1e-7)

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``momentum``, m, and ``norm``, u."""
        return {"momentum": _zeros(parameter), "norm": _zeros(parameter)}

    def step_size(self, learning_rate: Tensor, step: Tensor) -> Tensor:
        """Return r / (1 - b1^t)."""
        return learning_rate / -expm1(step * math.log(self.beta_1)) if self.beta_1 else learning_rate

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter, mean and largest gradient after a step."""
        m = slots["momentum"] + (gradient - slots["momentum"]) * (1.0 - self.beta_1)
        u = maximum(slots["norm"] * self.beta_2, abs(gradient))
        return parameter - step_size * m / (u + self.epsilon), {"momentum": m, "norm": u}


@registered(OPTIMIZERS)
@dataclass(eq=False)
class Nadam(Optimizer):
    """Adam with Nesterov's momentum, which is less in the first steps.

    In step t of a parameter: u_t = b1 (1 - 0.96^t / 2), p_t = u_1 u_2 ... u_t; m and v as in `Adam`;
    w := w - r (u_(t+1) m / (1 - p_t u_(t+1)) + (1 - u_t) g / (1 - p_t)) / (sqrt(v / (1 - b2^t)) + e).

    Parameters
    ----------
    learning_rate : float
        r.
    beta_1, beta_2 : float
        b1 and b2, from 0 up to, but not, 1.
    epsilon : float
        e, above 0.

    Notes
    -----
    t and p_t are kept for each parameter, as in PyTorch, so that a step without its gradient does not count; Keras
    keeps them for all together.

    References
    ----------
    Dozat, "Incorporating Nesterov momentum into Adam", 2016, algorithm 2; u_t is that of Keras, which has t where
    section 3 has t / 250.
    """

    learning_rate: Rate = number_setting(Range(0), 0.001)
    beta_1: float = number_setting(_FRACTION, 0.9)
    beta_2: float = number_setting(_FRACTION, 0.999)
    epsilon: float = number_setting(_POSITIVE, 1e-7)

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``momentum``, ``velocity``, and the numbers ``step``, t, and ``product``, p_t."""
        return {"momentum": _zeros(parameter), "velocity": _zeros(parameter), "step": 0, "product": 1.0}

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter, averages and numbers after a step."""
        step = slots["step"] + 1
        t = cast(step, parameter.dtype)
        now, following = (self.beta_1 * (1.0 - 0.5 * 0.96**k) for k in (t, t + 1.0))
        product = slots["product"] * now
        m = slots["momentum"] + (gradient - slots["momentum"]) * (1.0 - self.beta_1)
        v = slots["velocity"] + (square(gradient) - slots["velocity"]) * (1.0 - self.beta_2)
        mean = m * (following / (1.0 - product * following)) + gradient * ((1.0 - now) / (1.0 - product))
        spread = v / -expm1(t * math.log(self.beta_2)) if self.beta_2 else v
        new = {"momentum": m, "velocity": v, "step": step, "product": product}
        return parameter - step_size * mean / (sqrt(spread) + self.epsilon), new


@registered(OPTIMIZERS)
@dataclass(eq=False)
class Adadelta(Optimizer):
    """Steps as large as those before: their running root mean square over that of the gradient.

    v := p v + (1 - p) g^2, d := g sqrt(u + e) / sqrt(v + e), u := p u + (1 - p) d^2, w := w - r d.

    Parameters
    ----------
    learning_rate : float
        r. The method as published has 1; 0.001 is the default of Keras.
    rho : float
        p, from 0 up to, but not, 1.
    epsilon : float
        e, above 0: the first steps have about the size r sqrt(e / (1 - p)).

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1.
    """

    learning_rate: Rate = number_setting(Range(0), 0.001)
    rho: float = number_setting(_FRACTION, 0.95)
    epsilon: float = number_setting(_POSITIVE, 1e-7)

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``accumulated_gradient``, v, and ``accumulated_step``, u."""
        return {"accumulated_gradient": _zeros(parameter), "accumulated_step": _zeros(parameter)}

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and averages after a step."""
        u, v = slots["accumulated_step"], slots["accumulated_gradient"]
        v = v * self.rho + square(gradient) * (1.0 - self.rho)
        step = gradient * sqrt(u + self.epsilon) / sqrt(v + self.epsilon)
        u = u * self.rho + square(step) * (1.0 - self.rho)
        return parameter - step_size * step, {"accumulated_gradient": v, "accumulated_step": u}


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.optimizers", __all__)
