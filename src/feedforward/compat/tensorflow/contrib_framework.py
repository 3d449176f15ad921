"""``tf.contrib.framework.arg_scope``: arguments that functions of a layer take for themselves in a block."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from feedforward.compat.importing import at_start
from feedforward.compat.names import provide, provided

__all__ = ["add_arg_scope", "arg_scope"]

F = TypeVar("F", bound=Callable[..., Any])

_scopes: list[dict[Any, dict[str, Any]]] = [{}]
"""The arguments of each function, in the blocks that are open; the innermost last, with those of the outer ones."""


@at_start
def _forget() -> None:
    _scopes[:] = [{}]


@provided("tf.contrib.framework.add_arg_scope")
def add_arg_scope(func: F) -> F:
    """Let a function take arguments from `arg_scope`; used as a decorator."""

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **(_scopes[-1].get(call, {}) | kwargs))

    call._takes_arg_scope = True  # type: ignore[attr-defined]
    return call  # type: ignore[return-value]


@provided("tf.contrib.framework.has_arg_scope")
def has_arg_scope(func: Any) -> bool:
    """Return whether a function takes arguments from `arg_scope`."""
    return hasattr(func, "_takes_arg_scope")


@contextlib.contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[dict[Any, dict[str, Any]]]:
    """Let functions take arguments for themselves in a block, where a call does not give them.

    Parameters
    ----------
    list_ops_or_scope : sequence of functions, or what a block before gave
        Which functions; or the arguments of that block, to take them again.
    **kwargs
        The arguments.

    Raises
    ------
    TypeError, ValueError
        If what is given is neither, or a function takes no arguments from here.
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError("When attempting to re-use a scope by suppling a dictionary, kwargs must be empty.")
        scope = list_ops_or_scope
    elif isinstance(list_ops_or_scope, list | tuple):
        scope = dict(_scopes[-1])
        for function in list_ops_or_scope:
            if not has_arg_scope(function):
                raise ValueError(
                    f"{getattr(function, '__name__', function)} is not decorated with @add_arg_scope: it takes no "
                    "arguments from arg_scope. Give them in each call."
                )
            scope[function] = scope.get(function, {}) | kwargs
    else:
        raise TypeError(
            f"list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict). Got {list_ops_or_scope!r:.80}."
        )
    _scopes.append(scope)
    try:
        yield scope
    finally:
        _scopes.pop()


provide(arg_scope, "tf.contrib.framework.arg_scope")
