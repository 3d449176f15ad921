"""Measures of a ranking: how far up the relevant documents of each query stand, averaged over queries.

Documents stand in the order of falling scores; equal scores keep the order in which they were given, as in LETOR's
tool. A query none of whose documents is relevant counts 0, and counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.arrays import numbers
from feedforward.errors import DataError, ShapeError
from feedforward.nn.config import check_bool, check_int

__all__ = ["mean_average_precision", "ndcg", "query_measures"]

Floats = NDArray[np.float64]

_MOST_RELEVANT = 60
"""Of a relevance r: 2^r - 1, its gain, is a whole number below 2^60, so that sums of gains are of use."""


def ndcg(relevance: Any, scores: Any, queries: Any = None, k: int = 10, *, is_letor: bool = True) -> float:
    """Return the normalised discounted cumulative gain of the first k documents, the mean over queries.

    DCG@k = sum_{p=1}^k (2^{r_p} - 1) / d(p);  NDCG@k = DCG@k divided by that of the best order.

    Parameters
    ----------
    relevance : array of numbers from 0 to 60, shape (n,)
        r of each document.
    scores : float array, shape (n,)
        Larger is further up.
    queries : int array, shape (n,), optional
        The query of each document, in any order; else all are of one.
    k : int
        At least 1.
    is_letor : bool
        True: as LETOR 4.0's tool computes it. d(p) is 1 at the first two places and log2(p) after them, and NDCG@k of a
        query with fewer than k documents is 0. False: d(p) = log2(1 + p), and a shorter query counts with what it has.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ShapeError, DataError
        If the arrays do not fit, are empty or not finite, or a relevance is below 0 or above 60.

    References
    ----------
    Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", 2002; Burges et al., "Learning to rank
    using gradient descent", 2005, section 5 (the gain, and log2(1 + p)); Eval-Score-4.0.pl of LETOR 4.0.

    Examples
    --------
    >>> ndcg([2, 0, 1], [0.3, 0.2, 0.9], k=2)  # (1 + 3) / (3 + 1)
    1.0
    >>> round(ndcg([2, 0, 1], [0.3, 0.2, 0.9], k=2, is_letor=False), 4)  # (1 + 3 / log2 3) / (3 + 1 / log2 3)
    0.7967
    """
    return float(query_measures(relevance, scores, queries, k, is_letor=is_letor)[0].mean())


def mean_average_precision(relevance: Any, scores: Any, queries: Any = None) -> float:
    """Return the mean over queries of the average precision.

    AP = 1/R sum over relevant documents of (relevant ones down to that place) / (its place), R their number.

    Parameters
    ----------
    relevance, scores, queries
        As for `ndcg`; a document is relevant if its relevance is at least 1.

    Returns
    -------
    float
        From 0 to 1.

    References
    ----------
    Baeza-Yates and Ribeiro-Neto, "Modern information retrieval", 1999, section 3.2; Eval-Score-4.0.pl of LETOR 4.0.

    Examples
    --------
    >>> mean_average_precision([0, 1, 2, 0], [4.0, 3.0, 2.0, 1.0])  # (1/2 + 2/3) / 2
    0.5833333333333333
    """
    return float(query_measures(relevance, scores, queries)[1].mean())


def query_measures(
    relevance: Any, scores: Any, queries: Any = None, k: int = 10, *, is_letor: bool = True
) -> tuple[Floats, Floats]:
    """Return NDCG@k and average precision of each query, in the order of their numbers, shape (queries,) each.

    See `ndcg` and `mean_average_precision`.
    """
    check_int("ndcg", "k", k, 1)
    check_bool("ndcg", "is_letor", is_letor)
    r, s = _vector("relevance", relevance), _vector("scores", scores)
    of_query = np.zeros(len(r), np.int64) if queries is None else np.asarray(queries)
    if not r.shape == s.shape == of_query.shape:
        raise ShapeError(
            f"ndcg: relevance, scores and queries have shapes {r.shape}, {s.shape}, {of_query.shape}. Expected a "
            f"number for each document. Give arrays of one length."
        )
    if r.min() < 0 or r.max() > _MOST_RELEVANT:
        raise DataError(
            f"ndcg: relevance goes from {r.min():g} to {r.max():g}. Expected numbers from 0 to {_MOST_RELEVANT}, whose "
            f"gain is 2^r - 1. Number the grades from 0."
        )
    _, query = np.unique(of_query, return_inverse=True)
    count = int(query.max()) + 1
    sizes = np.bincount(query)
    # Sorting is stable: documents with one score stay in the order in which they were given.
    order = np.lexsort((-s, query))
    place = np.arange(len(r)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
    by_query = query[order]
    discount = np.where(place <= k, 1 / np.maximum(1, np.log2(place)) if is_letor else 1 / np.log2(1 + place), 0.0)
    gain = np.exp2(r) - 1
    reached = np.bincount(by_query, gain[order] * discount, count)
    best = np.bincount(by_query, gain[np.lexsort((-r, query))] * discount, count)
    normalised = np.where(best > 0, reached / np.where(best > 0, best, 1), 0.0)
    if is_letor:
        normalised = np.where(sizes >= k, normalised, 0.0)
    is_relevant = r[order] >= 1
    so_far = np.cumsum(is_relevant)
    before: NDArray[np.int64] = (so_far - is_relevant)[np.cumsum(sizes) - sizes]
    precision = np.where(is_relevant, (so_far - np.repeat(before, sizes)) / place, 0.0)
    relevant = np.bincount(by_query, is_relevant, count)
    return normalised, np.bincount(by_query, precision, count) / np.maximum(relevant, 1)


def _vector(name: str, value: Any) -> Floats:
    """Return finite numbers, shape (n,), n > 0."""
    array = numbers(value, f"ndcg: {name}").astype(np.float64)
    if array.ndim != 1 or not len(array):
        raise ShapeError(f"ndcg: {name} has shape {array.shape}. Expected a number for each document, at least one.")
    if not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array)))
        raise DataError(f"ndcg: {name} is {array[row]} at row {row}. Expected finite numbers. Replace or drop it.")
    return array
