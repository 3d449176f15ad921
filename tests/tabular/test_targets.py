"""Oracle (a): codes, dtypes and messages by eye; (e): codes, then labels are the labels that were given."""

import json
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from feedforward.errors import DataError, FormatError, ShapeError
from feedforward.tabular.targets import Labels, number_targets

LABELS = {
    "texts": (np.array(["b", "a", "b"]), ["a", "b"], "<U1"),
    "objects": (np.array(["b", "a", "b"], object), ["a", "b"], "O"),
    "a list of texts": (["b", "a", "b"], ["a", "b"], "<U1"),
    "a list of numbers": ([7, -3, 7], [-3, 7], "int64"),
    "a list of bools": ([True, False, True], [False, True], "bool"),
    "small ints": (np.array([7, 3, 7], np.int8), [3, 7], "int8"),
    "floats": (np.array([2.0, -1.0, 2.0], np.float32), [-1.0, 2.0], "float32"),
    "bools": (np.array([True, False, True]), [False, True], "bool"),
    "a series": (pd.Series(["b", "a", "b"], index=[5, 6, 7]), ["a", "b"], "O"),
    "categories": (pd.Series(["b", "a", "b"]).astype("category"), ["a", "b"], "O"),
    "categories of numbers": (pd.Series([7, 3, 7]).astype("category"), [3, 7], "int64"),
    "ints that may be missing": (pd.Series([7, 3, 7], dtype="Int64"), [3, 7], "int64"),
    "polars": (pl.Series(["b", "a", "b"]), ["a", "b"], "<U1"),
    "polars categories": (pl.Series(["b", "a", "b"], dtype=pl.Categorical), ["a", "b"], "O"),
    "Arrow": (pa.chunked_array([["b", "a"], ["b"]]), ["a", "b"], "<U1"),
}


@pytest.mark.parametrize(("y", "classes", "dtype"), LABELS.values(), ids=LABELS)
def test_labels_become_codes_and_come_back_in_their_dtype(y, classes, dtype):
    labels = Labels.learnt(y, 3, "fit")
    assert labels.classes.tolist() == classes and labels.classes.dtype == dtype
    codes = labels.codes(y, 3, "fit")
    assert codes.tolist() == [1, 0, 1] and codes.dtype == np.int64
    back = labels.of_codes(codes)
    assert back.dtype == dtype and back.tolist() == [classes[1], classes[0], classes[1]]
    again = Labels.from_config(json.loads(json.dumps(labels.to_config())))
    assert again.classes.dtype == dtype and again.classes.tolist() == classes
    assert set(map(type, again.classes.tolist())) == set(map(type, classes))


@pytest.mark.parametrize("dtype", "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split())
def test_a_file_holds_labels_of_every_dtype(dtype):
    labels = Labels.learnt(np.array([3, 1, 3], dtype), 3, "fit")
    again = Labels.from_config(json.loads(json.dumps(labels.to_config())))
    assert again.classes.tolist() == [1, 3] and again.classes.dtype == labels.classes.dtype == dtype


def test_a_whole_float_is_the_class_of_the_int():
    assert Labels.learnt([0, 1], 2, "fit").codes(np.array([1.0, 0.0]), 2, "score").tolist() == [1, 0]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            ["a", None, "b"],
            "fit: y is missing (None) at row 1. Expected a label in every row (no NaN). Drop the row, or",
        ),
        ([1.0, 2.0, np.nan], "fit: y is missing (nan) at row 2. Expected a label in every row (no NaN)."),
        (np.array([np.nan, 1.0, 2.0]), "fit: y is missing (nan) at row 0."),
        (pd.Series(["a", np.nan, "b"]), "fit: y is missing (nan) at row 1."),
        (pd.Series([1, None, 2], dtype="Int64"), "fit: y is missing (nan) at row 1."),
        (pd.Series(["a", None, "b"]).astype("category"), "fit: y is missing (nan) at row 1."),
        (pl.Series([True, None, False]), "fit: y is missing (None) at row 1."),
        (pa.chunked_array([pa.array(["a", None, "b"]).dictionary_encode()]), "fit: y is missing (None) at row 1."),
        ([0.5, 1.0, 2.0], "fit: Unknown label type: y is 0.5 at row 0, continuous. Expected classes: whole numbers or"),
        (np.array([1.0, np.inf, 2.0]), "fit: Unknown label type: y is inf at row 1, continuous."),
        (["a", 1, "b"], "fit: Unknown label type: y is 1 at row 1, a number, and 'a' at row 0, a text. Expected one"),
        ([True, 2, 3], "fit: Unknown label type: y is 2 at row 1, a number, and True at row 0, a boolean."),
        ([b"a", b"b", b"a"], "fit: Unknown label type: y is b'a' at row 0, a bytes. Expected texts, whole numbers or"),
        (
            np.array(["2020-01-01"] * 3, "datetime64[D]"),
            "fit: Unknown label type: y is datetime.date(2020, 1, 1) at row 0",
        ),
        (["a", "a", "a"], "fit: y has 1 class, 'a', in 3 rows. Expected at least 2 classes. Give rows of others."),
        (None, "fit: requires y to be passed, but the target y is None."),
        (np.array([1j, 2, 3]), "fit: y has dtype complex128. Complex data not supported."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_label_is_refused_by_its_row(y, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}"):
        Labels.learnt(y, 3, "fit")


def test_a_label_that_was_not_there_is_refused():
    message = (
        "score: y is 'c' at row 1. Expected one of the 2 classes learnt: 'a', 'b'. Correct it, or leave the row out."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        Labels.learnt(["a", "b"], 2, "fit").codes(["a", "c"], 2, "score")
    with pytest.raises(ShapeError, match=r"^score: y has shape \(1,\), x has 2 rows"):
        Labels.learnt(["a", "b"], 2, "fit").codes(["a"], 2, "score")


@pytest.mark.parametrize(
    "config",
    [
        [],
        {},
        {"dtype": "str"},
        {"dtype": "int128", "classes": [1, 2]},
        {"dtype": ["str"], "classes": ["a", "b"]},
        {"dtype": "str", "classes": "ab"},
        {"dtype": "str", "classes": []},
        {"dtype": "str", "classes": ["a"]},
        {"dtype": "str", "classes": ["b", "a"]},
        {"dtype": "str", "classes": ["a", "a"]},
        {"dtype": "str", "classes": ["a", 1]},
        {"dtype": "str", "classes": [1, 2]},
        {"dtype": "int64", "classes": ["1", "2"]},
        {"dtype": "int8", "classes": [1, 200]},
        {"dtype": "int64", "classes": [1, 2**70]},
        {"dtype": "bool", "classes": [0, 1]},
        {"dtype": "float64", "classes": [0, 1]},
        {"dtype": "float64", "classes": [0.0, float("nan")]},
        {"dtype": "object", "classes": [[1], [2]]},
        {"dtype": "object", "classes": [None, None]},
        {"dtype": "str", "classes": [f"{number:06d}" for number in range(100_001)]},
    ],
    ids=lambda config: str(config)[:60],
)
def test_a_file_that_says_something_else_is_refused(config):
    with pytest.raises(FormatError, match=r"^the classes of its target.*Take a file that is whole\.$"):
        Labels.from_config(config)


@pytest.mark.parametrize(
    ("y", "wanted"),
    [
        ([1, 2], [[1], [2]]),
        (np.array([1.5, 2.5], np.float32), [[1.5], [2.5]]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        (pd.DataFrame({"a": [1, 2], "b": [3.5, 4]}), [[1, 3.5], [2, 4]]),
        (pd.Series([1, 2], dtype="Int64"), [[1], [2]]),
        (pl.Series([1, 2]), [[1], [2]]),
        (pa.chunked_array([[1], [2]]), [[1], [2]]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_numbers_have_a_column_for_each_target(y, wanted):
    values = number_targets(y, 2, "fit")
    assert values.tolist() == wanted and values.dtype == np.float64


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([1, np.nan], DataError, "fit: y is nan at row 1. Expected finite numbers (no NaN, no inf). Drop the row."),
        ([[1, 2], [np.inf, 3]], DataError, "fit: y is inf at row 1, column 0."),
        ([1, None], DataError, "fit: y: row 1 is missing (None)."),
        (pd.Series([1, None], dtype="Int64"), DataError, "fit: y is nan at row 1. Expected finite numbers"),
        (["a", "b"], TypeError, "fit: y: row 0 holds 'a', a str. Expected real numbers."),
        ([1, 2, 3], ShapeError, "fit: y has shape (3,), x has 2 rows. Expected (n,) or (n, k), a target for each row."),
        (np.zeros((2, 0)), ShapeError, "fit: y has shape (2, 0), x has 2 rows."),
        (np.zeros((2, 1, 1)), ShapeError, "fit: y has shape (2, 1, 1), x has 2 rows."),
        (np.array([1j, 2]), TypeError, "fit: y has dtype complex128, expected real numbers. Give real and imaginary"),
        (None, DataError, "fit: requires y to be passed, but the target y is None. Give numbers."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_number_is_refused_by_its_row(y, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        number_targets(y, 2, "fit")
