"""The tables: files as people have them, and five ways to hold rows of each back."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.outside import data_folder

SPLITS = 5

_TEST_SHARE = 0.2
_MOST_ROWS = 5000
"""Of larger tables as many are drawn, unless a name says otherwise: the slowest peer takes six seconds a thousand."""


@dataclass(frozen=True)
class TableFile:
    """A file, and which of its columns is to be predicted.

    Parameters
    ----------
    file : str
        In the folder of the data.
    is_classes : bool
        Whether the target is a class.
    target : int
        Its column; -1 is the last.
    separator : str
        What divides the cells; a blank stands for any run of blanks.
    has_header : bool
        Whether the first line names the columns.
    left_out : tuple of int
        Columns that number the rows.
    """

    file: str
    is_classes: bool
    target: int = -1
    separator: str = ","
    has_header: bool = False
    left_out: tuple[int, ...] = ()


TABLES = {
    "adult": TableFile("tabular/adult-train.csv.gz", True),
    "magic": TableFile("tabular/magic04.data.gz", True),
    "higgs": TableFile("tabular/higgs_lightgbm_train.tsv.gz", True, 0, "\t"),
    "covertype": TableFile("tabular/covtype_kaggle_train.csv.gz", True, has_header=True, left_out=(0,)),
    "banknote": TableFile("tabular/banknote_authentication.csv.gz", True),
    "pima": TableFile("tabular/pima-indians-diabetes.csv.gz", True),
    "sonar": TableFile("tabular/sonar.csv.gz", True),
    "ionosphere": TableFile("tabular/ionosphere.csv.gz", True),
    "german": TableFile("libsvm/german.numer_scale.gz", True),
    "heart": TableFile("libsvm/heart_scale.gz", True),
    "ijcnn1": TableFile("libsvm/ijcnn1.val.gz", True),
    "svmguide1": TableFile("libsvm/svmguide1.gz", True),
    "letter": TableFile("libsvm/letter.scale.gz", True),
    "pendigits": TableFile("libsvm/pendigits.gz", True),
    "agaricus": TableFile("libsvm/agaricus.txt.train.gz", True),
    "california": TableFile("tabular/california_housing.csv.gz", False, 8, has_header=True),
    "boston": TableFile("tabular/housing.data.gz", False, separator=" "),
    "abalone": TableFile("tabular/abalone.csv.gz", False),
    "wine, red": TableFile("tabular/winequality-red.csv.gz", False),
    "wine, white": TableFile("tabular/winequality-white.csv.gz", False),
}


def check_table(name: str) -> str:
    """Return a name as it is, if there is such a table: ``adult``, or ``adult:20000`` for so many rows at most.

    Raises
    ------
    ValueError
        If there is none.
    """
    kind, _, rows = name.partition(":")
    if kind not in TABLES or (rows and not (rows.isdecimal() and int(rows) >= 100)):
        raise ValueError(f"table {name!r}: expected one of {', '.join(TABLES)}, with :ROWS for another number, >= 100.")
    return name


def load_table(name: str) -> tuple[Any, NDArray[np.generic], bool]:
    """Return a table as a data frame, its targets, and whether these are classes, from 0.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    import pandas

    folder = data_folder()
    if folder is None:
        raise FileNotFoundError("the data sets are not in the folder that FEEDFORWARD_DATA names")
    kind, _, most = check_table(name).partition(":")
    table = TABLES[kind]
    frame, y = _svmlight(folder / table.file) if "libsvm" in table.file else _delimited(folder / table.file, table)
    if table.is_classes:
        y = np.unique(y, return_inverse=True)[1].astype(np.int64)
    kept = np.sort(np.random.default_rng(0).permutation(len(y))[: int(most) if most else _MOST_ROWS])
    frame = frame.iloc[kept].reset_index(drop=True)
    for column in frame.columns[[not pandas.api.types.is_numeric_dtype(one) for one in frame.dtypes]]:
        frame[column] = frame[column].astype("category")
    return frame, y[kept], table.is_classes


def split(y: NDArray[np.generic], is_classes: bool, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows to learn from and those to be asked about, a fifth; of each class alike."""
    from sklearn.model_selection import train_test_split

    learnt, asked = train_test_split(
        np.arange(len(y)), test_size=_TEST_SHARE, random_state=number, stratify=y if is_classes else None
    )
    return learnt, asked


def _delimited(path: Path, table: TableFile) -> tuple[Any, NDArray[np.generic]]:
    import pandas

    separator = r"\s+" if table.separator == " " else table.separator
    header = 0 if table.has_header else None
    frame = pandas.read_csv(path, sep=separator, header=header, na_values="?", skipinitialspace=True)
    frame = frame.drop(columns=frame.columns[list(table.left_out)])
    target = frame.columns[table.target]
    y = frame.pop(target).to_numpy()
    frame.columns = [str(name) for name in frame.columns]
    return frame, y


def _svmlight(path: Path) -> tuple[Any, NDArray[np.generic]]:
    import pandas
    from sklearn.datasets import load_svmlight_file

    with gzip.open(path) as file:
        rows, y = load_svmlight_file(file)
    return pandas.DataFrame(rows.toarray()).rename(columns=str), y
