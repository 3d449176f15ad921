"""Oracle (a): what small columns are taken for and become, by hand; (e) a record written and read is the same."""

import json
import math

import numpy as np
import pytest

from feedforward.data.columns import Column, Roles, Schema, schema_of
from feedforward.data.sheet import read_sheet
from feedforward.data.table import read_weights
from feedforward.errors import DataError, FormatError
from feedforward.tabular.sheets import sheet_table

TARGET = Column("y", "target", values=("a", "b"))


@pytest.fixture
def sheet_of(tmp_path):
    def read(cells, name="t.csv"):
        path = tmp_path / name
        path.write_text("c,y\n" + "".join(f'"{cell}",a\n' for cell in cells), encoding="utf-8")
        return read_sheet(path)

    return read


def schema(sheet, drop=(), is_learnt=None, **options):
    is_learnt = np.ones(len(sheet), bool) if is_learnt is None else np.array(is_learnt)
    return schema_of(sheet, TARGET, Roles(drop=tuple(drop), **options), is_learnt)


@pytest.mark.parametrize(
    ("cells", "column", "inputs"),
    [
        (["1", "2.5", "-3"], Column("c", "number", median=1.0), [[1], [2.5], [-3]]),
        (["1", "", "3", "NA", "8"], Column("c", "number", median=3.0, gaps=2), [[1], [3], [3], [3], [8]]),
        (["nan", "2"], Column("c", "number", median=2.0, gaps=1), [[2], [2]]),
        (["1,234", "2"], Column("c", "number", median=618.0), [[1234], [2]]),
        (["True", "False", "True"], Column("c", "yes/no", median=1.0), [[1], [0], [1]]),
        (["yes", "NO", ""], Column("c", "yes/no", median=0.5, gaps=1), [[1], [0], [0.5]]),
        (["t", "f"], Column("c", "yes/no", median=0.5), [[1], [0]]),
        (["F", "M", "F"], Column("c", "text", values=("F", "M")), [[1, 0], [0, 1], [1, 0]]),
        (["b", "", "a"], Column("c", "text", values=("a", "b"), gaps=1), [[0, 1], [0, 0], [1, 0]]),
        (["2", "4", "more"], Column("c", "text", values=("2", "4", "more")), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        (["yes", "f"], Column("c", "text", values=("f", "yes")), [[0, 1], [1, 0]]),
        (["1", "-", "3", "-"], Column("c", "number", median=2.0, gaps=2), [[1], [2], [3], [2]]),
        (["-1", "-", "1,234"], Column("c", "number", median=616.5, gaps=1), [[-1], [616.5], [1234]]),
        (["b", "-", ""], Column("c", "text", values=("b",), gaps=2), [[1], [0], [0]]),  # what the dash costs
        (["+", "-", ""], Column("c", "text", values=("+", "-"), gaps=1), [[1, 0], [0, 1], [0, 0]]),
        (["b-a", "--", "a"], Column("c", "text", values=("--", "a", "b-a")), [[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
        # 2024 has a 29th of February; 2024-03-01 is 366 days after 2023-03-01, which is day 19,417.
        (["2023-03-01", "2024-03-01"], Column("c", "date", median=19600.0), [[19417], [19783]]),
        (["1970-01-01", "1969-12-31", "-"], Column("c", "date", median=-0.5, gaps=1), [[0], [-1], [-0.5]]),
        (["1970-01-02T06:00", "1970-01-02 12:00:00"], Column("c", "date", median=1.375), [[1.25], [1.5]]),
        (["1970-01-01T00:00+12:00", "1970-01-01T00:00Z"], Column("c", "date", median=-0.25), [[-0.5], [0]]),
        (["1970-01-01", "soon"], Column("c", "text", values=("1970-01-01", "soon")), [[1, 0], [0, 1]]),
        (["1970-13-01", "1970-01-01"], Column("c", "text", values=("1970-01-01", "1970-13-01")), [[0, 1], [1, 0]]),
    ],
)
def test_a_column_is_taken_for_what_it_is(cells, column, inputs, sheet_of):
    sheet = sheet_of(cells)
    found = schema(sheet)
    assert found.columns == (column,)
    x, unknown = found.encoded(sheet)
    assert x.dtype == np.float64
    assert (x.tolist(), unknown) == (inputs, {})


def test_fifty_words_become_inputs_and_fifty_one_are_dropped(sheet_of):
    assert len(schema(sheet_of([f"w{n}" for n in range(50)])).inputs) == 50
    with pytest.raises(DataError, match=r"no column is left .* \('c' was dropped: 51 different texts, more than 50\)"):
        schema(sheet_of([f"w{n}" for n in [*range(51), 0]]))
    with pytest.raises(DataError, match=r"was dropped: 51 different texts, no two alike, so they name rows\)\. At"):
        schema(sheet_of([f"w{n}" for n in range(51)]))


def test_numbers_are_categories_if_the_user_says_so(sheet_of):
    sheet = sheet_of(["10", "9", "9.0", "", "0.5"])
    found = schema(sheet, categorical=("c",))
    assert found.columns == (Column("c", "text", values=("0.5", "9", "10"), gaps=1),)
    x, unknown = found.encoded(sheet)
    assert (x.tolist(), unknown) == ([[0, 0, 1], [0, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]], {})
    x, unknown = found.encoded(sheet_of(["1e1", "11"], "new.csv"))
    assert (x.tolist(), unknown) == ([[0, 0, 1], [0, 0, 0]], {"c": 1})
    many = sheet_of(range(51), "many.csv")
    with pytest.raises(DataError, match=r"column 'c': 51 different values in the rows to learn from\. A column of cat"):
        schema(many, categorical=("c",))
    with pytest.raises(DataError, match=r"no column 'd' to take for categories among 2"):
        schema(sheet, categorical=("d",))


def test_numbers_that_count_rows_are_told(sheet_of):
    told = "number, counting the rows: drop it if it does no more"
    assert str(schema(sheet_of([5, 3, 4, 6, 7, 8, 9, 12, 11, 10])).columns[0]) == told
    for cells in ([*range(9), 10], range(9), [*range(9), ""], [1] * 10):
        assert "counting" not in str(schema(sheet_of(cells)).columns[0])


def test_a_column_of_weights_is_no_input(sheet_of, tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("a,w,y\n1,2,a\n3,0.5,b\n")
    sheet = read_sheet(path)
    found = schema(sheet, weights="w")
    assert found.inputs == ("a",)
    assert str(found.columns[1]) == "what each row counts in training"
    assert read_weights(sheet.cells(1)).tolist() == [2, 0.5]
    with pytest.raises(DataError, match=r"w\.csv: 'y' is given for target and for weights\. Give one of the"):
        schema(sheet, weights="y")
    with pytest.raises(DataError, match=r"w\.csv: 'w' is given for drop and for weights\. Give one of the"):
        schema(sheet, drop=["w"], weights="1")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("-0.5", r"line 3, column 'w': '-0\.5' is below 0\. A weight says how often its row counts\. Correct it\.$"),
        ("", r"line 3, column 'w': the cell is empty\. Every weight needs a value; fill it in, or drop its row or"),
        ("inf", r"line 3, column 'w': 'inf' is not finite in float32\."),
        ("few", r"line 3, column 'w': 'few' is not a number\. Every weight must be a number; correct it, or give anot"),
    ],
)
def test_a_weight_that_counts_nothing_is_named(cell, message, tmp_path):
    path = tmp_path / "w.csv"
    path.write_text(f"a,w\n1,2\n3,{cell}\n5,1\n")
    with pytest.raises(DataError, match=message):
        read_weights(read_sheet(path).cells(1))


def test_a_cell_that_is_no_date_is_named_among_dates(sheet_of):
    found = schema(sheet_of(["2023-03-01", "", "2024-03-01"]))
    assert found.encoded(sheet_of(["", "2023-03-02"], "n.csv"))[0].tolist() == [[19600], [19418]]
    assert found.encoded(sheet_of(["", "NA"], "n.csv"))[0].tolist() == [[19600], [19600]]
    with pytest.raises(DataError, match=r"n\.csv, line 3, column 'c': '1\.5' is no date\. Dates such as 2024-02-29 or"):
        found.encoded(sheet_of(["2023-03-01", "1.5"], "n.csv"))


def test_a_dash_that_was_learnt_as_a_value_is_one_where_no_plus_is(sheet_of):
    found = schema(sheet_of(["+", "-"]))
    x, unknown = found.encoded(sheet_of(["-", "-"], "new.csv"))
    assert (x.tolist(), unknown) == ([[0, 1], [0, 1]], {})


def test_medians_and_words_come_of_the_rows_learnt_from(sheet_of):
    is_learnt = [True, True, False, False]
    assert schema(sheet_of(["1", "3", "100", ""]), is_learnt=is_learnt).columns[0].median == 2
    sheet = sheet_of(["u", "v", "w", ""])
    found = schema(sheet, is_learnt=is_learnt)
    assert found.inputs == ("c=u", "c=v")
    x, unknown = found.encoded(sheet)
    assert (x.tolist(), unknown) == ([[1, 0], [0, 1], [0, 0], [0, 0]], {"c": 1})


def test_a_word_in_a_column_of_dates_is_a_mistake_if_it_is_rare(sheet_of):
    dates = [f"2024-{month:02}-{day:02}" for month in (1, 3) for day in range(1, 12)]
    fault = r"line 24, column 'c': '2024-02-30' is no date such as 2024-02-29, as the column's other cells are; encode"
    for of in (schema, sheet_table):
        with pytest.raises(DataError, match=fault):
            of(sheet_of([*dates, "2024-02-30"]))
    assert schema(sheet_of([*dates, "", "soon", "soon"])).columns[0].taken_for == "text"  # 2 of 24


def test_a_word_in_a_column_of_numbers_is_a_mistake_if_it_is_rare(sheet_of):
    with pytest.raises(DataError, match=r"t\.csv, line 23, column 'c': 'x' is not a number\. Every feature must be"):
        schema(sheet_of([*range(21), "x"]))
    assert schema(sheet_of([*range(19), "x"])).columns[0].taken_for == "text"


def test_what_is_to_be_dropped_is_a_column_and_not_the_target(sheet_of):
    sheet = sheet_of(["1", "2"])
    with pytest.raises(DataError, match=r"no column 'd' to drop among 2\. The file has: 'c', 'y'\."):
        schema(sheet, drop=["d"])
    with pytest.raises(DataError, match=r"'y' is given for target and for drop\. Give one of the two\."):
        schema(sheet, drop=["-1"])
    with pytest.raises(DataError, match=r"no column is left to learn from \('c' was dropped: you asked for it\)\."):
        schema(sheet, drop=["c"])


@pytest.mark.parametrize(
    ("values", "is_standardised"),
    [
        ([1.0, 2.0, 3.0], False),
        ([2019.0, 2020.0, 2021.0], True),  # mean 2020, deviation 0.8: more than 1000 deviations away from 0
        ([1900.0, 2020.0, 2021.0], False),
        ([1e8, 1e8 + 3], True),
        ([1e-20, 3e-20], True),  # the variance would be 1e-40, below float32
        ([1e20, 3e20], True),
        ([5.0, 5.0], False),
        ([0.1] * 10, False),  # the mean of ten rounded tenths is not their value
    ],
)
def test_numbers_that_float32_loses_reach_the_network_standardised(values, is_standardised):
    x = np.array(values)[:, None]
    found = Schema((Column("c", "number", median=0.0),), TARGET).learnt(x)
    assert found.columns[0].is_standardised == is_standardised
    fed = found.fed(x)
    assert fed.dtype == np.float32
    mean, variance = found.normalization()
    expected = (x - x.mean()) / (x.std() or 1.0)
    assert not is_standardised or (mean, variance) == ([0.0], [1.0])
    again = (fed - np.float32(mean[0])) / np.sqrt(np.float32(variance[0]) or 1.0)
    # What float32 rounds: at most 1000 deviations, half an eps each.
    np.testing.assert_allclose(again, expected, atol=1000 * 2**-23)


def test_inputs_of_words_are_not_standardised(sheet_of):
    sheet = sheet_of(["u", "v", "v", "v"])
    found = schema(sheet)
    assert found.learnt(found.encoded(sheet)[0]).normalization() == ([0.0, 0.0], [1.0, 1.0])


def test_a_record_that_was_written_is_read_as_it_was(sheet_of):
    text = Column("b", "text", values=("ü", ""), gaps=3)
    number = Column("a", "number", median=1 / 3, mean=0.1, scale=1e-300, is_standardised=True)
    columns = (
        number,
        text,
        Column("d", "dropped", why="you asked for it"),
        Column("e", "yes/no", median=0.5),
        Column("f", "date", median=19600.0),
        Column("g", "weights"),
    )
    for target in (TARGET, Column("y", "target", mean=1e9, scale=2.0, is_standardised=True)):
        before = Schema(columns, target, has_header=False)
        assert Schema.from_config(json.loads(json.dumps(before.to_config()))) == before
    assert before.inputs == ("a", "b=ü", "b=", "e", "f")


def test_a_record_of_another_kind_is_refused():
    good = Schema((Column("a", "number", median=1.0),), TARGET).to_config()
    for name, value in (("columns", []), ("has_header", None), ("target", None), ("columns", [None])):
        with pytest.raises(FormatError, match=r"^the record of (its table|a column) "):
            Schema.from_config(good | {name: value})
    with pytest.raises(FormatError, match=r"^the record of a column has median=nan$"):
        Schema.from_config(good | {"columns": [{"name": "a", "taken_for": "number", "median": math.nan}]})
    with pytest.raises(FormatError, match=r"^the record of column 'a' contradicts itself$"):
        Schema.from_config(good | {"columns": [{"name": "a", "taken_for": "yes/no"}]})
