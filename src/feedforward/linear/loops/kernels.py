"""Products with rows and the inner loops of the solvers, as machine code.

A weight vector u holds the d weights and, last, that of a column of the constant B, which is not in the data: the score
is s = u[:d] x + B u[d], the intercept b = B u[d], and without intercept B = 0. So the intercept is regularised as a
weight, as in LIBLINEAR; a larger B lets it more free. Everything is computed in float64, whatever the data's dtype.

A step on compressed rows costs no more than the row has elements, also where all weights change in it. Python's lock is
not held meanwhile, and steps are run in parts of some tenths of a second at most, between which Ctrl-C takes effect.
Rows, boxes and norms are looked through, or packed, once, and must not be changed as long as they are used.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.backends.ragged import Checked, RoutineCode, checked
from feedforward.graph.node import Array
from feedforward.linear import losses
from feedforward.linear.loops.dual_routines import BOX_WIDTH
from feedforward.linear.loops.layout import Form
from feedforward.linear.loops.routines import routine
from feedforward.linear.losses import Box, RowLoss
from feedforward.linear.rows import Rows

__all__ = [
    "class_pass",
    "curved",
    "dual_pass",
    "given_up",
    "logistic_dual_pass",
    "losses_of",
    "margins",
    "outer",
    "perceptron_pass",
    "saga_pass",
    "sgd_pass",
    "squared_norms",
    "squares",
    "svrg_pass",
    "transposed",
]

Floats = NDArray[np.float64]
Order = NDArray[np.integer[Any]]

_NAMES: dict[type[RowLoss], str] = {
    losses.Hinge: "hinge",
    losses.SquaredHinge: "squared_hinge",
    losses.ModifiedHuber: "modified_huber",
    losses.Perceptron: "perceptron",
    losses.Logistic: "logistic",
    losses.Exponential: "exponential",
    losses.Sigmoid: "sigmoid",
    losses.Squared: "squared",
    losses.EpsilonInsensitive: "epsilon_insensitive",
    losses.SquaredEpsilonInsensitive: "squared_epsilon_insensitive",
}

_LEAST, _MOST, _WINDOW = 1e-9, 1e9, 1024
"""Between which numbers weights are kept as a multiple; of how many steps at a time, at least, it is looked whether
that ends."""

_ELEMENTS = 1 << 25
"""About how many elements the steps of one call go over."""


@dataclass(frozen=True, eq=False)
class _Given:
    """Rows as machine code takes them."""

    form: Form
    sizes: dict[str, int]
    arrays: dict[str, Array | Checked]


given_up: ContextVar[Event | None] = ContextVar("given_up", default=None)
"""Set by who waits for a thread and has reason not to: Ctrl-C, say, which only the main thread gets. What the thread
calls here next raises KeyboardInterrupt."""

_seen: dict[int, tuple[weakref.ref[Rows], _Given]] = {}
"""The rows that were looked through, as long as they are there."""


def _given(rows: Rows) -> _Given:
    """Return rows as machine code takes them; looked through once for indices that point outside."""
    event = given_up.get()
    if event is not None and event.is_set():
        raise KeyboardInterrupt
    key = id(rows)
    found = _seen.get(key)
    if found is None or found[0]() is not rows:
        found = _seen[key] = weakref.ref(rows, lambda _: _seen.pop(key, None)), _looked_through(rows)
    return found[1]


def _looked_through(rows: Rows) -> _Given:
    count, columns = rows.shape
    sizes = {"n": count, "d": columns}
    if not rows.is_sparse:
        return _Given(Form(rows.values.dtype.name), sizes, {"values": rows.values})
    values, indices, starts = rows.compressed()
    form = Form(values.dtype.name, indices.dtype.name, starts.dtype.name)
    arrays: dict[str, Array | Checked] = {
        "values": values,
        "indices": checked(indices, columns, "indices"),
        "starts": checked(starts, len(values) + 1, "starts"),
    }
    return _Given(form, sizes | {"stored": len(values)}, arrays)


@lru_cache(maxsize=256)
def _code(name: str, form: Form, loss: str = "") -> RoutineCode:
    return RoutineCode(routine(name, form, loss))


def _parts(rows: Rows, order: Order, classes: int = 1) -> Iterator[slice]:
    """Yield parts of an order that take not too long."""
    per_row = max(1, classes * rows.values.size // max(1, rows.shape[0]))
    steps = max(1, _ELEMENTS // per_row)
    for first in range(0, len(order), steps):
        yield slice(first, min(first + steps, len(order)))


def _settings(scale: float, tube: float = 0.0, rate: float = 0.0, worst: float = math.inf) -> Floats:
    return np.array([scale, tube, rate, worst])


def margins(rows: Rows, w: Floats) -> Floats:
    """Return X w.

    Parameters
    ----------
    w : float64 array, shape (d,) or (d, c)

    Returns
    -------
    float64 array, shape (n,) or (n, c)
    """
    given = _given(rows)
    w = np.ascontiguousarray(w, np.float64)
    out = np.zeros((rows.shape[0], *w.shape[1:]))
    if w.ndim == 1:
        _code("margins", given.form)(given.sizes, given.arrays | {"w": w, "out": out})
    else:
        sizes = given.sizes | {"k": w.shape[1]}
        _code("margins_of_classes", given.form)(sizes, given.arrays | {"w": w, "out": out})
    return out


def transposed(rows: Rows, v: Floats) -> Floats:
    """Return X^T v.

    Parameters
    ----------
    v : float64 array, shape (n,) or (n, c)

    Returns
    -------
    float64 array, shape (d,) or (d, c)
    """
    given = _given(rows)
    v = np.ascontiguousarray(v, np.float64)
    out = np.zeros((rows.shape[1], *v.shape[1:]))
    if v.ndim == 1:
        _code("transposed", given.form)(given.sizes, given.arrays | {"v": v, "out": out})
    else:
        sizes = given.sizes | {"k": v.shape[1]}
        _code("transposed_of_classes", given.form)(sizes, given.arrays | {"v": v, "out": out})
    return out


def losses_of(rows: Rows, y: Floats, cost: Floats, loss: RowLoss, scale: float, u: Floats) -> tuple[Floats, Floats]:
    """Return the scores X u[:d] + B u[d], and c_i l(s_i, y_i) of each row, both of shape (n,)."""
    given = _given(rows)
    scores, out = np.empty(rows.shape[0]), np.empty(rows.shape[0])
    arrays = {"settings": _settings(scale, _tube(loss)), "y": y, "cost": cost, "u": _floats(u)}
    code = _code("losses", given.form, _name(loss))
    code(given.sizes, given.arrays | arrays | {"scores": scores, "out": out})
    return scores, out


def curved(rows: Rows, weight: Floats, scale: float, v: Floats) -> Floats:
    """Return sum_i weight_i x_i (x_i v), x_i with the intercept's constant B, shape (d + 1,).

    Parameters
    ----------
    weight : float64 array, shape (n,)
        Rows of weight 0 are not read.
    scale : float
        B.
    v : float64 array, shape (d + 1,)
    """
    given, out = _given(rows), np.zeros(rows.shape[1] + 1)
    arrays = {"settings": _settings(scale), "weight": _floats(weight), "v": _floats(v), "out": out}
    _code("curved", given.form)(given.sizes, given.arrays | arrays)
    return out


def squared_norms(rows: Rows) -> Floats:
    """Return the sum of squares of each row, shape (n,)."""
    given, out = _given(rows), np.zeros(rows.shape[0])
    _code("norms", given.form)(given.sizes, given.arrays | {"out": out})
    return out


def squares(rows: Rows, weight: Floats) -> Floats:
    """Return sum_i weight_i x_ij^2 for each column j, shape (d,)."""
    given, out = _given(rows), np.zeros(rows.shape[1])
    _code("squares", given.form)(given.sizes, given.arrays | {"weight": _floats(weight), "out": out})
    return out


def outer(rows: Rows, weight: Floats) -> Floats:
    """Return sum_i weight_i x_i x_i^T of compressed rows, shape (d, d)."""
    given, columns = _given(rows), rows.shape[1]
    out = np.zeros((columns, columns))
    _code("outer", given.form)(given.sizes, given.arrays | {"weight": _floats(weight), "out": out})
    # A pair of columns is in one triangle or, where a row's columns do not rise, in the other.
    return out + out.T - np.diag(out.diagonal())


def sgd_pass(
    rows: Rows,
    y: Floats,
    cost: Floats,
    loss: RowLoss,
    scale: float,
    u: Floats,
    order: Order,
    rates: Floats,
    threads: int = 1,
) -> None:
    """Step along one row's subgradient after the other: u <- (1 - r) u - r n c_i l'(s_i) x_i, in place.

    The expectation of what is subtracted over a random row i is r times the subgradient of
    P(u) = 1/2 |u|^2 + sum_i c_i l(s_i). With r = 1/k at step k this is Pegasos (Shalev-Shwartz et al. 2007).

    Parameters
    ----------
    scale : float
        B, the constant of the intercept's column.
    u : float64 array, shape (d + 1,)
    order : int array, shape (m,)
        The rows to step along.
    rates : float64 array, shape (m,)
        The step sizes r.
    threads : int
        How many share the steps, each taking every so manieth, without a lock (Hogwild). With more than one, what one
        adds to a weight another may overwrite, and results differ from run to run.
    """
    given = _given(rows)
    code = _code("sgd_pass", given.form, _name(loss))
    arrays = given.arrays | {"settings": _settings(scale, _tube(loss)), "y": y, "cost": cost, "u": u}
    order, rates = _indices(order), _floats(rates)

    def run(part: slice) -> None:
        steps = {"order": order[part], "rates": rates[part]}
        steps |= {"before": before[part], "after": after[part], "brought": brought[part]}
        steps = {name: np.ascontiguousarray(array) for name, array in steps.items()}
        code(given.sizes | {"m": len(steps["order"])}, arrays | steps)

    before, after, brought = _decays(rates)
    if threads == 1:
        for part in _parts(rows, order):
            run(part)
    else:
        ends = [0, *(end for one in np.flatnonzero(brought != 1.0).tolist() for end in (one, one + 1)), len(order)]
        with ThreadPoolExecutor(threads) as pool:
            for first, stop in pairwise(ends):
                if stop > first:  # what multiplies all weights is a step of its own, and done by one thread
                    list(
                        pool.map(run, [slice(first + one, stop, threads) for one in range(min(threads, stop - first))])
                    )
    if len(order):
        u *= after[-1]


def _decays(rates: Floats) -> tuple[Floats, Floats, Floats]:
    """Return by what weights are to be multiplied before and after each step, and by what they are in a step.

    That is the product of the steps' 1 - rate, until it leaves `_LEAST` ... `_MOST`.
    """
    keep = 1.0 - rates
    after, brought = np.empty_like(keep), np.ones_like(keep)
    first, product, size = 0, 1.0, _WINDOW
    while first < len(keep):
        window = product * np.cumprod(keep[first : first + size])
        is_beyond = ~((np.abs(window) >= _LEAST) & (np.abs(window) <= _MOST))
        count = int(np.argmax(is_beyond)) if is_beyond.any() else len(window)
        after[first : first + count] = window[:count]
        first, product = first + count, float(window[count - 1]) if count else product
        size *= 2
        if count < len(window):
            size = _WINDOW
            brought[first], after[first], product = window[count], 1.0, 1.0
            first += 1
    before = np.concatenate([[1.0], after[:-1]])[: len(after)]
    return before, after, brought


def svrg_pass(
    rows: Rows,
    y: Floats,
    cost: Floats,
    loss: RowLoss,
    scale: float,
    u: Floats,
    order: Order,
    rate: float,
    slopes: Floats,
    gradient: Floats,
) -> None:
    """Step with a variance that shrinks: u <- u - r (u + n (g_i(s_i) - slopes_i) x_i + gradient), in place.

    Parameters
    ----------
    slopes : float64 array, shape (n,)
        c_i l'(s_i) at the anchor.
    gradient : float64 array, shape (d + 1,)
        sum_i slopes_i x_i.

    References
    ----------
    Johnson and Zhang, "Accelerating stochastic gradient descent using predictive variance reduction", 2013.
    """
    _variance_reduced("svrg_pass", rows, y, cost, loss, scale, u, order, rate, slopes, gradient)


def saga_pass(
    rows: Rows,
    y: Floats,
    cost: Floats,
    loss: RowLoss,
    scale: float,
    u: Floats,
    order: Order,
    rate: float,
    slopes: Floats,
    gradient: Floats,
) -> None:
    """Step as `svrg_pass` does, and remember each row's last slope: `slopes` and `gradient` change too.

    References
    ----------
    Defazio, Bach and Lacoste-Julien, "SAGA: a fast incremental gradient method", 2014.
    """
    _variance_reduced("saga_pass", rows, y, cost, loss, scale, u, order, rate, slopes, gradient)


def _variance_reduced(
    name: str,
    rows: Rows,
    y: Floats,
    cost: Floats,
    loss: RowLoss,
    scale: float,
    u: Floats,
    order: Order,
    rate: float,
    slopes: Floats,
    gradient: Floats,
) -> None:
    given = _given(rows)
    code = _code(name, given.form, _name(loss))
    arrays = given.arrays | {"settings": _settings(scale, _tube(loss), rate), "y": y, "cost": cost, "u": u}
    arrays |= {"slopes": slopes, "gradient": gradient}
    for part in _parts(rows, order):
        some = _indices(order[part])
        if rows.is_sparse:
            seen = np.zeros(rows.shape[1] + 1, np.int64)
            arrays |= {"powers": (1.0 - rate) ** np.arange(len(some) + 1), "seen": seen}
        code(given.sizes | {"m": len(some)}, arrays | {"order": some})


def perceptron_pass(rows: Rows, y: Floats, scale: float, u: Floats, order: Order) -> int:
    """Add y_i x_i to u, in place, for each row with y_i s_i <= 0, and return how many these were (Rosenblatt 1958)."""
    given = _given(rows)
    code = _code("perceptron_pass", given.form)
    arrays = given.arrays | {"settings": _settings(scale), "y": y, "u": u}
    mistakes = 0
    for part in _parts(rows, order):
        some, result = _indices(order[part]), np.zeros(1)
        code(given.sizes | {"m": len(some)}, arrays | {"order": some, "result": result})
        mistakes += int(result[0])
    return mistakes


def dual_pass(
    rows: Rows, box: Box, scale: float, norms: Floats, beta: Floats, u: Floats, order: Order, worst: float
) -> tuple[Order, float]:
    """Maximise the dual along one variable after the other; `beta` and u = sum_i beta_i x_i change in place.

    Along variable i, -D has slope g = s_i - p_i + q_i beta_i (plus e times the sign of beta_i), and curvature
    h = |x_i|^2 + B^2 + q_i; its minimum within the box is clip(soft(beta_i - g / h, e / h)).

    Parameters
    ----------
    norms : float64 array, shape (n,)
        |x_i|^2 + B^2.
    order : int array
        The variables, those that shrinking has left.
    worst : float
        The largest violation of the pass before: a variable at an end of its box, or at its kink at 0, that wants to
        leave the other way by more than this, is shrunk. inf shrinks none.

    Returns
    -------
    order : int array
        The variables that are left.
    worst : float
        The largest violation seen, in units of the score.

    References
    ----------
    Hsieh et al. 2008, algorithm 3; Ho and Lin 2012, algorithm 4.
    """
    given = _given(rows)
    code = _code("dual_pass", given.form)
    arrays = given.arrays | {"settings": _settings(scale, box.e, worst=worst), "beta": beta, "u": u}
    arrays |= {"box": _packed(box.p, box.q, box.low, box.high, norms)}
    kept, largest = [], 0.0
    for part in _parts(rows, order):
        some = np.array(order[part], np.int64)  # a copy, for it is changed
        result = np.zeros(2)
        code(given.sizes | {"m": len(some)}, arrays | {"order": some, "result": result})
        kept.append(some[: int(result[0])])
        largest = max(largest, float(result[1]))
    return np.concatenate(kept) if kept else np.empty(0, np.int64), largest


def logistic_dual_pass(
    rows: Rows,
    y: Floats,
    cost: Floats,
    scale: float,
    norms: Floats,
    held: Floats,
    u: Floats,
    order: Order,
    least: float,
) -> float:
    """Maximise the dual of the logistic loss along one variable after the other; `held` and u change in place.

    A variable is held as t, where y_i beta_i = a = c_i / (1 + exp(t)): 0 < a < c_i, and both ends are as exact as the
    middle. Along it, D has slope t - y_i s_i and curvature -|x_i|^2 - B^2 - c_i / (a (c_i - a)).

    Parameters
    ----------
    norms : float64 array, shape (n,)
        |x_i|^2 + B^2.
    held : float64 array, shape (n,)
        t of each variable.
    u : float64 array, shape (d + 1,)
        sum_i beta_i x_i.
    least : float
        Variables of a smaller slope stay as they are.

    Returns
    -------
    float
        The largest slope seen, before its step, in units of the score.

    References
    ----------
    Yu, Huang and Lin 2011, algorithm 5, which solves for a or c - a, the smaller.
    """
    given = _given(rows)
    code = _code("logistic_dual_pass", given.form)
    arrays = given.arrays | {"settings": _settings(scale, worst=least), "held": held, "u": u}
    arrays |= {"box": _packed(y, cost, norms)}
    largest = 0.0
    for part in _parts(rows, order):
        some, result = _indices(order[part]), np.zeros(1)
        code(given.sizes | {"m": len(some)}, arrays | {"order": some, "result": result})
        largest = max(largest, float(result[0]))
    return largest


def class_pass(
    rows: Rows,
    kind: str,
    labels: NDArray[np.int64],
    cost: Floats,
    scale: float,
    norms: Floats,
    alpha: Floats,
    u: Floats,
    order: Order,
    least: float,
) -> tuple[Order, float]:
    """Maximise the dual of a machine of several classes in the variables of one row after the other, all at once.

    `alpha` and U = sum_i x_i alpha_i change in place. Each row's new variables are the best there are while those of
    the other rows stay; rows without values, and without an intercept, stay as they are.

    Parameters
    ----------
    kind : str
        "weston_watkins" or "crammer_singer".
    labels : int64 array, shape (n,)
        The class of each row, from 0.
    norms : float64 array, shape (n,)
        |x_i|^2 + B^2.
    alpha : float64 array, shape (n, c)
    u : float64 array, shape (d + 1, c)
    least : float
        A row is left whose variables move by more than this in all, times its norm: in units of the score.

    Returns
    -------
    order : int array
        The rows that are left.
    moves : float
        How far the variables of all rows moved, in units of the score.

    References
    ----------
    Keerthi et al. 2008; Crammer and Singer 2001, of whose sorting Newton's method takes the place.
    """
    given, classes = _given(rows), alpha.shape[1]
    code = _code("class_pass", given.form, kind)
    settings = _settings(scale, worst=least)
    arrays = given.arrays | {"settings": settings, "labels": checked(labels, classes, "labels"), "alpha": alpha, "u": u}
    arrays |= {"box": _packed(cost, norms), "level": np.zeros(classes), "step": np.zeros(classes)}
    arrays |= {"moved": np.zeros(classes, np.int64)}
    order = order[norms[order] > 0.0]
    kept, moves = [np.empty(0, np.int64)], 0.0
    for part in _parts(rows, order, classes):
        some = np.array(order[part], np.int64)  # a copy, for it is changed
        result = np.zeros(2)
        code(given.sizes | {"m": len(some), "k": classes}, arrays | {"order": some, "result": result})
        kept.append(some[: int(result[0])])
        moves += float(result[1])
    return np.concatenate(kept), moves


_boxes: dict[tuple[int, ...], tuple[list[weakref.ref[Floats]], Floats]] = {}
"""What was packed, as long as it is there: a solver makes many passes with one."""


def _packed(*columns: Floats) -> Floats:
    """Return what a dual pass reads of each row, side by side, shape (n * BOX_WIDTH,)."""
    key = tuple(map(id, columns))
    found = _boxes.get(key)
    if found is None or any(one() is not column for one, column in zip(found[0], columns, strict=True)):
        count = len(columns[0])
        room = np.zeros((count + 1) * BOX_WIDTH)
        begin = -room.ctypes.data % 64 // room.itemsize  # where a line of the cache begins
        packed = room[begin : begin + count * BOX_WIDTH]
        for place, column in enumerate(columns):
            packed[place::BOX_WIDTH] = column

        def forget(_: object) -> None:
            _boxes.pop(key, None)

        found = _boxes[key] = [weakref.ref(column, forget) for column in columns], packed
    return found[1]


def _name(loss: RowLoss) -> str:
    """Return by which name the routines know a loss."""
    if type(loss) not in _NAMES:
        raise ValueError(
            f"{type(loss).__name__} has no machine code; expected one of {[one.__name__ for one in _NAMES]}. "
            f"Use one of these, or a solver that takes all rows at once."
        )
    return _NAMES[type(loss)]


def _tube(loss: RowLoss) -> float:
    """Return half the width of the tube in which a loss is 0."""
    return float(getattr(loss, "epsilon", 0.0))


def _floats(array: Floats) -> Floats:
    return np.ascontiguousarray(array, np.float64)


def _indices(order: Order) -> NDArray[np.int64]:
    return np.ascontiguousarray(order, np.int64)
