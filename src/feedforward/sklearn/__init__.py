"""Estimators that stand in for scikit-learn's, and need it: the extra ``[sklearn]`` brings it.

Not here: linear models (``feedforward.linear``), how tables become numbers (``feedforward.tabular``).
"""

__all__: list[str] = []
