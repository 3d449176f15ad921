"""The optimizer: what every optimizer has in common. Which there are stands in ``optimizers.py``.

A step takes each gradient through these places, in this order: clipping (`_clipped`), decay of the parameter, the
optimizer's own formula (`update`), the variable's constraint (``constraints.py``), the average of weights, assignment.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Self, TypeAlias

import numpy as np

from feedforward.attributes import check_attribute, is_ours
from feedforward.errors import DtypeError, ShapeError
from feedforward.functions import cast, clip, equal, maximum, sqrt, square, where
from feedforward.graph.node import in_own_context, scope, shape_text
from feedforward.interrupts import held_interrupts
from feedforward.lookup import Registry
from feedforward.nn.config import Range, check_bool, check_int, check_number, from_config, number_setting
from feedforward.nn.constraints import Constraint, Norm
from feedforward.nn.schedules import SCHEDULES, LearningRateSchedule
from feedforward.replay import can_replay, replay
from feedforward.tensor import Tensor, Variable, store
from feedforward.undo import remember

__all__ = ["OPTIMIZERS", "UPDATE_SCOPE", "GradientsAt", "Optimizer", "Rate"]

OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer")
"""Every optimizer by its name."""

UPDATE_SCOPE = "the update"
"""The scope of an optimizer's operations; no layer can be called so, for the blank in it."""

Rate: TypeAlias = float | Any
"""A number, a `Variable` or a `LearningRateSchedule`, for a type checker: the usual case by name, the others as Any."""

GradientsAt: TypeAlias = Callable[[Mapping[Variable, Tensor]], Sequence[Tensor]]
"""Returns the gradients of the loss at other values of the variables, one for each."""

_NOT_NEGATIVE = Range(0)
_POSITIVE = Range(0, has_low=False)
_FLOAT32 = Range(0, float(np.finfo(np.float32).max))
_RATES = ("learning_rate", "weight_decay")
_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")
_FACTORS = ("learning_rate_factors", "weight_decay_factors")

_MOST_PATTERNS, _LONGEST_PATTERN = 1000, 200
"""Of factors: each pattern is tried on each name, and a file says what they are."""


@dataclass(eq=False)
class Optimizer:
    """Base of all optimizers.

    Parameters
    ----------
    learning_rate : float, Variable or LearningRateSchedule
        The size of a step, at least 0. A number may be set to another at any time, also between the steps of a
        training; a variable is what it was last assigned; a schedule, see `feedforward.nn.schedules`, is
        computed from `iterations` in each step.
    weight_decay : float, Variable or LearningRateSchedule, optional
        d, at least 0: before its update a parameter becomes w - r d w, where r is the learning rate. A penalty (L2),
        which an adaptive optimizer scales like any gradient, is a part of the loss.
    clipnorm : float, optional
        The largest Euclidean norm c that a gradient keeps: g becomes g c / max(|g|, c).
    clipvalue : float, optional
        The largest size c that an element of a gradient keeps.
    global_clipnorm : float, optional
        As `clipnorm`, with the norm of all gradients taken together. Only one of these three may be given.
    use_ema : bool
        Whether an average is kept of the weights after each step, for each parameter of `build`: a := m a + (1 - m) w.
    ema_momentum : float or None
        m, from 0 to 1; None: 1 - 1 / t in step t, so that a is the arithmetic mean of all weights so far.
    ema_overwrite_frequency : int, optional
        After how many steps each the weights become their averages: to go on from there.
    learning_rate_factors, weight_decay_factors : dict of str to float
        What a parameter's learning rate and its d are multiplied by: the factor of the first pattern that fits its
        name, 1 where none does. In a pattern ``*`` stands for any text: ``{"*/bias": 0.0}`` is for the biases of all
        layers. A parameter with the factors f and h decays to w - (r f) (d h) w.

    Attributes
    ----------
    iterations : int64 Variable
        The number of steps taken.

    Notes
    -----
    State is made for the variables first seen, and kept in their dtype. Settings but the learning rate cannot be
    changed after that.

    Averages begin as the weights after the first step. `fit` trains and measures the weights themselves; when it ends,
    before callbacks hear of it, the weights become their averages, as in Keras, and so does what is then measured,
    predicted and saved. A fit that was interrupted leaves them as they are: `finalize_variable_values` does it by hand,
    as in a loop of your own. What an `EarlyStopping` puts back is what it measured, not an average.

    As in Keras 3, of which there are no `loss_scale_factor`, `gradient_accumulation_steps` and `name`. There
    `learning_rate` is the present value; here it is what was set: ``optimizer.learning_rate(optimizer.iterations)`` is
    the present value of a schedule. Norms are computed in float64, where no square of a float32 overflows.

    To keep one of your own in a file, register it, also where the file is read: ``@registered(OPTIMIZERS)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config`, ``OPTIMIZERS`` from `feedforward.nn.optimizers`.

    References
    ----------
    Decay: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2, with d times the learning
    rate in place of their d. Clipping: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
    networks", 2013, algorithm 1. The mean of all weights: Polyak and Juditsky, "Acceleration of stochastic
    approximation by averaging", 1992.

    Examples
    --------
    >>> import feedforward as ff
    >>> w = Variable([2.0, 2.0])
    >>> ff.optimizers.SGD(1.0, weight_decay=0.25, clipnorm=0.5).apply_gradients([(Tensor([3.0, 4.0]), w)])
    >>> print(w.numpy().round(3))  # 2 - 0.25 * 2 - 0.5 * [3, 4] / 5
    [1.2 1.1]
    """

    has_snapshots = False
    """Whether its steps need gradients at other weights than the present ones, see `SVRG`: only `fit` makes such."""

    learning_rate: Rate = number_setting(_NOT_NEGATIVE, 0.01)
    weight_decay: Rate | None = number_setting(_NOT_NEGATIVE, None, kw_only=True)
    clipnorm: float | None = number_setting(_POSITIVE, None, kw_only=True)
    clipvalue: float | None = number_setting(_POSITIVE, None, kw_only=True)
    global_clipnorm: float | None = number_setting(_POSITIVE, None, kw_only=True)
    use_ema: bool = field(default=False, kw_only=True)
    ema_momentum: float | None = field(default=0.99, kw_only=True, metadata={"allowed": Range(0, 1), "has_none": True})
    ema_overwrite_frequency: int | None = field(default=None, kw_only=True, metadata={"least": 1})
    learning_rate_factors: dict[str, float] = field(default_factory=dict, kw_only=True)
    weight_decay_factors: dict[str, float] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        if self.weight_decay_factors and self.weight_decay is None:
            raise ValueError(
                f"{type(self).__name__}(weight_decay_factors={self.weight_decay_factors!r}): there is no decay for "
                f"them. Give weight_decay, too."
            )
        for name in ("ema_momentum", "ema_overwrite_frequency"):
            value = getattr(self, name)
            if not self.use_ema and value != Optimizer.__dataclass_fields__[name].default:
                raise ValueError(
                    f"{type(self).__name__}({name}={value!r}): there is no average that it is for. Give use_ema=True, "
                    f"too."
                )
        self._is_built = False
        self._rate: Any = None
        self._state: dict[Variable, dict[str, Variable]] = {}
        self._averages: dict[Variable, Variable] = {}
        self._factors: dict[Variable, tuple[float, float]] = {}
        self._iterations = Variable(np.int64(0), trainable=False, name="iterations")

    def __copy__(self) -> Self:
        """Return what `copy.deepcopy` does, whose state is for copies of the parameters: copy both at once."""
        return copy.deepcopy(self)

    @property
    def iterations(self) -> Variable:
        """How many steps were taken."""
        return self._iterations

    def __setattr__(self, name: str, value: Any) -> None:
        check_attribute(self, name)
        if name not in type(self).__dataclass_fields__:
            object.__setattr__(self, name, value)
            return
        value = self._checked(name, value)
        if name == "learning_rate":
            self._set_learning_rate(value)
            return
        if getattr(self, "_is_built", False):
            raise AttributeError(
                f"{type(self).__name__}.{name} cannot be changed after the first step. Make a new optimizer."
            )
        object.__setattr__(self, name, value)

    def _checked(self, name: str, value: Any) -> Any:
        """Return the value of a setting as it is kept, if it may have it."""
        owner, own = type(self).__name__, type(self).__dataclass_fields__[name]
        # A subclass that only gives a setting of the base another default means the same setting.
        setting = own if own.metadata else Optimizer.__dataclass_fields__.get(name, own)
        if name in _RATES and not (value is None and setting.default is None):
            return _checked_rate(owner, name, value, setting.metadata["allowed"])
        if name in _FACTORS:
            return _checked_factors(owner, name, value)
        if "allowed" in setting.metadata:
            if value is None and (setting.default is None or "has_none" in setting.metadata):
                return None
            check_number(owner, name, value, setting.metadata["allowed"])
            other = next((clip for clip in _CLIPS if clip != name and vars(self).get(clip) is not None), None)
            if name in _CLIPS and other is not None:
                raise ValueError(
                    f"{owner}({other}={getattr(self, other)!r}, {name}={value!r}): gradients are clipped in one way. "
                    f"Give only one of {', '.join(_CLIPS)}."
                )
            return float(value)
        if isinstance(setting.default, bool):
            check_bool(owner, name, value)
        if "least" in setting.metadata and not (value is None and setting.default is None):
            check_int(owner, name, value, setting.metadata["least"])
            return int(value)
        return value

    def _set_learning_rate(self, value: Rate) -> None:
        """Set the learning rate: for a number also the variable that programs read."""
        before = vars(self).get("learning_rate")
        kind = type(self).__name__
        if isinstance(before, LearningRateSchedule):
            raise TypeError(
                f"{kind}.learning_rate is {before!r}, a schedule, and cannot be set to {value!r}. To set the rate by "
                f"hand, give the optimizer a number or a Variable."
            )
        if isinstance(before, Variable) and isinstance(value, float):
            before.assign(value)
        elif not getattr(self, "_is_built", False):
            object.__setattr__(self, "learning_rate", value)
        elif isinstance(value, float):
            remember(self)  # as store() does the variable: whatever undoes one undoes both
            with held_interrupts():
                store([self._rate], [np.asarray(value, self._rate.dtype)])
                object.__setattr__(self, "learning_rate", value)
        else:
            raise AttributeError(
                f"{kind}.learning_rate can be set to numbers after the first step. Got {value!r}. Make a new optimizer."
            )

    def check_single_steps(self, caller: str) -> None:
        """Check that it can take a step outside of `fit`; TypeError, which begins with `caller`, if it cannot."""
        if self.has_snapshots:
            raise TypeError(
                f"{caller}: {type(self).__name__} needs gradients at its snapshot, too, which only fit takes. Compile "
                f"the model with SGD for it, or train with fit."
            )

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return the state that is kept for a parameter: names and first values.

        Parameters
        ----------
        parameter : Variable
            The parameter.

        Returns
        -------
        dict of str to number or array
            Of any shape: a number is a state of one number. Floats are kept in the parameter's dtype, Python's ints as
            int64.
        """
        return {}

    def step_size(self, learning_rate: Tensor, step: Tensor) -> Tensor:
        """Return the factor of the step that all parameters of one dtype and learning rate share.

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
            Of one shape and dtype; the gradient clipped, the parameter decayed already.
        step_size : scalar tensor
            What `step_size` returned.
        slots : dict of str to tensor
            The slots' values, as `slots` declares them.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update(). Define update(self, parameter, ...).")

    def norm(self, slots: dict[str, Tensor]) -> Norm:
        """Return by what norm the nearest point of a variable's constraint is meant; None for the Euclidean.

        Parameters
        ----------
        slots : dict of str to tensor
            What `update` returned.
        """
        return None

    @property
    def variables(self) -> list[Variable]:
        """Its state in a fixed order: iterations, learning_rate, for each parameter its slots, then the averages.

        Empty before `build`. A learning rate that is a variable of yours or a schedule is no part of it.
        """
        if not self._is_built:
            return []
        slots = [slot for state in self._state.values() for slot in state.values()]
        rate = [] if self._rate is self.learning_rate else [self._rate]
        return [self.iterations, *rate, *slots, *self._averages.values()]

    @property
    def parameters(self) -> list[Variable]:
        """The variables that it keeps state for: none before `build`."""
        return list(self._state)

    def state(self, paths: Mapping[Variable, str]) -> dict[str, Variable]:
        """Return `variables` by their names in files: that of a slot ends with its parameter's, which is in `paths`."""
        if not self._is_built:
            return {}
        rate = {} if self._rate is self.learning_rate else {"learning_rate": self._rate}
        slots = {f"{name}/{paths[of]}": slot for of, state in self._state.items() for name, slot in state.items()}
        averages = {f"average/{paths[of]}": average for of, average in self._averages.items()}
        return {"iterations": self.iterations, **rate, **slots, **averages}

    def factors(self) -> list[list[float]]:
        """Return the factors of learning rate and decay of each of `parameters`, as a file keeps them."""
        return [[*self._factors[parameter]] for parameter in self._state]

    def build(self, variables: Iterable[Variable], factors: Any = None) -> None:
        """Make the state for parameters; when it is there already, check that it is theirs.

        Parameters
        ----------
        variables : iterable of Variable
            The parameters.
        factors : list of pairs of float, optional
            What `factors` returned, from a file: names may have changed since the patterns were looked up.

        Raises
        ------
        ValueError
            If the state was made for other variables, or a pattern of the factors fits no parameter.
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
        if factors is None:
            pairs: Any = zip(*(self._factors_of(parameters, name).values() for name in _FACTORS), strict=True)
        else:
            pairs = [_checked_pair(type(self).__name__, pair) for pair in factors]
        self._factors = dict(zip(parameters, pairs, strict=True))
        self._rate = self.learning_rate  # what programs read; for a number that is a variable
        if isinstance(self._rate, float):
            dtype = np.result_type(np.float32, *(parameter.dtype for parameter in parameters))
            self._rate = Variable(np.asarray(self._rate, dtype), trainable=False, name="learning_rate")
        self._state = {parameter: self._new_state(parameter) for parameter in parameters}
        self._averages = {
            parameter: Variable(parameter.numpy(), trainable=False, name=f"average/{parameter.name}")
            for parameter in (parameters if self.use_ema else ())
        }
        self._is_built = True  # last: whoever is interrupted before begins anew

    def _new_state(self, parameter: Variable) -> dict[str, Variable]:
        """Return the variables that `slots` declares for a parameter."""
        declared = self.slots(parameter)
        if not isinstance(declared, dict):
            raise TypeError(
                f"{type(self).__name__}.slots(): got {declared!r}, expected a dict of names and first values. "
                f"Return {{}} where nothing is kept."
            )
        if self.use_ema and "average" in declared:
            raise ValueError(
                f"{type(self).__name__}(use_ema=True): its slots() declares 'average', the name under which files have "
                f"the average of the weights. Call it something else."
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

    def _factors_of(self, parameters: Sequence[Variable], name: str) -> dict[Variable, float]:
        """Return the factor of each parameter by the first pattern that fits its name."""
        factors: dict[Variable, float] = {}
        for pattern, factor in getattr(self, name).items():
            found = [each for each in parameters if each not in factors and fnmatchcase(each.name, pattern)]
            if not found:
                raise ValueError(
                    f"{type(self).__name__}({name}={{{pattern!r}: {factor:g}}}): the pattern fits no parameter that "
                    f"those before it left. The names are {', '.join(each.name for each in parameters)}."
                )
            factors |= dict.fromkeys(found, factor)
        return dict.fromkeys(parameters, 1.0) | factors

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

        gradients, variables = [_as_gradient(gradient) for gradient, _ in used], [variable for _, variable in used]
        if self._repeats and can_replay(gradients):
            replay(self, tuple(variables), lambda given: self._take_step(given, variables), gradients)
        else:
            self._take_step(gradients, variables)

    def step_from(self, gradients: Sequence[Tensor], gradients_at: GradientsAt, variables: Sequence[Variable]) -> None:
        """Take a step of `fit`.

        Parameters
        ----------
        gradients : sequence of tensor
            Of the batch's loss, one for each variable.
        gradients_at : callable
            Returns those of the same batch, with the same random draws, where tensors stand in for variables.
        variables : sequence of Variable
            The parameters.
        """
        self.apply_gradients(zip(gradients, variables, strict=True))

    @property
    def _repeats(self) -> bool:
        """Whether each step is the same graph: not where code of a user's has a say."""
        rates = [rate for rate in (self._rate, self.weight_decay) if isinstance(rate, LearningRateSchedule)]
        constraints = [variable.constraint for variable in self._state if variable.constraint is not None]
        is_patched = "update" in vars(self) or "step_size" in vars(self)
        parts = [*(part for rate in rates for part in rate.parts()), *constraints]
        return not is_patched and all(is_ours(type(part)) for part in (self, *parts))

    def _take_step(self, gradients: Sequence[Tensor], variables: Sequence[Variable]) -> tuple[list[Tensor], None]:
        """Change each variable by its gradient, count the step, and return nothing, as `replay` wants it."""
        with scope(UPDATE_SCOPE):
            self._assign_step(gradients, variables)
        return [], None

    def _assign_step(self, given: Sequence[Tensor], variables: Sequence[Variable]) -> None:
        count = self.iterations.value() + 1
        changes: list[tuple[Variable, Tensor]] = []
        shared: dict[Any, tuple[Tensor, Tensor | None]] = {}
        gradients = self._clipped([_fitting(*pair) for pair in zip(given, variables, strict=True)])
        for g, variable in zip(gradients, variables, strict=True):
            key = (variable.dtype, *self._factors[variable])
            if key not in shared:
                shared[key] = self._shared(count, *key)
            step_size, decay = shared[key]
            parameter = variable.value()
            if decay is not None:
                parameter = parameter - parameter * decay
            state = self._state[variable]
            values = {name: slot.value() for name, slot in state.items()}
            new_value, new_slots = self.update(parameter, g, step_size, values)
            if new_slots.keys() != state.keys():
                raise ValueError(
                    f"{type(self).__name__}.update(): it returned the slots {', '.join(new_slots) or 'none'}, slots() "
                    f"declares {', '.join(state) or 'none'}. Return a new value for each."
                )
            constraint = variable.constraint
            if isinstance(constraint, Constraint):
                new_value = constraint.nearest(new_value, self.norm(new_slots))
            elif constraint is not None:
                new_value = constraint(new_value)
            changes += [(variable, new_value), *((slot, new_slots[name]) for name, slot in state.items())]
        if self.use_ema:
            changes = self._averaged(dict(changes), count)
        with held_interrupts():  # the step is taken with all variables or none
            for changed, value in [*changes, (self.iterations, count)]:
                changed.assign(value)

    def _averaged(self, changes: dict[Variable, Tensor], count: Tensor) -> list[tuple[Variable, Tensor]]:
        """Return the changes of a step with those of the averages, also of parameters that had no gradient."""
        for parameter, average in self._averages.items():
            new, before = changes.get(parameter, parameter.value()), average.value()
            step = cast(count, parameter.dtype)
            share = 1.0 / step if self.ema_momentum is None else 1.0 - self.ema_momentum
            # Of a weight that stays as it is the average stays, too, to the bit.
            changes[average] = mean = where(step > 1.0, before + (new - before) * share, new)
            if self.ema_overwrite_frequency is not None and parameter in changes:
                changes[parameter] = where(equal(count % self.ema_overwrite_frequency, 0), mean, new)
        return list(changes.items())

    def finalize_variable_values(self, variables: Iterable[Variable]) -> None:
        """Let parameters be the averages that `use_ema` kept of them: what to do after a loop of your own.

        Parameters
        ----------
        variables : iterable of Variable
            The parameters, such as ``model.trainable_weights``.

        Raises
        ------
        ValueError
            If there is no average of one of them.

        Examples
        --------
        >>> import feedforward as ff
        >>> w, optimizer = Variable(0.0), ff.optimizers.SGD(1.0, use_ema=True, ema_momentum=None)
        >>> for gradient in (-1.0, -2.0, 3.0):  # to 1, 3 and 0
        ...     optimizer.apply_gradients([(Tensor(gradient), w)])
        >>> optimizer.finalize_variable_values([w])
        >>> print(round(float(w), 6))
        1.333333
        """
        parameters = list(variables)
        strangers = [parameter.name for parameter in parameters if parameter not in self._averages]
        if strangers:
            advice = "Take a step first." if self.use_ema else "Make the optimizer with use_ema=True."
            raise ValueError(
                f"{type(self).__name__}.finalize_variable_values: there is no average of {', '.join(strangers)}. "
                f"{advice if not self._averages else 'Give parameters that it trains.'}"
            )
        store(parameters, [self._averages[parameter].numpy() for parameter in parameters])

    def _shared(
        self, count: Tensor, dtype: np.dtype[Any], rate_factor: float, decay_factor: float
    ) -> tuple[Tensor, Tensor | None]:
        """Return step size and decay of the parameters with these factors; None where nothing decays."""
        rate = self._now(self._rate, dtype)
        rate = rate if rate_factor == 1 else rate * rate_factor
        step_size = self.step_size(rate, cast(count, dtype))
        if self.weight_decay is None or decay_factor == 0:
            return step_size, None
        return step_size, rate * (self._now(self.weight_decay, dtype) * decay_factor)

    def _now(self, setting: Rate, dtype: np.dtype[Any]) -> Any:
        """Return the present value of a number, variable or schedule."""
        if isinstance(setting, LearningRateSchedule):
            return cast(setting.value_at(cast(self.iterations.value(), "float64")), dtype)
        return cast(setting.value(), dtype) if isinstance(setting, Variable) else setting

    def _clipped(self, gradients: list[Tensor]) -> list[Tensor]:
        """Return gradients that are no larger than the settings allow."""
        if self.clipvalue is not None:
            return [clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            return [_shrunk([g], self.clipnorm)[0] for g in gradients]
        return gradients if self.global_clipnorm is None else _shrunk(gradients, self.global_clipnorm)


def _as_gradient(gradient: Any) -> Tensor:
    return gradient if isinstance(gradient, Tensor) else Tensor(gradient)


def _fitting(g: Tensor, variable: Variable) -> Tensor:
    """Return a gradient in its variable's dtype, if it has its shape."""
    if g.dtype != variable.dtype:  # asked here, as a cast that does nothing takes its time in a loop of the user's own
        g = cast(g, variable.dtype)
    if g.node.shape != variable.node.shape:
        raise ShapeError(
            f"apply_gradients: variable {variable.name!r} has shape {shape_text(variable.node.shape)}, its "
            f"gradient {shape_text(g.node.shape)}. Give a gradient of the variable's shape."
        )
    return g


def _shrunk(gradients: list[Tensor], largest: float) -> list[Tensor]:
    """Return gradients times c / max(norm of all of them, c): times 1 exactly where the norm is not above c."""
    total = Tensor(0.0, "float64")
    for g in gradients:
        total = total + square(cast(g, "float64")).sum()
    factor = largest / maximum(sqrt(total), largest)
    return [g * cast(factor, g.dtype) for g in gradients]


def _checked_rate(owner: str, name: str, value: Any, allowed: Range) -> Rate:
    """Return a number, a variable of one float, or a schedule, also from its configuration in a file."""
    if isinstance(value, dict):
        return from_config(SCHEDULES, value)
    if isinstance(value, LearningRateSchedule):
        return value
    if isinstance(value, Variable):
        if value.shape != () or value.dtype.kind != "f":
            raise TypeError(
                f"{owner}({name}=...): variable {value.name!r} is {value.dtype.name} of shape {value.shape}. "
                f"Give one that holds one float."
            )
        return value
    check_number(owner, name, value, allowed)
    check_number(owner, name, value, _FLOAT32)  # else programs would read infinity
    return float(value)


def _checked_pair(owner: str, pair: Any) -> tuple[float, float]:
    """Return the two factors of a parameter that a file holds."""
    rate, decay = pair
    for name, factor in zip(_FACTORS, pair, strict=True):
        check_number(owner, name, factor, Range(0))
    return float(rate), float(decay)


def _checked_factors(owner: str, name: str, value: Any) -> dict[str, float]:
    """Return factors by pattern."""
    if not isinstance(value, dict) or not all(isinstance(pattern, str) for pattern in value):
        raise TypeError(f"{owner}({name}={value!r}): expected a dict of patterns and numbers. Write {{'*/bias': 0.1}}.")
    if len(value) > _MOST_PATTERNS or any(len(pattern) > _LONGEST_PATTERN for pattern in value):
        raise ValueError(
            f"{owner}({name}=...): expected at most {_MOST_PATTERNS} patterns of at most {_LONGEST_PATTERN} letters. "
            f"Use * for what names have in common."
        )
    for factor in value.values():
        check_number(owner, name, factor, Range(0))
    return {pattern: float(factor) for pattern, factor in value.items()}
