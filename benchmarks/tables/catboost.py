"""CatBoost with its defaults."""

from __future__ import annotations

from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import Predict


def fit(x: Any, y: NDArray[np.generic], is_classes: bool, seed: int) -> Predict:
    """Learn from a frame; see `Peer`. It takes words, not categories that may be missing."""
    words = list(x.columns[x.dtypes == "category"])

    def prepared(rows: Any) -> Any:
        return rows.assign(**{name: rows[name].astype(object).fillna("missing").astype(str) for name in words})

    kind = catboost.CatBoostClassifier if is_classes else catboost.CatBoostRegressor
    model = kind(random_seed=seed, thread_count=2, verbose=False, allow_writing_files=False, cat_features=words)
    model.fit(prepared(x), y)

    def predict(rows: Any) -> NDArray[np.generic]:
        return np.asarray(model.predict(prepared(rows))).reshape(-1)

    return predict


def versions() -> dict[str, str]:
    """Return that of the package."""
    return {"catboost": catboost.__version__}
