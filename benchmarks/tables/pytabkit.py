"""The RealMLP of its authors, with tuned defaults, on the processor."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

from benchmarks.tables import Predict


def fit(x: Any, y: NDArray[np.generic], is_classes: bool, seed: int) -> Predict:
    """Learn from a frame; see `Peer`. It refuses gaps: the median of what is learnt from stands for them."""
    gaps = x.median(numeric_only=True)
    kind = RealMLP_TD_Classifier if is_classes else RealMLP_TD_Regressor
    model = kind(random_state=seed, device="cpu", n_threads=2)
    model.fit(x.fillna(gaps), y)

    def predict(rows: Any) -> NDArray[np.generic]:
        return np.asarray(model.predict(rows.fillna(gaps))).reshape(-1)

    return predict


def versions() -> dict[str, str]:
    """Return those of the package and of what computes for it."""
    return {"pytabkit": version("pytabkit"), "torch": version("torch")}
