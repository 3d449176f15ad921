"""The tape: remembers what tensors compute, so that it can be differentiated.

Also here: what nested lists, tuples and dicts of tensors hold. Not here: functions made of functions
(``derivatives.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar, overload

import numpy as np

from feedforward import ops
from feedforward.attributes import check_attribute
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.node import Node, next_serial
from feedforward.recording import drop_history, keep_history, live_tapes
from feedforward.replay import replay_gradient
from feedforward.tensor import Tensor, Variable, assigning, is_plain, of_node

__all__ = ["GradientTape", "leaves", "like", "map_leaves"]

T = TypeVar("T", bound=Tensor)
K = TypeVar("K")


class GradientTape:
    """Remembers what is computed inside its ``with`` block, so that it can be differentiated.

    Parameters
    ----------
    persistent : bool
        Whether `gradient` may be called more than once.
    watch_accessed_variables : bool
        Whether every trainable variable is watched without being asked for.

    Notes
    -----
    The graph itself is the record: the tape only knows between which moments it was made. What was computed before is
    a constant to it, and so is an assignment to a variable.

    Examples
    --------
    >>> w = Variable(3.0)
    >>> with GradientTape() as tape:
    ...     loss = w * w
    >>> print(tape.gradient(loss, w))
    6.0
    """

    persistent: bool
    watch_accessed_variables: bool

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent
        self.watch_accessed_variables = watch_accessed_variables
        self._spans: list[list[float]] = []
        self._watched: set[Node] = set()
        self._watched_variables: set[Variable] = set()
        self._reads: dict[Variable, list[Node]] = {}
        self._is_recording = False
        self._is_used = False

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse what is no attribute of a tape."""
        check_attribute(self, name)
        object.__setattr__(self, name, value)

    def __enter__(self) -> GradientTape:
        if self._is_recording:
            raise ValueError("this GradientTape is recording already. Make a new one for a block inside its block.")
        if self._is_used:
            self.reset()
        self._spans.append([next_serial(), np.inf])
        self._is_recording = True
        keep_history(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_recording:
            self._spans[-1][1] = next_serial()
        self._is_recording = False

    def watch(self, tensor: Tensor | Sequence[Tensor]) -> None:
        """Let gradients be taken with respect to a tensor that is no trainable variable.

        Parameters
        ----------
        tensor : tensor, or sequence of tensors
            What to watch.

        Raises
        ------
        TypeError
            If something in it is no tensor.
        """
        for one in [tensor] if isinstance(tensor, Tensor) else tensor:
            if not isinstance(one, Tensor):
                raise TypeError(f"watch: {one!r} is no tensor. Give a Tensor or a Variable.")
            if isinstance(one, Variable):
                self._watched_variables.add(one)
            self._watched.add(one.node)

    def stop_recording(self) -> _Pause:
        """Return a context in which nothing is recorded.

        Raises
        ------
        ValueError
            When the context is entered: if the tape is not recording.
        """
        return _Pause(self)

    def reset(self) -> None:
        """Forget what was recorded and watched, and that a gradient was asked for."""
        self._spans = [[next_serial(), np.inf]] if self._is_recording else []
        self._watched.clear()
        self._watched_variables.clear()
        self._reads.clear()
        self._is_used = False
        keep_history(self)

    # A gradient may be None. It is `Tensor | Any` and not `Tensor | None` to a type checker, which would otherwise
    # refuse `0.1 * tape.gradient(loss, w)`, where nobody expects a None.
    @overload
    def gradient(
        self, target: Tensor, sources: Tensor, output_gradients: Any = None, *, unconnected_gradients: Literal["zero"]
    ) -> Tensor: ...

    @overload
    def gradient(
        self, target: Tensor, sources: Tensor, output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> Tensor | Any: ...

    @overload
    def gradient(
        self, target: Tensor, sources: list[T], output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> list[Tensor | Any]: ...

    @overload
    def gradient(
        self, target: Tensor, sources: tuple[T, ...], output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> tuple[Tensor | Any, ...] | Any: ...  # or a named tuple

    @overload
    def gradient(
        self, target: Tensor, sources: dict[K, T], output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> dict[K, Tensor | Any]: ...

    @overload
    def gradient(
        self, target: Tensor, sources: Any, output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> Any: ...

    def gradient(
        self, target: Tensor, sources: Any, output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> Any:
        """Return the gradient of `target` with respect to each of `sources`.

        Parameters
        ----------
        target : float tensor
            What to differentiate; one that is no scalar is summed.
        sources : tensor, variable, or list, tuple or dict of them
            With respect to what.
        output_gradients : tensor, optional
            What the gradient of `target` is taken to be, of its shape; ones by default.
        unconnected_gradients : {"none", "zero"}
            What a source gets that `target` does not depend on.

        Returns
        -------
        As `sources`, with a tensor, or None, for each.

        Raises
        ------
        RuntimeError
            If the tape is not persistent and was asked before.
        TypeError
            If the target or a source is no tensor.
        """
        if self._is_used and not self.persistent:
            raise RuntimeError("this GradientTape was asked for a gradient before. Use GradientTape(persistent=True).")
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(f"unconnected_gradients: {unconnected_gradients!r} is not 'none' or 'zero'.")
        if not isinstance(target, Tensor):
            raise TypeError(f"gradient: the target {target!r} is no tensor. Give what was computed inside the tape.")
        flat = list(leaves(sources))
        for source in flat:
            if not isinstance(source, Tensor):
                raise TypeError(f"gradient: the source {source!r} is no tensor. Give a Tensor or a Variable.")
        nodes = [self._nodes_of(source) for source in flat]
        every = list(dict.fromkeys(node for group in nodes for node in group))
        found = dict(zip(every, self._gradient(target, every, output_gradients), strict=True))
        results: list[Tensor | None] = []
        for source, group in zip(flat, nodes, strict=True):
            parts = [part for node in group if (part := found[node]) is not None]
            if parts:
                results.append(_tensor(sum(parts[1:], start=parts[0]), target))
            else:
                results.append(_tensor(zeros_like(source.node), source) if unconnected_gradients == "zero" else None)
        if not self.persistent:
            self.__exit__()
            self._is_used = True
            drop_history(self)
        return like(sources, iter(results))

    def _gradient(self, target: Tensor, sources: list[Node], output_gradients: Any) -> list[Node | None]:
        """Return the gradients with respect to some nodes."""
        # Another tape, or this one while it records, may be asked for the gradient of a gradient.
        is_last = live_tapes() == [self] and not (self.persistent and self._is_recording)
        take = replay_gradient if is_last and is_plain() and not target.is_symbolic else gradient
        if output_gradients is not None:
            start = ops.cast(Tensor(output_gradients).node, target.dtype).broadcast_to(target.node.shape)
        elif target.node.shape == () and take is replay_gradient:
            return take(target.node, sources, None, self._is_recorded)
        else:
            start = ops.constant(np.ones((), target.dtype)).broadcast_to(target.node.shape)
        return take(target.node, sources, start, self._is_recorded)

    def remember(self, variable: Variable, node: Node) -> None:
        """Note the node by which a variable was read before it is assigned to, unless that came after the tape."""
        reads = self._reads.setdefault(variable, [])
        if node not in reads and any(node.serial < stop for _, stop in self._spans[-1:]):
            reads.append(node)

    def needs(self, node: Node) -> bool:
        """Return whether a tensor must go on to stand for `node` so that the tape can be asked about it."""
        return node in self._watched or self._is_recorded(node)

    def _nodes_of(self, source: Tensor) -> list[Node]:
        """Return the nodes by which `source` was read: none when the tape does not watch it."""
        if not isinstance(source, Variable):
            return [source.node] if self.needs(source.node) else []
        if not (source in self._watched_variables or (source.trainable and self.watch_accessed_variables)):
            return []
        present = source.node
        with assigning:  # what another thread assigns has been noted then
            reads = self._reads.get(source, ())
        return list(dict.fromkeys([*reads, present]))

    def _is_recorded(self, node: Node) -> bool:
        if node.inputs:  # as a loop, since it is asked of every node
            for start, stop in self._spans:
                if start < node.serial < stop:
                    return True
        return False


class _Pause:
    """The context of `GradientTape.stop_recording`."""

    def __init__(self, tape: GradientTape) -> None:
        self._tape = tape

    def __enter__(self) -> None:
        if not self._tape._is_recording:
            raise ValueError("stop_recording: this GradientTape is not recording. Use it inside the tape's block.")
        self._tape.__exit__()

    def __exit__(self, *_: object) -> None:
        self._tape.__enter__()


def leaves(value: Any) -> Iterator[Any]:
    """Yield what nested lists, tuples and dicts hold."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def like(value: Any, results: Iterator[Any]) -> Any:
    """Return `value` with its leaves replaced, in order."""
    return map_leaves(lambda _: next(results), value)


def map_leaves(function: Callable[[Any], Any], value: Any) -> Any:
    """Return `value` with a function of each leaf in its place; a list of Python's numbers is one leaf."""
    if isinstance(value, dict):
        return {key: map_leaves(function, part) for key, part in value.items()}
    if isinstance(value, list | tuple) and not _is_numbers(value):
        parts = [map_leaves(function, part) for part in value]
        return value._make(parts) if hasattr(value, "_make") else type(value)(parts)
    return function(value)


def _is_numbers(value: Any) -> bool:
    """Return whether a value is a Python number, or nested lists of such, at least one: they make one array."""
    if type(value) in (list, tuple):
        return bool(value) and all(_is_numbers(part) for part in value)
    return type(value) in (int, float)


def _tensor(node: Node, other: Tensor) -> Tensor:
    return of_node(node, other.is_symbolic)
