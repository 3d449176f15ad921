"""Optimizers of Keras 1 and 2: ours, with Keras's names, defaults and decay, and its formulas where they differ.

Formulas: ``keras/optimizers.py`` of Keras 2.2.4; of Keras 1.2.2 they are the same. In the Keras of TensorFlow since
1.14 (``keras/optimizer_v2``) RMSprop with momentum adds epsilon under the root, and Adagrad begins at 0.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self

import numpy as np

from feedforward import optimizers
from feedforward.compat.keras.computing.boundary import taken
from feedforward.compat.keras.computing.numbers import EPSILON
from feedforward.compat.keras.models.serializing import Kind, serialized
from feedforward.compat.keras.spelling import by_name, has_new_optimizers, is_alone, is_keras_1
from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.graphs.variables import shown_variable
from feedforward.compat.tensorflow.networks.optimizers import Optimizer as TrainOptimizer
from feedforward.functions import broadcast_to, cast, maximum, reshape, scatter_add, sqrt, square, where
from feedforward.nn.optimizer import Optimizer as OurOptimizer
from feedforward.nn.schedules import LearningRateSchedule
from feedforward.tape import GradientTape
from feedforward.tensor import Tensor, Variable, of_node

__all__ = ["KerasOptimizer", "as_optimizer"]

OPTIMIZERS = Kind("optimizer", OurOptimizer)
"""Every optimizer by the names that programs and configurations have for it."""


class KerasOptimizer(OurOptimizer):
    """What Keras's optimizers have besides ours.

    Parameters
    ----------
    lr : float
        The learning rate, also called ``learning_rate``.
    decay : float
        d: step t, from 0, is taken with lr / (1 + d t).
    clipnorm : float
        The largest norm that all gradients together keep; in TensorFlow that each of them keeps.
    clipvalue : float
        As ours.
    """

    order: ClassVar[tuple[str, ...]]
    defaults: ClassVar[dict[str, float]] = {}
    waiting: Callable[[list[Any]], None] | None = None
    """Called once with the state when it is made: a checkpoint was restored before."""
    decay: float

    def __init__(self, *args: Any, **settings: Any) -> None:
        cls = type(self)
        settings.pop("name", None)  # of operations of a graph, in TensorFlow
        known = ("learning_rate", "decay", "clipnorm", "clipvalue", *cls.order, *cls._more())
        given = by_name(cls.__name__, known, cls._positional(), args, settings)
        given = {name: value for name, value in given.items() if value is not None}
        self.decay = float(given.pop("decay", 0.0))
        if "epsilon" in cls.order:
            given.setdefault("epsilon", 1e-8 if is_keras_1() else EPSILON.value)
        self._clipnorm = given.get("clipnorm")
        if self._clipnorm is not None and is_alone():
            given["global_clipnorm"] = given.pop("clipnorm")
        rate = given.pop("learning_rate", None)
        rate = cls._default_rate() if rate is None else rate
        if not isinstance(rate, Variable | LearningRateSchedule):
            rate = Variable(np.float32(rate), trainable=False, name="lr")
        super().__init__(learning_rate=rate, **{**cls.defaults, **self.prepared(given)})

    @classmethod
    def _more(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        return ()

    @classmethod
    def _positional(cls) -> tuple[str, ...]:
        """Return what arguments by position are."""
        words = ("learning_rate", *cls.order)
        if has_new_optimizers():
            return words
        return ("learning_rate", "momentum", "decay", "nesterov") if issubclass(cls, SGD) else (*words, "decay")

    @classmethod
    def _default_rate(cls) -> float:
        """Return the learning rate that programs get that do not say one."""
        raise NotImplementedError(f"{cls.__name__} has no learning rate by default.")

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return settings in our words."""
        return given

    @property
    def lr(self) -> Any:
        """The learning rate, a variable."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        if isinstance(self.learning_rate, Variable):
            self.learning_rate.assign(np.float32(value))
        else:
            self.learning_rate = float(value)

    def step_size(self, learning_rate: Tensor, step: Tensor) -> Tensor:
        """Return the factor of the step, the rate decayed."""
        if self.decay:
            learning_rate = learning_rate * (1.0 / (1.0 + (step - 1.0) * self.decay))
        return super().step_size(learning_rate, step)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]], name: str | None = None) -> None:
        """Take one step: change each variable by its gradient, in a loop of the program's own."""
        super().apply_gradients([(taken(gradient), taken(variable)) for gradient, variable in grads_and_vars])

    def minimize(self, loss: Any, var_list: Any, grad_loss: Any = None, name: str | None = None) -> None:
        """Change variables so that what a function returns gets smaller."""
        if not callable(loss):
            raise TypeError("minimize(loss): the loss is no function. Give a function of no arguments that returns it.")
        with GradientTape() as tape:
            value = taken(loss())
        variables = [taken(each) for each in (var_list() if callable(var_list) else var_list)]
        self.apply_gradients(zip(tape.gradient(value, variables, taken(grad_loss)), variables, strict=True))

    def build(self, variables: Iterable[Variable], factors: Any = None) -> None:
        """Make the state for parameters, also for new ones that come later, as a loop may bring them."""
        parameters = list(variables)
        new = [each for each in parameters if each not in self._state] if self._is_built else []
        if new:
            self._factors.update(dict.fromkeys(new, (1.0, 1.0)))
            self._state.update({parameter: self._new_state(parameter) for parameter in new})
        else:
            super().build(parameters, factors)
        if self.waiting is not None:
            restore, self.waiting = self.waiting, None
            restore([shown_variable(each) for each in self.variables])

    @property
    def weights(self) -> list[Variable]:
        """Its state."""
        return self.variables

    def get_weights(self) -> list[Any]:
        """Return its state as arrays."""
        return [np.array(variable.numpy()) for variable in self.variables]

    def set_weights(self, values: list[Any]) -> None:
        """Give its state new values."""
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(np.asarray(value, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        rate = self.learning_rate
        config = {"lr": float(rate) if isinstance(rate, Variable) else serialized(rate), "decay": self.decay}
        config |= {name: serialized(getattr(self, name)) for name in self.order}
        clips = {"clipnorm": self._clipnorm, "clipvalue": self.clipvalue}
        return config | {name: value for name, value in clips.items() if value is not None}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return an optimizer of these settings."""
        return cls(**config)


def _rows_alone(
    gradient: Tensor, before: tuple[Tensor, dict[str, Tensor]], after: tuple[Tensor, dict[str, Tensor]], *still: str
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return a step after which rows that an `Embedding` did not take are as before, as some of their slots are.

    So it is in TensorFlow since 1.14, where the gradient of such a parameter has the rows taken alone.
    """
    node = gradient.node
    if node.op.name != "scatter_add" or node.attrs["axis"] != 0 or not has_new_optimizers():
        return after
    places = of_node(node.inputs[1], gradient.is_symbolic)
    ones = broadcast_to(Tensor(np.ones((), gradient.dtype)), places.node.shape)
    counts = scatter_add(ones, places, node.shape[0])
    is_taken = reshape(counts > 0.0, (node.shape[0], *(1,) * (gradient.ndim - 1)))
    slots = {
        name: where(is_taken, value, before[1][name]) if name in still else value for name, value in after[1].items()
    }
    return where(is_taken, after[0], before[0]), slots


class SGD(KerasOptimizer, optimizers.SGD):
    """Our `SGD`."""

    order = ("momentum", "nesterov")

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and velocity after a step."""
        found = super().update(parameter, gradient, step_size, slots)
        return _rows_alone(gradient, (parameter, slots), found, *slots) if slots else found

    @classmethod
    def _default_rate(cls) -> float:
        return 0.01


class RMSprop(KerasOptimizer, optimizers.RMSprop):
    """Keras's RMSprop: w := w - r g / (sqrt(v) + e)."""

    order = ("rho", "epsilon")

    @classmethod
    def _more(cls) -> tuple[str, ...]:
        return ("momentum", "centered") if has_new_optimizers() else ()

    @classmethod
    def _default_rate(cls) -> float:
        return 0.001

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and average after a step."""
        if has_new_optimizers() and (self.momentum or self.centered):
            found = super().update(parameter, gradient, step_size, slots)
            return _rows_alone(gradient, (parameter, slots), found, *slots) if self.momentum else found
        velocity = slots["velocity"] * self.rho + square(gradient) * (1.0 - self.rho)
        return parameter - step_size * gradient / (sqrt(velocity) + self.epsilon), {"velocity": velocity}


class Adagrad(KerasOptimizer, optimizers.Adagrad):
    """Keras's Adagrad: w := w - r g / (sqrt(s) + e), where s begins at 0."""

    order = ("epsilon",)

    @classmethod
    def _more(cls) -> tuple[str, ...]:
        return ("initial_accumulator_value",)

    @classmethod
    def _default_rate(cls) -> float:
        return 0.001 if has_new_optimizers() else 0.01

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Begin at 0, in TensorFlow since 1.14 at 0.1."""
        return {"initial_accumulator_value": 0.1 if has_new_optimizers() else 0.0, **given}

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and sum after a step."""
        total = slots["accumulator"] + square(gradient)
        return parameter - step_size * gradient / (sqrt(total) + self.epsilon), {"accumulator": total}

    def norm(self, slots: dict[str, Tensor]) -> Any:
        """Let constraints be what they are by the Euclidean norm."""


class Adadelta(KerasOptimizer, optimizers.Adadelta):
    """Our `Adadelta`, with the rate of the paper, 1, before TensorFlow 1.14."""

    order = ("rho", "epsilon")

    @classmethod
    def _default_rate(cls) -> float:
        return 0.001 if has_new_optimizers() else 1.0

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and averages after a step."""
        found = super().update(parameter, gradient, step_size, slots)
        return _rows_alone(gradient, (parameter, slots), found, *slots)


class Adam(KerasOptimizer, optimizers.Adam):
    """Our `Adam`."""

    order = ("beta_1", "beta_2", "epsilon")

    @classmethod
    def _more(cls) -> tuple[str, ...]:
        return ("amsgrad",)

    @classmethod
    def _default_rate(cls) -> float:
        return 0.001


class Adamax(KerasOptimizer, optimizers.Adamax):
    """Our `Adamax`."""

    order = ("beta_1", "beta_2", "epsilon")

    @classmethod
    def _default_rate(cls) -> float:
        return 0.001 if has_new_optimizers() else 0.002

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and averages after a step."""
        found = super().update(parameter, gradient, step_size, slots)
        return _rows_alone(gradient, (parameter, slots), found, "momentum", "norm")


class Nadam(KerasOptimizer, optimizers.Nadam):
    """Our `Nadam`, whose momentum grows as ``schedule_decay`` says: u_t = b1 (1 - 0.96^(0.004 t) / 2).

    Notes
    -----
    The means are not corrected by its momentum twice: m' = m / (1 - p_(t+1)), as in Dozat's algorithm 2.
    """

    order = ("beta_1", "beta_2", "epsilon", "schedule_decay")
    schedule_decay: float

    @classmethod
    def _default_rate(cls) -> float:
        return 0.001 if has_new_optimizers() else 0.002

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Keep the schedule."""
        if self.decay:
            raise ValueError(f"Nadam(decay={self.decay!r}): in Keras it is the schedule. Give schedule_decay.")
        self.schedule_decay = float(given.pop("schedule_decay", 0.004))
        return given

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter, averages and numbers after a step."""
        step = slots["step"] + 1
        t = cast(step, parameter.dtype)
        base = 0.96**self.schedule_decay
        now, following = (self.beta_1 * (1.0 - 0.5 * base**k) for k in (t, t + 1.0))
        product = slots["product"] * now
        m = slots["momentum"] * self.beta_1 + gradient * (1.0 - self.beta_1)
        v = slots["velocity"] * self.beta_2 + square(gradient) * (1.0 - self.beta_2)
        mean = m / (1.0 - product * following) * following + gradient / (1.0 - product) * (1.0 - now)
        spread = v / (1.0 - self.beta_2**t)
        new = {"momentum": m, "velocity": v, "step": step, "product": product}
        found = parameter - step_size * mean / (sqrt(maximum(spread, 0.0)) + self.epsilon), new
        return _rows_alone(gradient, (parameter, slots), found)


for _class in (SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam):
    _names = (_class.__name__, _class.__name__.lower())
    OPTIMIZERS.enter(_class, *_names)
    provide(_class, *(f"keras.optimizers.{name}" for name in dict.fromkeys(_names)))
provide(KerasOptimizer, "keras.optimizers.Optimizer")


@provided("keras.optimizers.TFOptimizer")
class TFOptimizer(OurOptimizer):
    """One of ``tf.train`` that trains a model: its own formula, with all that it keeps among the slots.

    Parameters
    ----------
    optimizer : tf.train.Optimizer
        It is only asked for its settings and its formula: nothing is kept in it.

    Raises
    ------
    TypeError
        If a setting is no number, such as a rate that decays with a step of a graph.
    """

    def __init__(self, optimizer: TrainOptimizer) -> None:
        self._train = optimizer
        numbers = [taken(number) for number in optimizer._numbers()]
        rate, *self._others = [float(each) if isinstance(each, int | float | np.number) else each for each in numbers]
        for each in (rate, *self._others):
            if not isinstance(each, float | Variable):
                raise TypeError(
                    f"compile: {type(optimizer).__name__} has the setting {each!r:.80}. Expected a number. For a rate "
                    f"that decays, give fit() a keras.callbacks.LearningRateScheduler."
                )
        super().__init__(learning_rate=rate)

    @property
    def lr(self) -> Any:
        """The learning rate."""
        return self.learning_rate

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return what is kept for a parameter, and what the formula means all parameters to share."""
        own = {name: np.full(parameter.numpy().shape, value) for name, value in self._train._first_slots().items()}
        return own | self._train._first_shared()

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and slots after a step."""
        names = list(slots)
        count = len(self._train._first_slots())
        own, shared = [slots[name] for name in names[:count]], [slots[name] for name in names[count:]]
        numbers = [step_size, *(cast(Tensor(each), parameter.dtype) for each in self._others)]
        new, *kept = self._train._update(parameter, gradient, own, shared, numbers)
        return new, dict(zip(names, [*kept, *self._train._update_shared(shared, numbers)], strict=True))


@provided("keras.optimizers.get", "keras.optimizers.deserialize")
def as_optimizer(thing: Any) -> OurOptimizer:
    """Return the optimizer that a name, a configuration or an instance stands for.

    Raises
    ------
    ValueError, TypeError
        If it is none of them.
    """
    if isinstance(thing, TrainOptimizer):
        return TFOptimizer(thing)
    found = OPTIMIZERS.get(thing.lower() if isinstance(thing, str) else thing)
    if isinstance(found, OurOptimizer):
        return found
    raise TypeError(f"optimizer: got {thing!r:.80}. Give a name, or one of keras.optimizers.")
