"""Whether gradients are right: each compared with central differences, in float64, and a verdict for each parameter.

Here: what is computed in float64 whatever a model's dtype, the differences with a bound on their error, what is said of
kinks. Not here: whether numbers stay finite (``fault.py``), and what gradients say of learning (``diagnosis.py``).

References: Dennis and Schnabel, "Numerical methods for unconstrained optimization and nonlinear equations", 1983,
section 5.4 (steps); Moré and Wild, "Estimating computational noise", 2011 (the error of a function's values).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from feedforward import ops, random
from feedforward.errors import DataError
from feedforward.execution import backend
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.node import Node, build, known, origin_of
from feedforward.graph.program import Program
from feedforward.nn.config import check_bool, check_int
from feedforward.nn.layer import Layer, collect_losses
from feedforward.notebook import text_html
from feedforward.tape import leaves, like, map_leaves
from feedforward.tensor import Tensor, Variable, symbolic
from feedforward.tracing import Traced, trace
from feedforward.training.data import check_data
from feedforward.training.described import Described
from feedforward.training.objectives import measure
from feedforward.training.summary import counted

__all__ = ["GradientCheck", "ParameterCheck", "check_gradients"]

Floats: TypeAlias = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)
STEP = EPSILON ** (1 / 3)
"""The step beside a number's size: rounding, eps / h, and truncation, h^2, are about as large there."""

SHRINKINGS = (1.0, 1 / 8, 1 / 64, 1 / 512)
"""The steps that are tried where a kink may lie within the first one."""

ROUNDINGS = 10.0
"""How many times its measured noise a value may be off: the largest of many thousand normal numbers is below 5."""

FINE, USELESS = 1e-4, 1e-2
"""A bound above the first part of a parameter's largest derivative asks for smaller steps; one above the second says
nothing."""

BENT = 1e-3
"""Slopes on both sides that differ by more than this part may be those of a kink, and ask for smaller steps, too."""


@dataclass(frozen=True)
class ParameterCheck:
    """What was found of one parameter.

    Parameters
    ----------
    name : str
        Its name, or its place among the arguments.
    shape : tuple of int
        Its shape.
    checked : int
        How many of its elements were looked at.
    error : float
        The largest difference between gradient and central difference, beside the largest of the parameter's
        derivatives; without elements at a kink.
    allowed : float
        What that may be, by the bound on the error of this central difference, on the same scale.
    where : tuple of int
        Which element that is: the one whose difference is largest beside what it may be.
    gradient, difference : float
        Gradient and central difference there.
    kinks : int
        How many elements stand at a kink: the slopes on both sides differ, and the gradient is between them.
    verdict : {"right", "wrong", "unclear"}
        ``"unclear"`` where values are so noisy, or so bent, that no difference says anything.
    """

    name: str
    shape: tuple[int, ...]
    checked: int
    error: float
    allowed: float
    where: tuple[int, ...]
    gradient: float
    difference: float
    kinks: int
    verdict: str

    @property
    def _cells(self) -> tuple[str, ...]:
        kinks = f", {counted(self.kinks, 'kink')}" if self.kinks else ""
        size = math.prod(self.shape)
        return (
            self.name,
            str(self.shape),
            f"{self.checked} of {size}",
            f"{self.error:.1e}",
            f"{self.allowed:.1e}",
            str(list(self.where)),
            f"{self.gradient:.6g}",
            f"{self.difference:.6g}",
            f"{self.verdict}{kinks}",
        )


@dataclass(frozen=True)
class GradientCheck:
    """The verdict on every parameter. Prints as a table.

    Parameters
    ----------
    value : float
        The loss, or what stood for it.
    parameters : tuple of ParameterCheck
        One for each.
    """

    value: float
    parameters: tuple[ParameterCheck, ...]

    @property
    def is_right(self) -> bool:
        """Whether every gradient is what the differences say, but for what they may be off."""
        return all(each.verdict == "right" for each in self.parameters)

    def __str__(self) -> str:
        titles = ("Parameter", "Shape", "Checked", "Error", "Allowed", "Worst at", "Gradient", "Difference", "Verdict")
        rows = [titles, *(each._cells for each in self.parameters)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(titles))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        wrong = [each.name for each in self.parameters if each.verdict != "right"]
        end = "Every gradient is right." if not wrong else f"Not right: {', '.join(wrong)}."
        return "\n".join([f"Gradients beside central differences, value {self.value:.6g}", *lines, end])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return text_html(str(self))


def check_gradients(
    function: Callable[..., Any], x: Any, y: Any = None, *, entries: int = 24, training: bool = False, seed: int = 0
) -> GradientCheck:
    """Return how far gradients are from central differences, (f(w + h) - f(w - h)) / 2h, parameter by parameter.

    Parameters
    ----------
    function : Model, Layer or callable
        With `y`, a compiled model: its loss by its trainable weights. Without, a model or layer: its outputs by its
        inputs and trainable weights. A function of tensors: what it returns by its arguments, and by the trainable
        variables that it reads.
    x : array, tensor, or nested lists, tuples and dicts of them
        Samples, or the argument. What holds integers is not differentiated.
    y : the same, optional
        Targets; of a function, a second argument.
    entries : int
        How many elements of each parameter to look at, at most, chosen at random.
    training : bool
        Whether layers act as in training. Dropout then drops the same each time.
    seed : int
        What chooses elements and draws, and weighs outputs that are no scalar: their sum with normal numbers is taken.

    Returns
    -------
    GradientCheck
        Prints as a table; `is_right` is one answer for all. Nothing is changed: not a weight, not a running mean.

    Raises
    ------
    ValueError, TypeError, ShapeError, DataError
        As `fit`, for a model with targets; if there is nothing to differentiate, or the value is no finite float.

    Notes
    -----
    Everything is computed in float64, by the present backend, also of a model of float32: it is its graph that is
    checked. With h = eps^(1/3) max(|w|, root mean square of the parameter), a difference may be off by its truncation,
    for which that from 2h tells, and by ten times the noise of the values, divided by h. Noise is measured, by
    differences of high order between near points. At a kink, as that of `relu`, the slopes on both sides
    differ however small h is; there any number between them is taken for right, and is counted.

    Examples
    --------
    >>> import feedforward as ff
    >>> check_gradients(lambda x: (x * x).sum(), [1.0, 2.0]).is_right
    True
    >>> forgotten = lambda x: (ff.stop_gradient(x) * x).sum()  # half of the gradient of x^2
    >>> found = check_gradients(forgotten, [1.0, 2.0]).parameters[0]
    >>> print(f"{found.verdict}: {found.gradient:.4f} instead of {found.difference:.4f}")
    wrong: 2.0000 instead of 4.0000
    """
    check_int("check_gradients", "entries", entries, 1)
    check_bool("check_gradients", "training", training)
    is_model = isinstance(function, Described) and y is not None
    task = _of_model(function, x, y, training) if is_model else _of_function(function, x, y, training)
    with random.drawing_from(seed, 0):
        traced = task.trace()
    return _Doubles.of(traced, task, seed).check(entries, seed)


@dataclass(frozen=True)
class _Task:
    """What is differentiated.

    Parameters
    ----------
    function : callable
        Of tensors.
    arrays : dict of str to array
        What it is called with.
    names : dict of Variable to str, optional
        The weights by which; all trainable ones that it reads by default.
    has_inputs : bool
        Whether by the arrays, too.
    floats : str, optional
        The dtype of floats that it takes; any by default.
    """

    function: Callable[..., Sequence[Tensor]]
    arrays: dict[str, Any]
    names: dict[Variable, str] | None
    has_inputs: bool
    floats: str | None = None

    def trace(self) -> Traced:
        """Return it as a program, for arrays of these shapes alone."""
        nodes = [
            ops.placeholder(array.shape, self.floats if array.dtype.kind == "f" and self.floats else array.dtype, name)
            for name, array in self.arrays.items()
        ]
        return trace(self.function, [symbolic(node) for node in nodes])


def _of_model(model: Any, x: Any, y: Any, training: bool) -> _Task:
    """Return the loss of a compiled model, of its trainable weights."""
    data = check_data(model, x, y, None, "check_gradients")
    count, wanted = len(model.network.inputs), model.wanted("check_gradients")

    def loss(*given: Tensor) -> list[Tensor]:
        added = collect_losses()
        predictions = model.network.apply(model.network.cast(given[:count]), training)
        added += model.regularization()
        totals, samples = measure(wanted, given[count:], predictions, None, added)
        return [totals[0] / samples]

    arrays = {f"data {number}": array for number, array in enumerate(data.arrays)}
    return _Task(loss, arrays, _names(model), has_inputs=False)


def _of_function(function: Callable[..., Any], x: Any, y: Any, training: bool) -> _Task:
    """Return a function of one argument or two, or a layer: of its arguments and trainable weights."""
    if not callable(function):
        raise TypeError(f"check_gradients: got {function!r:.80}. Give a model, a layer, or a function of tensors.")
    arguments = {"x": x} | ({} if y is None else {"y": y})
    arrays: dict[str, Any] = {}
    for argument, value in arguments.items():
        parts = list(leaves(_tensors(value)))
        several = len(parts) > 1
        arrays |= {f"{argument}[{n}]" if several else argument: part.numpy() for n, part in enumerate(parts)}
    is_layer = isinstance(function, Layer)
    if isinstance(function, Layer) and not function.is_built:  # so that no weight is made while it is traced
        function(*arguments.values(), training=False)

    def outputs(*given: Tensor) -> list[Tensor]:
        rest = iter(given)
        filled = [like(_tensors(value), rest) for value in arguments.values()]
        result = function(*filled, training=training) if is_layer else function(*filled)
        found = list(leaves(result))
        for part in found:
            if not isinstance(part, Tensor) or part.dtype.kind != "f":
                what = part.dtype.name if isinstance(part, Tensor) else f"{part!r:.80}"
                raise TypeError(f"check_gradients: the function returned {what}. It must return tensors of floats.")
        return found

    if not isinstance(function, Layer):
        return _Task(outputs, arrays, None, has_inputs=True)
    floats = {weight.dtype.name for weight in function.weights if weight.dtype.kind == "f"} or {"float32"}
    return _Task(outputs, arrays, _names(function), has_inputs=True, floats=max(floats))


def _tensors(value: Any) -> Any:
    return map_leaves(lambda part: part if isinstance(part, Tensor) else Tensor(part), value)


def _names(layer: Layer) -> dict[Variable, str]:
    """Return the weights that are trained, by their paths; those of a frozen layer are not."""
    trained = set(layer.trainable_weights)
    return {weight: path for path, weight in layer.weights_by_path() if weight in trained}


@dataclass(frozen=True)
class _Doubles:
    """A function of arrays of float64, and its gradient by some of them.

    Parameters
    ----------
    value, slopes : callable
        Return the value, and the gradients, for arrays.
    arrays : list of arrays
        At which they are taken.
    names : list of str
        What the first of these are called, by which it is differentiated.
    """

    value: Callable[[Sequence[Any]], float]
    slopes: Callable[[Sequence[Any]], list[Any]]
    arrays: list[Any]
    names: list[str]

    @classmethod
    def of(cls, traced: Traced, task: _Task, seed: int) -> _Doubles:
        """Return a program with its gradient, all in float64."""
        program = _in_doubles(traced.program)
        nodes = dict(zip(traced.variables, program.variables, strict=True))
        asked = {}
        if task.has_inputs:
            inputs = zip(program.inputs, task.arrays, strict=True)
            asked = {node: name for node, name in inputs if node.dtype.kind == "f"}
        names = task.names
        if names is None:
            names = {variable: variable.name for variable in traced.variables if variable.trainable}
        asked |= {nodes[variable]: name for variable, name in names.items() if variable in nodes}
        if not asked:
            raise ValueError(
                "check_gradients: there are no trainable weights and no arguments of floats. Give floats, as in 3.0 "
                "for 3, or let a layer have weights that are trained."
            )
        values: dict[Node, Any] = dict(zip(program.inputs, task.arrays.values(), strict=True))
        values |= {node: variable.numpy() for variable, node in nodes.items()}
        order = [*asked, *(node for node in values if node not in asked)]
        numbers = np.random.default_rng(seed)
        total = None
        for output in program.outputs:
            weights = numbers.normal(size=known(output.shape)) if output.shape else np.ones(())
            part = (output * ops.constant(weights)).sum() if output.shape else output
            total = part if total is None else total + part
        if total is None:
            raise TypeError("check_gradients: the function returned nothing. It must return tensors of floats.")
        found = [
            zeros_like(node) if part is None else part
            for node, part in zip(asked, gradient(total, list(asked)), strict=True)
        ]
        value = backend().compile(Program(tuple(order), (), (total,)))
        slopes = backend().compile(Program(tuple(order), (), tuple(found)))
        given = [np.array(values[node], node.dtype) for node in order]
        return cls(
            lambda now: float(value.run(now, [])[0][0]), lambda now: slopes.run(now, [])[0], given, list(asked.values())
        )

    def check(self, entries: int, seed: int) -> GradientCheck:
        """Compare the gradients with differences."""
        at = self.value(self.arrays)
        if not math.isfinite(at):
            raise DataError(
                f"check_gradients: the value is {at}. Give data and weights for which it is a finite number."
            )
        gradients = self.slopes(self.arrays)
        numbers = np.random.default_rng(seed)
        found = []
        for place, (name, slope) in enumerate(zip(self.names, gradients, strict=True)):
            chosen = np.arange(slope.size)
            if slope.size > entries:
                chosen = np.sort(numbers.choice(slope.size, entries, replace=False))
            found.append(_Parameter(self, place, at).check(name, np.asarray(slope), chosen))
        return GradientCheck(at, tuple(found))


@dataclass(frozen=True)
class _Entry:
    """One element: its gradient, its central difference, what that may be off, and whether it stands at a kink."""

    place: int
    gradient: float
    difference: float
    allowed: float
    is_kink: bool

    @property
    def off(self) -> float:
        """How far they are apart."""
        return 0.0 if self.is_kink else abs(self.gradient - self.difference)

    @property
    def excess(self) -> float:
        """That beside what it may be; above 1 the gradient is wrong."""
        if not math.isfinite(self.gradient):
            return math.inf
        if self.allowed == 0:
            return math.inf if self.off else 0.0
        return self.off / self.allowed if self.allowed < math.inf else 0.0


class _Parameter:
    """One of the arrays, and the value as a function of each element of it."""

    def __init__(self, doubles: _Doubles, place: int, at: float) -> None:
        self._doubles, self._place, self._at = doubles, place, at
        array = doubles.arrays[place]
        self._size = float(np.sqrt(np.mean(np.square(array)))) if array.size else 0.0

    def check(self, name: str, slope: Floats, chosen: Any) -> ParameterCheck:
        """Return the verdict on a gradient, by the elements chosen."""
        scale = float(np.abs(slope).max(initial=0.0))
        noise = float(np.median([self._noise(int(element)) for element in chosen[:3]])) if len(chosen) else 0.0
        found = [self._entry(int(element), float(slope.flat[element]), scale, noise) for element in chosen]
        if not found:
            return ParameterCheck(name, slope.shape, 0, 0.0, 0.0, (), 0.0, 0.0, 0, "right")
        scale = max([scale, *(abs(entry.difference) for entry in found if not entry.is_kink)]) or 1.0
        worst = max(found, key=lambda entry: entry.excess)
        # Where a step leaves the domain, or all is noise, there is no difference to go by.
        is_vague = any(not entry.allowed <= USELESS * scale for entry in found if not entry.is_kink)
        return ParameterCheck(
            name,
            slope.shape,
            len(found),
            worst.off / scale,
            worst.allowed / scale,
            tuple(int(index) for index in np.unravel_index(worst.place, slope.shape)),
            worst.gradient,
            worst.difference,
            sum(entry.is_kink for entry in found),
            "wrong" if worst.excess > 1 else "unclear" if is_vague else "right",
        )

    def _entry(self, element: int, slope: float, scale: float, noise: float) -> _Entry:
        """Return an element beside its difference, with smaller steps where the first one says too little."""
        size = self._scale_of(element)
        found: list[_Entry] = []
        jumps: list[float] = []
        for factor in SHRINKINGS:
            h = factor * STEP * size
            up, down = self._moved(element, h), self._moved(element, -h)
            far = (self._moved(element, 2 * h) - self._moved(element, -2 * h)) / (4 * h)
            difference = (up - down) / (2 * h)
            rounding = ROUNDINGS * noise / h
            found.append(_Entry(element, slope, difference, abs(difference - far) + rounding, False))
            left, right = (self._at - down) / h, (up - self._at) / h
            jumps.append(abs(right - left))
            best = min(found, key=lambda entry: math.inf if math.isnan(entry.allowed) else entry.allowed)
            size_of_slopes = max(scale, abs(difference))
            if best.off <= best.allowed <= FINE * size_of_slopes and jumps[-1] <= BENT * size_of_slopes:
                return best
        # The slopes of a smooth function come together with h; at a kink they stay apart.
        is_kink = jumps[-1] > max(jumps[0] / 2, 4 * rounding)
        is_between = min(left, right) - 2 * rounding <= slope <= max(left, right) + 2 * rounding
        return replace(best, is_kink=True) if is_kink and is_between else best

    def _scale_of(self, element: int) -> float:
        """Return what a step from an element is a part of."""
        return max(abs(float(self._doubles.arrays[self._place].flat[element])), self._size) or 1.0

    def _moved(self, element: int, by: float) -> float:
        """Return the value with an element moved."""
        arrays = list(self._doubles.arrays)
        arrays[self._place] = arrays[self._place].copy()
        arrays[self._place].flat[element] += by
        return self._doubles.value(arrays)

    def _noise(self, element: int) -> float:
        """Return the error of values near an element: of seven, side by side, the fourth differences.

        What is smooth drops out of these; of independent errors each has the variance 8! / 4!^2 times theirs (Moré and
        Wild, 2011, equation 2.3). Of both sides the smaller counts: a kink may lie in one, or right between them.
        """
        step, errors = SHRINKINGS[2] * STEP * self._scale_of(element), []
        for side in (1, -1):
            values = np.array([self._moved(element, side * step * place) for place in range(1, 8)])
            if np.isfinite(values).all():
                errors.append(np.mean(np.diff(values, 4) ** 2) * math.factorial(4) ** 2 / math.factorial(8))
        return max(float(np.sqrt(min(errors, default=0.0))), EPSILON * abs(self._at))


def _in_doubles(program: Program) -> Program:
    """Return a program that computes in float64 what another computes in float32."""
    single, double = np.dtype(np.float32), np.dtype(np.float64)
    new: dict[Node, Node] = {}
    for node in program.nodes:
        attrs = {name: double if value == single else value for name, value in node.attrs.items()}
        if node.op.name == "constant":
            value = node.attrs["value"].value
            new[node] = ops.constant(value.astype(double)) if value.dtype == single else node
            continue
        if node.op.name == "variable":
            new[node] = ops.placeholder(node.shape, attrs["dtype"], node.attrs["name"])
            continue
        with origin_of(node):
            new[node] = build(node.op, tuple(new[source] for source in node.inputs), attrs)
    inputs, variables, outputs = (
        tuple(new[node] for node in nodes) for nodes in (program.inputs, program.variables, program.outputs)
    )
    return Program(inputs, variables, outputs)
