"""Learning rates that change with the number of steps, and moving averages of variables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.arrays import like
from feedforward.compat.tensorflow.control import group, moving_average_variables, trainable_variables
from feedforward.compat.tensorflow.dispatch import is_eager, operation
from feedforward.compat.tensorflow.graph import Graph, GraphKeys, default_graph
from feedforward.compat.tensorflow.variables import GraphVariable, Variable, as_tensor, assign_operation

__all__ = ["ExponentialMovingAverage"]

T = ff.Tensor


def _float(value: Any, dtype: Any = None) -> T:
    """Return a number as one of a dtype, by default its own; a whole one as float32."""
    found = like(value, None)
    return ff.cast(found, dtype or (found.dtype if found.dtype.kind == "f" else "float32"))


def _ceil(x: T) -> T:
    negative: T = -ff.floor(-x)
    return negative


def _decay(function: Callable[..., T]) -> Callable[..., T]:
    """Return a rule of a rate, a step and steps of decay, with the step as a number of the rate's dtype."""

    def rule(learning_rate: Any, global_step: Any, decay_steps: Any, *settings: Any) -> T:
        rate = _float(learning_rate)
        return function(rate, _float(global_step, rate.dtype), _float(decay_steps, rate.dtype), *settings)

    return rule


@operation("tf.train.exponential_decay", kind="ExponentialDecay")
def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False
) -> Any:
    """Return ``learning_rate decay_rate^(global_step / decay_steps)``; in stairs, the exponent's floor."""

    def decayed(rate: T, step: T, steps: T) -> T:
        exponent = step / steps
        return rate * ff.power(_float(decay_rate, rate.dtype), ff.floor(exponent) if staircase else exponent)

    return _decay(decayed)(learning_rate, global_step, decay_steps)


@operation("tf.train.natural_exp_decay", kind="ExponentialDecay")
def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False
) -> Any:
    """Return ``learning_rate exp(-decay_rate global_step / decay_steps)``."""

    def decayed(rate: T, step: T, steps: T) -> T:
        exponent = step / steps
        return rate * ff.exp(-_float(decay_rate, rate.dtype) * (ff.floor(exponent) if staircase else exponent))

    return _decay(decayed)(learning_rate, global_step, decay_steps)


@operation("tf.train.inverse_time_decay", kind="InverseTimeDecay")
def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False
) -> Any:
    """Return ``learning_rate / (1 + decay_rate global_step / decay_steps)``."""

    def decayed(rate: T, step: T, steps: T) -> T:
        part = step / steps
        return rate / (1.0 + _float(decay_rate, rate.dtype) * (ff.floor(part) if staircase else part))

    return _decay(decayed)(learning_rate, global_step, decay_steps)


@operation("tf.train.polynomial_decay", kind="PolynomialDecay")
def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
) -> Any:
    """Return ``(learning_rate - end) (1 - global_step / decay_steps)^power + end``."""

    def decayed(rate: T, step: T, steps: T) -> T:
        end = _float(end_learning_rate, rate.dtype)
        if cycle:
            steps = steps * ff.where(step == 0.0, ff.Tensor(np.ones((), rate.dtype)), _ceil(step / steps))
        else:
            step = ff.minimum(step, steps)
        return (rate - end) * ff.power(1.0 - step / steps, _float(power, rate.dtype)) + end

    return _decay(decayed)(learning_rate, global_step, decay_steps)


@operation("tf.train.cosine_decay", kind="CosineDecay")
def cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, alpha: Any = 0.0) -> Any:
    """Return ``learning_rate ((1 - alpha) (1 + cos(pi global_step / decay_steps)) / 2 + alpha)``."""

    def decayed(rate: T, step: T, steps: T) -> T:
        cosine = 0.5 * (1.0 + ff.cos(math.pi * (ff.minimum(step, steps) / steps)))
        found: T = rate * ((1.0 - alpha) * cosine + alpha)
        return found

    return _decay(decayed)(learning_rate, global_step, decay_steps)


@operation("tf.train.piecewise_constant", "tf.train.piecewise_constant_decay", kind="PiecewiseConstant")
def piecewise_constant(x: Any, boundaries: Any, values: Any) -> Any:
    """Return the value of the interval that `x` lies in; a boundary belongs to what is before it."""
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    at = like(x, None)
    found = _float(values[-1])
    for boundary, value in zip(reversed(list(boundaries)), reversed(list(values)[:-1]), strict=True):
        found = ff.where(at <= like(boundary, at), _float(value, found.dtype), found)
    return found


# The number of steps


@provided("tf.train.get_global_step", "tf.contrib.framework.get_global_step")
def get_global_step(graph: Graph | None = None) -> Any:
    """Return the variable that counts the steps; None if there is none."""
    where = graph or default_graph()
    found = where.get_collection(GraphKeys.GLOBAL_STEP) or [
        each for each in where.get_collection(GraphKeys.GLOBAL_VARIABLES) if each.op.name == "global_step"
    ]
    return found[0] if found else None


@provided("tf.train.create_global_step", "tf.contrib.framework.create_global_step")
def create_global_step(graph: Graph | None = None) -> Any:
    """Return a new variable that counts the steps.

    Raises
    ------
    ValueError
        If there is one.
    """
    where = graph or default_graph()
    if get_global_step(where) is not None:
        raise ValueError('"global_step" already exists.')
    made_by: Any = Variable
    if is_eager():
        made = made_by(np.int64(0), trainable=False, name="global_step")
    else:
        with where.as_default(), where.name_scope(None):
            made = made_by(np.int64(0), trainable=False, name="global_step")
    where.add_to_collection(GraphKeys.GLOBAL_STEP, made)
    return made


@provided("tf.train.get_or_create_global_step", "tf.contrib.framework.get_or_create_global_step")
def get_or_create_global_step(graph: Graph | None = None) -> Any:
    """Return the variable that counts the steps, made if there is none."""
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


@provided("tf.train.global_step")
def global_step(sess: Any, global_step_tensor: Any) -> int:
    """Return the number of steps in a session."""
    return int(global_step_tensor.numpy() if is_eager() else sess.run(global_step_tensor))


@provided("tf.train.ExponentialMovingAverage")
class ExponentialMovingAverage:
    """Keeps moving averages of variables and tensors: ``average = decay average + (1 - decay) value``.

    Parameters
    ----------
    decay : number or tensor
        How much of the average is kept in a step.
    num_updates : number, variable or tensor, optional
        The number of steps: with it the decay is at most ``(1 + num_updates) / (10 + num_updates)``.
    zero_debias : bool
        Not provided.
    name : str
        The name of its operations.
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        if zero_debias:
            raise NotImplementedError("ExponentialMovingAverage(zero_debias=True) is not provided. Leave it out.")
        self._decay, self._num_updates, self._name = decay, num_updates, name
        self._averages: dict[Any, GraphVariable] = {}

    @property
    def name(self) -> str:
        """The name of its operations."""
        return self._name

    def apply(self, var_list: Sequence[Any] | None = None) -> Any:
        """Return an operation that brings the averages up to date; those that are not there yet are made.

        Raises
        ------
        TypeError
            If one of them is no float.
        RuntimeError
            In eager mode.
        """
        if is_eager():
            raise RuntimeError("ExponentialMovingAverage.apply needs a graph: average the variables in your own loop.")
        tensors = trainable_variables() if var_list is None else list(var_list)
        graph = default_graph()
        for tensor in tensors:
            if not tensor.dtype.base_dtype.is_floating:
                raise TypeError(f"The variables must be floats: {tensor.name}")
            if tensor not in self._averages:
                self._averages[tensor] = self._make(tensor)
        decay = as_tensor(self._decay, "float32")
        with graph.name_scope(self._name) as scope:
            if self._num_updates is not None:
                decay = _least_decay(decay, self._num_updates)
            updates = [
                assign_operation(self._averages[each], _moved, as_tensor(each), decay, name="AssignMovingAvg").op
                for each in tensors
            ]
        return group(*updates, name=scope)

    def _make(self, tensor: Any) -> GraphVariable:
        """Return the variable of an average: of a variable it begins with its first value, of a tensor with zeros."""
        graph = default_graph()
        is_variable = isinstance(tensor, GraphVariable)
        with graph.control_dependencies(None), graph.name_scope(None):
            first = (
                tensor.initial_value if is_variable else np.zeros(tensor.shape.as_list(), tensor.dtype.as_numpy_dtype)
            )
            made = GraphVariable(first, trainable=False, name=f"{tensor.op.name}/{self._name}")
        graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, tensor if is_variable else made)
        return made

    def average(self, var: Any) -> GraphVariable | None:
        """Return the variable that holds an average; None if there is none."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """Return the name of the variable that holds an average."""
        return f"{var.op.name}/{self._name}"

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """Return a dict by which a saver restores averages into the variables they are of."""
        averaged = moving_avg_variables or [*trainable_variables(), *moving_average_variables()]
        found = {self.average_name(var): var for var in dict.fromkeys(averaged)}
        averages = {each.op.name for each in self._averages.values()}
        for var in default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES):
            if var not in found.values() and var.op.name not in averages:
                found[var.op.name] = var
        return found


def _least_decay(decay: Any, num_updates: Any) -> Any:
    def rule(decay: T, count: Any) -> T:
        number = _float(count, decay.dtype)
        return ff.minimum(decay, (1.0 + number) / (10.0 + number))

    return default_graph().record("Minimum", rule, (decay, num_updates))


def _moved(average: T, value: T, decay: T) -> T:
    kept = ff.cast(1.0 - decay, average.dtype)
    return average - (average - value) * kept
