"""The inner loops of dual coordinate descent as routines: a step maximises the dual along the variables of one row.

What each computes is said where it is called (``kernels.py``).
"""

from __future__ import annotations

import math

import numpy as np

from feedforward.compiler.loops import INT, Accumulate, Expr, apply, number
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
from feedforward.linear.loops.layout import (
    SCALE,
    SETTINGS,
    TUBE,
    WORST,
    Data,
    F,
    Form,
    changed,
    d,
    k,
    m,
    n,
    real,
    score_of,
    setting,
    step_along,
    value_of,
)

__all__ = ["BOX_WIDTH", "class_pass", "dual_pass", "logistic_dual_pass"]

BOX_WIDTH = 8
"""Numbers that a row has in the box of its dual variable, p, q, low, high and norm: they share a line of the cache."""

_TURNS, _LEFT = 60, 0.1
"""The most turns of Newton's method along a variable, two as a rule; what share of its slope may be left."""

_NEAR, _FAR, _FEW = 1e-12, 1e300, 4
"""Of several classes: what share of a row's cost counts as none; a level that no class reaches; one class in how many
may move, at most, for steps along these alone to be quicker than steps along all in lanes."""


def dual_pass(form: Form, _: str) -> Routine:
    """Variables that are left are written over the order's beginning: no row is moved behind the present turn."""
    data, u, beta = Data(form), changed("u", d + 1), changed("beta", n)
    box = Vector("box", F, BOX_WIDTH * n)
    p, q, low, high, norm = (element(box, BOX_WIDTH * data.number() + place) for place in range(5))
    order = Vector("order", INT, m, n, is_changed=True)
    data.order = order
    result = changed("result", 2)
    row, e, zero, none = data.number(), setting(TUBE), real(0.0), real(-math.inf)
    g, old, new, left = value_of("g"), value_of("old"), value_of("new"), accumulated("left", INT)
    h, z, down, up = value_of("h"), value_of("z"), value_of("down"), value_of("up")
    least, most = low, high

    def negative(x: Expr) -> Expr:
        return subtracted(zero, x)

    size = larger(subtracted(larger(z, negative(z)), value_of("shift")), zero)
    soft = negative(size).where(is_less(z, zero), size)
    at_end = most.where(is_less(g, negative(e)), least.where(is_less(e, g), old))
    move: list[Statement] = [
        Accumulate("h", added(norm, q)),
        Accumulate("z", subtracted(old, divided(g, h))),
        Accumulate("shift", divided(e, h)),
        Accumulate("new", smaller(larger(soft, least), most)),
        When(
            is_less(h, real(np.finfo(F).tiny)),  # an empty row: the slope alone says to which end
            (
                Accumulate("new", at_end),
                Accumulate("new", new.where(is_less(larger(new, negative(new)), real(math.inf)), old)),
            ),
        ),
        Accumulate("change", subtracted(new, old)),
        Write(beta, row, new),
        step_along(data, u, "change"),
    ]
    body: list[Statement] = [
        *score_of(data, u),
        Accumulate("old", element(beta, row)),
        Accumulate("g", added(subtracted(value_of("score"), p), multiplied(q, old))),
        Accumulate("down", added(g, e).where(is_less(zero, old), subtracted(g, e))),
        Accumulate("down", down.where(is_less(least, old), none)),
        Accumulate("up", subtracted(e, g).where(is_less(old, zero), subtracted(negative(g), e))),
        Accumulate("up", up.where(is_less(old, most), none)),
        Accumulate("violation", larger(down, up)),
        When(
            is_not(is_less(value_of("violation"), negative(setting(WORST)))),  # NaN stays, and is seen
            (
                Write(order, smaller(larger(left, number(0)), at(data.turn)), row),
                Accumulate("left", added(left, number(1))),
                Accumulate("largest", larger(value_of("largest"), value_of("violation"))),
                When(is_less(zero, value_of("violation")), tuple(move)),
            ),
        ),
    ]  # fmt: skip
    first = [Accumulate("largest", zero), Accumulate("left", number(0))]
    last = [
        Write(result, number(0), left.cast(F)),
        Write(result, number(1), value_of("largest")),
    ]
    vectors = (SETTINGS, box, beta, u, order, result)
    asked = {beta: 1, box: BOX_WIDTH}
    return data.routine("dual_pass", ("m",), vectors, *first, data.steps(asked, *body), *last)


def logistic_dual_pass(form: Form, _: str) -> Routine:
    """Hold a dual variable a = c / (1 + exp(t)) as t, the margin at which the loss has that slope.

    Along it, D has slope t - b at t, for the row's margin b. The best t is the zero of t - b - h (a(t) - a), which
    rises in t, and bends one way below 0 and the other above: so Newton's method, kept on the zero's side of 0, passes
    it at most once.
    """
    data, u, held = Data(form), changed("u", d + 1), changed("held", n)
    box = Vector("box", F, BOX_WIDTH * n)
    result = changed("result", 1)
    y, cost, norm = (element(box, BOX_WIDTH * data.number() + place) for place in range(3))
    zero, one, half = real(0.0), real(1.0), real(0.5)
    t, share, error, first, b, old = map(value_of, ("t", "share", "error", "violation", "b", "old"))
    low, high, rise = value_of("low"), value_of("high"), value_of("rise")

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
    is_open = is_less(multiplied(real(_LEFT), size(first)), size(error))
    again = Index("again", _TURNS)
    turns = number(_TURNS).where(is_open, number(0))
    middle = subtracted(multiplied(half, rise), multiplied(norm, old))  # h (a(0) - a)
    is_positive = is_less(zero, added(b, middle))
    move: list[Statement] = [
        Accumulate("share", divided(one, added(one, apply("exp", t, dtype=F)))),
        Accumulate("old", multiplied(cost, share)),
        Accumulate("rise", multiplied(norm, cost)),
        Accumulate("low", subtracted(b, multiplied(norm, old))),
        Accumulate("high", added(value_of("low"), rise)),
        Accumulate("low", larger(low, zero).where(is_positive, low)),
        Accumulate("high", high.where(is_positive, smaller(high, zero))),
        *newton,
        *newton,
        Range(again, number(0), turns, (When(is_open, newton),)),
        Write(held, data.number(), t),
        Accumulate("change", multiplied(y, subtracted(multiplied(cost, share), old))),
        step_along(data, u, "change"),
    ]
    body: list[Statement] = [
        *score_of(data, u),
        Accumulate("b", multiplied(y, value_of("score"))),
        Accumulate("t", element(held, data.number())),
        Accumulate("error", subtracted(t, b)),
        Accumulate("violation", error),
        Accumulate("largest", larger(value_of("largest"), size(error))),
        When(is_not(is_less(size(error), setting(WORST))), tuple(move)),
    ]
    last = Write(result, number(0), value_of("largest"))
    vectors = (SETTINGS, box, held, u, data.order, result)
    steps = data.steps({held: 1, box: BOX_WIDTH}, *body)
    return data.routine("logistic_dual_pass", ("m",), vectors, Accumulate("largest", zero), steps, last)


def class_pass(form: Form, kind: str) -> Routine:
    """Give a row's classes the variables -fall_j, and its own class y the sum of these falls.

    With h = |x|^2 + B^2, r_j = (1 + s_j) / h - alpha_j and r = s_y / h - alpha_y, the best is fall_j = r_j - t, cut to
    0 up to c. There t is the zero of t - r - sum_j fall_j (Weston and Watkins), or of c - max(0, r + c - t) - sum_j
    fall_j (Crammer and Singer), to which y so adds as one more class. Both rise in t, in straight pieces, of which
    Newton's method needs some; the second bends down, so that from the left, where t = r, no step goes too far.
    """
    is_weston = kind == "weston_watkins"
    data, u = Data(form), changed("u", (d + 1) * k)
    alpha, labels, box = changed("alpha", n * k), Vector("labels", INT, n, k), Vector("box", F, BOX_WIDTH * n)
    level, step = changed("level", k), changed("step", k)
    moved = Vector("moved", INT, k, k, is_changed=True)
    data.order, result = Vector("order", INT, m, n, is_changed=True), changed("result", 2)
    right, of_class, some, column = Index("right", k), Index("class", k), Index("some", k), Index("at", d)
    c, h, t, own, total, slope, error = map(value_of, ("c", "h", "t", "own", "total", "slope", "error"))
    zero, one, constant, count = real(0.0), real(1.0), setting(SCALE), accumulated("count", INT)
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
        return multiplied(value_of("value"), weight)

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
        Write(level, at(right), real(-_FAR) if is_weston else added(own, c)),
        Accumulate("t", added(own, element(alpha, mine)) if is_weston else own),
        Accumulate("low", own),
        Accumulate("high", added(own, multiplied(c, classes.cast(F)))),
        Accumulate("error", real(math.inf)),
    ]
    over = subtracted(element(level, here), t)
    fall, steep = larger(over, zero), one.where(is_less(zero, over), zero)
    if is_weston:
        fall, steep = smaller(fall, c), zero.where(is_less(c, over), steep)
    least = multiplied(real(_NEAR), c)
    is_open = is_less(least, size(error))
    following, low, high = subtracted(t, divided(error, slope)), value_of("low"), value_of("high")
    bracket: list[Statement] = []
    if is_weston:  # a sum that bends both ways: half of what holds the zero, where Newton's step leaves that
        middle = multiplied(real(0.5), added(low, high))
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
    change = value_of("change")
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
        Accumulate("move", multiplied(h, value_of("move"))),
        Accumulate("moves", added(value_of("moves"), value_of("move"))),
        When(
            is_less(setting(WORST), value_of("move")),
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
    last = Write(result, number(0), left.cast(F)), Write(result, number(1), value_of("moves"))
    vectors = (SETTINGS, box, labels, alpha, u, data.order, level, step, moved, result)
    steps = data.steps({box: BOX_WIDTH}, *body)
    return data.routine(f"class_pass_{kind}", ("m", "k"), vectors, *first, steps, *last)
