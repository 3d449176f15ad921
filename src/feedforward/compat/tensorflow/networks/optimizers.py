"""``tf.train``'s optimizers: what each does with a gradient is one rule on our tensors, for graphs and for eager loops.

The formulas are those of TensorFlow 1's kernels (``core/kernels/training_ops.cc``), whose epsilons and first values of
slots differ from Keras's and from ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

import feedforward as ff
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.graphs.control import group, trainable_variables
from feedforward.compat.tensorflow.graphs.dispatch import is_eager
from feedforward.compat.tensorflow.graphs.gradients import gradients, weight_in_graph
from feedforward.compat.tensorflow.graphs.graph import Operation, default_graph
from feedforward.compat.tensorflow.graphs.tensors import EagerTensor, GraphTensor, plain
from feedforward.compat.tensorflow.graphs.variables import (
    EagerVariable,
    GraphVariable,
    Variable,
    as_tensor,
    read_variables,
)

__all__ = ["Optimizer"]

T = ff.Tensor


@provided("tf.train.Optimizer")
class Optimizer:
    """Changes variables by the gradients of a loss.

    Parameters
    ----------
    use_locking : bool
        Whether TensorFlow was to lock variables; here no run sees another's half.
    name : str
        The name of its operations.

    Notes
    -----
    A subclass says how a variable is changed in `_update`, which gets numbers from `_numbers` and what `_slots` names.
    """

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2
    _slots: ClassVar[dict[str, float]] = {}
    """What is kept for each variable, and what it is at first."""

    _moves_by_nothing: ClassVar[bool] = False
    """Whether a gradient of 0 changes something: not so of rows that no `tf.gather` took, see `_gathered_from`."""

    waiting: Callable[[list[Any]], None] | None = None
    """Called once with all that is kept when that is made: a checkpoint was restored before."""

    def __init__(self, use_locking: bool = False, name: str = "Optimizer") -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._name = name
        self._kept: dict[Any, list[Any]] = {}
        self._shared: dict[Any, list[Any]] = {}

    def _numbers(self) -> list[Any]:
        """Return the learning rate and whatever else may be a tensor."""
        raise NotImplementedError

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        """Return the new value of a variable, then those of its slots."""
        raise NotImplementedError

    def _first_slots(self) -> dict[str, float]:
        """Return the names of the slots, and their first values."""
        return dict(self._slots)

    def _first_shared(self) -> dict[str, float]:
        """Return the names of what all variables share, and their first values."""
        return {}

    def _update_shared(self, shared: list[T], numbers: list[T]) -> list[T]:
        """Return the new values of what all variables share."""
        return shared

    def get_name(self) -> str:
        """Return its name."""
        return self._name

    def get_slot_names(self) -> list[str]:
        """Return the names of what is kept for each variable."""
        return list(self._first_slots())

    def get_slot(self, var: Any, name: str) -> Any:
        """Return what is kept for a variable under a name; None if there is none."""
        names = self.get_slot_names()
        return self._kept[_key(var)][names.index(name)] if name in names and _key(var) in self._kept else None

    def variables(self) -> list[Any]:
        """Return all that is kept."""
        shared = [variable for group in self._shared.values() for variable in group]
        return shared + [variable for slots in self._kept.values() for variable in slots]

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = 1,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """Return a pair of gradient and variable for each trainable variable, or each of `var_list`.

        Raises
        ------
        ValueError
            If there are no variables.
        RuntimeError
            In eager mode, if the loss is no function.
        """
        if is_eager():
            return _eager_gradients(loss, var_list, grad_loss)
        if callable(loss) and not isinstance(loss, GraphTensor):
            loss = loss()
        found = [trainable_variables()] if var_list is None else [var_list]
        variables = [each for part in found for each in (part if isinstance(part, list | tuple) else [part])]
        if not variables:
            raise ValueError("No variables to optimize.")
        variables = [weight_in_graph(each) for each in variables]
        for variable in variables:
            if not isinstance(variable, Variable):
                raise TypeError(f"Argument is not a tf.Variable: {variable!r}")
        return list(zip(gradients(loss, variables, grad_ys=grad_loss), variables, strict=True))

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        """Return an operation that changes variables by their gradients; in eager mode they are changed at once.

        Raises
        ------
        ValueError
            If there are no variables, or none has a gradient.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("No variables provided.")
        used = [(grad, var) for grad, var in pairs if grad is not None]
        _check_step(global_step)
        if not used:
            names = [getattr(var, "name", str(var)) for _, var in pairs]
            raise ValueError(f"No gradients provided for any variable: {', '.join(names)}.")
        if not isinstance(used[0][1], GraphVariable):
            return self._apply_now(used, global_step)
        graph = default_graph()
        dtype = used[0][1].dtype.base_dtype
        numbers = [_as_number(_called(number), dtype) for number in self._numbers()]
        shared = self._shared_variables(used[0][1])
        updates: list[Any] = []
        with graph.name_scope(name or self._name) as scope:
            for grad, var in used:
                slots = self._slot_variables(var)
                updates += self._apply_one(var, as_tensor(grad), slots, shared, numbers)
            if shared:
                with graph.control_dependencies(updates):
                    updates += self._apply_shared(shared, numbers)
        if global_step is None:
            return group(*updates, name=scope)
        with graph.control_dependencies([group(*updates, name=f"{scope}update")]):
            return global_step.assign_add(1, name=scope).op

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = 1,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:
        """Return an operation that changes variables so that a loss gets smaller.

        Raises
        ------
        ValueError
            If the loss depends on no variable.
        """
        pairs = self.compute_gradients(loss, var_list, gate_gradients, aggregation_method, grad_loss=grad_loss)
        if all(grad is None for grad, _ in pairs):
            names = [str(var) for _, var in pairs]
            raise ValueError(
                f"No gradients provided for any variable, check your graph for ops that do not support gradients, "
                f"between variables {names} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step, name)

    # In a graph

    def _slot_variables(self, var: GraphVariable) -> list[GraphVariable]:
        """Return what is kept for a variable, made when it is asked for first."""
        if var not in self._kept:
            made = []
            graph = default_graph()
            with graph.control_dependencies(None), graph.name_scope(None):
                for place, value in enumerate(self._first_slots().values()):
                    name = f"{var.op.name}/{self._name}" + (f"_{place}" if place else "")
                    made.append(GraphVariable(_filled(var, value), trainable=False, name=name))
            self._kept[var] = made
        return self._kept[var]

    def _shared_variables(self, var: GraphVariable) -> list[GraphVariable]:
        graph = default_graph()
        if graph not in self._shared:
            with graph.control_dependencies(None), graph.name_scope(None):
                self._shared[graph] = [
                    GraphVariable(np.asarray(value, var.dtype.base_dtype.as_numpy_dtype), trainable=False, name=name)
                    for name, value in self._first_shared().items()
                ]
        return self._shared[graph]

    def _apply_one(
        self, var: GraphVariable, grad: Any, slots: list[Any], shared: list[Any], numbers: list[Any]
    ) -> list[Any]:
        """Return the operations that change one variable and its slots."""
        graph = default_graph()
        places = (_gathered_from(var, grad) or []) if self._moves_by_nothing else []

        def rule(var_: T, grad: T, slots: list[T], shared: list[T], numbers: list[T], places: list[T]) -> list[T]:
            new = self._update(var_, grad, slots, _cast(shared, var_.dtype), _cast(numbers, var_.dtype))
            new = [_constrained(new[0], var), *new[1:]]
            if not places:
                return new
            is_touched = _has_row(places, var_)
            return [ff.where(is_touched, each, old) for each, old in zip(new, (var_, *slots), strict=True)]

        outputs = [(each.shape, each.dtype.base_dtype) for each in (var, *slots)]
        made = graph.record(
            f"Apply{self._name}",
            rule,
            (var, grad, slots, shared, numbers, places),
            {},
            f"update_{var.op.name}",
            outputs=outputs,
        )
        values = made if isinstance(made, list) else [made]
        values[0].op.moves = (var, *slots)
        return [each.assign(value).op for each, value in zip((var, *slots), values, strict=True)]

    def _apply_shared(self, shared: list[Any], numbers: list[Any]) -> list[Any]:
        outputs = [(each.shape, each.dtype.base_dtype) for each in shared]
        read = [each.value() for each in shared]

        def rule(shared: list[T], numbers: list[T]) -> list[T]:
            return self._update_shared(shared, _cast(numbers, shared[0].dtype))

        made = default_graph().record("Finish", rule, (read, numbers), {}, "finish", outputs=outputs)
        values = made if isinstance(made, list) else [made]
        return [each.assign(value).op for each, value in zip(shared, values, strict=True)]

    # In an eager loop

    def _apply_now(self, pairs: Sequence[tuple[Any, Any]], global_step: Any) -> None:
        """Change variables by their gradients."""
        ours = [(plain(grad), plain(var)) for grad, var in pairs]
        dtype = ours[0][1].dtype
        numbers = [_as_ours(_called(number), dtype) for number in self._numbers()]
        if None not in self._shared:
            self._shared[None] = [
                EagerVariable(np.asarray(value, dtype), trainable=False, name=name)
                for name, value in self._first_shared().items()
            ]
        shared = [each.ours for each in self._shared[None]]
        for _, var in ours:
            if var not in self._kept:
                self._kept[var] = [
                    EagerVariable(np.full(var.shape, value, var.dtype), trainable=False, name=f"{var.name}/{name}")
                    for name, value in self._first_slots().items()
                ]
        if self.waiting is not None:
            restore, self.waiting = self.waiting, None
            restore(self.variables())
        for grad, var in ours:
            slots = [each.ours for each in self._kept[var]]
            new = self._update(var, grad, slots, _cast(shared, var.dtype), _cast(numbers, var.dtype))
            for each, value in zip((var, *slots), [_constrained(new[0], var), *new[1:]], strict=True):
                each.assign(value)
        for each, value in zip(shared, self._update_shared(shared, numbers), strict=True):
            each.assign(value)
        if global_step is not None:
            global_step.assign_add(1)


_KEEPS_ROWS = ("clip_by_norm", "clip_by_average_norm", "clip_by_global_norm")
"""Operations whose result has rows where their argument has."""


def _gathered_from(var: GraphVariable, grad: GraphTensor) -> list[Any] | None:
    """Return the places of the rows of a variable of which a loss was computed; None where it took all of it.

    Of such a variable TensorFlow's gradient has these rows alone, and most optimizers pass over all others: their
    momentum and averages stand still, where a gradient of 0 would move them.
    """
    todo, source = [grad.op], None
    while todo and source is None:
        op = todo.pop()
        if op.type == "gradients":
            source = op
        elif op.type in _KEEPS_ROWS:
            todo += [each.op for each in op.inputs if each.shape.ndims == grad.shape.ndims]
    if source is None or var.tensor not in source.inputs:
        return None
    needed: set[Operation] = set()
    before = [tensor.op for tensor in source.inputs]
    while before:
        op = before.pop()
        if op not in needed:
            needed.add(op)
            before += [tensor.op for tensor in op.inputs]
    readers = [op for op in needed if var.tensor in op.inputs and op is not source]
    takes = [op for op in readers if op.type in ("GatherV2", "embedding_lookup") and op.inputs[0] is var.tensor]
    if len(takes) < len(readers) or any(op.arguments[1].get("axis", 0) != 0 for op in takes):
        return None
    return [op.inputs[1] if len(op.inputs) > 1 else np.asarray(op.arguments[0][1]) for op in takes]


def _has_row(places: Sequence[Any], var: T) -> T:
    """Return whether rows of a variable are among places, shape (rows, 1, ...)."""
    rows = ff.concatenate([ff.reshape(ff.cast(ff.Tensor(each), "int64"), (-1,)) for each in places], 0)
    ones = ff.broadcast_to(ff.Tensor(np.ones((), var.dtype)), rows.node.shape)
    counts = ff.scatter_add(ones, rows, var.node.shape[0])
    return ff.reshape(counts > 0.0, (var.node.shape[0], *(1,) * (var.ndim - 1)))


def _called(number: Any) -> Any:
    return number() if callable(number) and not isinstance(number, Variable | GraphTensor | EagerTensor) else number


def _check_step(global_step: Any) -> None:
    if global_step is not None and not isinstance(global_step, Variable):
        raise TypeError(f"global_step={global_step!r}: expected a variable, which counts the steps.")


def _as_number(number: Any, dtype: Any) -> Any:
    """Return a setting as a tensor of the graph: a tensor as it is, since each variable's step casts it."""
    return as_tensor(number, None if isinstance(number, Variable | GraphTensor) else dtype)


def _cast(values: list[T], dtype: Any) -> list[T]:
    """Return settings in the dtype of a variable, which the first one's may differ from."""
    return [value if value.dtype == dtype else ff.cast(value, dtype) for value in values]


def _key(var: Any) -> Any:
    return var.ours if isinstance(var, EagerVariable) else var


def _as_ours(number: Any, dtype: Any) -> T:
    found = plain(number)
    return ff.cast(found, dtype) if isinstance(found, ff.Tensor) else ff.Tensor(np.asarray(found, dtype))


def _constrained(value: T, var: Any) -> T:
    if var.constraint is None:
        return value
    found = plain(var.constraint(EagerTensor(value)))
    return found  # type: ignore[no-any-return]


def _filled(var: GraphVariable, value: float) -> Any:
    """Return a tensor of a variable's shape, filled with a number."""
    return default_graph().record("Const", _full, (var.initial_value, value), {}, "Initializer")


def _full(like: T, value: float) -> T:
    return ff.Tensor(np.asarray(value, like.dtype)).broadcast_to(like.node.shape)


def _eager_gradients(loss: Any, var_list: Any, grad_loss: Any) -> list[tuple[Any, Any]]:
    """Return pairs of gradient and variable for a loss that is a function."""
    if not callable(loss) or isinstance(loss, EagerTensor):
        raise RuntimeError(
            "`loss` passed to Optimizer.compute_gradients should be a function when eager execution is enabled."
        )
    with ff.GradientTape() as tape:
        value = plain(loss())
    given: Any = var_list() if callable(var_list) else var_list
    variables: list[Any] = read_variables(value) if given is None else list(given)
    found = tape.gradient(value, [plain(each) for each in variables], plain(grad_loss))
    shown = [each if isinstance(each, EagerVariable) else EagerVariable(each) for each in variables]
    return [(None if grad is None else EagerTensor(grad), var) for grad, var in zip(found, shown, strict=True)]


@provided("tf.train.GradientDescentOptimizer")
class GradientDescentOptimizer(Optimizer):
    """``var - learning_rate grad``."""

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def _numbers(self) -> list[Any]:
        return [self._learning_rate]

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        return [var - numbers[0] * grad]


@provided("tf.train.MomentumOptimizer")
class MomentumOptimizer(Optimizer):
    """``accumulation = momentum accumulation + grad``; the variable goes back by that times the learning rate.

    With `use_nesterov` it goes back by ``grad + momentum accumulation`` (Sutskever et al., 2013, as TensorFlow has it).
    """

    _moves_by_nothing = True
    _slots: ClassVar[dict[str, float]] = {"momentum": 0.0}

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._momentum, self._use_nesterov = learning_rate, momentum, use_nesterov

    def _numbers(self) -> list[Any]:
        return [self._learning_rate, self._momentum]

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        rate, momentum = numbers
        accumulation = slots[0] * momentum + grad
        step = grad + accumulation * momentum if self._use_nesterov else accumulation
        return [var - rate * step, accumulation]


@provided("tf.train.AdagradOptimizer")
class AdagradOptimizer(Optimizer):
    """``accumulator += grad^2``; ``var -= learning_rate grad / sqrt(accumulator)`` (Duchi et al., 2011)."""

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate, self._first = learning_rate, initial_accumulator_value

    def _first_slots(self) -> dict[str, float]:
        return {"accumulator": self._first}

    def _numbers(self) -> list[Any]:
        return [self._learning_rate]

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        accumulator = slots[0] + grad * grad
        return [var - numbers[0] * grad / ff.sqrt(accumulator), accumulator]


@provided("tf.train.AdadeltaOptimizer")
class AdadeltaOptimizer(Optimizer):
    """Steps in the proportion of two running means of squares, of steps and of gradients (Zeiler, 2012)."""

    _moves_by_nothing = True
    _slots: ClassVar[dict[str, float]] = {"accum": 0.0, "accum_update": 0.0}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._rho, self._epsilon = learning_rate, rho, epsilon

    def _numbers(self) -> list[Any]:
        return [self._learning_rate, self._rho, self._epsilon]

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        rate, rho, epsilon = numbers
        squares = slots[0] * rho + grad * grad * (1.0 - rho)
        step = ff.sqrt(slots[1] + epsilon) / ff.sqrt(squares + epsilon) * grad
        return [var - step * rate, squares, slots[1] * rho + step * step * (1.0 - rho)]


@provided("tf.train.RMSPropOptimizer")
class RMSPropOptimizer(Optimizer):
    """``mom = momentum mom + learning_rate grad / sqrt(ms + epsilon)``, with the epsilon inside the root.

    `ms` is a running mean of squares that begins at 1; with `centered`, the square of a running mean is taken from it.
    """

    _moves_by_nothing = True

    def __init__(
        self,
        learning_rate: Any,
        decay: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(use_locking, name)
        self._settings, self._centered = [learning_rate, decay, momentum, epsilon], centered

    def _first_slots(self) -> dict[str, float]:
        return {"rms": 1.0, "momentum": 0.0, **({"mg": 0.0} if self._centered else {})}

    def _numbers(self) -> list[Any]:
        return self._settings

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        rate, decay, momentum, epsilon = numbers
        squares = slots[0] + (grad * grad - slots[0]) * (1.0 - decay)
        spread = squares + epsilon
        rest = []
        if self._centered:
            mean = slots[2] + (grad - slots[2]) * (1.0 - decay)
            spread = squares - mean * mean + epsilon
            rest = [mean]
        step = slots[1] * momentum + rate * grad / ff.sqrt(spread)
        return [var - step, squares, step, *rest]


@provided("tf.train.AdamOptimizer")
class AdamOptimizer(Optimizer):
    """Adam with the correction of bias in the learning rate (Kingma and Ba, 2015, section 2, last paragraph)."""

    _slots: ClassVar[dict[str, float]] = {"m": 0.0, "v": 0.0}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name)
        self._settings = [learning_rate, beta1, beta2, epsilon]

    def _numbers(self) -> list[Any]:
        return self._settings

    def _first_shared(self) -> dict[str, float]:
        _, beta1, beta2, _ = self._settings
        return {"beta1_power": _called(beta1), "beta2_power": _called(beta2)}

    def _update_shared(self, shared: list[T], numbers: list[T]) -> list[T]:
        return [shared[0] * numbers[1], shared[1] * numbers[2]]

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        rate, beta1, beta2, epsilon = numbers
        corrected = rate * ff.sqrt(1.0 - shared[1]) / (1.0 - shared[0])
        m = slots[0] + (grad - slots[0]) * (1.0 - beta1)
        v = slots[1] + (grad * grad - slots[1]) * (1.0 - beta2)
        return [var - m * corrected / (ff.sqrt(v) + epsilon), m, v]


@provided("tf.train.FtrlOptimizer")
class FtrlOptimizer(Optimizer):
    """Follow the regularized leader, proximal (McMahan et al., 2013, algorithm 1)."""

    _moves_by_nothing = True

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: Any = None,
        linear_name: Any = None,
        l2_shrinkage_regularization_strength: Any = 0.0,
    ) -> None:
        super().__init__(use_locking, name)
        if learning_rate_power > 0.0:
            raise ValueError(f"learning_rate_power {learning_rate_power} needs to be negative or zero")
        for word, value in (
            ("initial_accumulator_value", initial_accumulator_value),
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):
            if isinstance(value, int | float) and value < 0.0:
                raise ValueError(f"{word} {value} needs to be positive or zero")
        self._power, self._first = learning_rate_power, initial_accumulator_value
        self._settings = [
            learning_rate,
            l1_regularization_strength,
            l2_regularization_strength,
            l2_shrinkage_regularization_strength,
        ]

    def _first_slots(self) -> dict[str, float]:
        return {"accum": self._first, "linear": 0.0}

    def _numbers(self) -> list[Any]:
        return self._settings

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        rate, l1, l2, shrinkage = numbers
        accumulated = slots[0] + grad * grad
        new, old = (_power(each, -self._power) for each in (accumulated, slots[0]))
        linear = slots[1] + grad + 2.0 * shrinkage * var - (new - old) / rate * var
        quadratic = new / rate + 2.0 * l2
        beyond = ff.sign(linear) * l1 - linear
        return [ff.where(ff.abs(linear) > l1, beyond / quadratic, 0.0 * var), accumulated, linear]


def _power(x: T, exponent: float) -> T:
    return ff.sqrt(x) if exponent == 0.5 else ff.power(x, exponent)


def _shrunk(value: T, rate: T, l1: T, l2: T) -> T:
    """Return the proximal step of l1 and l2 (Duchi and Singer, 2009)."""
    return ff.sign(value) * ff.maximum(ff.abs(value) - rate * l1, 0.0 * value) / (1.0 + rate * l2)


@provided("tf.train.ProximalGradientDescentOptimizer")
class ProximalGradientDescentOptimizer(Optimizer):
    """A gradient step, then the proximal step of l1 and l2 regularization (Duchi and Singer, 2009)."""

    _moves_by_nothing = True

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        super().__init__(use_locking, name)
        self._settings = [learning_rate, l1_regularization_strength, l2_regularization_strength]

    def _numbers(self) -> list[Any]:
        return self._settings

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        rate, l1, l2 = numbers
        return [_shrunk(var - rate * grad, rate, l1, l2)]


@provided("tf.train.ProximalAdagradOptimizer")
class ProximalAdagradOptimizer(Optimizer):
    """Adagrad's step, then the proximal step with its rates (Duchi et al., 2011)."""

    _moves_by_nothing = True

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        super().__init__(use_locking, name)
        self._first = initial_accumulator_value
        self._settings = [learning_rate, l1_regularization_strength, l2_regularization_strength]

    def _first_slots(self) -> dict[str, float]:
        return {"accumulator": self._first}

    def _numbers(self) -> list[Any]:
        return self._settings

    def _update(self, var: T, grad: T, slots: list[T], shared: list[T], numbers: list[T]) -> list[T]:
        rate, l1, l2 = numbers
        accumulator = slots[0] + grad * grad
        own = rate / ff.sqrt(accumulator)
        return [_shrunk(var - own * grad, own, l1, l2), accumulator]
