"""The optimizer: what every optimizer has in common. Which there are stands in ``optimizers.py``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.errors import DtypeError, ShapeError
from feedforward.functions import cast
from feedforward.graph.node import in_own_context, scope, shape_text
from feedforward.interrupts import held_interrupts
from feedforward.lookup import Registry
from feedforward.nn.config import Range, check_bool, check_number, number_setting
from feedforward.tensor import Tensor, Variable, is_tracing, store
from feedforward.undo import remember

__all__ = ["OPTIMIZERS", "UPDATE_SCOPE", "Optimizer"]

OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer")
"""Every optimizer by its name."""

UPDATE_SCOPE = "the update"
"""The scope of an optimizer's operations; no layer can be called so, for the blank in it."""


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

    learning_rate: float = number_setting(Range(0), 0.01)

    def __post_init__(self) -> None:
        self._is_built = False
        self._state: dict[Variable, dict[str, Variable]] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        setting = type(self).__dataclass_fields__.get(name)
        if setting is not None:
            if "allowed" in setting.metadata:
                check_number(type(self).__name__, name, value, setting.metadata["allowed"])
                value = float(value)
            elif isinstance(setting.default, bool):
                check_bool(type(self).__name__, name, value)
            if name != "learning_rate" and getattr(self, "_is_built", False):
                raise AttributeError(
                    f"{type(self).__name__}.{name} cannot be changed after the first step. Make a new optimizer."
                )
        object.__setattr__(self, name, value)

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return the state that is kept for a parameter: names and first values.

        Parameters
        ----------
        parameter : Variable
            The parameter.

        Returns
        -------
        dict of str to number or array
            Of any shape: a number is a state of one number. Floats are kept in the parameter's dtype, ints as int64.
        """
        return {}

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
            The slots' values, as `slots` declares them.
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
        self._state = {parameter: self._new_state(parameter) for parameter in parameters}
        self._is_built = True  # last: whoever is interrupted before begins anew

    def _new_state(self, parameter: Variable) -> dict[str, Variable]:
        """Return the variables that `slots` declares for a parameter."""
        declared = self.slots(parameter)
        if not isinstance(declared, dict):
            raise TypeError(
                f"{type(self).__name__}.slots(): got {declared!r}, expected a dict of names and first values. "
                f"Return {{}} where nothing is kept."
            )
        arrays = {name: np.asarray(value) for name, value in declared.items()}
        return {
            name: Variable(
                array.astype(parameter.dtype if array.dtype.kind == "f" else array.dtype),
                trainable=False,
                name=f"{name}/{parameter.name}",
            )
            for name, array in arrays.items()
        }

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
            if new_slots.keys() != state.keys():
                raise ValueError(
                    f"{type(self).__name__}.update(): it returned the slots {', '.join(new_slots) or 'none'}, slots() "
                    f"declares {', '.join(state) or 'none'}. Return a new value for each."
                )
            changes += [(variable, new_value), *((slot, new_slots[name]) for name, slot in state.items())]
        with held_interrupts():  # the step is taken with all variables or none
            for changed, value in [*changes, (self.iterations, count)]:
                changed.assign(value)
