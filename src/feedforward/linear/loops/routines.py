"""The solvers' inner loops as routines, from which the compiler makes machine code: products with rows, and steps.

What each computes is said where it is called (``kernels.py``). Rows are dense or compressed, of either dtype; weights
are float64. Sizes are n rows, d columns, m steps, k classes, and the number of `values` that are held.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from feedforward import ops
from feedforward.compiler.loops import INT, Accumulate, Expr, apply, number
from feedforward.compiler.machine import host
from feedforward.compiler.ragged.formulas import formula
from feedforward.compiler.ragged.loops import (
    Ask,
    Index,
    Let,
    Range,
    Routine,
    Statement,
    Sum,
    Vector,
    When,
    Write,
    accumulated,
    added,
    at,
    divided,
    element,
    is_less,
    is_not,
    is_other,
    larger,
    multiplied,
    size_of,
    smaller,
    subtracted,
)
from feedforward.functions import abs as magnitude
from feedforward.functions import maximum, square
from feedforward.graph.dimension import Size, unknown
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.nn.activations import relu, softplus
from feedforward.nn.margins import Exponential, Hinge, ModifiedHuber, Perceptron, SigmoidLoss, SquaredHinge
from feedforward.tensor import Tensor, symbolic

__all__ = ["BOX_WIDTH", "SLOPES", "Form", "routine"]

F = np.dtype("float64")
n, d, m, k, stored = (unknown(name) for name in ("n", "d", "m", "k", "stored"))

_AHEAD = 8
"""How many steps before it is needed a row is asked for: some hundred nanoseconds, in which memory answers."""

BOX_WIDTH = 8
"""Numbers that a row has in the box of its dual variable, p, q, low, high and norm: they share a line of the cache."""

_TURNS, _LEFT = 60, 0.1
"""The most turns of Newton's method along a variable, two as a rule; what share of its slope may be left."""

_NEAR, _FAR, _FEW = 1e-12, 1e300, 4
"""Of several classes: what share of a row's cost counts as none; a level that no class reaches; one class in how many
may move, at most, for steps along these alone to be quicker than steps along all in lanes."""

_LINE_BYTES = 64
_LINES = (0, 2, 8, 16)
"""Of a row 2 lines of the cache are asked for, 8 or 16 where it is longer. Each counts: in a random order, rows of 80
values take twice as long with half of their lines."""


@dataclass(frozen=True)
class Form:
    """How rows lie: what a routine is compiled for, beside what it does.

    Parameters
    ----------
    values : {"float32", "float64"}
    indices, starts : {"int32", "int64"}, optional
        Of compressed rows.
    """

    values: str
    indices: str | None = None
    starts: str | None = None


Slope: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]

SLOPES: dict[str, Slope] = {
    "hinge": lambda s, y, e: Hinge().of_margin(y * s),
    "squared_hinge": lambda s, y, e: SquaredHinge().of_margin(y * s),
    "modified_huber": lambda s, y, e: ModifiedHuber().of_margin(y * s),
    "perceptron": lambda s, y, e: Perceptron().of_margin(y * s),
    "logistic": lambda s, y, e: softplus(-(y * s)),
    # Beyond exp(709), where float64 ends, its tangent: inf times the weight 0 of a row would be NaN in all weights.
    "exponential": lambda s, y, e: Exponential().of_margin(maximum(y * s, -709.0)) * (1.0 + relu(-709.0 - y * s)),
    "sigmoid": lambda s, y, e: SigmoidLoss().of_margin(y * s),
    "squared": lambda s, y, e: square(s - y),
    "epsilon_insensitive": lambda s, y, e: relu(magnitude(s - y) - e),
    "squared_epsilon_insensitive": lambda s, y, e: square(relu(magnitude(s - y) - e)),
}
"""The loss of each name, of a score s, a target y and the tube's half width e; its slope is found from it."""


def _slope(loss: str, s: Expr, y: Expr, e: Expr, is_value: bool = False) -> Expr:
    """Return the slope of a loss by the score, or its value."""
    nodes = [ops.placeholder((), "float64") for _ in range(3)]
    value = SLOPES[loss](*map(symbolic, nodes)).node
    (slope,) = [value] if is_value else gradient(value, nodes[:1])
    return formula(zeros_like(nodes[0]) if slope is None else slope, dict(zip(nodes, (s, y, e), strict=True)), host())


class _Data:
    """What all routines say of rows, whichever way these lie."""

    def __init__(self, form: Form) -> None:
        self.is_sparse = form.indices is not None
        self.row, self.turn, self.place, self.column = (
            Index("row", n),
            Index("turn", m),
            Index("j", stored),
            Index("column", d),
        )
        self.values = Vector("values", np.dtype(form.values), stored if self.is_sparse else n * d)
        self.order = Vector("order", INT, m, n)
        self.vectors: tuple[Vector, ...] = (self.values,)
        self.sizes: tuple[str, ...] = ("n", "d")
        if form.indices is not None and form.starts is not None:
            self.indices = Vector("indices", np.dtype(form.indices), stored, d)
            self.starts = Vector("starts", np.dtype(form.starts), n + 1, stored + 1)
            self.vectors = (self.values, self.indices, self.starts)
            self.sizes = ("n", "d", "stored")

    def number(self) -> Expr:
        """Return which row the present one is."""
        return at(self.row)

    def at_column(self) -> Expr:
        """Return the column of the present element."""
        return element(self.indices, at(self.place)).as_index() if self.is_sparse else at(self.column)

    def value(self) -> Expr:
        """Return the present element."""
        index = at(self.place) if self.is_sparse else multiplied(at(self.row), size_of(d)) + at(self.column)
        return element(self.values, index).cast(F)

    def ends(self, row: Expr) -> tuple[Expr, Expr]:
        """Return where a compressed row begins and ends."""
        return element(self.starts, row).as_index(), element(self.starts, row + 1).as_index()

    def span(self) -> tuple[Index, Expr, Expr]:
        """Return the index of the present row's elements, with its first and its end."""
        if self.is_sparse:
            return (self.place, *self.ends(at(self.row)))
        return self.column, number(0), size_of(d)

    def dot(self, name: str, vector: Vector) -> Sum:
        """Return the product of the present row with a vector."""
        return Sum(name, multiplied(self.value(), element(vector, self.at_column())), *self.span())

    def each(self, *body: Statement) -> Range:
        """Return what is done for each element of the present row."""
        return Range(*self.span(), body, is_lanes=not self.is_sparse and all(isinstance(one, Write) for one in body))

    def add(self, vector: Vector, factor: Expr) -> Range:
        """Return what adds a multiple of the present row to a vector."""
        return self.each(Write(vector, self.at_column(), multiplied(self.value(), factor), is_sum=True))

    def rows(self, *body: Statement) -> Range:
        """Return what is done for each row, in turn."""
        return Range(self.row, number(0), size_of(n), body)

    def steps(self, beside: Mapping[Vector, int], *body: Statement) -> Range:
        """Return what is done for each row that the order names.

        Its part of the vectors `beside`, which have so many elements for each row, is asked for.
        """
        here = at(self.turn)
        ahead = (here + _AHEAD).where(is_less(here + _AHEAD, size_of(m)), here)
        coming = Index("coming", n)
        asked: list[Statement] = [Let(coming, element(self.order, ahead))]
        asked += [Ask(vector, width * at(coming)) for vector, width in beside.items()]
        if self.is_sparse:
            farther = Index("farther", n)
            twice = (here + 2 * _AHEAD).where(is_less(here + 2 * _AHEAD, size_of(m)), here)
            asked += [Let(farther, element(self.order, twice)), Ask(self.starts, at(farther))]
            begin, end = self.ends(at(coming))
            for vector in (self.values, self.indices):
                per_line = _LINE_BYTES // vector.dtype.itemsize
                for first, stop in pairwise(_LINES):
                    lines = tuple(Ask(vector, begin + line * per_line) for line in range(first, stop))
                    asked.append(When(is_less(begin + first * per_line, end), lines))
        return Range(
            self.turn,
            number(0),
            size_of(m),
            (*asked, Let(self.row, element(self.order, here)), *body),
        )

    def routine(self, name: str, sizes: Sequence[str], vectors: Sequence[Vector], *body: Statement) -> Routine:
        """Return a routine over such rows."""
        return Routine(name, (*self.sizes, *sizes), (*self.vectors, *vectors), body)


def _inputs(*names: str, size: Size = n) -> list[Vector]:
    return [Vector(name, F, size) for name in names]


def _changed(name: str, size: Size) -> Vector:
    return Vector(name, F, size, is_changed=True)


def _first(vector: Vector, position: int = 0) -> Expr:
    return element(vector, number(position))


def _real(value: float) -> Expr:
    return number(value, F)


def _number(name: str) -> Expr:
    """Return an accumulator of numbers."""
    return accumulated(name, F)


def _margins(form: Form, _: str) -> Routine:
    data, w, out = _Data(form), *_inputs("w", size=d), _changed("out", n)
    body = data.rows(data.dot("score", w), Write(out, data.number(), _number("score")))
    return data.routine("margins", (), (w, out), body)


def _transposed(form: Form, _: str) -> Routine:
    data, v, out = _Data(form), *_inputs("v"), _changed("out", d)
    taken = When(is_other(_number("factor"), _real(0.0)), (data.add(out, _number("factor")),))
    body = data.rows(Accumulate("factor", element(v, data.number())), taken)
    return data.routine("transposed", (), (v, out), body)


def _margins_of_classes(form: Form, _: str) -> Routine:
    data, w, out = _Data(form), *_inputs("w", size=d * k), _changed("out", n * k)
    return data.routine("margins_of_classes", ("k",), (w, out), data.rows(_of_classes(data, data.number(), out, w)))


def _transposed_of_classes(form: Form, _: str) -> Routine:
    data, v, out = _Data(form), *_inputs("v", size=n * k), _changed("out", d * k)
    body = data.rows(_of_classes(data, data.number(), v, out))
    return data.routine("transposed_of_classes", ("k",), (v, out), body)


def _of_classes(data: _Data, row: Expr, of_rows: Vector, of_columns: Vector) -> Range:
    """Return what adds, for each class, the elements of a row times one vector to the other, which is changed."""
    of_class = Index("class", k)
    column = Index("at", d)
    beside_row = multiplied(row, size_of(k)) + at(of_class)
    beside_column = multiplied(at(column), size_of(k)) + at(of_class)
    goal, source = (of_rows, of_columns) if of_rows.is_changed else (of_columns, of_rows)
    to, of = (beside_row, beside_column) if of_rows.is_changed else (beside_column, beside_row)
    product = multiplied(_number("value"), element(source, of))
    return data.each(
        Let(column, data.at_column()),
        Accumulate("value", data.value()),
        Range(of_class, number(0), size_of(k), (Write(goal, to, product, is_sum=True),), is_lanes=True),
    )


_SETTINGS = Vector("settings", F, 4)
_SCALE, _TUBE, _RATE, _WORST = range(4)
"""What the settings are: the intercept's constant, the tube's half width, the step size, the worst violation before."""


def _scored(data: _Data, u: Vector, factor: Expr | None = None) -> list[Statement]:
    """Return what computes the score of the present row, where all weights are to be multiplied by a factor."""
    whole = added(_number("score"), multiplied(_first(_SETTINGS, _SCALE), element(u, size_of(d))))
    whole = whole if factor is None else multiplied(whole, factor)
    return [data.dot("score", u), Accumulate("score", whole)]


def _weighed(data: _Data, loss: str, y: Vector, cost: Vector) -> Accumulate:
    """Return what computes the slope of the present row's loss, times its cost."""
    slope = _slope(loss, _number("score"), element(y, data.number()), _first(_SETTINGS, _TUBE))
    return Accumulate("slope", multiplied(element(cost, data.number()), slope))


def _step(data: _Data, u: Vector, factor: str) -> When:
    """Return what adds a multiple of the present row, and of the intercept's constant, to weights; if it is not 0."""
    constant = multiplied(_first(_SETTINGS, _SCALE), _number(factor))
    # Without intercept no thread writes what all of them read.
    intercept = When(is_other(constant, _real(0.0)), (Write(u, size_of(d), constant, is_sum=True),))
    return When(is_other(_number(factor), _real(0.0)), (data.add(u, _number(factor)), intercept))


def _losses(form: Form, loss: str) -> Routine:
    data, u = _Data(form), *_inputs("u", size=d + 1)
    y, cost = _inputs("y", "cost")
    scores, out = _changed("scores", n), _changed("out", n)
    value = _slope(loss, _number("score"), element(y, data.number()), _first(_SETTINGS, _TUBE), is_value=True)
    body = data.rows(
        *_scored(data, u),
        Write(scores, data.number(), _number("score")),
        Write(out, data.number(), multiplied(element(cost, data.number()), value)),
    )
    return data.routine(f"losses_{loss}", (), (_SETTINGS, y, cost, u, scores, out), body)


def _curved(form: Form, _: str) -> Routine:
    """Read a row for its score and, while it is near, for the sum; those of weight 0 are not read at all."""
    data, v, out = _Data(form), *_inputs("v", size=d + 1), _changed("out", d + 1)
    (weight,) = _inputs("weight")
    here = element(weight, data.number())
    inside = (*_scored(data, v), Accumulate("factor", multiplied(here, _number("score"))), _step(data, out, "factor"))
    return data.routine("curved", (), (_SETTINGS, weight, v, out), data.rows(When(is_other(here, _real(0.0)), inside)))


def _repeats(form: Form, _: str) -> Routine:
    """Count elements whose column the row has had before: of each column, the last row that had it is kept, from 1."""
    data, column, result = _Data(form), Index("at", d), _changed("result", 1)
    seen = Vector("seen", INT, d, n + 1, is_changed=True)
    here = data.number() + 1
    found = When(
        is_not(is_other(element(seen, at(column)), here)),
        (Accumulate("repeats", added(_number("repeats"), _real(1.0))),),
    )
    body = data.rows(data.each(Let(column, data.at_column()), found, Write(seen, at(column), here)))
    last = Write(result, number(0), _number("repeats"))
    vectors = (data.indices, data.starts, seen, result)
    return Routine("repeats", data.sizes, vectors, (Accumulate("repeats", _real(0.0)), body, last))


def _norms(form: Form, _: str) -> Routine:
    data, out = _Data(form), _changed("out", n)
    square = Sum("norm", multiplied(data.value(), data.value()), *data.span())
    return data.routine("norms", (), (out,), data.rows(square, Write(out, data.number(), _number("norm"))))


def _squares(form: Form, _: str) -> Routine:
    data, out = _Data(form), _changed("out", d)
    (weight,) = _inputs("weight")
    here = element(weight, data.number())
    square = Write(out, data.at_column(), multiplied(multiplied(data.value(), data.value()), here), is_sum=True)
    return data.routine("squares", (), (weight, out), data.rows(When(is_other(here, _real(0.0)), (data.each(square),))))


def _outer(form: Form, _: str) -> Routine:
    """See each pair of elements of a compressed row once: the other triangle is for whoever calls."""
    data, out = _Data(form), _changed("out", d * d)
    (weight,) = _inputs("weight")
    here, column, other = element(weight, data.number()), Index("at", d), Index("other", stored)
    begin, _end = data.ends(data.number())
    across = element(data.indices, at(other)).as_index()
    place = multiplied(at(column), size_of(d)) + across
    product = multiplied(_number("value"), element(data.values, at(other)).cast(F))
    pairs = data.each(
        Let(column, data.at_column()),
        Accumulate("value", multiplied(here, data.value())),
        Range(other, begin, at(data.place) + 1, (Write(out, place, product, is_sum=True),)),
    )
    return data.routine("outer", (), (weight, out), data.rows(When(is_other(here, _real(0.0)), (pairs,))))


def _sgd_pass(form: Form, loss: str) -> Routine:
    """Weights are u times a number that is known for each step, so that a step changes no more than the row touches.

    That number is `before` a step's decay and `after` it. Where it would become too small or too large, `brought` is
    not 1: u is multiplied by it, and the number is 1 from then on. So threads that share u agree on it.
    """
    data, u = _Data(form), _changed("u", d + 1)
    y, cost = _inputs("y", "cost")
    rates, before, after, brought = _inputs("rates", "before", "after", "brought", size=m)
    rate, start, end, factor = (element(one, at(data.turn)) for one in (rates, before, after, brought))
    every = Index("every", d + 1)
    bring = Write(u, at(every), multiplied(element(u, at(every)), factor))
    moved = multiplied(multiplied(_number("negative"), rate), _number("slope"))
    body = data.steps(
        {y: 1, cost: 1},
        *_scored(data, u, start),
        _weighed(data, loss, y, cost),
        When(is_other(factor, _real(1.0)), (Range(every, number(0), size_of(d) + 1, (bring,), is_lanes=True),)),
        Accumulate("step", divided(moved, end)),
        _step(data, u, "step"),
    )
    first = Accumulate("negative", size_of(n).cast(F).times(_real(-1.0)))
    vectors = (_SETTINGS, y, cost, u, data.order, rates, before, after, brought)
    return data.routine(f"sgd_pass_{loss}", ("m",), vectors, first, body)


def _variance_reduced(form: Form, loss: str, is_saga: bool) -> Routine:
    """Weights that no row touches only decay towards -gradient: by how much after some steps is a known power.

    Of compressed rows, each weight has the number of steps that it has seen; it is brought up to date when a row
    touches it, and all are at the end.
    """
    data, u = _Data(form), _changed("u", d + 1)
    y, cost = _inputs("y", "cost")
    slopes, along = (_changed("slopes", n), _changed("gradient", d + 1)) if is_saga else (
        _inputs("slopes")[0], _inputs("gradient", size=d + 1)[0])  # fmt: skip
    powers = Vector("powers", F, m + 1)  # of 1 - rate
    seen = Vector("seen", INT, d + 1, m + 1, is_changed=True)
    rate, keep = _first(_SETTINGS, _RATE), subtracted(_real(1.0), _first(_SETTINGS, _RATE))
    turn, column, left = at(data.turn), Index("at", d), Index("left", d)

    def decayed(index: Expr, steps: Expr) -> Write:
        whole = multiplied(added(element(u, index), element(along, index)), element(powers, steps))
        return Write(u, index, subtracted(whole, element(along, index)))

    def stepped(index: Expr, value: Expr) -> Write:
        change = added(element(along, index), multiplied(_number("change"), value))
        return Write(u, index, subtracted(multiplied(keep, element(u, index)), multiplied(rate, change)))

    behind = smaller(larger(turn - element(seen, at(column)), number(0)), turn)
    bring = [data.each(Let(column, data.at_column()), decayed(at(column), behind))] if data.is_sparse else []
    here = at(column) if data.is_sparse else at(data.column)
    inner: list[Statement] = [stepped(here, data.value())]
    if data.is_sparse:
        inner = [Let(column, data.at_column()), *inner, Write(seen, here, turn + 1)]
    constant = _first(_SETTINGS, _SCALE)
    old = element(slopes, data.number())
    body: list[Statement] = [
        *bring,
        *_scored(data, u),
        _weighed(data, loss, y, cost),
        Accumulate("new", subtracted(_number("slope"), old)),
        Accumulate("change", multiplied(_number("rows"), _number("new"))),
        data.each(*inner),
        stepped(size_of(d), constant),
    ]
    if is_saga:
        body += [
            data.add(along, _number("new")),
            Write(along, size_of(d), multiplied(constant, _number("new")), is_sum=True),
            Write(slopes, data.number(), _number("new"), is_sum=True),
        ]
    last = decayed(at(left), size_of(m) - element(seen, at(left)))
    rest = [Range(left, number(0), size_of(d), (last,))] if data.is_sparse else []
    first = Accumulate("rows", size_of(n).cast(F))
    vectors = (_SETTINGS, y, cost, u, data.order, slopes, along, *((powers, seen) if data.is_sparse else ()))
    name = f"{'saga' if is_saga else 'svrg'}_pass_{loss}"
    asked = {y: 1, cost: 1, slopes: 1}
    return data.routine(name, ("m",), vectors, first, data.steps(asked, *body), *rest)


def _svrg_pass(form: Form, loss: str) -> Routine:
    return _variance_reduced(form, loss, is_saga=False)


def _saga_pass(form: Form, loss: str) -> Routine:
    return _variance_reduced(form, loss, is_saga=True)


def _perceptron_pass(form: Form, _: str) -> Routine:
    data, u = _Data(form), _changed("u", d + 1)
    (y,) = _inputs("y")
    result = _changed("result", 1)
    target = element(y, data.number())
    changes = (
        Accumulate("step", target),
        _step(data, u, "step"),
        Accumulate("mistakes", added(_number("mistakes"), _real(1.0))),
    )
    is_right = is_less(_real(0.0), multiplied(target, _number("score")))
    body = data.steps({y: 1}, *_scored(data, u), When(is_not(is_right), changes))
    last = Write(result, number(0), _number("mistakes"))
    vectors = (_SETTINGS, y, u, data.order, result)
    return data.routine("perceptron_pass", ("m",), vectors, Accumulate("mistakes", _real(0.0)), body, last)


def _dual_pass(form: Form, _: str) -> Routine:
    """Variables that are left are written over the order's beginning: no row is moved behind the present turn."""
    data, u, beta = _Data(form), _changed("u", d + 1), _changed("beta", n)
    box = Vector("box", F, BOX_WIDTH * n)
    p, q, low, high, norm = (element(box, BOX_WIDTH * data.number() + place) for place in range(5))
    order = Vector("order", INT, m, n, is_changed=True)
    data.order = order
    result = _changed("result", 2)
    row, e, zero, none = data.number(), _first(_SETTINGS, _TUBE), _real(0.0), _real(-math.inf)
    g, old, new, left = _number("g"), _number("old"), _number("new"), accumulated("left", INT)
    h, z, down, up = _number("h"), _number("z"), _number("down"), _number("up")
    least, most = low, high

    def negative(x: Expr) -> Expr:
        return subtracted(zero, x)

    size = larger(subtracted(larger(z, negative(z)), _number("shift")), zero)
    soft = negative(size).where(is_less(z, zero), size)
    at_end = most.where(is_less(g, negative(e)), least.where(is_less(e, g), old))
    move: list[Statement] = [
        Accumulate("h", added(norm, q)),
        Accumulate("z", subtracted(old, divided(g, h))),
        Accumulate("shift", divided(e, h)),
        Accumulate("new", smaller(larger(soft, least), most)),
        When(
            is_less(h, _real(np.finfo(F).tiny)),  # an empty row: the slope alone says to which end
            (
                Accumulate("new", at_end),
                Accumulate("new", new.where(is_less(larger(new, negative(new)), _real(math.inf)), old)),
            ),
        ),
        Accumulate("change", subtracted(new, old)),
        Write(beta, row, new),
        _step(data, u, "change"),
    ]
    body: list[Statement] = [
        *_scored(data, u),
        Accumulate("old", element(beta, row)),
        Accumulate("g", added(subtracted(_number("score"), p), multiplied(q, old))),
        Accumulate("down", added(g, e).where(is_less(zero, old), subtracted(g, e))),
        Accumulate("down", down.where(is_less(least, old), none)),
        Accumulate("up", subtracted(e, g).where(is_less(old, zero), subtracted(negative(g), e))),
        Accumulate("up", up.where(is_less(old, most), none)),
        Accumulate("violation", larger(down, up)),
        When(
            is_not(is_less(_number("violation"), negative(_first(_SETTINGS, _WORST)))),  # NaN stays, and is seen
            (
                Write(order, smaller(larger(left, number(0)), at(data.turn)), row),
                Accumulate("left", added(left, number(1))),
                Accumulate("largest", larger(_number("largest"), _number("violation"))),
                When(is_less(zero, _number("violation")), tuple(move)),
            ),
        ),
    ]  # fmt: skip
    first = [Accumulate("largest", zero), Accumulate("left", number(0))]
    last = [
        Write(result, number(0), left.cast(F)),
        Write(result, number(1), _number("largest")),
    ]
    vectors = (_SETTINGS, box, beta, u, order, result)
    asked = {beta: 1, box: BOX_WIDTH}
    return data.routine("dual_pass", ("m",), vectors, *first, data.steps(asked, *body), *last)


def _logistic_dual_pass(form: Form, _: str) -> Routine:
    """Hold a dual variable a = c / (1 + exp(t)) as t, the margin at which the loss has that slope.

    Along it, D has slope t - b at t, for the row's margin b. The best t is the zero of t - b - h (a(t) - a), which
    rises in t, and bends one way below 0 and the other above: so Newton's method, kept on the zero's side of 0, passes
    it at most once.
    """
    data, u, held = _Data(form), _changed("u", d + 1), _changed("held", n)
    box = Vector("box", F, BOX_WIDTH * n)
    result = _changed("result", 1)
    y, cost, norm = (element(box, BOX_WIDTH * data.number() + place) for place in range(3))
    zero, one, half = _real(0.0), _real(1.0), _real(0.5)
    t, share, error, first, b, old = map(_number, ("t", "share", "error", "violation", "b", "old"))
    low, high, rise = _number("low"), _number("high"), _number("rise")

    def size(x: Expr) -> Expr:
        return larger(x, subtracted(zero, x))

    newton = (
        Accumulate(
            "t", subtracted(t, divided(error, added(one, multiplied(rise, multiplied(share, subtracted(one, share))))))
        ),
        Accumulate("t", smaller(larger(t, low), high)),
        Accumulate("share", divided(one, added(one, apply("exp", t, dtype=F)))),
        Accumulate("error", subtracted(subtracted(t, b), subtracted(multiplied(rise, share), multiplied(norm, old)))),
    )
    is_open = is_less(multiplied(_real(_LEFT), size(first)), size(error))
    again = Index("again", _TURNS)
    turns = number(_TURNS).where(is_open, number(0))
    middle = subtracted(multiplied(half, rise), multiplied(norm, old))  # h (a(0) - a)
    is_positive = is_less(zero, added(b, middle))
    move: list[Statement] = [
        Accumulate("share", divided(one, added(one, apply("exp", t, dtype=F)))),
        Accumulate("old", multiplied(cost, share)),
        Accumulate("rise", multiplied(norm, cost)),
        Accumulate("low", subtracted(b, multiplied(norm, old))),
        Accumulate("high", added(_number("low"), rise)),
        Accumulate("low", larger(low, zero).where(is_positive, low)),
        Accumulate("high", high.where(is_positive, smaller(high, zero))),
        *newton,
        *newton,
        Range(again, number(0), turns, (When(is_open, newton),)),
        Write(held, data.number(), t),
        Accumulate("change", multiplied(y, subtracted(multiplied(cost, share), old))),
        _step(data, u, "change"),
    ]
    body: list[Statement] = [
        *_scored(data, u),
        Accumulate("b", multiplied(y, _number("score"))),
        Accumulate("t", element(held, data.number())),
        Accumulate("error", subtracted(t, b)),
        Accumulate("violation", error),
        Accumulate("largest", larger(_number("largest"), size(error))),
        When(is_not(is_less(size(error), _first(_SETTINGS, _WORST))), tuple(move)),
    ]
    last = Write(result, number(0), _number("largest"))
    vectors = (_SETTINGS, box, held, u, data.order, result)
    steps = data.steps({held: 1, box: BOX_WIDTH}, *body)
    return data.routine("logistic_dual_pass", ("m",), vectors, Accumulate("largest", zero), steps, last)


def _class_pass(form: Form, kind: str) -> Routine:
    """Give a row's classes the variables -fall_j, and its own class y the sum of these falls.

    With h = |x|^2 + B^2, r_j = (1 + s_j) / h - alpha_j and r = s_y / h - alpha_y, the best is fall_j = r_j - t, cut to
    0 up to c. There t is the zero of t - r - sum_j fall_j (Weston and Watkins), or of c - max(0, r + c - t) - sum_j
    fall_j (Crammer and Singer), to which y so adds as one more class. Both rise in t, in straight pieces, of which
    Newton's method needs some; the second bends down, so that from the left, where t = r, no step goes too far.
    """
    is_weston = kind == "weston_watkins"
    data, u = _Data(form), _changed("u", (d + 1) * k)
    alpha, labels, box = _changed("alpha", n * k), Vector("labels", INT, n, k), Vector("box", F, BOX_WIDTH * n)
    level, step = _changed("level", k), _changed("step", k)
    moved = Vector("moved", INT, k, k, is_changed=True)
    data.order, result = Vector("order", INT, m, n, is_changed=True), _changed("result", 2)
    right, of_class, some, column = Index("right", k), Index("class", k), Index("some", k), Index("at", d)
    c, h, t, own, total, slope, error = map(_number, ("c", "h", "t", "own", "total", "slope", "error"))
    zero, one, constant, count = _real(0.0), _real(1.0), _first(_SETTINGS, _SCALE), accumulated("count", INT)
    left = accumulated("left", INT)
    here, classes = at(of_class), size_of(k)
    before, intercepts = multiplied(at(data.row), classes), multiplied(size_of(d), classes)
    of_column = multiplied(at(column), classes)

    def each(*body: Statement, is_lanes: bool = True) -> Range:
        return Range(of_class, number(0), classes, body, is_lanes)

    def summed(name: str, term: Expr) -> Sum:
        return Sum(name, term, of_class, number(0), classes)

    def size(x: Expr) -> Expr:
        return larger(x, subtracted(zero, x))

    def of_row(*body: Statement) -> Range:
        return data.each(Let(column, data.at_column()), Accumulate("value", data.value()), *body)

    def times(weight: Expr) -> Expr:
        return multiplied(_number("value"), weight)

    scored = [
        each(Write(level, here, multiplied(constant, element(u, intercepts + here)))),
        of_row(each(Write(level, here, times(element(u, of_column + here)), is_sum=True))),
    ]
    mine = before + at(right)
    begun: list[Statement] = [
        Accumulate("own", subtracted(divided(element(level, at(right)), h), element(alpha, mine))),
        each(
            Write(level, here, subtracted(divided(added(element(level, here), one), h), element(alpha, before + here)))
        ),
        Write(level, at(right), _real(-_FAR) if is_weston else added(own, c)),
        Accumulate("t", added(own, element(alpha, mine)) if is_weston else own),
        Accumulate("low", own),
        Accumulate("high", added(own, multiplied(c, classes.cast(F)))),
        Accumulate("error", _real(math.inf)),
    ]
    over = subtracted(element(level, here), t)
    fall, steep = larger(over, zero), one.where(is_less(zero, over), zero)
    if is_weston:
        fall, steep = smaller(fall, c), zero.where(is_less(c, over), steep)
    least = multiplied(_real(_NEAR), c)
    is_open = is_less(least, size(error))
    following, low, high = subtracted(t, divided(error, slope)), _number("low"), _number("high")
    bracket: list[Statement] = []
    if is_weston:  # a sum that bends both ways: half of what holds the zero, where Newton's step leaves that
        middle = multiplied(_real(0.5), added(low, high))
        following = following.where(is_less(low, following), middle)
        following = following.where(is_less(following, high), middle)
        bracket = [
            Accumulate("low", t.where(is_less(error, zero), low)),
            Accumulate("high", high.where(is_less(error, zero), t)),
        ]
    newton = (
        summed("total", fall),
        summed("slope", steep),
        Accumulate("error", subtracted(subtracted(t, own) if is_weston else c, total)),
        Accumulate("slope", added(slope, one) if is_weston else larger(slope, one)),
        *bracket,
        Accumulate("t", following.where(is_open, t)),
    )
    old, new = element(alpha, before + here), subtracted(zero, fall)
    is_same = is_less(size(subtracted(new, old)), least)
    share = multiplied(element(step, here), divided(c, subtracted(zero, total)))
    # Scores near 1 leave no digits for a cost that is far below: within the constraints to the bit, D stays a bound.
    kept: list[Statement] = [
        each(Write(step, here, old.where(is_same, new))),
        Write(step, at(right), zero),
        summed("total", element(step, here)),
    ]
    if not is_weston:
        within = each(Write(step, here, share)), summed("total", element(step, here))
        kept.append(When(is_less(c, subtracted(zero, total)), within))
    kept.append(Write(step, at(right), subtracted(zero, total)))
    change = _number("change")
    counted: list[Statement] = [
        Accumulate("count", number(0)),
        each(
            Accumulate("change", subtracted(element(step, here), old)),
            Write(alpha, before + here, element(step, here)),
            Write(step, here, change),
            When(
                is_other(change, zero),
                (
                    Write(moved, smaller(larger(count, number(0)), here), here),
                    Accumulate("count", count + 1),
                ),
            ),
            is_lanes=False,
        ),
    ]
    of_some = Let(of_class, element(moved, at(some)))
    update = Write(u, of_column + here, times(element(step, here)), is_sum=True)
    moves = Range(some, number(0), smaller(larger(count, number(0)), classes), (of_some, update))
    is_few = is_less(_FEW * count, classes)
    updated: list[Statement] = [
        When(is_few, (of_row(moves),)),
        When(is_not(is_few), (of_row(each(update)),)),
        each(Write(u, intercepts + here, multiplied(constant, element(step, here)), is_sum=True)),
        summed("move", size(element(step, here))),
        Accumulate("move", multiplied(h, _number("move"))),
        Accumulate("moves", added(_number("moves"), _number("move"))),
        When(
            is_less(_first(_SETTINGS, _WORST), _number("move")),
            (
                Write(data.order, smaller(larger(left, number(0)), at(data.turn)), data.number()),
                Accumulate("left", added(left, number(1))),
            ),
        ),
    ]
    again = Index("again", _TURNS)
    body: list[Statement] = [
        Accumulate("c", element(box, BOX_WIDTH * data.number())),
        Accumulate("h", element(box, BOX_WIDTH * data.number() + 1)),
        Let(right, element(labels, at(data.row))),
        *scored,
        *begun,
        Range(again, number(0), number(_TURNS), (When(is_open, newton),)),
        *kept,
        *counted,
        When(is_less(number(0), count), tuple(updated)),
    ]
    first = Accumulate("moves", zero), Accumulate("left", number(0))
    last = Write(result, number(0), left.cast(F)), Write(result, number(1), _number("moves"))
    vectors = (_SETTINGS, box, labels, alpha, u, data.order, level, step, moved, result)
    steps = data.steps({box: BOX_WIDTH}, *body)
    return data.routine(f"class_pass_{kind}", ("m", "k"), vectors, *first, steps, *last)


_BUILDERS: dict[str, Callable[[Form, str], Routine]] = {
    "margins": _margins,
    "transposed": _transposed,
    "margins_of_classes": _margins_of_classes,
    "transposed_of_classes": _transposed_of_classes,
    "losses": _losses,
    "curved": _curved,
    "norms": _norms,
    "repeats": _repeats,
    "squares": _squares,
    "outer": _outer,
    "sgd_pass": _sgd_pass,
    "svrg_pass": _svrg_pass,
    "saga_pass": _saga_pass,
    "perceptron_pass": _perceptron_pass,
    "dual_pass": _dual_pass,
    "logistic_dual_pass": _logistic_dual_pass,
    "class_pass": _class_pass,
}


@lru_cache(maxsize=256)
def routine(name: str, form: Form, loss: str = "") -> Routine:
    """Return the routine of a name, for rows of a form and, where it has one, a loss."""
    return _BUILDERS[name](form, loss)
