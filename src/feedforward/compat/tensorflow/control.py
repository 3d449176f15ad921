"""What runs before what, branches, assignments, and which variables there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import feedforward
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.arrays import convert_to_tensor, identity
from feedforward.compat.tensorflow.checks import check_one
from feedforward.compat.tensorflow.dispatch import is_eager, operation, records
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.graph import GraphKeys, Operation, default_graph, flat
from feedforward.compat.tensorflow.running import HostValue
from feedforward.compat.tensorflow.shapes import TensorShape
from feedforward.compat.tensorflow.tensors import EagerTensor, GraphTensor
from feedforward.compat.tensorflow.variables import GraphVariable, Variable

__all__ = ["group"]


def _nothing() -> tuple[()]:
    return ()


@provided("tf.no_op")
def no_op(name: str | None = None) -> Operation | None:
    """Return an operation that does nothing but come after others; None in eager mode."""
    return group(name=name or "NoOp")


@provided("tf.group")
def group(*inputs: Any, name: str | None = None, **options: Any) -> Operation | None:
    """Return an operation that is carried out when all of some others are; None in eager mode."""
    if options:
        raise ValueError(f"Unknown keyword arguments: {', '.join(options)}")
    if is_eager():
        return None
    graph = default_graph()
    with graph.control_dependencies([op for op in flat(list(inputs)) if op is not None]):
        graph.record("NoOp", _nothing, name=name or "group_deps", outputs=[])
    return graph.get_operations()[-1]


@provided("tf.control_dependencies")
def control_dependencies(control_inputs: Any) -> Any:
    """Return a context whose operations are carried out after others."""
    return default_graph().control_dependencies([] if is_eager() else control_inputs)


@provided("tf.tuple")
def tuple_(tensors: Sequence[Any], name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """Return tensors that have values only when all of some have."""
    if is_eager():
        return list(tensors)
    graph = default_graph()
    given = [each for each in (*tensors, *(control_inputs or ())) if each is not None]
    with graph.name_scope(name or "tuple"), graph.control_dependencies(given):
        return [None if each is None else identity(each) for each in tensors]


@provided("tf.cond")
def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """Return what one of two functions returns: in a graph both are called, and one of the results is taken.

    Raises
    ------
    TypeError
        If one of them is no function, or the condition is a Python bool.
    ValueError
        If they return different structures.
    """
    for new, old in ((true_fn, fn1), (false_fn, fn2)):
        if new is not None and old is not None:
            raise TypeError("cond: true_fn and fn1, or false_fn and fn2, are both given. Give one of each.")
    functions = true_fn or fn1, false_fn or fn2
    for word, function in zip(("true_fn", "false_fn"), functions, strict=True):
        if not callable(function):
            raise TypeError(f"cond: {word} must be callable, got {function!r}.")
    then, otherwise = functions
    if isinstance(pred, bool) and not is_eager():
        raise TypeError("pred must not be a Python bool: write an if of Python's.")
    if not records(pred):
        result = then() if bool(pred) else otherwise()  # type: ignore[misc]
        return result[0] if isinstance(result, list) and len(result) == 1 and not strict else result
    graph = default_graph()
    with graph.name_scope(name or "cond"):
        found = []
        for function, value in zip(functions, (True, False), strict=True):
            with graph.branch(pred, value):
                found.append(_as_tensors(function(), pred))  # type: ignore[misc]
        left, right = map(flat, found)
        if len(left) != len(right):
            raise ValueError(
                f"true_fn and false_fn must return the same structure: {len(left)} and {len(right)} things."
            )
        for one, other in zip(left, right, strict=True):
            if one.dtype.base_dtype != other.dtype.base_dtype:
                raise ValueError(
                    f"Outputs of true_fn and false_fn must have the same type: {one.dtype}, {other.dtype}."
                )
        outputs = [
            (_common(one.shape, other.shape), one.dtype.base_dtype) for one, other in zip(left, right, strict=True)
        ]
        merged = graph.record("Merge", _merge, (pred, *left, *right), {}, "Merge", outputs=outputs)
    made = iter(merged if isinstance(merged, list) else [merged])
    return _like(found[0], made, strict)


def _merge(pred: Any, *values: Any) -> Any:
    """Return the first half of some values where a condition holds, the second where not."""
    half = len(values) // 2
    return [_chosen(pred, one, other) for one, other in zip(values[:half], values[half:], strict=True)]


def _chosen(pred: Any, one: Any, other: Any) -> Any:
    if isinstance(one, feedforward.Tensor) and isinstance(other, feedforward.Tensor):
        return feedforward.where(pred, one, other)
    return HostValue(lambda pred, one, other: one if pred else other, (pred, one, other))  # text


def _common(one: TensorShape, other: TensorShape) -> TensorShape:
    """Return what two shapes have in common."""
    if one.ndims != other.ndims or one.dims is None or other.dims is None:
        return TensorShape(None)
    return TensorShape([a if a == b else None for a, b in zip(one.as_list(), other.as_list(), strict=True)])


class _Loop(NamedTuple):
    """What `tf.while_loop` repeats.

    Parameters
    ----------
    variables : list of GraphTensor
        What stands for the variables of the loop in a turn.
    condition : GraphTensor
        Whether there is one more.
    results : list of GraphTensor
        What the variables are after it.
    inside : list of Operation
        What has another value in each turn.
    """

    variables: list[GraphTensor]
    condition: GraphTensor
    results: list[GraphTensor]
    inside: list[Operation]


@provided("tf.while_loop")
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:
    """Return what variables are when a condition does not hold any more.

    Notes
    -----
    The loop is written out in the compiled program. So whether it goes on must follow from constants, shapes and
    integers that are fed; a loop that goes on until a computed number is small is to be written in Python.

    Raises
    ------
    NotImplementedError
        If `maximum_iterations` or `shape_invariants` is given.
    """
    if maximum_iterations is not None or shape_invariants is not None:
        raise NotImplementedError("while_loop: maximum_iterations and shape_invariants are not provided.")
    first = list(loop_vars) if isinstance(loop_vars, list | tuple) else [loop_vars]
    if not records(first) and (is_eager() or any(isinstance(each, EagerTensor) for each in first)):
        values = list(first)
        is_alone = not isinstance(loop_vars, list | tuple)
        while bool(cond(*values)):
            found = body(*values)
            is_alone = is_alone or not (isinstance(found, list | tuple) or return_same_structure)
            values = list(found) if isinstance(found, list | tuple) else [found]
        values = values if back_prop else [stop_gradient(each) for each in values]
        return values[0] if is_alone else type(loop_vars)(values)
    graph = default_graph()
    with graph.name_scope(name or "while"):
        starts = [convert_to_tensor(each) for each in flat(first)]
        variables = [
            graph.record("LoopVariable", None, name="Switch", outputs=[(each.shape, each.dtype.base_dtype)])
            for each in starts
        ]
        count = len(graph.get_operations())
        given = _like_whole(first, iter(variables))
        condition = convert_to_tensor(cond(*given))
        found = body(*given)
        results = [
            convert_to_tensor(each) for each in flat(list(found) if isinstance(found, list | tuple) else [found])
        ]
        if len(results) != len(starts):
            raise ValueError(f"while_loop: the body returns {len(results)} values for {len(starts)} variables.")
        outside = _outside(graph.get_operations()[count:], variables, [condition, *results])
        inside = _depending(graph.get_operations()[count:], variables)
        if any(op.assigns is not None for op in graph.get_operations()[count:]):
            raise NotImplementedError("while_loop: assignments in the body are not provided. Write the loop in Python.")
        outputs = [(each.shape, each.dtype.base_dtype) for each in starts]
        made = graph.record("While", None, (*starts, *outside), {}, "Exit", outputs=outputs)
    op = graph.get_operations()[-1]
    op.loop = _Loop(variables, condition, results, inside)  # type: ignore[attr-defined]
    made = made if isinstance(made, list) else [made]
    ends = _like_whole(first, iter(made if back_prop else [stop_gradient(each) for each in made]))
    is_alone = len(ends) == 1 and not return_same_structure
    return ends[0] if is_alone else (tuple(ends) if isinstance(loop_vars, tuple) else ends)


def _like_whole(structure: Any, leaves: Any) -> list[Any]:
    return [_like_whole(part, leaves) if isinstance(part, list | tuple) else next(leaves) for part in structure]


def _depending(operations: Sequence[Operation], variables: Sequence[GraphTensor]) -> list[Operation]:
    """Return the operations that depend on some tensors."""
    found = {variable.op for variable in variables}
    inside = []
    for op in operations:
        if any(tensor.op in found for tensor in op.inputs):
            found.add(op)
            inside.append(op)
    return inside


def _outside(
    operations: Sequence[Operation], variables: Sequence[GraphTensor], ends: Sequence[GraphTensor]
) -> list[GraphTensor]:
    """Return the tensors that a loop uses and that are the same in each turn."""
    inside = set(_depending(operations, variables)) | {variable.op for variable in variables}
    used = [tensor for op in operations if op in inside for tensor in op.inputs]
    return list(dict.fromkeys(tensor for tensor in [*used, *ends] if tensor.op not in inside))


def _as_tensors(value: Any, pred: Any) -> Any:
    """Return what a branch gives as tensors; for operations, tensors that come after them."""
    if isinstance(value, list | tuple):
        parts = [_as_tensors(part, pred) for part in value]
        return value._make(parts) if hasattr(value, "_make") else type(value)(parts)
    if isinstance(value, Operation) or value is None:
        with default_graph().control_dependencies([] if value is None else [value]):
            return identity(pred)
    found = convert_to_tensor(value)
    return identity(found) if isinstance(found, GraphTensor) else found


def _like(structure: Any, leaves: Any, strict: bool) -> Any:
    """Return leaves in a structure; without `strict`, one alone in place of a list of one."""
    if isinstance(structure, list | tuple):
        parts = [_like(part, leaves, strict) for part in structure]
        if len(parts) == 1 and isinstance(structure, list) and not strict:
            return parts[0]
        return structure._make(parts) if hasattr(structure, "_make") else type(structure)(parts)
    return next(leaves)


@provided("tf.case")
def case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False, name: str = "case"
) -> Any:
    """Return what the function of the first condition that holds returns, else what `default` does.

    Raises
    ------
    tf.errors.InvalidArgumentError
        When it is computed: if none holds and there is no default, or more than one with `exclusive`.
    """
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    checks = []
    if default is None or exclusive:
        checks = [check_one([pred for pred, _ in pairs], is_needed=default is None, is_most=exclusive)]
    with control_dependencies([check for check in checks if check is not None]):
        return _case(pairs, default, strict, name)


def _case(pairs: list[tuple[Any, Callable[[], Any]]], default: Any, strict: bool, name: str) -> Any:
    (pred, function), rest = pairs[0], pairs[1:]
    if not rest and default is None:
        return function()
    return cond(pred, function, (lambda: _case(rest, default, strict, name)) if rest else default, strict, name)


@provided("tf.assign")
def assign(ref: Any, value: Any, validate_shape: Any = None, use_locking: Any = None, name: str | None = None) -> Any:
    """Return a tensor of the new value of a variable, which it has when that is run; in eager mode, at once."""
    _check_variable("assign", ref)
    if validate_shape is False:
        ref._validate_shape = False
    return ref.assign(value, name=name)


@provided("tf.assign_add")
def assign_add(ref: Any, value: Any, use_locking: Any = None, name: str | None = None) -> Any:
    """Return a tensor of a variable's value with something added; see `assign`."""
    _check_variable("assign_add", ref)
    return ref.assign_add(value, name=name)


@provided("tf.assign_sub")
def assign_sub(ref: Any, value: Any, use_locking: Any = None, name: str | None = None) -> Any:
    """Return a tensor of a variable's value with something taken away; see `assign`."""
    _check_variable("assign_sub", ref)
    return ref.assign_sub(value, name=name)


def _check_variable(name: str, ref: Any) -> None:
    if not isinstance(ref, Variable):
        raise ValueError(f"{name}: {ref!r} is no variable. Expected one made by tf.Variable or tf.get_variable.")


# Which variables there are


def _variables(key: str, scope: str | None = None) -> list[GraphVariable]:
    return default_graph().get_collection(key, scope)


@provided("tf.global_variables", "tf.all_variables")
def global_variables(scope: str | None = None) -> list[GraphVariable]:
    """Return the variables of the default graph that its sessions keep and savers save."""
    return _variables(GraphKeys.GLOBAL_VARIABLES, scope)


@provided("tf.local_variables")
def local_variables(scope: str | None = None) -> list[GraphVariable]:
    """Return the variables that savers pass over, such as those of metrics."""
    return _variables(GraphKeys.LOCAL_VARIABLES, scope)


@provided("tf.trainable_variables")
def trainable_variables(scope: str | None = None) -> list[GraphVariable]:
    """Return the variables that optimizers change."""
    return _variables(GraphKeys.TRAINABLE_VARIABLES, scope)


@provided("tf.model_variables")
def model_variables(scope: str | None = None) -> list[GraphVariable]:
    """Return the variables that were marked as a model's."""
    return _variables(GraphKeys.MODEL_VARIABLES, scope)


@provided("tf.moving_average_variables")
def moving_average_variables(scope: str | None = None) -> list[GraphVariable]:
    """Return the variables of which there are moving averages."""
    return _variables(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


@provided("tf.variables_initializer", "tf.initialize_variables", "tf.initializers.variables")
def variables_initializer(var_list: Sequence[GraphVariable], name: str = "init") -> Operation | None:
    """Return an operation that gives variables their first values."""
    return group(*(variable.initializer for variable in var_list), name=name)


@provided("tf.global_variables_initializer", "tf.initialize_all_variables", "tf.initializers.global_variables")
def global_variables_initializer(name: str = "init") -> Operation | None:
    """Return an operation that gives all global variables their first values."""
    return variables_initializer(global_variables(), name)


@provided("tf.local_variables_initializer", "tf.initialize_local_variables", "tf.initializers.local_variables")
def local_variables_initializer(name: str = "init") -> Operation | None:
    """Return an operation that gives all local variables their first values."""
    return variables_initializer(local_variables(), name)


@provided("tf.tables_initializer", "tf.initialize_all_tables")
def tables_initializer(name: str = "init_all_tables") -> Operation | None:
    """Return an operation that does nothing: there are no tables."""
    return group(name=name)


@provided("tf.is_variable_initialized")
def is_variable_initialized(ref: GraphVariable, name: str | None = None) -> Any:
    """Return a tensor of whether a variable has a value in the session that runs it."""
    made = default_graph().record("IsVariableInitialized", None, name=name, outputs=[((), as_dtype("bool"))])
    made.op.before = lambda state: [np.array(ref in state.variables)]
    return made


@provided("tf.report_uninitialized_variables")
def report_uninitialized_variables(var_list: Any = None, name: str | None = None) -> Any:
    """Return a tensor of the names of the variables that have no value in the session that runs it."""
    wanted = [*global_variables(), *local_variables()] if var_list is None else list(var_list)
    made = default_graph().record("ReportUninitialized", None, name=name, outputs=[([None], as_dtype("string"))])
    made.op.before = lambda state: [np.array([v.op.name.encode() for v in wanted if v not in state.variables], object)]
    return made


@operation("tf.stop_gradient", kind="StopGradient")
def stop_gradient(input: Any) -> Any:
    """Return a tensor through which no gradient flows."""
    return feedforward.stop_gradient(input)
