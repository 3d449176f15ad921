"""Schedules: settings of an optimizer that change with the number of steps taken, computed in the graph.

To add a schedule, write one registered dataclass: its fields are its configuration, `__call__` its formula. Formulas
and arguments are those of Keras 3 where it has them, here in float64 whatever the parameters' dtype: in float32 a step
beyond 2**24 is rounded. Of many steps at once they return the rates, to be looked at:
``plt.plot(schedule(range(1000)))``.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from feedforward.errors import ShapeError
from feedforward.functions import cast, cos, expand_dims, floor, greater, log1p, maximum, minimum, sqrt, take, where
from feedforward.graph.node import shape_text
from feedforward.lookup import Registry, namespace
from feedforward.nn.config import Range, check_bool, check_int, check_number, from_config, number_setting, registered
from feedforward.tensor import Tensor

__all__ = [
    "ConstantSchedule",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "FlatCosine",
    "InverseSquareRootDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "LogCosine",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Warmup",
]

SCHEDULES: Registry[type[LearningRateSchedule]] = Registry("schedule")
"""Every schedule by its name in files."""

_NOT_NEGATIVE = Range(0)
_POSITIVE = Range(0, has_low=False)


@dataclass(frozen=True)
class LearningRateSchedule:
    """Base of all schedules: a function of the number of steps taken.

    Notes
    -----
    The optimizer calls it in each of its steps with its `iterations`: 0 in the first. What it returns is part of the
    step's graph, so a change of rate compiles nothing and is as exact as the step itself.

    To keep one of your own in a file, register it, also where the file is read: ``@registered(SCHEDULES)`` above
    ``@dataclass(frozen=True)``, with ``registered`` from `feedforward.nn.config` and ``SCHEDULES`` from
    `feedforward.nn.schedules`.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            name, value = field.name, getattr(self, field.name)
            if "allowed" in field.metadata and not (value is None and field.default is None):
                check_number(type(self).__name__, name, value, field.metadata["allowed"])
                if isinstance(value, np.generic):  # a file holds Python's numbers
                    object.__setattr__(self, name, value.item())
            elif isinstance(field.default, bool):
                check_bool(type(self).__name__, name, value)

    def __call__(self, step: Any) -> Any:
        """Return the value for a step.

        Parameters
        ----------
        step : int, or scalar tensor
            Steps taken before; an optimizer gives float64, which is exact to 2**53. Those here take an array, too.

        Returns
        -------
        scalar tensor or number
            Of an array of steps a tensor of its shape.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__(). Define __call__(self, step).")

    def value_at(self, step: Tensor) -> Tensor:
        """Return what it gives for a step, which must be one number.

        Raises
        ------
        ShapeError
            If it gives several.
        """
        value = self(step)
        value = value if isinstance(value, Tensor) else Tensor(value, "float64")
        if value.node.shape != ():
            raise ShapeError(f"{self!r}: its value has shape {shape_text(value.node.shape)}. Return one number.")
        return value

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError(
            f"{self!r} is a schedule, not a number. Call it: optimizer.learning_rate(optimizer.iterations); to change "
            f"the rate by hand, give the optimizer a number or a Variable."
        )

    # What callbacks do with a rate that is a number: float(rate), rate * 0.5, rate / 2.
    __float__ = __mul__ = __rmul__ = __truediv__ = _refuse

    def parts(self) -> list[LearningRateSchedule]:
        """Return the schedule itself and those that it is made of."""
        inner = [getattr(self, field.name) for field in dataclasses.fields(self)]
        return [self, *(part for one in inner if isinstance(one, LearningRateSchedule) for part in one.parts())]


def _as_step(step: Any) -> Tensor:
    step = np.asarray(step) if isinstance(step, range) else step
    return cast(step if isinstance(step, Tensor) else Tensor(step), "float64")


@registered(SCHEDULES)
@dataclass(frozen=True)
class ConstantSchedule(LearningRateSchedule):
    """r in every step.

    Parameters
    ----------
    learning_rate : float
        r, at least 0.

    Notes
    -----
    An optimizer takes the number itself, which can be set to another between steps; a schedule cannot.
    """

    learning_rate: float = number_setting(_NOT_NEGATIVE)

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        return self.learning_rate + 0.0 * _as_step(step)


@registered(SCHEDULES)
@dataclass(frozen=True)
class ExponentialDecay(LearningRateSchedule):
    """e + (r - e) d^(t / n): what the rate has above e is multiplied by d in every n steps.

    Parameters
    ----------
    initial_learning_rate : float
        r, at least 0.
    decay_steps : float
        n, above 0.
    decay_rate : float
        d, at least 0.
    staircase : bool
        Whether t / n is rounded down, so that the rate falls in steps.
    end_learning_rate : float
        e, at least 0: what the rate falls to.

    References
    ----------
    Keras 3, ``keras.optimizers.schedules.ExponentialDecay``, where e is 0; as in all of them there is no `name` here.

    Examples
    --------
    >>> rate = ExponentialDecay(0.5, decay_steps=10, decay_rate=0.25)
    >>> print(rate(0), rate(5), rate(10))
    0.5 0.25 0.125
    """

    initial_learning_rate: float = number_setting(_NOT_NEGATIVE)
    decay_steps: float = number_setting(_POSITIVE)
    decay_rate: float = number_setting(_NOT_NEGATIVE)
    staircase: bool = False
    end_learning_rate: float = number_setting(_NOT_NEGATIVE, 0.0, kw_only=True)

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        part = _as_step(step) / self.decay_steps
        left = self.decay_rate ** (floor(part) if self.staircase else part)
        return (self.initial_learning_rate - self.end_learning_rate) * left + self.end_learning_rate


@registered(SCHEDULES)
@dataclass(frozen=True)
class InverseTimeDecay(LearningRateSchedule):
    """r / (1 + d t / n).

    Parameters
    ----------
    initial_learning_rate, decay_steps, decay_rate, staircase
        r, n, d and the rounding, as in `ExponentialDecay`.

    References
    ----------
    Keras 3, ``keras.optimizers.schedules.InverseTimeDecay``.
    """

    initial_learning_rate: float = number_setting(_NOT_NEGATIVE)
    decay_steps: float = number_setting(_POSITIVE)
    decay_rate: float = number_setting(_NOT_NEGATIVE)
    staircase: bool = False

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        part = _as_step(step) / self.decay_steps
        return self.initial_learning_rate / (1.0 + self.decay_rate * (floor(part) if self.staircase else part))


@registered(SCHEDULES)
@dataclass(frozen=True)
class InverseSquareRootDecay(LearningRateSchedule):
    """r / sqrt(1 + d t / n).

    Parameters
    ----------
    initial_learning_rate, decay_steps, decay_rate, staircase
        r, n, d and the rounding, as in `ExponentialDecay`; with n = d = 1, their defaults, step k = t + 1 has the rate
        r / sqrt(k), which Zinkevich's bound on the regret of gradient descent asks for.

    References
    ----------
    Zinkevich, "Online convex programming and generalized infinitesimal gradient ascent", 2003, theorem 1.

    Examples
    --------
    >>> rate = InverseSquareRootDecay(0.5)
    >>> print(rate(0), rate(3), rate(15))
    0.5 0.25 0.125
    """

    initial_learning_rate: float = number_setting(_NOT_NEGATIVE)
    decay_steps: float = number_setting(_POSITIVE, 1)
    decay_rate: float = number_setting(_NOT_NEGATIVE, 1.0)
    staircase: bool = False

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        part = _as_step(step) / self.decay_steps
        return self.initial_learning_rate / sqrt(1.0 + self.decay_rate * (floor(part) if self.staircase else part))


@registered(SCHEDULES)
@dataclass(frozen=True)
class PolynomialDecay(LearningRateSchedule):
    """(r - e) (1 - t / n)^p + e until step n, e afterwards.

    Parameters
    ----------
    initial_learning_rate, end_learning_rate : float
        r and e, at least 0.
    decay_steps : float
        n, above 0.
    power : float
        p, at least 0.
    cycle : bool
        Whether n is replaced by its first multiple that is not below t, so that the rate rises again.

    References
    ----------
    Keras 3, ``keras.optimizers.schedules.PolynomialDecay``.
    """

    initial_learning_rate: float = number_setting(_NOT_NEGATIVE)
    decay_steps: float = number_setting(_POSITIVE)
    end_learning_rate: float = number_setting(_NOT_NEGATIVE, 0.0001)
    power: float = number_setting(_NOT_NEGATIVE, 1.0)
    cycle: bool = False

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        part = _as_step(step) / self.decay_steps
        # t / (n ceil(t / n)) with at least one whole n, or t / n up to 1.
        part = part / maximum(-floor(-part), 1.0) if self.cycle else minimum(part, 1.0)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * (1.0 - part) ** self.power + self.end_learning_rate


@registered(SCHEDULES)
@dataclass(frozen=True)
class CosineDecay(LearningRateSchedule):
    """r ((1 - a) (1 + cos(pi t / n)) / 2 + a) until step n, r a afterwards; before, a straight line to r if wanted.

    Parameters
    ----------
    initial_learning_rate : float
        r, or where the line begins; at least 0.
    decay_steps : float
        n, above 0; steps of the line are not counted.
    alpha : float
        a, at least 0: the share of r that is left.
    warmup_target : float, optional
        r, if the rate is to rise to it first.
    warmup_steps : float
        In how many steps.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, equation 5, without restarts;
    Keras 3, ``keras.optimizers.schedules.CosineDecay``.
    """

    initial_learning_rate: float = number_setting(_NOT_NEGATIVE)
    decay_steps: float = number_setting(_POSITIVE)
    alpha: float = number_setting(_NOT_NEGATIVE, 0.0)
    warmup_target: float | None = number_setting(_NOT_NEGATIVE, None, kw_only=True)
    warmup_steps: float = number_setting(_NOT_NEGATIVE, 0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warmup_steps and self.warmup_target is None:
            raise ValueError(
                f"CosineDecay(warmup_steps={self.warmup_steps}): there is nothing to rise to. Give warmup_target."
            )

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        t = _as_step(step)
        top = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        part = minimum((t - self.warmup_steps) / self.decay_steps, 1.0)
        decayed = top * ((1.0 - self.alpha) * (0.5 * (1.0 + cos(math.pi * part))) + self.alpha)
        if not self.warmup_steps:
            return decayed
        rising = (top - self.initial_learning_rate) * (t / self.warmup_steps) + self.initial_learning_rate
        return where(t < self.warmup_steps, rising, decayed)


@registered(SCHEDULES)
@dataclass(frozen=True)
class CosineDecayRestarts(LearningRateSchedule):
    """r ((1 - a) m^i (1 + cos(pi p)) / 2 + a) in period i, of which the share p is over.

    Parameters
    ----------
    initial_learning_rate : float
        r, at least 0.
    first_decay_steps : float
        How long period 0 is, above 0.
    t_mul : float
        How many times as long as the one before each further period is, at least 1.
    m_mul : float
        m, at least 0.
    alpha : float
        a, at least 0: the share of r that is left at the end of a period.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, equation 5; Keras 3,
    ``keras.optimizers.schedules.CosineDecayRestarts``.

    Examples
    --------
    >>> rate = CosineDecayRestarts(1.0, 4, t_mul=2.0, m_mul=0.5)
    >>> print(rate(range(0, 13, 2)).numpy().round(3))
    [1.    0.5   0.5   0.427 0.25  0.073 0.25 ]
    """

    initial_learning_rate: float = number_setting(_NOT_NEGATIVE)
    first_decay_steps: float = number_setting(_POSITIVE)
    t_mul: float = number_setting(Range(1), 2.0)
    m_mul: float = number_setting(_NOT_NEGATIVE, 1.0)
    alpha: float = number_setting(_NOT_NEGATIVE, 0.0)

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        done = _as_step(step) / self.first_decay_steps
        if self.t_mul == 1:
            period = floor(done)
            part = done - period
        else:
            # Period i begins at (q^i - 1) / (q - 1). Where the logarithm rounds to a neighbour of i it is mended.
            q = self.t_mul
            period = floor(log1p(done * (q - 1.0)) / math.log(q))
            period = period + cast(done >= (q ** (period + 1.0) - 1.0) / (q - 1.0), "float64")
            period = period - cast(done < (q**period - 1.0) / (q - 1.0), "float64")
            part = (done - (q**period - 1.0) / (q - 1.0)) / q**period
        share = self.m_mul**period * (0.5 * (1.0 + cos(math.pi * part)))
        return self.initial_learning_rate * ((1.0 - self.alpha) * share + self.alpha)


@registered(SCHEDULES)
@dataclass(frozen=True)
class OneCycle(LearningRateSchedule):
    """A rise from r / f to r and a fall to r / (f g), each half a cosine.

    Parameters
    ----------
    max_learning_rate : float
        r, at least 0.
    total_steps : float
        n: the rate is lowest in step n - 1, the last, and stays so.
    rise : float
        The share of the steps in which it rises, between 0 and 1.
    initial_divisor : float
        f, above 0.
    final_divisor : float
        g, above 0.

    References
    ----------
    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018. As
    ``torch.optim.lr_scheduler.OneCycleLR(max_lr, total_steps, pct_start, div_factor=f, final_div_factor=g)``, which
    changes momentum, too, unless ``cycle_momentum=False``.

    Examples
    --------
    >>> rate = OneCycle(1.0, 101, rise=0.2, initial_divisor=4.0, final_divisor=10.0)
    >>> print(rate([0, 19.2, 100]).numpy().round(3))  # the rise ends before step 0.2 * 101
    [0.25  1.    0.025]
    """

    max_learning_rate: float = number_setting(_NOT_NEGATIVE)
    total_steps: float = number_setting(Range(1, has_low=False))
    rise: float = number_setting(Range(0, 1, has_low=False, has_high=False), 0.3)
    initial_divisor: float = number_setting(_POSITIVE, 25.0)
    final_divisor: float = number_setting(_POSITIVE, 1e4)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rise * self.total_steps <= 1:
            raise ValueError(
                f"OneCycle(total_steps={self.total_steps!r}, rise={self.rise!r}): the rise takes "
                f"{self.rise * self.total_steps:g} steps. Make it more than 1."
            )

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        t, top = _as_step(step), self.max_learning_rate
        low = top / self.initial_divisor
        peak, last = self.rise * self.total_steps - 1.0, self.total_steps - 1.0
        rising = _between(low, top, t / peak)
        falling = _between(top, low / self.final_divisor, minimum((t - peak) / (last - peak), 1.0))
        return where(t <= peak, rising, falling)


def _between(start: float, end: float, part: Tensor) -> Tensor:
    """Return what half a cosine from `start` to `end` is at a part of its way."""
    return end + (start - end) * (0.5 * (1.0 + cos(math.pi * part)))


@registered(SCHEDULES)
@dataclass(frozen=True)
class LogCosine(LearningRateSchedule):
    """r (1 - cos(2 pi log2(1 + (2^c - 1) t / n))) / 2: c waves from 0 to r and back, each twice as long as the last.

    Parameters
    ----------
    learning_rate : float
        r, at least 0: the top of each wave.
    total_steps : float
        n, above 0: the last wave ends there, and the rate stays 0.
    waves : int
        c, at least 1.

    Notes
    -----
    The first step has the rate 0. At the end of each wave the network has settled: "multi-cycle" schedules let the
    best epoch be one of several such ends.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data",
    2024, section 3, there coslog with 4 waves.

    Examples
    --------
    >>> rate = LogCosine(1.0, 15)
    >>> print(rate([0, 1, 3, 7, 15]).numpy().round(6))  # where waves end
    [0. 0. 0. 0. 0.]
    >>> print(f"{rate(2**0.5 - 1):.6f} {rate(2**3.5 - 1):.6f}")  # the tops of the first and the last
    1.000000 1.000000
    """

    learning_rate: float = number_setting(_NOT_NEGATIVE)
    total_steps: float = number_setting(_POSITIVE)
    waves: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("LogCosine", "waves", self.waves, 1)
        object.__setattr__(self, "waves", int(self.waves))

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        part = minimum(_as_step(step) / self.total_steps, 1.0)
        place = log1p((2.0**self.waves - 1.0) * part) / math.log(2.0)
        return self.learning_rate * (0.5 * (1.0 - cos(2.0 * math.pi * place)))


@registered(SCHEDULES)
@dataclass(frozen=True)
class FlatCosine(LearningRateSchedule):
    """r for a share of the steps, then half a cosine from r to 0.

    Parameters
    ----------
    learning_rate : float
        r, at least 0.
    total_steps : float
        n, above 0: from step n on it is 0.
    flat : float
        The share of the steps in which it is r, from 0 up to, but not, 1.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, 2024, section 3, as for `LogCosine`: there it is what dropout and weight decay
    are multiplied by.

    Examples
    --------
    >>> rate = FlatCosine(1.0, 100)
    >>> print(rate([0, 50, 75, 100]).numpy().round(6))
    [1.  1.  0.5 0. ]
    """

    learning_rate: float = number_setting(_NOT_NEGATIVE)
    total_steps: float = number_setting(_POSITIVE)
    flat: float = number_setting(Range(0, 1, has_high=False), 0.5)

    def __call__(self, step: Any) -> Tensor:
        """Return the value for a step; see `LearningRateSchedule`."""
        part = _as_step(step) / self.total_steps
        return _between(self.learning_rate, 0.0, minimum(maximum((part - self.flat) / (1.0 - self.flat), 0.0), 1.0))


@registered(SCHEDULES)
@dataclass(frozen=True)
class Warmup(LearningRateSchedule):
    """A straight line to what another schedule begins with, and then that schedule.

    Parameters
    ----------
    schedule : float or LearningRateSchedule
        What follows: s(t - n) from step n on. A number is a rate that stays.
    warmup_steps : float
        n, above 0.
    initial_learning_rate : float
        Where the line to s(0) begins, at least 0.

    References
    ----------
    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017, section 2.2. In optax it is
    ``join_schedules([linear_schedule(initial, s(0), n), s], [n])``.

    Examples
    --------
    >>> rate = Warmup(ExponentialDecay(0.5, decay_steps=10, decay_rate=0.25), warmup_steps=4)
    >>> print(rate(0), rate(2), rate(4), rate(14))
    0.0 0.25 0.5 0.125
    """

    schedule: Any
    warmup_steps: float = number_setting(_POSITIVE)
    initial_learning_rate: float = number_setting(_NOT_NEGATIVE, 0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.schedule
        is_second = isinstance(given, Warmup) or (isinstance(given, dict) and given.get("class") == "warmup")
        if isinstance(given, dict) and not is_second:  # the configuration in a file
            object.__setattr__(self, "schedule", from_config(SCHEDULES, given))
        elif given in _NOT_NEGATIVE:
            object.__setattr__(self, "schedule", float(given))
        elif is_second or not isinstance(given, LearningRateSchedule):
            raise TypeError(
                f"Warmup(schedule={given!r}): expected a number >= 0 or another schedule than Warmup. Give what the "
                f"rate is to be after the rise."
            )

    def __call__(self, step: Any) -> Any:
        """Return the rate for a step; see `LearningRateSchedule`."""
        t = _as_step(step)
        after = ConstantSchedule(self.schedule) if isinstance(self.schedule, float) else self.schedule
        later = maximum(t - self.warmup_steps, 0.0)
        start = self.initial_learning_rate
        return start + (after(later) - start) * minimum(t / self.warmup_steps, 1.0)


@registered(SCHEDULES)
@dataclass(frozen=True)
class PiecewiseConstantDecay(LearningRateSchedule):
    """The first value up to and with the step that is the first boundary, then the second value, and so on.

    Parameters
    ----------
    boundaries : sequence of float
        Steps, each above the one before.
    values : sequence of float
        One more than boundaries, each at least 0.

    References
    ----------
    Keras 3, ``keras.optimizers.schedules.PiecewiseConstantDecay``.

    Examples
    --------
    >>> rate = PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.25])
    >>> print(rate(100), rate(101), rate(1000))
    1.0 0.5 0.25
    """

    boundaries: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, allowed in (("boundaries", Range()), ("values", _NOT_NEGATIVE)):
            numbers = getattr(self, name)
            if not isinstance(numbers, list | tuple) or not numbers:
                raise ValueError(
                    f"PiecewiseConstantDecay({name}={numbers!r}): {name} must be a list of numbers. Got {numbers!r}."
                )
            for number in numbers:
                check_number("PiecewiseConstantDecay", name, number, allowed)
            plain = tuple(number.item() if isinstance(number, np.generic) else number for number in numbers)
            object.__setattr__(self, name, plain)
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"PiecewiseConstantDecay: {len(self.boundaries)} boundaries and {len(self.values)} values. "
                f"Give one value more than boundaries."
            )
        if any(low >= high for low, high in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise ValueError(
                f"PiecewiseConstantDecay(boundaries={self.boundaries!r}): they do not rise. Sort them, each once."
            )

    def __call__(self, step: Any) -> Tensor:
        """Return the rate for a step; see `LearningRateSchedule`."""
        passed = greater(expand_dims(_as_step(step), -1), np.array(self.boundaries, np.float64)).sum(axis=-1)
        return take(np.array(self.values, np.float64), passed)


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.optimizers.schedules", __all__)
