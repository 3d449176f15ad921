"""Tables: columns of any kind to the arrays that a network learns from, and the networks that suit them.

Not here: files (``feedforward.data``), estimators (``feedforward.sklearn``).
"""

from typing import TYPE_CHECKING

from feedforward.lookup import namespace
from feedforward.tabular.folds import CrossValidation, cross_validate
from feedforward.tabular.search import Choice, LogUniform, Search, Trial, Uniform, search

__all__ = [
    "Choice",
    "CrossValidation",
    "LogUniform",
    "Search",
    "Trial",
    "Uniform",
    "cross_validate",
    "search",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.tabular", __all__)
