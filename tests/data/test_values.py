"""Oracles: an identity (values of a file give the inputs that its cells gave), and inputs written out by hand."""

import math

import numpy as np
import pytest

from feedforward.data.columns import Column, Roles
from feedforward.data.values import inputs_of_values, values_of_rows
from feedforward.errors import DataError
from feedforward.report.examples import table_examples

TABLE = """size,colour,is_new,price,day,note,kind
"1,234.5",red,yes,3,2020-01-05,some,a
?,blue,no,4.5,,words,b
7,,yes,NA,2021-02-03,that,a
8,red,,6,2019-12-31,nobody,b
"2,000.25",green,no,7,2022-03-04,needs,a
9,blue,no,8,2020-06-06,here,b
10,red,yes,9,NA,at,a
11,blue,no,10,2020-02-29,all,b
"""


@pytest.fixture
def examples(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    return table_examples(str(path), "kind", "auto", 0.5, 3, roles=Roles(drop=("note",)))


def test_values_of_rows_become_the_inputs_that_the_files_cells_became(examples):
    schema = examples.schema
    values = values_of_rows(schema, examples.x_test, examples.texts)
    assert list(values) == ["size", "colour", "is_new", "price", "day"]
    parts = [inputs_of_values(column, values[column.name])[0] for column in schema.used]
    assert np.array_equal(np.concatenate(parts, axis=1), examples.x_test)


def test_the_held_out_cells_are_kept_as_they_stand_in_the_file(examples):
    assert list(examples.texts) == ["size", "colour", "is_new", "price", "day", "note"]
    lines = [line.rsplit(",", 1)[0] for line in TABLE.splitlines()[1:]]
    kept = [
        ",".join(f'"{cell}"' if "," in cell else cell for cell in row)
        for row in zip(*examples.texts.values(), strict=True)
    ]
    assert kept == [lines[row] for row in examples.test_rows]


def test_what_is_missing_in_the_file_is_nan_or_none(examples):
    values = values_of_rows(examples.schema, examples.x_test, examples.texts)
    missing = {"size": "?", "colour": "", "is_new": "", "price": "NA"}
    for name, mark in missing.items():
        is_missing = examples.texts[name] == mark
        for value, expected in zip(values[name].tolist(), is_missing, strict=True):
            assert (value is None or (isinstance(value, float) and math.isnan(value))) == expected


def test_numbers_answers_and_texts_become_inputs():
    number, answer = Column("n", "number", median=5.0), Column("b", "yes/no", median=1.0)
    assert inputs_of_values(number, [1.5, math.nan])[0].tolist() == [[1.5], [5.0]]
    assert inputs_of_values(answer, ["yes", "no", None, "perhaps"]) == (
        pytest.approx(np.array([[1.0], [0.0], [1.0], [1.0]]), abs=0),
        1,
    )
    text = Column("t", "text", values=("blue", "red"))
    inputs, unknown = inputs_of_values(text, [" red ", "pink", None])
    assert (inputs.tolist(), unknown) == ([[0, 1], [0, 0], [0, 0]], 1)


def test_a_gap_without_a_median_is_an_error():
    with pytest.raises(DataError, match=r"column 'n': the cell is empty. Every feature needs a value"):
        inputs_of_values(Column("n", "number"), [1.0, None])
