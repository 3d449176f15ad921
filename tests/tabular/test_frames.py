"""Oracle (a): cells and messages by eye; (e): pandas, polars, Arrow, dicts and lists of the same give the same bits."""

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from feedforward.errors import DataError, ShapeError
from feedforward.tabular.columns import Table
from feedforward.tabular.encoding import Encoding
from feedforward.tabular.frames import frame_like, table_of

NAN = float("nan")
NOON = dt.datetime(2020, 1, 2, 12)
CELLS = {
    "whole": [1, None, 3, -4],
    "fraction": [0.5, 2.5, None, 1e-9],
    "word": ["b", None, "a", ""],
    "truth": [True, None, False, True],
    "moment": [NOON, None, dt.datetime(1969, 12, 31), NOON],
    "day": [dt.date(2020, 1, 2), None, dt.date(1970, 1, 1), dt.date(1969, 12, 31)],
    "length": [dt.timedelta(hours=36), None, dt.timedelta(0), dt.timedelta(days=-1)],
}
WANTED = {
    "whole": ("number", [1, NAN, 3, -4]),
    "fraction": ("number", [0.5, 2.5, NAN, 1e-9]),
    "word": ("category", ["b", None, "a", ""]),
    "truth": ("boolean", [1, NAN, 0, 1]),
    "moment": ("date", [18263.5, NAN, -1, 18263.5]),  # 50 years of 365 days, 12 leap days, January 1st, noon
    "day": ("date", [18263, NAN, 0, -1]),
    "length": ("duration", [1.5, NAN, 0, -1]),
}


def objects(cells):
    """Return cells as an array of objects."""
    array = np.empty(len(cells), object)
    array[:] = cells
    return array


FRAMES = {
    "polars": pl.DataFrame(CELLS),
    "arrow": pl.DataFrame(CELLS).to_arrow(),
    "pandas": pd.DataFrame(CELLS),
    "pandas of objects": pd.DataFrame(CELLS, dtype=object),
    "pandas of its own types": pd.DataFrame(CELLS).convert_dtypes(),
    "pandas of Arrow": pl.DataFrame(CELLS).to_pandas(use_pyarrow_extension_array=True),
    "dict of lists": CELLS,
    "dict of arrays": {name: objects(cells) for name, cells in CELLS.items()},
    "array of objects": np.stack([objects(cells) for cells in CELLS.values()], axis=1),
    "lists": [list(row) for row in zip(*CELLS.values(), strict=True)],
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_cells_of_all_frames_are_the_same(frame):
    table = table_of(frame, "fit")
    is_named = not isinstance(frame, np.ndarray | list)
    assert table.is_named == is_named and len(table) == 4
    assert table.names == (tuple(WANTED) if is_named else tuple(f"x{place}" for place in range(7)))
    for column, (kind, values) in zip(table.columns, WANTED.values(), strict=True):
        assert column.kind == kind
        np.testing.assert_array_equal(column.values, np.array(values, object if kind == "category" else np.float64))
        assert column.is_missing.tolist() == [value is None or value != value for value in values]


@pytest.mark.parametrize("seed", range(10))
def test_frames_of_random_cells_are_encoded_to_the_same_bits(seed):
    generator = np.random.default_rng(seed)
    count = int(generator.integers(2, 50))
    data = {
        "a": generator.normal(size=count).tolist(),
        "b": generator.integers(-9, 9, count).tolist(),
        "c": generator.choice(list("abcdefghijklm"), count).tolist(),
        "d": generator.choice(["u", "v"], count).tolist(),
        "e": (generator.random(count) < 0.5).tolist(),
        "f": [NOON + dt.timedelta(minutes=int(step)) for step in generator.integers(0, 10**6, count)],
    }
    for cells in data.values():
        for row in np.flatnonzero(generator.random(count) < 0.2)[: count - 1]:
            cells[row] = None
    given = pl.DataFrame(data, strict=False)
    frames = [given, given.to_arrow(), given.to_pandas(), data, given.with_columns(pl.col("c").cast(pl.Categorical))]
    frames += [frames[2].astype({"c": "category"}), frames[4].to_arrow()]
    tables = [table_of(frame, "fit") for frame in frames]
    encoding = Encoding.learnt(tables[0])
    assert all(Encoding.learnt(table) == encoding for table in tables)
    arrays = [encoding.encoded(table, "fit") for table in tables]
    assert len({one.numbers.tobytes() for one in arrays}) == len({one.codes.tobytes() for one in arrays}) == 1


ZONE = dt.timezone(dt.timedelta(hours=2))


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (pd.array([1, None, 3], "Int64"), "number", [1, NAN, 3]),
        (pd.array([True, None, False], "boolean"), "boolean", [1, NAN, 0]),
        (pd.array(["a", None, "b"], "string"), "category", ["a", None, "b"]),
        (pd.Categorical(["b", None, "a"], ["b", "a", "z"]), "category", ["b", None, "a"]),
        (pd.Categorical([1.0, None, 2.5]), "category", ["1", None, "2.5"]),
        (pd.cut([1.0, 2.0, np.nan], [0, 1, 2]), "category", ["(0, 1]", "(1, 2]", None]),
        (pd.DatetimeIndex(["2020-01-02 12:00", None, "1970-01-01"]), "date", [18263.5, NAN, 0]),
        (pd.DatetimeIndex(["2020-01-02 14:00", None, "1970-01-01 02:00"]).tz_localize(ZONE), "date", [18263.5, NAN, 0]),
        (
            pd.array(["u", None, "v"], pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
            "category",
            ["u", None, "v"],
        ),
        (pd.array([Decimal("1.5"), None], pd.ArrowDtype(pa.decimal128(5, 2))), "number", [1.5, NAN]),
        (pd.arrays.SparseArray([0.0, np.nan, 1.0]), "number", [0, NAN, 1]),
        (pd.TimedeltaIndex(["36h", None, "0h"]), "duration", [1.5, NAN, 0]),
        (objects([NOON.replace(tzinfo=dt.UTC), None, pd.NaT]), "date", [18263.5, NAN, NAN]),
        (objects([pd.Timestamp("1970-01-02"), np.datetime64("1970-01-03"), None]), "date", [1, 2, NAN]),
        (objects([1, Decimal("0.5"), Fraction(1, 4)]), "number", [1, 0.5, 0.25]),
        (objects([np.float32(0.5), np.int8(3), np.nan]), "number", [0.5, 3, NAN]),
        (objects(["a", np.nan, pd.NA]), "category", ["a", None, None]),
        (objects([np.str_("a"), "a", Decimal("nan")]), "category", ["a", "a", None]),
        (objects([np.bool_(True), False, None]), "boolean", [1, 0, NAN]),
        (objects([None, np.nan, pd.NA]), "number", [NAN, NAN, NAN]),
        (np.array([1, 2, 3], np.uint64), "number", [1, 2, 3]),
        (np.array([1, 2, 3], np.float16), "number", [1, 2, 3]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_cells_of_a_pandas_column_are_of_these_kinds(cells, kind, values):
    column = table_of(pd.DataFrame({"a": pd.Series(cells)}), "fit").columns[0]
    assert column.kind == kind
    np.testing.assert_array_equal(column.values, np.array(values, object if kind == "category" else np.float64))


@pytest.mark.parametrize(
    ("x", "kinds"),
    [
        (np.eye(2, dtype=np.float32), ["number", "number"]),
        (np.eye(2, dtype=bool), ["boolean", "boolean"]),
        (np.array([["a", "1"], ["b", "2"]]), ["category", "category"]),
        ([["a", 1], ["b", 2]], ["category", "number"]),
        (np.array([("a", 1), ("b", 2)], [("u", "U1"), ("v", int)]), ["category", "number"]),
        (np.array(["2020-01-01"], "datetime64[D]").reshape(1, 1), ["date"]),
        (pl.DataFrame({"a": pl.Series([1, None], dtype=pl.Int128)}), ["number"]),
        (pl.DataFrame({"a": pl.Series(["u", None], dtype=pl.Enum(["u", "v"]))}), ["category"]),
        (pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])), ["number", "number"]),
        (pa.table({"a": pa.nulls(2), "b": pa.array(["u", None], pa.large_string())}), ["number", "category"]),
        ({"a": pa.chunked_array([["u", "v"]]).dictionary_encode(), "b": ["u", np.nan]}, ["category", "category"]),
        (np.asfortranarray(np.ones((3, 4)))[::2, ::2], ["number", "number"]),
        ({"a": (1, "b")[:1], "b": pd.Series(["u"]), "c": pl.Series([True])}, ["number", "category", "boolean"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_arrays_and_dicts_are_tables(x, kinds):
    assert [column.kind for column in table_of(x, "fit").columns] == kinds


def test_masked_numbers_are_missing():
    table = table_of(np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[False, True], [False, False]]), "fit")
    assert table.columns[1].is_missing.tolist() == [True, False] and table.columns[0].values.tolist() == [1, 3]


def test_names_may_be_given_and_a_table_stays_what_it_is():
    table = table_of(np.eye(2), "fit", names=["a", "b"])
    assert table.names == ("a", "b") and table.is_named and table_of(table, "fit") is table
    assert table.take(np.array([True, False])).columns[0].values.tolist() == [1]


def test_names_that_are_numbers_are_no_names():
    table = table_of(pd.DataFrame(np.eye(2)), "fit")
    assert table.names == ("0", "1") and not table.is_named


def test_a_category_forgets_whether_a_number_was_whole_by_its_type():
    whole, real = (table_of({"a": cells}, "fit").columns[0].as_category() for cells in ([3, 4], [3.0, None]))
    assert whole.values.tolist() == ["3", "4"] and real.values.tolist() == ["3", None]
    assert table_of({"a": [True, None]}, "fit").columns[0].as_category().values.tolist() == ["True", None]


CYCLE = pd.DataFrame({"a": [1.0, np.inf]}, index=["p", "q"])


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (
            CYCLE,
            DataError,
            "fit: x at row 1 (index 'q'), column 'a' holds inf. Expected finite numbers, at most 1e+300. "
            "Correct it, or give NaN, which is missing.",
        ),
        (np.array([[1.0, -2e300]]), DataError, "fit: x at row 0, column 'x1' holds -2e+300. Expected finite numbers"),
        ({"a": [1, 10**400]}, DataError, "fit: x at row 1, column 'a' holds inf."),
        (
            {"a": ["u", 3, None]},
            TypeError,
            "fit: x at row 1, column 'a' holds 3, row 0 'u': numbers and texts in one column. "
            "Expected one kind. Correct the cell, or make all text with str().",
        ),
        (
            {"a": [None, True, 2]},
            TypeError,
            "fit: x at row 2, column 'a' holds 2, row 1 True: numbers and booleans in one",
        ),
        (
            {"a": [dt.date(2020, 1, 1), "u"]},
            TypeError,
            "fit: x at row 1, column 'a' holds 'u', row 0 datetime.date(2020, 1, 1): texts and dates in one column.",
        ),
        (
            {"a": [0, 1], "b": [None, {"u": 1}]},
            TypeError,
            "fit: x at row 1, column 'b' holds {'u': 1}, a dict. Expected numbers, texts, booleans, dates or "
            "durations: each argument must be a string of a category or a number. Make what is in it columns of their",
        ),
        ({"a": [[1], [2, 3]]}, TypeError, "fit: x at row 0, column 'a' holds [1], a list."),
        (pl.DataFrame({"a": [[1], [2]]}), TypeError, "fit: x at row 0, column 'a' holds "),
        (pl.DataFrame({"a": [{"u": 1}]}), TypeError, "fit: x at row 0, column 'a' holds {'u': 1}, a dict."),
        (pa.table({"a": [[1], [2]]}), TypeError, "fit: x at row 0, column 'a' holds "),
        (
            pl.DataFrame({"a": [None, b"u"]}),
            TypeError,
            "fit: x at row 1, column 'a' holds b'u', a bytes. Expected numbers, texts, booleans, dates or durations: "
            "each argument must be a string of a category or a number. Make it text with decode().",
        ),
        (
            pl.DataFrame({"a": [dt.time(1)]}),
            TypeError,
            "fit: x at row 0, column 'a' holds datetime.time(1, 0), a time.",
        ),
        (
            pd.DataFrame({"a": pd.period_range("2020", periods=2, freq="M")}),
            TypeError,
            "fit: x at row 0, column 'a' holds Period('2020-01', 'M'), a Period.",
        ),
        ({"a": [object()]}, TypeError, "fit: x at row 0, column 'a' holds <object object"),
        (np.array([[1j]]), DataError, "fit: x has dtype complex128. Complex data not supported. Give real numbers."),
        ({"a": [1j]}, DataError, "fit: x at row 0, column 'a' holds 1j. Complex data not supported. Give real and"),
        ({"a": np.array([1j])}, DataError, "fit: x at row 0, column 'a' holds 1j. Complex data not supported."),
        (
            {"a": np.array([1], "timedelta64[M]")},
            TypeError,
            "fit: x at row 0, column 'a' holds a number of months or years. Expected a duration of days. Give numbers.",
        ),
        (np.array([[b"u"]]), TypeError, "fit: x at row 0, column 'x0' holds b'u', a bytes"),
        (
            pd.Series([1, 2]),
            ShapeError,
            "fit: x has shape (2,), 1 axes. Expected 2D array or frame: rows and columns. Reshape "
            "your data with x.reshape(-1, 1) or x.to_frame() if it is one column, x.reshape(1, -1) if one row.",
        ),
        (pl.Series([1, 2]), ShapeError, "fit: x has shape (2,), 1 axes."),
        (pa.chunked_array([[1, 2]]), ShapeError, "fit: x has shape (2,), 1 axes."),
        (np.zeros(3), ShapeError, "fit: x has shape (3,), 1 axes."),
        (np.zeros((1, 2, 3)), ShapeError, "fit: x has shape (1, 2, 3), 3 axes."),
        (
            np.zeros((0, 2)),
            ShapeError,
            "fit: x has 0 sample(s) (shape=(0, 2)) while a minimum of 1 is required. Give some.",
        ),
        (np.zeros((3, 0)), ShapeError, "fit: x has 0 feature(s) (shape=(3, 0)) while a minimum of 1 is required."),
        (pd.DataFrame({"a": []}), ShapeError, "fit: x has 0 sample(s) (shape=(0, 1))"),
        ({}, ShapeError, "fit: x has 0 "),
        (7, TypeError, "fit: x is a int. Expected a data frame, a dict of columns or an array of shape (n, d)."),
        ("abc", TypeError, "fit: x is a str. Expected a data frame"),
        (None, TypeError, "fit: x is a NoneType. Expected a data frame"),
        (
            [{"a": 1}],
            TypeError,
            "fit: x is a list of dicts. Expected a data frame, a dict of columns or an array of shape "
            "(n, d). Give pandas.DataFrame(x).",
        ),
        ([[1, 2], [3]], ShapeError, "fit: x has shape (2,), 1 axes."),
        (
            {"a": [1, 2], "b": [1]},
            ShapeError,
            "fit: column 'a' of x has 2 rows, column 'b' has 1. Expected one length. Give a "
            "cell for each row, None where one is missing.",
        ),
        (
            {"a": [[1, 2], [3, 4]]},
            ShapeError,
            "fit: column 'a' of x has shape (2, 2). Expected one cell for each row. Give a",
        ),
        ({"a": 3}, ShapeError, "fit: column 'a' of x has shape (). Expected one cell for each row."),
        ({"a": "abc"}, ShapeError, "fit: column 'a' of x has shape (). Expected one cell for each row."),
        (
            pl.LazyFrame({"a": [1]}),
            TypeError,
            "fit: x is a LazyFrame, which holds no rows. Expected a frame. Give x.collect().",
        ),
        (
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            DataError,
            "fit: columns 0 and 1 of x are both called 'a'. Expected different names. Rename one.",
        ),
        (
            pa.table([pa.array([1]), pa.array([2])], ["a", "a"]),
            DataError,
            "fit: columns 0 and 1 of x are both called 'a'.",
        ),
        (
            pd.DataFrame([[1, 2]], columns=["a", 1]),
            TypeError,
            "fit: Feature names are only supported if all input features "
            "have string names, but x has names of types ['int', 'str']. Give x.columns = x.columns.astype(str).",
        ),
    ],
)
def test_what_is_no_table_is_refused_by_its_first_bad_cell(x, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        table_of(x, "fit")


@pytest.mark.parametrize("names", ["ab", ["a"], ["a", 1], ["a", "b", "c"]], ids=repr)
def test_names_that_do_not_fit_are_refused(names):
    with pytest.raises(ShapeError, match=r"^fit: names=\[.*\], x has 2 columns. Expected a str for each. Give these.$"):
        table_of(np.eye(2), "fit", names=names)


def test_what_is_sparse_is_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(
        TypeError, match=r"^fit: x is a csr_array, which is sparse. Expected a table. Give x.toarray\(\).$"
    ):
        table_of(sparse.csr_array(np.eye(2)), "fit")


def test_a_frame_of_nobody_is_refused():
    class Frame:
        columns = ("a",)

    with pytest.raises(
        TypeError, match=r"^fit: x is a Frame. Expected a frame of pandas, polars or Arrow, a dict of columns"
    ):
        table_of(Frame(), "fit")


def test_predictions_come_back_in_the_kind_of_frame_that_was_given():
    values = {"price": np.array([1.5, 2.5]), "kind": np.array(["u", "v"], object)}
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index(["p", "q"], name="key"))
    pd.testing.assert_frame_equal(frame_like(frame, values), pd.DataFrame(values, index=frame.index))
    assert frame_like(pl.DataFrame({"a": [1, 2]}), values).equals(
        pl.DataFrame({"price": [1.5, 2.5], "kind": ["u", "v"]})
    )
    assert frame_like(pa.table({"a": [1, 2]}), values).equals(pa.table({"price": [1.5, 2.5], "kind": ["u", "v"]}))
    assert frame_like({"a": [1, 2]}, values) == values
    assert frame_like(np.eye(2), {"u": np.array([1, 2]), "v": np.array([3, 4])}).tolist() == [[1, 3], [2, 4]]


def test_no_frame_library_is_loaded_before_a_frame_is_given():
    import subprocess
    import sys

    program = (
        "import sys, numpy as np; from feedforward.tabular.frames import table_of; table_of({'a': [1, 2]}, 'fit');"
        " table_of(np.eye(2), 'fit'); print(sorted({'narwhals', 'pandas', 'polars', 'pyarrow'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_table_is_its_columns():
    assert isinstance(table_of({"a": [1]}, "fit"), Table) and table_of({"a": [1]}, "fit").names == ("a",)
