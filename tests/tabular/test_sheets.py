"""Oracle (a): what the cells of small files stand for, by eye; and the same table read by pandas."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from feedforward.data.sheet import Dialect, read_sheet
from feedforward.errors import DataError
from feedforward.tabular.encoding import Encoding
from feedforward.tabular.frames import table_of
from feedforward.tabular.sheets import sheet_table

NAN = float("nan")
DATA = Path(os.environ.get("FEEDFORWARD_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


@pytest.fixture
def sheet(tmp_path):
    """Return a function that makes a sheet of lines."""

    def made(*lines):
        path = tmp_path / "table.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_sheet(path, dialect=Dialect(header=True))

    return made


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "?", "-2.5"], "number", [1, NAN, -2.5]),
        (['"1,234.5"', "2", "NA"], "number", [1234.5, 2, NAN]),
        (["0", "1", "0"], "number", [0, 1, 0]),
        (["yes", "no", ""], "boolean", [1, 0, NAN]),
        (["TRUE", "False", "true"], "boolean", [1, 0, 1]),
        (["t", "y", "t"], "category", ["t", "y", "t"]),  # both are a yes: two words, one truth
        (["f", "m", "f"], "category", ["f", "m", "f"]),
        (["1970-01-02", "?", "1970-01-03 12:00"], "date", [1, NAN, 2.5]),
        (["1970-01-02", "2020-02-30", "?"], "category", ["1970-01-02", "2020-02-30", None]),  # no such day
        (["red", "NA", " blue "], "category", ["red", None, "blue"]),
        (["?", "NA", "null"], "number", [NAN, NAN, NAN]),
    ],
    ids=repr,
)
def test_cells_of_a_file_are_of_these_kinds(sheet, cells, kind, values):
    column = sheet_table(sheet("a,b", *(f"{cell},0" for cell in cells))).columns[0]
    assert (column.name, column.kind) == ("a", kind)
    np.testing.assert_array_equal(column.values, np.array(values, object if kind == "category" else np.float64))


def test_a_file_and_the_frame_of_it_become_the_same_arrays(sheet, tmp_path):
    lines = ["size,city,when", "1.5,Bern,2020-01-01", ",Rome,2020-05-06", "-3,,2021-01-01", "4,Oslo,2019-12-31"]
    table = sheet_table(sheet(*lines))
    frame = table_of(pd.read_csv(tmp_path / "table.csv", parse_dates=["when"]), "fit")
    encoding = Encoding.learnt(table)
    assert encoding == Encoding.learnt(frame)
    one, two = encoding.encoded(table, "fit"), encoding.encoded(frame, "fit")
    assert one.numbers.tobytes() == two.numbers.tobytes()


def test_a_column_of_a_known_kind_is_read_as_that(sheet):
    kinds = {"a": "category", "b": "boolean", "c": "number", "d": "date"}
    table = sheet_table(sheet("a,b,c,d", "1,1,?,?", "2,0,?,?"), kinds=kinds)
    assert [column.kind for column in table.columns] == list(kinds.values())
    assert table.columns[0].values.tolist() == ["1", "2"] and table.columns[1].values.tolist() == [1, 0]


def test_the_columns_wanted_come_in_their_order(sheet):
    one = sheet("a,b,c", "1,2,3", "4,5,6")
    assert sheet_table(one, names=["c", "a"]).names == ("c", "a")
    with pytest.raises(DataError, match=r"table\.csv: 1 of 2 features have no column: 'd'"):
        sheet_table(one, names=["a", "d"])


@pytest.mark.parametrize(
    ("cells", "kinds", "message"),
    [
        (["1"] * 40 + ["x"], {}, "line 42, column 'a': 'x' is not a number. Every feature must be a number;"),
        (["x", "2"], {"a": "number"}, "line 2, column 'a': 'x' is not a number."),
        (
            ["yes", "maybe"],
            {"a": "boolean"},
            "line 3, column 'a': 'maybe' is not yes or no. Every cell of the column is ",
        ),
        (["2020-01-01", "soon"], {"a": "date"}, "line 3, column 'a': 'soon' is no date. Dates such as 2024-02-29"),
        (["1", "1e60"], {}, "line 3, column 'a': '1e60' is not finite in float32."),
    ],
    ids=repr,
)
def test_a_cell_that_does_not_fit_is_refused_by_its_line(sheet, cells, kinds, message):
    with pytest.raises(DataError, match=re.escape(message)):
        sheet_table(sheet("a,b", *(f"{cell},0" for cell in cells)), kinds=kinds)


def test_adult_read_by_pandas_and_by_us_becomes_the_same_arrays():
    path = DATA / "tabular" / "adult-test.csv.gz"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    ours = sheet_table(read_sheet(path, dialect=Dialect(header=False)))
    frame = pd.read_csv(path, header=None, names=ours.names, na_values="?", skipinitialspace=True)
    table = table_of(frame, "fit")
    encoding = Encoding.learnt(table)
    assert encoding == Encoding.learnt(ours)
    # adult.names lists 16 levels of schooling, 14 occupations and 41 countries; Holland is in the training rows alone.
    assert encoding.sizes == (17, 15, 41)
    one, two = encoding.encoded(table, "fit"), encoding.encoded(ours, "fit")
    assert one.numbers.tobytes() == two.numbers.tobytes() and one.codes.tobytes() == two.codes.tobytes()
    assert one.numbers.shape == (16_281, 34) and not one.unknown
