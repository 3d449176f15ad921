"""Pairs of documents of one query, of which one is better: counted and added up in O(n log n), never written down.

Of n documents there are up to n (n - 1) / 2 pairs (i, j), y_i > y_j. A pair is *active* if its margin is not reached,
s_i - s_j < 1. What a solver needs of all active pairs are sums over j for each i, and over i for each j:

- in the order of the scores, the j with s_j > s_i - 1 are a range that ends with the query's last document, and the i
  with s_i - 1 < s_j are one that begins with its first;
- in such a range, sums over those whose y is below a bound take a look at each bit of the number of y: the wavelet
  matrix keeps, for each bit, the elements in the order of the bits above it, and sums of a range come from prefix sums.

References: Joachims, "Training linear SVMs in linear time", 2006 (few grades); Lee and Lin, "Large-scale
linear RankSVM", 2014, section 3 (sums over j for each i, by a tree); Claude and Navarro, "The wavelet matrix", 2012.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ActivePairs", "Pairs"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class _Bit:
    """One bit of the numbers of y: the ranges in which elements with a 0 there are added up."""

    order: Whole
    is_zero: NDArray[np.bool_]
    low: Whole
    high: Whole


class ActivePairs:
    """The pairs whose margin is not reached by given scores, and sums over them.

    Attributes
    ----------
    hinge : float
        sum c max(0, 1 - (s_i - s_j)) over all pairs.
    squared_hinge : float
        sum c max(0, 1 - (s_i - s_j))^2.
    hinge_subgradient, squared_gradient : float64 array, shape (n,)
        Their derivatives by the scores.
    count : int
        How many pairs are active.
    """

    def __init__(self, y: Whole, query: Whole, weights: Floats, scores: Floats, margin: float) -> None:
        self._order = _order(query, scores)
        self._weights = weights
        s, r, q = scores[self._order], y[self._order], query[self._order]
        first, last = _ranges(q)
        start, stop = _reached(q, s, s - margin)
        # Only differences within a query matter to the sums: near 0 they lose fewer digits.
        s = s - (np.bincount(q, s) / np.bincount(q))[q]
        self._first, self._stop = first, stop
        # For i the j that are worse; for j all i that are not better, which are taken off the whole range.
        self._bits = _bits(r, np.concatenate([start, first]), np.concatenate([last, stop]), np.concatenate([r, r + 1]))
        ones = np.ones(len(s))
        self._worse, self._better = self._sums(ones)
        worse, better = self._sums(s)
        self.count = round(float(self._worse.sum()))
        terms = self._worse * (margin - s) + worse
        slopes = 2 * ((self._worse + self._better) * s - worse - better + margin * (self._better - self._worse))
        c = weights[self._order]
        self.hinge = float(c @ terms)
        # m^2 = m (margin - (s_i - s_j)), summed over pairs.
        self.squared_hinge = max(0.0, margin * self.hinge + float(c @ (slopes * s)) / 2)
        self.hinge_subgradient = self._in_place(c * (self._better - self._worse))
        self.squared_gradient = self._in_place(c * slopes)

    def curvature(self, v: Floats) -> Floats:
        """Return the product of the squared hinge's second derivative by the scores with a vector, shape (n,)."""
        z = v[self._order]
        worse, better = self._sums(z)
        return self._in_place(2 * self._weights[self._order] * ((self._worse + self._better) * z - worse - better))

    def _sums(self, v: Floats) -> tuple[Floats, Floats]:
        """Return, for each element, the sums of v over active ones that are worse, and over those that are better."""
        below = np.zeros(2 * len(v))
        for bit in self._bits:
            prefix = _prefix(np.where(bit.is_zero, v[bit.order], 0.0))
            below += prefix[bit.high] - prefix[bit.low]
        prefix = _prefix(v)
        worse, not_better = below[: len(v)], below[len(v) :]
        return worse, prefix[self._stop] - prefix[self._first] - not_better

    def _in_place(self, v: Floats) -> Floats:
        """Return what is in the order of the scores in that of the rows."""
        result = np.empty_like(v)
        result[self._order] = v
        return result


class Pairs:
    """All pairs of documents of one query of which one is better.

    Parameters
    ----------
    y : float array, shape (n,)
        How relevant each document is; any numbers.
    queries : int array, shape (n,), optional
        The query of each; else all are of one.
    is_query_weighted : bool
        Whether the pairs of a query count 1 together, instead of 1 each.

    Attributes
    ----------
    count : int
        How many pairs there are.

    Examples
    --------
    >>> pairs = Pairs(np.array([2.0, 0.0, 1.0]))
    >>> active = pairs.at(np.array([3.0, 1.5, 1.0]))  # margins of (0, 1), (0, 2), (2, 1): 1.5, 2, -0.5
    >>> pairs.count, active.count, active.hinge, active.squared_hinge
    (3, 1, 1.5, 2.25)
    """

    def __init__(self, y: Any, queries: Any = None, is_query_weighted: bool = False) -> None:
        numbers = np.asarray(y)
        given = np.zeros(len(numbers), np.int64) if queries is None else np.asarray(queries)
        self._query: Whole = np.unique(given, return_inverse=True)[1].astype(np.int64)
        grades, grade = np.unique(numbers, return_inverse=True)
        self._y: Whole = grade.astype(np.int64)
        sizes = np.bincount(self._query)
        _, each = np.unique(self._query * len(grades) + self._y, return_index=True)
        alike = np.unique(self._query * len(grades) + self._y, return_counts=True)[1]
        same = np.bincount(self._query[each], alike * (alike - 1) // 2, len(sizes))
        of_query = sizes * (sizes - 1) // 2 - same
        self.count = round(float(of_query.sum()))
        self._weights = (1 / np.maximum(of_query, 1) if is_query_weighted else np.ones(len(sizes)))[self._query]

    def at(self, scores: Floats, margin: float = 1.0) -> ActivePairs:
        """Return the pairs with s_i - s_j < margin, and their losses."""
        return ActivePairs(self._y, self._query, self._weights, np.asarray(scores, np.float64), margin)

    def right(self, scores: Floats) -> float:
        """Return the share of pairs in the right order, s_i > s_j; a tie is half a pair. NaN if there are none."""
        wrong = self.at(scores, 0.0).count
        right = self.at(-np.asarray(scores), 0.0).count
        return (right + (self.count - right - wrong) / 2) / self.count if self.count else float("nan")


def _ranges(query: Whole) -> tuple[Whole, Whole]:
    """Return, for each element, where its query begins and ends; the queries are sorted."""
    sizes = np.bincount(query)
    ends = np.cumsum(sizes)
    return np.repeat(ends - sizes, sizes), np.repeat(ends, sizes)


def _order(query: Whole, values: Floats) -> Whole:
    """Return the order by query, within it by value, and of equal values as they stand."""
    order = np.argsort(values, kind="stable")
    # A stable sort of 16 bits is a radix sort, some ten times as quick; a number is seldom of more queries.
    small = query.astype(np.min_scalar_type(int(query.max())))
    return order[np.argsort(small[order], kind="stable")]


def _reached(query: Whole, s: Floats, t: Floats) -> tuple[Whole, Whole]:
    """Return for each i the first place with s_j > t_i, and for each j the first without t_i < s_j, within the query.

    s and t = s - margin are sorted within each query. Both answers come from one merge of the two, so they agree on
    every pair, whatever was rounded in t.
    """
    n = len(s)
    # Of equal numbers s comes before t, as it does here: s_j > t_i is strict.
    order = _order(np.concatenate([query, query]), np.concatenate([s, t]))
    is_t = order >= n
    bounds_before = np.cumsum(is_t)
    start, stop = np.empty(n, np.int64), np.empty(n, np.int64)
    places = np.arange(1, 2 * n + 1)
    start[order[is_t] - n] = (places - bounds_before)[is_t]
    stop[order[~is_t]] = bounds_before[~is_t]
    return start, stop


def _bits(y: Whole, low: Whole, high: Whole, bound: Whole) -> list[_Bit]:
    """Return what adds up elements of ranges [low, high) whose y is below a bound, a record for each bit of y."""
    found = []
    order = np.arange(len(y))
    for bit in reversed(range(int(bound.max(initial=1)).bit_length())):
        is_zero = (y[order] >> bit) & 1 == 0
        zeros = np.concatenate([[0], np.cumsum(is_zero)])
        is_above = (bound >> bit) & 1 == 1  # then all elements with a 0 here are below the bound
        found.append(_Bit(order, is_zero, np.where(is_above, low, 0), np.where(is_above, high, 0)))
        low = np.where(is_above, zeros[-1] + low - zeros[low], zeros[low])
        high = np.where(is_above, zeros[-1] + high - zeros[high], zeros[high])
        order = np.concatenate([order[is_zero], order[~is_zero]])
    return found


def _prefix(v: Floats) -> Floats:
    """Return the sums of the first 0, 1, ..., n elements."""
    return np.concatenate([[0.0], np.cumsum(v)])
