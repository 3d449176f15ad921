"""Estimators that stand in for scikit-learn's, and need it: the extra ``[sklearn]`` brings it.

Not here: linear models (``feedforward.linear``), how tables become numbers (``feedforward.tabular``).
"""

from typing import TYPE_CHECKING

from feedforward.lookup import namespace

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"feedforward.sklearn: scikit-learn cannot be imported ({error}). Its estimators work inside of it. Install "
        f"the extra: pip install 'feedforward-nn[sklearn]'."
    ) from None

from feedforward.sklearn.mlp import MLPClassifier, MLPRegressor
from feedforward.sklearn.tables import TabularClassifier, TabularRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.sklearn", __all__)
