"""Operations that check values when they are computed, and raise where they are not as a program says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.arrays import convert_to_tensor, identity
from feedforward.compat.tensorflow.dispatch import records
from feedforward.compat.tensorflow.errors import InvalidArgumentError, invalid_argument
from feedforward.compat.tensorflow.graph import default_graph
from feedforward.compat.tensorflow.shapes import as_shape
from feedforward.compat.tensorflow.tensors import EagerTensor

__all__ = ["check_one"]


def _check(kind: str, values: list[Any], function: Callable[..., str], name: str | None) -> Any:
    """Return an operation that raises when it runs, or raise at once where nothing is recorded.

    Parameters
    ----------
    kind, name : str
        The operation's type and name.
    values : list of tensors
        What is checked.
    function : callable
        Returns from their arrays what is wrong; nothing where all is well.
    """
    tensors = [convert_to_tensor(value) for value in values]
    if not records(tensors):
        text = function(*(np.asarray(tensor) for tensor in tensors))
        if text:
            raise InvalidArgumentError(None, None, text)
        return None
    graph = default_graph()
    graph.record(kind, _nothing, (*tensors,), {}, name)
    op = graph.get_operations()[-1]

    def run(state: Any, *arrays: Any) -> None:
        text = function(*map(np.asarray, arrays))
        if text:
            raise invalid_argument(text, op)

    op.after, op.has_effect = run, True
    return op


def _nothing(*_: Any) -> tuple[()]:
    return ()


@provided("tf.Assert", "tf.debugging.Assert")
def assert_(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> Any:
    """Return an operation that raises where a condition does not hold, and shows `data`."""
    return _check("Assert", [condition, *data], lambda holds, *shown: _told(holds.all(), shown, summarize), name)


def check_one(conditions: list[Any], is_needed: bool, is_most: bool) -> Any:
    """Return an operation that raises unless at least, or at most, one of some conditions holds."""

    def wrong(*holds: Any) -> str:
        count = sum(map(bool, holds))
        if is_needed and not count:
            return "case: none of the conditions holds. Give a default."
        return f"case: {count} conditions hold. Expected one, since exclusive=True." if is_most and count > 1 else ""

    return _check("Assert", conditions, wrong, None)


def _told(holds: Any, shown: Any, summarize: int | None = None) -> str:
    return "" if holds else f"assertion failed: {_listed(shown, summarize)}"


def _listed(shown: Any, summarize: int | None) -> str:
    """Return the first elements of each of some arrays: 3, or as many as asked for."""
    return " ".join(str(np.asarray(each).ravel()[: summarize or 3].tolist()) for each in shown)


@provided("tf.check_numerics", "tf.debugging.check_numerics")
def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """Return a tensor of the same value, whose computation raises where a number is NaN or infinite."""
    value = convert_to_tensor(tensor)

    def wrong(array: Any) -> str:
        found = [word for word, has in (("Inf", np.isinf(array).any()), ("NaN", np.isnan(array).any())) if has]
        return f"{message} : Tensor had {' and '.join(found)} values" if found else ""

    check = _check("CheckNumerics", [value], wrong, None)
    if isinstance(value, EagerTensor):
        return value
    with default_graph().control_dependencies([check]):
        made: Any = identity
        return made(value, name=name or "CheckNumerics")


def _comparing(word: str, function: Callable[..., Any]) -> None:
    """Provide a check that compares two tensors."""

    def check(
        x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        def wrong(a: Any, b: Any, *shown: Any) -> str:
            head = f"{message or ''} Condition x {word} y did not hold element-wise: x = {a}, y = {b}".strip()
            return "" if np.all(function(a, b)) else f"{head} {_listed(shown, summarize)}".strip()

        return _check(f"assert_{word}", [x, y, *(data or ())], wrong, name)

    check.__name__, check.__doc__ = f"assert_{word}", f"Return an operation that raises unless x is {word} to y."
    provide(check, f"tf.assert_{word}", f"tf.debugging.assert_{word}")


for _word, _function in (
    ("equal", np.equal),
    ("none_equal", np.not_equal),
    ("less", np.less),
    ("less_equal", np.less_equal),
    ("greater", np.greater),
    ("greater_equal", np.greater_equal),
):
    _comparing(_word, _function)


def _signed(word: str, function: Callable[..., Any]) -> None:
    """Provide a check of the sign of a tensor's elements."""

    def check(
        x: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
    ) -> Any:
        def wrong(a: Any, *shown: Any) -> str:
            head = f"{message or ''} Condition x is {word} did not hold element-wise: x = {a}".strip()
            return "" if np.all(function(a, 0)) else f"{head} {_listed(shown, summarize)}".strip()

        return _check(f"assert_{word}", [x, *(data or ())], wrong, name)

    check.__name__, check.__doc__ = f"assert_{word}", f"Return an operation that raises unless x is {word}."
    provide(check, f"tf.assert_{word}", f"tf.debugging.assert_{word}")


for _word, _function in (
    ("positive", np.greater),
    ("negative", np.less),
    ("non_negative", np.greater_equal),
    ("non_positive", np.less_equal),
):
    _signed(_word, _function)


@provided("tf.assert_rank", "tf.debugging.assert_rank")
def assert_rank(
    x: Any, rank: int, data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Raise unless a tensor has so many axes, as soon as that is known."""
    value = convert_to_tensor(x)
    found = as_shape(value.shape).ndims
    if found is not None and found != rank:
        raise ValueError(f"{message or ''} Tensor {value!r} must have rank {rank}. Received rank {found}.".strip())

    def wrong(a: Any, *shown: Any) -> str:
        return "" if a.ndim == rank else f"rank {a.ndim}, expected {rank} {_listed(shown, summarize)}".strip()

    return _check("assert_rank", [value, *(data or ())], wrong, name)


refuse(
    "print what a session returns, or use tf.Assert.",
    "tf.Print",
    "tf.print",
    "tf.add_check_numerics_ops",
    "tf.verify_tensor_all_finite",
)
