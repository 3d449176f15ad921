"""What a session runs for some fetches and some shapes of what is fed: one compiled program.

The operations that the fetches need are sorted out, their rules are called on placeholders and on the session's
variables in the order in which they were made, and the graph of ours that comes of it is compiled. All variables are
read as they are when the run begins, but for operations that come after an assignment, by their inputs or by control
dependencies. Not here: which values are fed, and what a fetch's structure is (``session.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import copy_context
from typing import Any, NamedTuple

import numpy as np

import feedforward
from feedforward import ops, random
from feedforward.backends.interpreter import Interpreter
from feedforward.compat.tensorflow.errors import failed_precondition, invalid_argument
from feedforward.compat.tensorflow.graph import Graph, Operation, call, flat, known_value
from feedforward.compat.tensorflow.tensors import GraphTensor
from feedforward.execution import backend
from feedforward.general import compiled
from feedforward.graph.node import Array, Node, reachable
from feedforward.graph.program import Program, substitute
from feedforward.ops.indexing import check_places, computed_places
from feedforward.random import trace_draws
from feedforward.tensor import symbolic

__all__ = ["Plan", "State"]


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


class _Text(NamedTuple):
    """Stands for text that an operation of Python's gives in each run.

    Parameters
    ----------
    op : Operation
        Which.
    place : int
        Which of its outputs it is.
    """

    op: Operation
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
        What is fed; of truth values without dimensions the value counts, of all others shape and dtype.
    given : mapping of Operation to sequence of arrays, optional
        What operations of Python's gave for the first run, where they were asked already.

    Attributes
    ----------
    things : list of GraphTensor or Operation
        What `run` returns values of: what is fetched, then operations of Python's that are needed on the way.
    """

    def __init__(
        self,
        state: State,
        fetches: Sequence[GraphTensor | Operation],
        fed: Mapping[GraphTensor, Array],
        given: Mapping[Operation, Sequence[Any]] | None = None,
    ) -> None:
        self._state = state
        self.things: list[GraphTensor | Operation] = [
            fetch.op if isinstance(fetch, GraphTensor) and fetch.op.after is not None else fetch for fetch in fetches
        ]
        self._given = dict(given or {})
        self._others: dict[Any, Plan] = {}
        self._values: dict[GraphTensor, Any] = {}
        self._fed = list(fed)
        self._leaves: dict[Any, Node] = {}
        self._assigned = _Assigned()
        self._sources: list[tuple[Operation, list[Node]]] = []
        self._keys = [ops.placeholder((), "int64", what) for what in ("seed", "step")]
        self.needed: list[Operation] = []
        self._inputs = [ops.placeholder(array.shape, array.dtype, tensor.op.name) for tensor, array in fed.items()]
        for (tensor, array), node in zip(fed.items(), self._inputs, strict=True):
            is_known = array.dtype == np.bool_ and not array.ndim
            self._values[tensor] = feedforward.Tensor(array) if is_known else symbolic(node)
        self._outside = copy_context()  # where nothing is traced
        self._draws = copy_context().run(self._trace)
        self._compile()

    # Which operations, and their values

    def _trace(self) -> int:
        """Compute the values of what is fetched as nodes; return how many random draws there are."""
        drawn = trace_draws(*map(symbolic, self._keys))
        self._compute([fetch if isinstance(fetch, Operation) else fetch.op for fetch in self.things])
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
        if op.before is not None:
            self._take_in(op)
            return
        if op.after is not None or op.rule is None:
            return
        if op.type == "Merge" and (choice := self._choice(op.inputs[0])) is not None:
            half = 1 + (len(op.inputs) - 1) // 2
            taken = op.inputs[1:half] if choice else op.inputs[half:]
            for output, tensor in zip(op.outputs, taken, strict=True):
                self._values.setdefault(output, self._read(tensor, before))
            return
        try:
            found = call(op, [self._read(tensor, before, op) for tensor in op.inputs])
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
                old = self._read(op.assigns.tensor, before)
                condition = self._values[predicate]
                value = feedforward.where(condition, *((value, old) if wanted else (old, value)))
        self._assigned.note(op, value)
        return value

    def _take_in(self, op: Operation) -> None:
        """Let the outputs of an operation of Python's be fed; its shapes are those of its first values."""
        nodes = []
        if op not in self._given:
            self._given[op] = self._outside.run(op.before, self._state)  # type: ignore[arg-type]
        for place, (output, value) in enumerate(zip(op.outputs, self._given[op], strict=True)):
            if np.asarray(value).dtype.kind in "OSU":
                self._values.setdefault(output, _Text(op, place))
            else:
                nodes.append(ops.placeholder(np.shape(value), np.asarray(value).dtype, op.name))
                self._values.setdefault(output, symbolic(nodes[-1]))
        self._sources.append((op, nodes))

    # The program

    def _compile(self) -> None:
        """Compile what was traced."""
        self.assigned = list(self._assigned.last)
        wanted: list[Any] = []
        self.things += [op for op in self.needed if op.after is not None and op not in self.things]
        for fetch in self.things:
            if isinstance(fetch, Operation):
                wanted += [self._read(tensor, frozenset()) for tensor in fetch.inputs] if fetch.after else []
            else:
                wanted.append(self._fetched(fetch))
        self._host = {place: value for place, value in enumerate(wanted) if not isinstance(value, feedforward.Tensor)}
        outputs = [value.node for value in wanted if isinstance(value, feedforward.Tensor)]
        new = {variable: self._assigned.last[variable].node for variable in self.assigned}
        self._updated = [variable for variable in self.assigned if variable in self._leaves]
        self._created = [variable for variable in self.assigned if variable not in self._leaves]
        ends = [*outputs, *(new[v] for v in self._created), *(new[v] for v in self._updated)]
        nodes = reachable(ends)
        self._read_variables = [v for v, leaf in self._leaves.items() if leaf in set(nodes) or v in self._updated]
        places = computed_places(nodes)
        ends += [indices for _, indices, _ in places]
        self._places = [(size, node) for node, _, size in places]
        captured = [node for node in nodes if node.value is not None and node.op.name != "constant"]
        inside = [ops.placeholder(node.shape, node.dtype, "captured") for node in captured]
        ends = list(substitute(Program((), (), tuple(ends)), dict(zip(captured, inside, strict=True))).outputs)
        self._captured = [node.value for node in captured if node.value is not None]
        reached = set(nodes)
        self._source_nodes = fed_nodes = [node for _, found in self._sources for node in found]
        has_draws = any(key in reached for key in self._keys)
        self._draws = self._draws if has_draws else 0
        count, created = len(outputs), len(self._created)
        updates = ends[count + created : count + created + len(self._updated)]
        leaves = [self._leaves[variable] for variable in self._read_variables]
        self.program = Program(
            (*self._inputs, *fed_nodes, *inside, *(self._keys if has_draws else ())),
            tuple(leaves),
            (*ends[: count + created], *ends[count + created + len(self._updated) :]),
            tuple(zip([self._leaves[v] for v in self._updated], updates, strict=True)),
        )
        self._count = count
        # What only initialises runs once: NumPy is done before code is made.
        is_first = bool(self._created) and not self._updated and not self._inputs
        self._executable = compiled(Interpreter() if is_first else backend(), self.program)
        self._is_plain = not (self._sources or self._host or self._places or self._created or self._draws)

    def _fetched(self, tensor: GraphTensor) -> Any:
        """Return the value of a fetch: of a variable, the one that it has in the end."""
        value = self._values[tensor]
        if isinstance(value, Operation) and value.type == "VariableV2":
            variable = value.variable  # type: ignore[attr-defined]
            last = self._assigned.last.get(variable)
            return self._leaf(variable) if last is None else last
        return value

    def _other(self, fed: Sequence[Array], given: Mapping[Operation, Sequence[Any]], numbers: Sequence[Array]) -> Plan:
        """Return a plan for what operations of Python's gave, which is of other shapes."""
        shapes = tuple([array.shape for array in numbers])
        found = self._others.get(shapes)
        if found is None:
            fed_by = dict(zip(self._fed, fed, strict=True))
            found = self._others[shapes] = Plan(self._state, self.things, fed_by, given)
        found._given = dict(given)
        return found

    def run(self, fed: Sequence[Array]) -> list[Any]:
        """Run once; return the values of fetched tensors, and of the inputs of fetched operations of Python's."""
        state = self._state
        variables = state.variables
        try:
            before = [variables[variable] for variable in self._read_variables]
        except KeyError as missing:
            variable = missing.args[0]
            raise failed_precondition(
                f"Attempting to use uninitialized value {variable.op.name}", variable.op
            ) from None
        inputs = [*fed]
        texts: dict[Operation, Sequence[Any]] = {}
        if self._sources:
            for op, _ in self._sources:
                texts[op] = self._given.pop(op) if op in self._given else op.before(state)  # type: ignore[misc]
            numbers = [np.asarray(value) for op, _ in self._sources for value in texts[op]]
            numbers = [array for array in numbers if array.dtype.kind not in "OSU"]
            if any(array.shape != node.shape for array, node in zip(numbers, self._source_nodes, strict=True)):
                return self._other(fed, texts, numbers).run(fed)
            inputs += numbers
        inputs += self._captured
        if self._draws:
            seed, step = state.take_keys(self._draws)
            inputs += [np.asarray(seed, np.int64), np.asarray(step, np.int64)]
        outputs, after = self._executable.run(inputs, before)
        if self._updated:
            variables.update(zip(self._read_variables, after, strict=True))
        if self._is_plain:
            return outputs
        count, created = self._count, len(self._created)
        for value, (size, node) in zip(outputs[count + created :], self._places, strict=True):
            check_places(value, size, node)
        variables.update(zip(self._created, outputs[count : count + created], strict=True))
        results = iter(outputs[:count])
        total = count + len(self._host)
        found = []
        for place in range(total):
            text = self._host.get(place)
            found.append(next(results) if text is None else texts[text.op][text.place] if type(text) is _Text else text)
        return found
