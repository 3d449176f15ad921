"""Optimizers: how gradients change weights.

To add an optimizer, write one dataclass: its fields are its configuration, `slots` names the state it keeps for each
parameter, and `update` is its formula. Everything else is in the base class: the state itself, the count of steps, the
learning rate, and the assignments. Formulas are those of Keras 3, of which the papers' differ in the places noted.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.errors import DtypeError, ShapeError
from feedforward.functions import cast, expm1, maximum, sqrt, square
from feedforward.graph.node import in_own_context, scope, shape_text
from feedforward.interrupts import held_interrupts
from feedforward.lookup import Registry, namespace
from feedforward.nn.config import Range, check_bool, check_number, registered
from feedforward.tensor import Tensor, Variable, is_tracing, store
from feedforward.undo import remember

__all__ = ["Optimizer", "Adam", "RMSprop", "SGD"]

OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer")
"""Every optimizer by its name."""

UPDATE_SCOPE = "the update"
"""The scope of an optimizer's operations; no layer can be called so, for the blank in it."""

_FRACTION = Range(0, 1, has_high=False)
_POSITIVE = Range(0, has_low=False)


def _number(default: float, allowed: Range) -> Any:
    """Return a field for a number, which is checked whenever it is set."""
    return dataclasses.field(default=default, metadata={"allowed": allowed})


@dataclass(eq=False)
class Optimizer:
    """Base of all optimizers.

    Parameters
    ----------
    learning_rate : float
        The size of a step, at least 0. It may be set at any time, also between the steps of a training.

    Notes
    -----
    State is made for the variables first seen, and kept in their dtype. Settings but the learning rate cannot be
    changed after that.

    To keep one of your own in a file, register it, also where the file is read: ``@registered(OPTIMIZERS)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config` and ``OPTIMIZERS`` from `feedforward.optimizers`.
    """

    learning_rate: float = _number(0.01, Range(0))

    def __post_init__(self) -> None:
        self._is_built = False
        self._state: dict[Variable, dict[str, Variable]] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        setting = type(self).__dataclass_fields__.get(name)
        if setting is not None:
            if "allowed" in setting.metadata:
                check_number(type(self).__name__, name, value, setting.metadata["allowed"])
                value = float(value)
            else:
                check_bool(type(self).__name__, name, value)
            if name != "learning_rate" and getattr(self, "_is_built", False):
                raise AttributeError(
                    f"{type(self).__name__}.{name} cannot be changed after the first step. Make a new optimizer."
                )
        object.__setattr__(self, name, value)

    def slots(self) -> Sequence[str]:
        """Return the names of the tensors, zeros at first, that are kept for each parameter."""
        return ()

    def step_size(self, learning_rate: Tensor, step: Tensor) -> Tensor:
        """Return the factor of the step that all parameters share.

        Parameters
        ----------
        learning_rate : float scalar tensor
            In the parameters' dtype.
        step : float scalar tensor
            The number of the step, from 1.
        """
        return learning_rate

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new value of a parameter and those of its slots.

        Parameters
        ----------
        parameter, gradient : tensor
            Of one shape and dtype.
        step_size : scalar tensor
            What `step_size` returned.
        slots : dict of str to tensor
            The slots' values, of the parameter's shape and dtype.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update(). Define update(self, parameter, ...).")

    @property
    def variables(self) -> list[Variable]:
        """Its state in a fixed order: iterations, learning_rate, then for each parameter its slots.

        Empty before `build`.
        """
        if not self._is_built:
            return []
        slots = [slot for state in self._state.values() for slot in state.values()]
        return [self.iterations, self._rate, *slots]

    def variables_by_path(self, paths: Mapping[Variable, str]) -> list[tuple[str, Variable]]:
        """Return `variables`, each with its name in files, where its parameter's stands in `paths`."""
        if not self._is_built:
            return []
        slots = [
            (f"{name}/{paths.get(parameter, parameter.name)}", slot)
            for parameter, state in self._state.items()
            for name, slot in state.items()
        ]
        return [("iterations", self.iterations), ("learning_rate", self._rate), *slots]

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the state for parameters; when it is there already, check that it is theirs.

        Parameters
        ----------
        variables : iterable of Variable
            The parameters.

        Raises
        ------
        ValueError
            If the state was made for other variables.
        DtypeError
            If a parameter does not hold floats.
        """
        parameters = list(variables)
        if self._is_built:
            strangers = [parameter.name for parameter in parameters if parameter not in self._state]
            if strangers:
                raise ValueError(
                    f"{type(self).__name__} was built for other variables than {', '.join(strangers)}. "
                    f"Make a new optimizer for another model."
                )
            return
        for parameter in parameters:
            if parameter.dtype.kind != "f":
                raise DtypeError(
                    f"{type(self).__name__}: variable {parameter.name!r} is {parameter.dtype.name}. "
                    f"Only floats can be trained."
                )
        remember(self)
        dtype = np.result_type(np.float32, *(parameter.dtype for parameter in parameters))
        self.iterations = Variable(np.int64(0), trainable=False, name="iterations")
        self._rate = Variable(np.asarray(self.learning_rate, dtype), trainable=False, name="learning_rate")
        self._rate_stored = self.learning_rate
        self._state = {
            parameter: {
                slot: Variable(
                    np.zeros(parameter.shape, parameter.dtype), trainable=False, name=f"{slot}/{parameter.name}"
                )
                for slot in self.slots()
            }
            for parameter in parameters
        }
        self._is_built = True  # last: whoever is interrupted before begins anew

    def sync(self) -> None:
        """Copy `learning_rate` into the state if it was set since; a training loop calls it between steps."""
        if self._is_built and self.learning_rate != self._rate_stored:
            store([self._rate], [np.asarray(self.learning_rate, self._rate.dtype)])
            self._rate_stored = self.learning_rate

    @in_own_context
    def apply_gradients(self, pairs: Iterable[tuple[Tensor | None, Variable]]) -> None:
        """Take one step: change each variable by its gradient.

        Parameters
        ----------
        pairs : iterable of (gradient, variable)
            A variable whose gradient is None stays as it is.

        Raises
        ------
        ValueError
            If every gradient is None, a variable comes twice, or the state was made for other variables.
        ShapeError
            If a gradient has another shape than its variable.
        """
        given = list(pairs)
        every = [variable for _, variable in given]
        used = [(gradient, variable) for gradient, variable in given if gradient is not None]
        if not used:
            raise ValueError(
                f"no gradients for any variable: {', '.join(variable.name for variable in every) or 'none given'}. "
                f"Compute the loss from the variables, inside the tape."
            )
        if len(set(every)) < len(every):
            twice = next(variable for place, variable in enumerate(every) if variable in set(every[:place]))
            raise ValueError(f"apply_gradients: variable {twice.name!r} comes twice. Add its gradients up.")
        self.build(every)
        if not is_tracing():
            self.sync()

        with scope(UPDATE_SCOPE):
            self._take_step(used)

    def _take_step(self, pairs: Sequence[tuple[Tensor, Variable]]) -> None:
        """Change each variable by its gradient, and count the step."""
        count = self.iterations.value() + 1
        changes: list[tuple[Variable, Tensor]] = []
        sizes: dict[Any, Tensor] = {}
        for gradient, variable in pairs:
            dtype = variable.dtype
            if dtype not in sizes:
                sizes[dtype] = self.step_size(cast(self._rate.value(), dtype), cast(count, dtype))
            g = cast(gradient if isinstance(gradient, Tensor) else Tensor(gradient), dtype)
            if g.node.shape != variable.node.shape:
                raise ShapeError(
                    f"apply_gradients: variable {variable.name!r} has shape {shape_text(variable.node.shape)}, its "
                    f"gradient {shape_text(g.node.shape)}. Give a gradient of the variable's shape."
                )
            state = self._state[variable]
            values = {name: slot.value() for name, slot in state.items()}
            new_value, new_slots = self.update(variable.value(), g, sizes[dtype], values)
            changes += [(variable, new_value), *((slot, new_slots[name]) for name, slot in state.items())]
        with held_interrupts():  # the step is taken with all variables or none
            for changed, value in [*changes, (self.iterations, count)]:
                changed.assign(value)


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

    learning_rate: float = _number(0.01, Range(0))
    momentum: float = _number(0.0, Range(0, 1))
    nesterov: bool = False

    def slots(self) -> Sequence[str]:
        """Return ``momentum``, if there is any."""
        return ("momentum",) if self.momentum else ()

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

    learning_rate: float = _number(0.001, Range(0))
    rho: float = _number(0.9, _FRACTION)
    momentum: float = _number(0.0, Range(0, 1))
    epsilon: float = _number(1e-7, _POSITIVE)
    centered: bool = False

    def slots(self) -> Sequence[str]:
        """Return ``velocity`` and what the settings need besides."""
        names = {"velocity": True, "momentum": self.momentum > 0, "average_gradient": self.centered}
        return [name for name, is_needed in names.items() if is_needed]

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

    learning_rate: float = _number(0.001, Range(0))
    beta_1: float = _number(0.9, _FRACTION)
    beta_2: float = _number(0.999, _FRACTION)
    epsilon: float = _number(1e-7, _POSITIVE)
    amsgrad: bool = False

    def slots(self) -> Sequence[str]:
        """Return ``momentum``, ``velocity`` and, for amsgrad, ``velocity_hat``."""
        return ("momentum", "velocity", "velocity_hat") if self.amsgrad else ("momentum", "velocity")

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


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.optimizers", __all__)
