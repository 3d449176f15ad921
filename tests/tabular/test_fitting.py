"""Oracle (e): a model from a file reads a table as the one that was trained; (a) rows held out counted by hand."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, FormatError
from feedforward.tabular.columns import Column, Table
from feedforward.tabular.fitting import TableRecord, fit_table, held_out
from feedforward.tabular.frames import table_of
from feedforward.tabular.realmlp import RealMLP
from feedforward.tabular.targets import Labels

SETTINGS = RealMLP(hidden=(8, 8), epochs=4, batch_size=32)


def mixed(rows=120, seed=0):
    draws = np.random.default_rng(seed)
    size = draws.normal(size=rows)
    size[::7] = np.nan
    columns = {
        "size": size,
        "city": [("Bern", "Rome", "Oslo")[k] for k in draws.integers(0, 3, rows)],
        "street": [f"street {k}" for k in draws.integers(0, 12, rows)],
        "is_new": draws.integers(0, 2, rows).astype(bool),
    }
    labels = np.where(np.nan_to_num(size) + columns["is_new"] > 0.5, "big", "small")
    return table_of(columns, "fit"), labels


@pytest.fixture(scope="module")
def trained():
    table, y = mixed()
    labels = Labels.learnt(y, len(table), "fit")
    held = held_out(len(table), 0.25, labels.codes(y, len(table), "fit"), np.random.default_rng(0))
    return table, y, fit_table(table, labels, y, SETTINGS, validation=held, members=2, seed=3)


def test_a_model_of_mixed_columns_comes_back_from_its_file_and_reads_the_table_alike(trained, tmp_path):
    table, _, outcome = trained
    outcome.model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    record = TableRecord.of(again)
    assert record.to_config() == TableRecord.of(outcome.model).to_config()
    assert record.labels.classes.tolist() == ["big", "small"]
    assert record.encoding.lines() == TableRecord.of(outcome.model).encoding.lines()
    fed = record.fed(table, "predict")
    assert [array.shape[1] for array in fed] == [6, 1]  # by hand: size and its gaps, three cities, one column of bools
    np.testing.assert_array_equal(again.predict(fed), outcome.model.predict(fed))
    np.testing.assert_allclose(again.predict(fed).sum(axis=1), 1, atol=1e-6)


def test_only_numbers_get_waves_and_not_what_says_of_gaps(trained):
    _, _, outcome = trained
    member = outcome.model.get_layer("member_1")
    assert member.get_layer("periodic").frequencies.shape == (1, 16)
    # By hand: 3 mixtures and the number, its gaps, three cities, one column of bools, 8 of the embedding.
    assert member.get_layer("scaling").scale.shape == (3 + 1 + 1 + 3 + 1 + 8,)


def test_nothing_is_learnt_from_rows_held_out():
    table, y = mixed()
    labels = Labels.learnt(y, len(table), "fit")
    held = np.arange(len(table)) % 3 == 0
    values = np.where(held, 1e6, table.columns[0].values)
    other = Table((Column("size", "number", values), *table.columns[1:]))
    one, two = (fit_table(each, labels, y, replace(SETTINGS, epochs=1), validation=held) for each in (table, other))
    assert TableRecord.of(one.model).encoding.columns[0] == TableRecord.of(two.model).encoding.columns[0]
    for mine, theirs in zip(one.model.weights, two.model.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_the_small_variant_has_a_column_for_each_category(trained):
    table, y, _ = trained
    labels = Labels.learnt(y, len(table), "fit")
    outcome = fit_table(table, labels, y, replace(SETTINGS.simplified(), epochs=1))
    assert TableRecord.of(outcome.model).encoding.sizes == ()


def test_a_quarter_of_each_class_is_held_out_and_never_all_of_one():
    classes = np.repeat([0, 1, 2, 3], [40, 8, 1, 2])
    held = held_out(51, 0.25, classes, np.random.default_rng(0))
    assert [int(held[classes == one].sum()) for one in range(4)] == [10, 2, 0, 1]
    assert held_out(51, 0.25, None, np.random.default_rng(0)).sum() == 13
    assert not held_out(51, 0.0, classes, np.random.default_rng(0)).any()
    assert (held_out(51, 0.25, classes, np.random.default_rng(1)) != held).any()


@pytest.mark.parametrize("budget", [0, -1.0, "1"])
def test_a_budget_is_above_zero(trained, budget):
    table, y, _ = trained
    with pytest.raises(ValueError, match=f"fit_table\\(budget_s={budget!r}\\): budget_s must be a number > 0"):
        fit_table(table, Labels.learnt(y, len(table), "fit"), y, SETTINGS, budget_s=budget)


def test_a_table_without_a_usable_column_is_refused():
    table = table_of({"id": [f"row {k}" for k in range(40)]}, "fit")
    with pytest.raises(DataError, match="train: no column is left to learn from"):
        fit_table(table, Labels.learnt([0, 1] * 20, 40, "fit"), [0, 1] * 20, SETTINGS, caller="train")


def test_a_model_of_anything_else_has_no_record():
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)], name="plain")
    with pytest.raises(FormatError, match=r"model 'plain' keeps no record of a table\. Expected one that fit_table"):
        TableRecord.of(model)


NUMBER = {"name": "a", "kind": "number", "taken_for": "number", "centers": [0.0], "scales": [1.0]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": {"dtype": "str", "classes": ["b", "a"]}}, "the classes of its target"),
        ({"encoding": {"is_named": True, "columns": []}}, "the encoding of its table uses no column"),
        ({"residuals": None}, "the residuals of model 'table' are None"),
        ({"residuals": [[1.0, 0.5]]}, "the residuals of model 'table' are [[1.0, 0.5]]"),
        ({"residuals": [[1]]}, "the residuals of model 'table' are [[1]]"),
        ({"residuals": [[float("nan")]]}, "the residuals of model 'table' are [[nan]]"),
        (
            {"encoding": {"is_named": True, "columns": [NUMBER, {**NUMBER, "name": "b"}]}, "labels": None}
            | {"residuals": [[0.0], [0.0]]},
            "or gives no probability of each class, no number for each target",
        ),
        ({"more": 1}, "keeps no record of a table"),
        ({}, "the network of model 'table' does not take the columns of its table, or gives no probability of each"),
        (
            {"encoding": {"is_named": True, "columns": [NUMBER, {**NUMBER, "name": "b"}]}},
            "the network of model 'table' does not take the columns of its table, or gives no probability of each",
        ),
    ],
)
def test_a_record_that_somebody_changed_is_refused(trained, change, message):
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)], name="table")
    model.metadata = {"table": json.loads(json.dumps(trained[2].model.metadata["table"])) | change}
    with pytest.raises(FormatError, match=re.escape(message)):
        TableRecord.of(model)
