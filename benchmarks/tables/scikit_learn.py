"""scikit-learn's MLP behind the preparation that its documentation tells users to make."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.tables import Predict


def fit(x: Any, y: NDArray[np.generic], is_classes: bool, seed: int) -> Predict:
    """Learn from a frame; see `Peer`. The target of a regression is standardised."""
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    mean, deviation = (0.0, 1.0) if is_classes else (float(y.mean()), float(y.std()))
    model = make_pipeline(columns, (MLPClassifier if is_classes else MLPRegressor)(random_state=seed))
    model.fit(x, y if is_classes else (y - mean) / deviation)

    def predict(rows: Any) -> NDArray[np.generic]:
        found = model.predict(rows)
        return np.asarray(found) if is_classes else found * deviation + mean

    return predict


def versions() -> dict[str, str]:
    """Return that of the package."""
    return {"scikit-learn": sklearn.__version__}
