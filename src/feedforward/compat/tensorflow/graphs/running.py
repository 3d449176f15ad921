"""What a session runs for some fetches and some shapes of what is fed: one compiled program.

The operations that the fetches need are sorted out, their rules are called on placeholders and on the session's
variables in the order in which they were made, and the graph of ours that comes of it is compiled. All variables are
read as they are when the run begins, but by operations that come after an assignment, by their inputs or by control
dependencies, and by those that change a variable in place, such as `assign_add` and an optimizer's step. Not here:
which values are fed, and what a fetch's structure is (``session.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import feedforward
from feedforward import ops, random
from feedforward.backends.interpreter import Interpreter
from feedforward.compat.tensorflow.graphs.errors import InvalidArgumentError, failed_precondition, invalid_argument
from feedforward.compat.tensorflow.graphs.graph import Graph, Operation, UnknownValueError, call, flat, known_value
from feedforward.compat.tensorflow.graphs.tensors import GraphTensor
from feedforward.execution import backend
from feedforward.general import compiled
from feedforward.graph.node import Array, Node, location_of, reachable
from feedforward.graph.program import Program, substitute
from feedforward.ops.indexing import computed_places
from feedforward.random import trace_draws
from feedforward.tensor import symbolic

__all__ = ["HostValue", "Plan", "State", "present_plan"]

_MOST_TURNS = 10_000
"""How often a loop of a graph may go round, since it is written out."""

_present: ContextVar[Plan | None] = ContextVar("present", default=None)


def present_plan() -> Plan | None:
    """Return the plan whose operations are being computed here, to their rules; None where none is."""
    return _present.get()


class State:
    """What a session keeps between runs.

    Parameters
    ----------
    graph : Graph
        Whose variables they are.

    Attributes
    ----------
    variables : dict of GraphVariable to array
        Their present values.
    draws : int
        How many random draws were made, where the graph has a seed.
    kept : dict
        What operations of Python's keep, such as iterators and streams of random numbers.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.variables: dict[Any, Array] = {}
        self.draws = 0
        self.kept: dict[Any, Any] = {}

    def take_keys(self, count: int) -> tuple[int, int]:
        """Return seed and step of the next random draws."""
        if self.graph.seed is None:
            key = random.take_keys(count)
            return int(key.seed), int(key.step)
        step, self.draws = self.draws, self.draws + count
        return self.graph.seed & (2**63 - 1), step


class _Assigned:
    """The new values that variables have, each to the operations that come after its assignment."""

    def __init__(self) -> None:
        self.seen: dict[Operation, frozenset[Operation]] = {}
        self.values: dict[Operation, feedforward.Tensor] = {}
        self.last: dict[Any, feedforward.Tensor] = {}

    def before(self, op: Operation) -> frozenset[Operation]:
        """Return the assignments that come before an operation, and note them."""
        found: frozenset[Operation] = frozenset()
        for earlier in (*(tensor.op for tensor in op.inputs), *op.control_inputs):
            found |= self.seen.get(earlier, frozenset())
        self.seen[op] = found
        return found

    def note(self, op: Operation, value: feedforward.Tensor) -> None:
        """Note an assignment."""
        self.values[op] = self.last[op.assigns] = value
        self.seen[op] |= {op}


@dataclass(frozen=True)
class HostValue:
    """What Python computes when a program has run, such as text and the record of a summary.

    Parameters
    ----------
    function : callable
        Takes values of the arguments, arrays in place of tensors.
    arguments : tuple
        Tensors of ours, other such values, and what is known.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class _Fed:
    """Stands for text that is fed.

    Parameters
    ----------
    place : int
        Which of the arrays that are fed it is.
    """

    place: int


@dataclass(frozen=True)
class _Output:
    """Stands, in a `HostValue`, for an output of the program.

    Parameters
    ----------
    place : int
        Which.
    """

    place: int


class Plan:
    """A compiled run.

    Parameters
    ----------
    state : State
        What variables have values, and of which shapes.
    fetches : sequence of GraphTensor or Operation
        What is wanted.
    fed : mapping of GraphTensor to array
        What is fed; shape and dtype count, and the values of those that `is_valued` is true for.
    """

    def __init__(
        self,
        state: State,
        fetches: Sequence[GraphTensor | Operation],
        fed: Mapping[GraphTensor, Array],
        is_valued: Callable[[Array], bool],
    ) -> None:
        self._state, self._fetches = state, fetches
        self._values: dict[GraphTensor, Any] = {}
        self._leaves: dict[Any, Node] = {}
        self._assigned = _Assigned()
        self._hosted: dict[Operation, HostValue] = {}
        self._drawn: list[tuple[Callable[[State], Array], Node]] = []
        self._keys = [ops.placeholder((), "int64", what) for what in ("seed", "step")]
        self._inputs: list[Node] = []
        self._fed_places: list[int] = []
        self.needed: list[Operation] = []
        for place, (tensor, array) in enumerate(fed.items()):
            if array.dtype == object:
                self._values[tensor] = _Fed(place)
                continue
            node = ops.placeholder(array.shape, array.dtype, tensor.op.name)
            self._values[tensor] = feedforward.Tensor(array) if is_valued(array) else symbolic(node)
            self._inputs.append(node)
            self._fed_places.append(place)
        self._draws = copy_context().run(self._trace)
        self._compile()

    # Which operations, and their values

    def _trace(self) -> int:
        """Compute the values of what is fetched as nodes; return how many random draws there are."""
        drawn = trace_draws(*map(symbolic, self._keys))
        _present.set(self)
        self._compute([fetch if isinstance(fetch, Operation) else fetch.op for fetch in self._fetches])
        return drawn.count

    def _compute(self, ends: Sequence[Operation]) -> None:
        """Give values to all that some operations need, and to them."""
        done = set(self.needed)
        needed: set[Operation] = set()
        todo = list(ends)
        while todo:
            op = todo.pop()
            if op in needed or op in done or self._is_fed(op):
                continue
            needed.add(op)
            todo += self._needs(op)
        for op in sorted(needed, key=lambda op: op.number):
            self._visit(op)
        self.needed += sorted(needed, key=lambda op: op.number)

    def _is_fed(self, op: Operation) -> bool:
        return bool(op.outputs) and all(tensor in self._values for tensor in op.outputs) and op not in self.needed

    def _needs(self, op: Operation) -> list[Operation]:
        """Return what an operation needs: of the branches of a choice that is known, only the one taken."""
        tensors = op.inputs
        if op.type == "Merge":
            choice = self._choice(op.inputs[0])
            if choice is not None:
                half = 1 + (len(op.inputs) - 1) // 2
                tensors = op.inputs[1:half] if choice else op.inputs[half:]
        conditions = [] if op.assigns is None else [tensor for tensor, _ in op.conditions]
        return [tensor.op for tensor in (*tensors, *conditions) if tensor not in self._values] + [*op.control_inputs]

    def _choice(self, predicate: GraphTensor) -> bool | None:
        """Return what a condition is if it is known now."""
        if predicate not in self._values:
            self._compute([predicate.op])
        try:
            return bool(known_value(self._values[predicate]))
        except ValueError:
            return None

    def _visit(self, op: Operation) -> None:
        """Give values to the outputs of an operation whose inputs have theirs."""
        before = self._assigned.before(op)
        if op.type == "Placeholder":
            raise invalid_argument(
                f"You must feed a value for placeholder tensor {op.name!r} with dtype {op.outputs[0].dtype.name} and "
                f"shape {op.outputs[0].shape}: give it in feed_dict",
                op,
            )
        if op.type == "VariableV2":
            self._values.setdefault(op.outputs[0], op)  # read by whoever uses it
            return
        if op.type == "While":
            found = self._turn(op, [self._read(tensor, before, op) for tensor in op.inputs])
            self._values.update(zip(op.outputs, found, strict=True))
            return
        if op.after is not None:
            hosted = HostValue(
                partial(op.after, self._state), tuple([self._read(tensor, before, op) for tensor in op.inputs])
            )
            self._hosted[op] = hosted
            for output in op.outputs:
                self._values.setdefault(output, hosted)
            return
        if op.rule is None:
            return
        if op.type == "Merge" and (choice := self._choice(op.inputs[0])) is not None:
            half = 1 + (len(op.inputs) - 1) // 2
            taken = op.inputs[1:half] if choice else op.inputs[half:]
            for output, tensor in zip(op.outputs, taken, strict=True):
                self._values.setdefault(output, self._read(tensor, before))
            return
        given = [self._read(tensor, before, op) for tensor in op.inputs]
        if any(isinstance(value, HostValue | _Fed) for value in given):
            for place, output in enumerate(op.outputs):
                self._values.setdefault(output, HostValue(partial(_computed, op, place), tuple(given)))
            return
        try:
            found = call(op, given)
        except UnknownValueError:
            raise
        except (ValueError, TypeError, IndexError) as error:
            raise invalid_argument(str(error), op) from error
        values = flat(found)
        if op.assigns is not None:
            values = [self._assign(op, values[0], before)]
        for output, value in zip(op.outputs, values, strict=True):
            self._values.setdefault(output, value)

    def _read(self, tensor: GraphTensor, before: frozenset[Operation], reader: Operation | None = None) -> Any:
        """Return the value of a tensor to an operation that comes after some assignments."""
        value = self._values[tensor]
        if not (isinstance(value, Operation) and value.type == "VariableV2"):
            return value
        variable = value.variable  # type: ignore[attr-defined]
        if reader is not None and variable in reader.moves and variable in self._assigned.last:
            return self._assigned.last[variable]  # so that two steps of one run both count
        earlier = [op for op in before if op.assigns is variable]
        if earlier:
            return self._assigned.values[max(earlier, key=lambda op: op.number)]
        if reader is not None and reader.assigns is variable and reader.type == "Assign":
            return None  # what is overwritten is not read
        return self._leaf(variable, reader)

    def _leaf(self, variable: Any, reader: Operation | None = None) -> feedforward.Tensor:
        """Return what stands for the value of a variable when the run begins."""
        if variable not in self._leaves:
            array = self._state.variables.get(variable)
            if array is None:
                raise failed_precondition(
                    f"Attempting to use uninitialized value {variable.op.name}: run its initializer first, as in "
                    f"sess.run(tf.global_variables_initializer())",
                    reader or variable.op,
                )
            self._leaves[variable] = ops.variable(array.shape, array.dtype, variable.op.name)
        return symbolic(self._leaves[variable])

    def _assign(self, op: Operation, value: feedforward.Tensor, before: frozenset[Operation]) -> feedforward.Tensor:
        """Note the new value of a variable, or the old one where a branch is not taken."""
        for predicate, wanted in op.conditions:
            choice = self._choice(predicate)
            if choice is not None and choice != wanted:
                return self._read(op.assigns.tensor, before)  # type: ignore[no-any-return]
            if choice is None:
                old = self._assigned.last.get(op.assigns)
                old = self._read(op.assigns.tensor, before) if old is None else old
                condition = self._values[predicate]
                value = feedforward.where(condition, *((value, old) if wanted else (old, value)))
        self._assigned.note(op, value)
        return value

    def _turn(self, op: Operation, values: list[Any]) -> list[Any]:
        """Return what the variables of a loop are in the end: it is written out, turn by turn."""
        loop = op.loop  # type: ignore[attr-defined]
        values = values[: len(loop.variables)]
        for _ in range(_MOST_TURNS):
            self._compute_again(loop.inside, dict(zip(loop.variables, values, strict=True)))
            if not bool(known_value(self._values[loop.condition])):
                return values
            values = [self._values[tensor] for tensor in loop.results]
        raise invalid_argument(f"the loop goes round more than {_MOST_TURNS} times. Write it in Python", op)

    def _compute_again(self, inside: Sequence[Operation], values: Mapping[GraphTensor, Any]) -> None:
        """Give other values to what depends on some tensors."""
        for op in inside:
            for output in op.outputs:
                self._values.pop(output, None)
        self._values.update(values)
        for op in inside:
            if op.outputs and op.outputs[0] not in values:
                self._visit(op)

    def drawn(self, draw: Callable[[State], Array], shape: Sequence[int], dtype: Any) -> feedforward.Tensor:
        """Return a tensor of what Python draws for each run."""
        node = ops.placeholder(tuple(shape), dtype, "drawn")
        self._drawn.append((draw, node))
        return symbolic(node)

    # The program

    def _compile(self) -> None:
        """Compile what was traced."""
        self.assigned = list(self._assigned.last)
        outputs: list[Node] = []
        wanted = [self._fetched(fetch) for fetch in self._fetches]
        self._results = [_with_places(value, outputs) for value in wanted]
        effects = [hosted for op, hosted in self._hosted.items() if op.has_effect]
        self._effects = [_with_places(value, outputs) for value in effects]
        new = {variable: self._assigned.last[variable].node for variable in self.assigned}
        self._updated = [variable for variable in self.assigned if variable in self._leaves]
        self._created = [variable for variable in self.assigned if variable not in self._leaves]
        ends = [*outputs, *(new[v] for v in self._created), *(new[v] for v in self._updated)]
        nodes = reachable(ends)
        reached = set(nodes)
        self._read_variables = [v for v, leaf in self._leaves.items() if leaf in reached or v in self._updated]
        self._loose = [variable for variable in self._read_variables if not variable._validate_shape]
        places = computed_places(nodes)
        ends += [indices for _, indices, _ in places]
        self._places = [(size, node) for node, _, size in places]
        captured = [node for node in nodes if node.value is not None and node.op.name != "constant"]
        inside = [ops.placeholder(node.shape, node.dtype, "captured") for node in captured]
        ends = list(substitute(Program((), (), tuple(ends)), dict(zip(captured, inside, strict=True))).outputs)
        self._captured = [node.value for node in captured if node.value is not None]
        has_draws = any(key in reached for key in self._keys)
        self._draws = self._draws if has_draws else 0
        self._count = count = len(outputs)
        last = count + len(self._created)
        updates = ends[last : last + len(self._updated)]
        self.program = Program(
            (*self._inputs, *(node for _, node in self._drawn), *inside, *(self._keys if has_draws else ())),
            tuple([self._leaves[variable] for variable in self._read_variables]),
            (*ends[:last], *ends[last + len(self._updated) :]),
            tuple(zip([self._leaves[v] for v in self._updated], updates, strict=True)),
        )
        # What only initialises runs once: NumPy is done before code is made.
        is_first = bool(self._created) and not self._updated and not self._inputs
        self._executable = compiled(Interpreter() if is_first else backend(), self.program)
        self._is_plain = (
            self._results == [_Output(place) for place in range(count)]
            and len(self._fed_places) == len(self._inputs)
            and not (self._effects or self._places or self._created)
        )

    def _fetched(self, fetch: GraphTensor | Operation) -> Any:
        """Return the value of a fetch: of a variable, the one that it has in the end; of an operation, None."""
        if isinstance(fetch, Operation):
            return self._hosted.get(fetch)
        value = self._values[fetch]
        if isinstance(value, Operation) and value.type == "VariableV2":
            variable = value.variable  # type: ignore[attr-defined]
            last = self._assigned.last.get(variable)
            return self._leaf(variable) if last is None else last
        return value

    @property
    def updated(self) -> list[Any]:
        """The variables that had a value and get another one."""
        return self._updated

    def fits(self) -> bool:
        """Return whether variables that may change their shapes have those that it was compiled for."""
        return all(self._state.variables[each].shape == self._leaves[each].shape for each in self._loose)

    def run(self, fed: Sequence[Array]) -> list[Any]:
        """Run once, and return the values of what is fetched."""
        state = self._state
        variables = state.variables
        try:
            before = [variables[variable] for variable in self._read_variables]
        except KeyError as missing:
            variable = missing.args[0]
            raise failed_precondition(
                f"Attempting to use uninitialized value {variable.op.name}", variable.op
            ) from None
        inputs = [fed[place] for place in self._fed_places]
        inputs += [draw(state) for draw, _ in self._drawn]
        inputs += self._captured
        if self._draws:
            seed, step = state.take_keys(self._draws)
            inputs += [np.asarray(seed, np.int64), np.asarray(step, np.int64)]
        outputs, after = self._executable.run(inputs, before)
        if self._is_plain:
            if self._updated:
                variables.update(zip(self._read_variables, after, strict=True))
            return outputs
        last = self._count + len(self._created)
        for value, (size, node) in zip(outputs[last:], self._places, strict=True):
            _check_places(value, size, node)
        results = [_computed_after(value, outputs, fed) for value in self._results]
        for effect in self._effects:
            _computed_after(effect, outputs, fed)
        variables.update(zip(self._read_variables, after, strict=True))
        variables.update(zip(self._created, outputs[self._count : last], strict=True))
        return results


def _check_places(places: Array, size: int, node: Node) -> None:
    """Raise where a place lies outside of an axis: TensorFlow counts none from the end."""
    if places.size and not (0 <= places.min() and places.max() < size):
        wrong = places[(places < 0) | (places >= size)].flat[0]
        raise InvalidArgumentError(
            None, None, f"index {wrong} is not in [0, {size}){location_of(node)}. Give ints from 0 to {size - 1}."
        )


def _with_places(value: Any, outputs: list[Node]) -> Any:
    """Return a value with an `_Output` for each tensor in it, whose nodes are added to the outputs."""
    if isinstance(value, feedforward.Tensor):
        outputs.append(value.node)
        return _Output(len(outputs) - 1)
    if isinstance(value, HostValue):
        return HostValue(value.function, tuple([_with_places(part, outputs) for part in value.arguments]))
    return value


def _computed_after(value: Any, outputs: Sequence[Array], fed: Sequence[Array]) -> Any:
    """Return a value from what a program gave."""
    kind = type(value)
    if kind is _Output:
        return outputs[value.place]
    if kind is _Fed:
        return fed[value.place]
    if kind is HostValue:
        return value.function(*[_computed_after(part, outputs, fed) for part in value.arguments])
    return value


def _computed(op: Operation, place: int, *values: Any) -> Any:
    """Return an output of an operation for arrays, computed by its rule now."""
    ours = [value if value.dtype == object else feedforward.Tensor(value) for value in map(np.asarray, values)]
    found = flat(call(op, ours))[place]
    return found.numpy() if isinstance(found, feedforward.Tensor) else found
