"""Rows in the forms that peers take."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedforward.linear import Rows


def sparse_matrix(rows: Rows) -> Any:
    """Return rows as SciPy's CSR matrix of float64."""
    from scipy.sparse import csr_matrix

    if not rows.is_sparse:
        return csr_matrix(rows.values.astype(np.float64))
    values, indices, starts = rows.compressed()
    return csr_matrix((values, indices, starts), rows.shape)


def matrix(rows: Rows) -> Any:
    """Return dense rows as a NumPy array of float64, others as SciPy's CSR matrix."""
    return sparse_matrix(rows) if rows.is_sparse else rows.values.astype(np.float64)
