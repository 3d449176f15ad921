"""Tables: columns of any kind to the arrays that a network learns from, and the networks that suit them.

Not here: files (``feedforward.data``), estimators (``feedforward.sklearn``).
"""

from typing import TYPE_CHECKING

from feedforward.lookup import namespace
from feedforward.tabular.columns import Column, Table
from feedforward.tabular.encoding import ColumnEncoding, Encoded, Encoding
from feedforward.tabular.folds import CrossValidation, cross_validate
from feedforward.tabular.frames import frame_like, table_of
from feedforward.tabular.search import Choice, LogUniform, Search, Trial, Uniform, search
from feedforward.tabular.targets import Labels, number_targets

__all__ = [
    "Column",
    "Table",
    "table_of",
    "frame_like",
    "ColumnEncoding",
    "Encoded",
    "Encoding",
    "Labels",
    "number_targets",
    "CrossValidation",
    "cross_validate",
    "Choice",
    "LogUniform",
    "Search",
    "Trial",
    "Uniform",
    "search",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.tabular", __all__)
