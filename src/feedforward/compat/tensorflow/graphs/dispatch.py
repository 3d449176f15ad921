"""Operations as functions: each is a rule on our tensors, called at once or recorded in a graph.

``@operation("tf.matmul", kind="MatMul")`` above a function on our tensors is all that an operation takes.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

import feedforward
from feedforward.compat.importing import at_start
from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.graphs.graph import default_graph
from feedforward.compat.tensorflow.graphs.tensors import EagerTensor, GraphTensor, are_numbers, operators, plain, shown
from feedforward.compat.tensorflow.surroundings.configuration import use_configuration
from feedforward.compat.version import written_for
from feedforward.tensor import is_tracing

__all__ = [
    "operation",
    "enable_eager_execution",
    "reset_mode",
    "is_eager",
    "records",
    "has_tensor",
    "computing",
    "is_of_numpy",
]

F = TypeVar("F", bound=Callable[..., Any])

_is_eager: bool | None = None
_is_computing = False


@provided("tf.executing_eagerly")
def is_eager() -> bool:
    """Return whether operations are computed rather than recorded where nothing else decides."""
    return written_for().tensorflow >= (2, 0) if _is_eager is None else _is_eager


@provided("tf.enable_eager_execution", "tf.contrib.eager.enable_eager_execution")
def enable_eager_execution(config: Any = None, device_policy: Any = None, execution_mode: Any = None) -> None:
    """Let operations be computed from now on, not recorded.

    Parameters
    ----------
    config : ConfigProto, optional
        How many threads share a computation.
    device_policy, execution_mode : optional
        Where TensorFlow copied values, and whether calls waited for them: here there is one device, and none waits.

    Raises
    ------
    ValueError
        If the graph has operations already.
    """
    global _is_eager
    if default_graph().get_operations():
        raise ValueError("tf.enable_eager_execution must be called at program startup, before operations are made.")
    if config is not None:
        use_configuration(config)
    _is_eager = True


@provided("tf.disable_eager_execution", "tf.disable_v2_behavior")
def disable_eager_execution() -> None:
    """Let operations be recorded from now on."""
    global _is_eager
    _is_eager = False


@contextlib.contextmanager
def computing() -> Iterator[None]:
    """Let operations be computed in a block, whatever the mode: a dataset's functions are no part of a graph."""
    global _is_eager, _is_computing
    before = _is_eager, _is_computing
    _is_eager = _is_computing = True
    try:
        yield
    finally:
        _is_eager, _is_computing = before


@at_start
def reset_mode() -> None:
    """Let the version that a program was written for decide again whether operations are computed or recorded."""
    global _is_eager
    _is_eager = None


def records(*values: Any) -> bool:
    """Return whether an operation on some values is recorded in a graph.

    A tensor of a graph decides, then one of ours, which a model or a loss function was given; then the mode.
    """
    found = _kind_of(values)
    if found and _is_computing:
        raise TypeError(
            "a function of a dataset's uses a tensor of a graph. Expected one that goes by its arguments: give the "
            "dataset what it needs, or compute it after get_next()."
        )
    return (not is_eager() and not is_tracing()) if found is None else found


_KNOWN = frozenset({feedforward.Tensor, float, int, bool, str, type(None), np.ndarray})
"""Types that say nothing of a mode and need no change."""


def _for_now(args: tuple[Any, ...]) -> list[Any] | None:
    """Return what a rule is called with at once, looked at once, for what most loops give; None for all else."""
    found: list[Any] = []
    for each in args:
        if isinstance(each, EagerTensor):
            found.append(each.ours)
        elif type(each) in _KNOWN or (type(each) in (list, tuple) and is_of_numpy(each)):
            found.append(each)
        else:
            return None
    return found


def is_of_numpy(value: Any) -> bool:
    """Return whether a list or tuple holds NumPy's arrays and numbers alone: its types are looked at, not its parts."""
    return all(issubclass(kind, np.ndarray | np.generic) for kind in {*map(type, value)})


def has_tensor(value: Any) -> bool:
    """Return whether a value, or one in a structure, is a tensor."""
    return _kind_of(value) is not None


def _kind_of(value: Any) -> bool | None:
    """Return True where a tensor of a graph is among values, else False where one of ours is, else None."""
    if type(value) is EagerTensor or isinstance(value, feedforward.Tensor):  # first: every operation of a loop asks
        return False
    if isinstance(value, list | tuple | dict):
        found, parts = None, value.values() if isinstance(value, dict) else value
        for part in () if are_numbers(parts) else parts:
            kind = _kind_of(part)
            if kind:
                return True
            found = kind if kind is not None else found
        return found
    if isinstance(value, GraphTensor) or isinstance(getattr(value, "tensor", None), GraphTensor):
        return True
    return False if isinstance(value, EagerTensor) else None


def operation(
    *names: str,
    kind: str = "",
    called: str = "",
    operator: str = "",
    fallback: Callable[..., Any] | None = None,
) -> Callable[[F], F]:
    """Return a decorator that makes an operation of TensorFlow's of a rule: a function on our tensors.

    Parameters
    ----------
    *names : str
        What programs call it: ``tf.nn.relu``.
    kind : str
        Of which type TensorFlow says such nodes are; by default the last part of the first name, in capitals:
        ``l2_loss -> L2Loss``.
    called : str
        What they are called where the program gives no name; by default as their type.
    operator : str
        The operator of Python's that it is, by our name.
    fallback : callable, optional
        Returns the shape of the output from the arguments where the rule cannot find it out.

    Returns
    -------
    callable
        The function takes a ``name`` as well, last or by name.
    """
    kind = kind or (names[0].rpartition(".")[2] if names else operator).title().replace("_", "")

    def decorate(rule: F) -> F:
        signature = inspect.signature(rule)
        most = sum(each.kind is not each.KEYWORD_ONLY for each in signature.parameters.values())
        is_variadic = any(each.kind is each.VAR_POSITIONAL for each in signature.parameters.values())

        @functools.wraps(rule)
        def call(*args: Any, name: str | None = None, **kwargs: Any) -> Any:
            if len(args) == most + 1 and not is_variadic and (isinstance(args[-1], str) or args[-1] is None):
                *rest, name = args
                args = tuple(rest)
            at_once = _for_now(args) if is_eager() and not kwargs else None
            if at_once is not None:
                return shown(rule(*at_once))
            if records(args, kwargs):
                signature.bind(*args, **kwargs)  # which says what is missing, or one too many
                return default_graph().record(kind, rule, args, kwargs, name or called, fallback=fallback)
            args, kwargs = plain(args), plain(kwargs)
            if not is_eager():
                from feedforward.compat.tensorflow.graphs.variables import with_symbols  # which stand on operations

                args, kwargs = with_symbols(args), with_symbols(kwargs)
            return shown(rule(*args, **kwargs))

        parameters = [*signature.parameters.values()]
        extra = inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None)
        at = len(parameters) - (bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD)
        parameters.insert(at, extra)
        call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        if operator:
            operators[operator] = call
        provide(call, *names)
        return call  # type: ignore[return-value]

    return decorate
