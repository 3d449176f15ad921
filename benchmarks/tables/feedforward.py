"""Ours: the estimators of tables, as they come."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import feedforward as ff
from benchmarks.tables import Predict


def fit(x: Any, y: NDArray[np.generic], is_classes: bool, seed: int) -> Predict:
    """Learn from a frame; see `Peer`."""
    kind = ff.sklearn.TabularClassifier if is_classes else ff.sklearn.TabularRegressor
    predict: Predict = kind(random_state=seed).fit(x, y).predict
    return predict


def versions() -> dict[str, str]:
    """Return ours."""
    return {"feedforward": ff.__version__}
