"""Small problems that tests of linear models share: two classes that overlap, numbers, three classes."""

import numpy as np
from scipy import sparse

from feedforward.linear import Problem, rows_of
from feedforward.linear.losses import RowLoss


def overlapping(n=60, d=5, seed=0):
    """Two classes whose rows, a third of them zeros, overlap; of 60 some 15 are on the wrong side."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, d)) * (random.random((n, d)) < 0.7)
    y = np.where(x @ np.linspace(1.0, -1.0, d) + random.normal(size=n) > 0.3, 1.0, -1.0)
    return x, y


def three_classes(n=90, seed=0):
    """Three classes around points of a triangle, that overlap."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return np.array([[2.0, 0.0], [-1.0, 1.5], [-1.0, -1.5]])[labels] + random.normal(size=(n, 2)), labels


def problem(loss: RowLoss, cost=1.0, form="dense", dtype=np.float64, scale=1.0):
    """The overlapping classes; for losses of numbers, targets that are 1.7 times as large."""
    x, y = overlapping()
    x = x.astype(dtype)
    weights = cost * (1.0 + np.arange(len(y)) % 3)  # 1, 2, 3 times
    rows = rows_of(x if form == "dense" else sparse.csr_array(x), "test")
    return Problem(rows, y if loss.of_classes else 1.7 * y, weights, loss, scale)
