"""LightGBM with its defaults."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import Predict


def fit(x: Any, y: NDArray[np.generic], is_classes: bool, seed: int) -> Predict:
    """Learn from a frame; see `Peer`."""
    kind = lightgbm.LGBMClassifier if is_classes else lightgbm.LGBMRegressor
    predict: Predict = kind(random_state=seed, n_jobs=2, verbosity=-1).fit(x, y).predict
    return predict


def versions() -> dict[str, str]:
    """Return that of the package."""
    return {"lightgbm": lightgbm.__version__}
