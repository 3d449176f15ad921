"""Oracles: counts worked by hand, and the identity train + held out = all rows."""

import numpy as np
import pytest

from feedforward.errors import DataError
from feedforward.report.examples import held_out_rows, table_examples


def test_a_fifth_of_each_class_is_held_out():
    labels = np.repeat([0, 1, 2], [50, 100, 10])
    is_held_out = held_out_rows(labels, 0.2, seed=1, is_stratified=True)
    assert np.bincount(labels[is_held_out]).tolist() == [10, 20, 2]


def test_a_class_of_one_row_is_learnt_from():
    labels = np.array([0, 0, 0, 1])
    assert not held_out_rows(labels, 0.99, seed=1, is_stratified=True)[3]


def test_the_rows_follow_the_seed_and_nothing_else():
    labels = np.zeros(100)
    first = held_out_rows(labels, 0.3, seed=4, is_stratified=False)
    assert first.sum() == 30
    assert (first == held_out_rows(labels, 0.3, seed=4, is_stratified=False)).all()
    assert (first != held_out_rows(labels, 0.3, seed=5, is_stratified=False)).any()


def test_the_parts_of_a_table_make_up_the_whole(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,kind\n" + "".join(f"{row},{-row},{'xy'[row % 2]}\n" for row in range(20)))
    examples = table_examples(str(path), "kind", "auto", 0.25, 0)
    assert sorted([*examples.x_train[:, 0], *examples.x_test[:, 0]]) == list(range(20))
    assert examples.x_test[:, 0].tolist() == examples.test_rows.tolist()
    assert (len(examples.y_train), len(examples.y_test)) == (16, 4)  # round(2.5) is 2 of each class


def test_a_table_too_small_to_split_is_an_error(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,kind\n1,x\n2,y\n")
    with pytest.raises(DataError, match=r"of 2 rows none is left to hold out with a test split of 0\.2\."):
        table_examples(str(path), "kind", "auto", 0.2, 0)
