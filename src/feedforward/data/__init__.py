"""Data sets and tables: from files to arrays.

``datasets`` has the known image data sets, ``table`` reads a user's own CSV files.
"""

from typing import TYPE_CHECKING

from feedforward.data.datasets import DATASETS, Dataset, Training, digits, fashion_mnist, find, load, mnist
from feedforward.data.table import Table, read_csv
from feedforward.lookup import namespace

__all__ = ["digits", "mnist", "fashion_mnist", "load", "find", "Dataset", "Training", "DATASETS", "read_csv", "Table"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.data", __all__)
