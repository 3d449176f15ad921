"""The solvers' inner loops as routines, from which the compiler makes machine code: products with rows, and steps.

What each computes is said where it is called (``kernels.py``). Rows are dense or compressed, of either dtype; weights
are float64. Sizes are n rows, d columns, m steps, k classes, and the number of `values` that are held.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from feedforward import ops
from feedforward.compiler.loops import INT, Accumulate, Expr, number
from feedforward.compiler.machine import host
from feedforward.compiler.ragged.formulas import formula
from feedforward.compiler.ragged.loops import (
    Index,
    Let,
    Range,
    Routine,
    Statement,
    Sum,
    Vector,
    When,
    Write,
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
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.linear.loops.dual_routines import class_pass, dual_pass, logistic_dual_pass
from feedforward.linear.loops.layout import (
    RATE,
    SCALE,
    SETTINGS,
    TUBE,
    Data,
    F,
    Form,
    changed,
    d,
    inputs,
    k,
    m,
    n,
    real,
    score_of,
    setting,
    step_along,
    stored,
    value_of,
)
from feedforward.nn.activations import relu, softplus
from feedforward.nn.margins import Exponential, Hinge, ModifiedHuber, Perceptron, SigmoidLoss, SquaredHinge
from feedforward.tensor import Tensor, symbolic

__all__ = ["SLOPES", "routine"]

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


def _margins(form: Form, _: str) -> Routine:
    data, w, out = Data(form), *inputs("w", size=d), changed("out", n)
    body = data.rows(data.dot("score", w), Write(out, data.number(), value_of("score")))
    return data.routine("margins", (), (w, out), body)


def _transposed(form: Form, _: str) -> Routine:
    data, v, out = Data(form), *inputs("v"), changed("out", d)
    taken = When(is_other(value_of("factor"), real(0.0)), (data.add(out, value_of("factor")),))
    body = data.rows(Accumulate("factor", element(v, data.number())), taken)
    return data.routine("transposed", (), (v, out), body)


def _margins_of_classes(form: Form, _: str) -> Routine:
    data, w, out = Data(form), *inputs("w", size=d * k), changed("out", n * k)
    return data.routine("margins_of_classes", ("k",), (w, out), data.rows(_of_classes(data, data.number(), out, w)))


def _transposed_of_classes(form: Form, _: str) -> Routine:
    data, v, out = Data(form), *inputs("v", size=n * k), changed("out", d * k)
    body = data.rows(_of_classes(data, data.number(), v, out))
    return data.routine("transposed_of_classes", ("k",), (v, out), body)


def _of_classes(data: Data, row: Expr, of_rows: Vector, of_columns: Vector) -> Range:
    """Return what adds, for each class, the elements of a row times one vector to the other, which is changed."""
    of_class = Index("class", k)
    column = Index("at", d)
    beside_row = multiplied(row, size_of(k)) + at(of_class)
    beside_column = multiplied(at(column), size_of(k)) + at(of_class)
    goal, source = (of_rows, of_columns) if of_rows.is_changed else (of_columns, of_rows)
    to, of = (beside_row, beside_column) if of_rows.is_changed else (beside_column, beside_row)
    product = multiplied(value_of("value"), element(source, of))
    return data.each(
        Let(column, data.at_column()),
        Accumulate("value", data.value()),
        Range(of_class, number(0), size_of(k), (Write(goal, to, product, is_sum=True),), is_lanes=True),
    )


def _weighed(data: Data, loss: str, y: Vector, cost: Vector) -> Accumulate:
    """Return what computes the slope of the present row's loss, times its cost."""
    slope = _slope(loss, value_of("score"), element(y, data.number()), setting(TUBE))
    return Accumulate("slope", multiplied(element(cost, data.number()), slope))


def _losses(form: Form, loss: str) -> Routine:
    data, u = Data(form), *inputs("u", size=d + 1)
    y, cost = inputs("y", "cost")
    scores, out = changed("scores", n), changed("out", n)
    value = _slope(loss, value_of("score"), element(y, data.number()), setting(TUBE), is_value=True)
    body = data.rows(
        *score_of(data, u),
        Write(scores, data.number(), value_of("score")),
        Write(out, data.number(), multiplied(element(cost, data.number()), value)),
    )
    return data.routine(f"losses_{loss}", (), (SETTINGS, y, cost, u, scores, out), body)


def _curved(form: Form, _: str) -> Routine:
    """Read a row for its score and, while it is near, for the sum; those of weight 0 are not read at all."""
    data, v, out = Data(form), *inputs("v", size=d + 1), changed("out", d + 1)
    (weight,) = inputs("weight")
    here = element(weight, data.number())
    inside = (
        *score_of(data, v),
        Accumulate("factor", multiplied(here, value_of("score"))),
        step_along(data, out, "factor"),
    )
    return data.routine("curved", (), (SETTINGS, weight, v, out), data.rows(When(is_other(here, real(0.0)), inside)))


def _repeats(form: Form, _: str) -> Routine:
    """Count elements whose column the row has had before: of each column, the last row that had it is kept, from 1."""
    data, column, result = Data(form), Index("at", d), changed("result", 1)
    seen = Vector("seen", INT, d, n + 1, is_changed=True)
    here = data.number() + 1
    found = When(
        is_not(is_other(element(seen, at(column)), here)),
        (Accumulate("repeats", added(value_of("repeats"), real(1.0))),),
    )
    body = data.rows(data.each(Let(column, data.at_column()), found, Write(seen, at(column), here)))
    last = Write(result, number(0), value_of("repeats"))
    vectors = (data.indices, data.starts, seen, result)
    return Routine("repeats", data.sizes, vectors, (Accumulate("repeats", real(0.0)), body, last))


def _norms(form: Form, _: str) -> Routine:
    data, out = Data(form), changed("out", n)
    square = Sum("norm", multiplied(data.value(), data.value()), *data.span())
    return data.routine("norms", (), (out,), data.rows(square, Write(out, data.number(), value_of("norm"))))


def _squares(form: Form, _: str) -> Routine:
    data, out = Data(form), changed("out", d)
    (weight,) = inputs("weight")
    here = element(weight, data.number())
    square = Write(out, data.at_column(), multiplied(multiplied(data.value(), data.value()), here), is_sum=True)
    return data.routine("squares", (), (weight, out), data.rows(When(is_other(here, real(0.0)), (data.each(square),))))


def _outer(form: Form, _: str) -> Routine:
    """See each pair of elements of a compressed row once: the other triangle is for whoever calls."""
    data, out = Data(form), changed("out", d * d)
    (weight,) = inputs("weight")
    here, column, other = element(weight, data.number()), Index("at", d), Index("other", stored)
    begin, _end = data.ends(data.number())
    across = element(data.indices, at(other)).as_index()
    place = multiplied(at(column), size_of(d)) + across
    product = multiplied(value_of("value"), element(data.values, at(other)).cast(F))
    pairs = data.each(
        Let(column, data.at_column()),
        Accumulate("value", multiplied(here, data.value())),
        Range(other, begin, at(data.place) + 1, (Write(out, place, product, is_sum=True),)),
    )
    return data.routine("outer", (), (weight, out), data.rows(When(is_other(here, real(0.0)), (pairs,))))


def _sgd_pass(form: Form, loss: str) -> Routine:
    """Weights are u times a number that is known for each step, so that a step changes no more than the row touches.

    That number is `before` a step's decay and `after` it. Where it would become too small or too large, `brought` is
    not 1: u is multiplied by it, and the number is 1 from then on. So threads that share u agree on it.
    """
    data, u = Data(form), changed("u", d + 1)
    y, cost = inputs("y", "cost")
    rates, before, after, brought = inputs("rates", "before", "after", "brought", size=m)
    rate, start, end, factor = (element(one, at(data.turn)) for one in (rates, before, after, brought))
    every = Index("every", d + 1)
    bring = Write(u, at(every), multiplied(element(u, at(every)), factor))
    moved = multiplied(multiplied(value_of("negative"), rate), value_of("slope"))
    body = data.steps(
        {y: 1, cost: 1},
        *score_of(data, u, start),
        _weighed(data, loss, y, cost),
        When(is_other(factor, real(1.0)), (Range(every, number(0), size_of(d) + 1, (bring,), is_lanes=True),)),
        Accumulate("step", divided(moved, end)),
        step_along(data, u, "step"),
    )
    first = Accumulate("negative", size_of(n).cast(F).times(real(-1.0)))
    vectors = (SETTINGS, y, cost, u, data.order, rates, before, after, brought)
    return data.routine(f"sgd_pass_{loss}", ("m",), vectors, first, body)


def _variance_reduced(form: Form, loss: str, is_saga: bool) -> Routine:
    """Weights that no row touches only decay towards -gradient: by how much after some steps is a known power.

    Of compressed rows, each weight has the number of steps that it has seen; it is brought up to date when a row
    touches it, and all are at the end.
    """
    data, u = Data(form), changed("u", d + 1)
    y, cost = inputs("y", "cost")
    slopes, along = (changed("slopes", n), changed("gradient", d + 1)) if is_saga else (
        inputs("slopes")[0], inputs("gradient", size=d + 1)[0])  # fmt: skip
    powers = Vector("powers", F, m + 1)  # of 1 - rate
    seen = Vector("seen", INT, d + 1, m + 1, is_changed=True)
    rate, keep = setting(RATE), subtracted(real(1.0), setting(RATE))
    turn, column, left = at(data.turn), Index("at", d), Index("left", d)

    def decayed(index: Expr, steps: Expr) -> Write:
        whole = multiplied(added(element(u, index), element(along, index)), element(powers, steps))
        return Write(u, index, subtracted(whole, element(along, index)))

    def stepped(index: Expr, value: Expr) -> Write:
        change = added(element(along, index), multiplied(value_of("change"), value))
        return Write(u, index, subtracted(multiplied(keep, element(u, index)), multiplied(rate, change)))

    behind = smaller(larger(turn - element(seen, at(column)), number(0)), turn)
    bring = [data.each(Let(column, data.at_column()), decayed(at(column), behind))] if data.is_sparse else []
    here = at(column) if data.is_sparse else at(data.column)
    inner: list[Statement] = [stepped(here, data.value())]
    if data.is_sparse:
        inner = [Let(column, data.at_column()), *inner, Write(seen, here, turn + 1)]
    constant = setting(SCALE)
    old = element(slopes, data.number())
    body: list[Statement] = [
        *bring,
        *score_of(data, u),
        _weighed(data, loss, y, cost),
        Accumulate("new", subtracted(value_of("slope"), old)),
        Accumulate("change", multiplied(value_of("rows"), value_of("new"))),
        data.each(*inner),
        stepped(size_of(d), constant),
    ]
    if is_saga:
        body += [
            data.add(along, value_of("new")),
            Write(along, size_of(d), multiplied(constant, value_of("new")), is_sum=True),
            Write(slopes, data.number(), value_of("new"), is_sum=True),
        ]
    last = decayed(at(left), size_of(m) - element(seen, at(left)))
    rest = [Range(left, number(0), size_of(d), (last,))] if data.is_sparse else []
    first = Accumulate("rows", size_of(n).cast(F))
    vectors = (SETTINGS, y, cost, u, data.order, slopes, along, *((powers, seen) if data.is_sparse else ()))
    name = f"{'saga' if is_saga else 'svrg'}_pass_{loss}"
    asked = {y: 1, cost: 1, slopes: 1}
    return data.routine(name, ("m",), vectors, first, data.steps(asked, *body), *rest)


def _svrg_pass(form: Form, loss: str) -> Routine:
    return _variance_reduced(form, loss, is_saga=False)


def _saga_pass(form: Form, loss: str) -> Routine:
    return _variance_reduced(form, loss, is_saga=True)


def _perceptron_pass(form: Form, _: str) -> Routine:
    data, u = Data(form), changed("u", d + 1)
    (y,) = inputs("y")
    result = changed("result", 1)
    target = element(y, data.number())
    changes = (
        Accumulate("step", target),
        step_along(data, u, "step"),
        Accumulate("mistakes", added(value_of("mistakes"), real(1.0))),
    )
    is_right = is_less(real(0.0), multiplied(target, value_of("score")))
    body = data.steps({y: 1}, *score_of(data, u), When(is_not(is_right), changes))
    last = Write(result, number(0), value_of("mistakes"))
    vectors = (SETTINGS, y, u, data.order, result)
    return data.routine("perceptron_pass", ("m",), vectors, Accumulate("mistakes", real(0.0)), body, last)


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
    "dual_pass": dual_pass,
    "logistic_dual_pass": logistic_dual_pass,
    "class_pass": class_pass,
}


@lru_cache(maxsize=256)
def routine(name: str, form: Form, loss: str = "") -> Routine:
    """Return the routine of a name, for rows of a form and, where it has one, a loss."""
    return _BUILDERS[name](form, loss)
