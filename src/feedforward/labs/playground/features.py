"""What a network is given of a point: its coordinates, functions of them, and a formula of one's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feedforward.labs.playground.formula import Formula, read_formula

__all__ = ["FEATURES", "feature_matrix", "formulas_of"]

FEATURES = {
    "x1": "x1",
    "x2": "x2",
    "x1_squared": "x1^2",
    "x2_squared": "x2^2",
    "x1_x2": "x1 * x2",
    "sin_x1": "sin(x1)",
    "sin_x2": "sin(x2)",
}
"""The features that can be chosen, and their formulas."""

_READ = {name: read_formula(text) for name, text in FEATURES.items()}


def formulas_of(features: Sequence[str], formula: str) -> dict[str, Formula]:
    """Return the formulas of the features by their names, that of one's own last.

    Raises
    ------
    LabError
        If the formula cannot be read.
    """
    own = {"formula": read_formula(formula)} if formula.strip() else {}
    return {name: _READ[name] for name in features} | own


def feature_matrix(formulas: dict[str, Formula], points: np.ndarray) -> np.ndarray:
    """Return the features of points, shape (n, d).

    Raises
    ------
    LabError
        If one is not finite.
    """
    return np.stack([formula(points) for formula in formulas.values()], 1)
