"""Oracles: means and variances by hand, the identity same settings = same bits, and rows of known data sets."""

import numpy as np
import pytest

from feedforward.commands.experiment import build
from feedforward.commands.settings import Options, settings_for
from feedforward.data import DATASETS
from feedforward.data.columns import Roles
from feedforward.errors import DataError
from feedforward.report.examples import dataset_examples, held_out_rows, table_examples


@pytest.fixture
def table(tmp_path):
    """Rows whose features tell their number: a, and a squared."""
    path = tmp_path / "t.csv"
    path.write_text("a,b,kind\n" + "".join(f"{row},{row**2},{'xy'[row % 2]}\n" for row in range(60)))
    return str(path)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_mean_and_variance_come_of_the_rows_learnt_from_alone(table, task):
    target, drop = ("kind", ()) if task == "classification" else ("b", ("kind",))
    examples = table_examples(table, target, task, 0.2, seed=3, validation_split=0.25, roles=Roles(drop=drop))
    model = build(examples, settings_for(examples, Options(validation_split=0.25, seed=3)))
    is_stratified = task == "classification"
    is_shown = held_out_rows(examples.y_train, 0.25, seed=3, is_stratified=is_stratified)
    assert 0 < is_shown.sum() < len(is_shown)
    rows = examples.x_train[~is_shown]
    mean, variance = model.get_layer("normalization").get_weights()
    # Weights are float32: one rounding.
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=2**-23)
    np.testing.assert_allclose(variance, rows.var(axis=0), rtol=2**-23)
    assert not np.allclose(mean, examples.x_train.mean(axis=0))
    if task == "regression":
        learnt = examples.y_train[~is_shown]
        assert (examples.schema.target.mean, examples.schema.target.scale) == (learnt.mean(), learnt.std())


def test_without_validation_rows_all_of_the_training_part_counts(table):
    examples = table_examples(table, "kind", "auto", 0.2, seed=3)
    model = build(examples, settings_for(examples, Options()))
    mean, _ = model.get_layer("normalization").get_weights()
    np.testing.assert_allclose(mean, examples.x_train.mean(axis=0), rtol=2**-23)


def test_a_validation_split_that_leaves_a_part_empty_is_refused(table):
    with pytest.raises(DataError, match=r"t.csv: a validation split of 0.001 of 48 samples leaves a part empty. Give"):
        table_examples(table, "kind", "auto", 0.2, seed=3, validation_split=0.001)
    with pytest.raises(DataError, match=r"digits: a validation split of 0.0001 of 1437 samples leaves a part empty."):
        dataset_examples("digits", 0.0001)


@pytest.mark.parametrize(
    ("options", "patience", "validation_split"),
    [
        (Options(), 20, 0.1),
        (Options(epochs=7), 0, 0.0),
        (Options(epochs=7, patience=3), 3, 0.1),
        (Options(patience=0), 0, 0.0),
        (Options(validation_split=0.3), 20, 0.3),
        (Options(validation_split=0.0), 0, 0.0),
        (Options(epochs=7, validation_split=0.3), 0, 0.3),
    ],
)
def test_a_table_is_trained_until_it_gets_no_better_unless_its_epochs_are_given(
    table, options, patience, validation_split
):
    share = options.table_validation_split
    examples = table_examples(table, "kind", "auto", 0.2, seed=0, validation_split=share)
    settings = settings_for(examples, options)
    assert (settings.patience, settings.validation_split) == (patience, validation_split)
    # With patience 200,000 steps, at most 500 epochs; else about 2,000 steps, at most 100 epochs.
    assert settings.epochs == (options.epochs or (500 if patience else 100))
    assert examples.is_validation.sum() == round(24 * validation_split) * 2


def test_a_table_too_small_to_watch_a_part_of_is_trained_as_long_as_ever(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,kind\n" + "".join(f"{row},{'xy'[row % 2]}\n" for row in range(8)))
    examples = table_examples(str(path), "kind", "auto", 0.3, seed=0, validation_split=None)
    settings = settings_for(examples, Options())
    assert (settings.patience, settings.validation_split, settings.epochs) == (0, 0.0, 100)


def test_every_data_set_says_how_it_is_trained():
    for name in DATASETS:
        training = DATASETS[name].training
        assert training.layers and min(*training.layers, training.epochs, training.batch_size) >= 1, name
        assert 0 <= training.dropout < 1, name


def test_options_left_out_are_those_of_the_data_set_and_options_given_win():
    examples = dataset_examples("digits")
    settings = settings_for(examples, Options(optimizer="sgd", epochs=3, dropout=0.0))
    assert (settings.layers, settings.batch_size) == ((256,), 32)
    assert (settings.epochs, settings.dropout, settings.test_split, settings.learning_rate) == (3, 0.0, 0.0, 0.01)


@pytest.mark.parametrize(("batch_size", "epochs"), [(None, 100), (1, 42), (10, 100), (48, 100)])
def test_a_table_gets_about_two_thousand_steps_whatever_it_is_called(tmp_path, batch_size, epochs):
    path = tmp_path / "mnist"  # the name of a data set
    path.write_text("a,kind\n" + "".join(f"{row},{'xy'[row % 2]}\n" for row in range(60)))
    examples = table_examples(str(path), "kind", "auto", 0.2, seed=0)
    settings = settings_for(examples, Options(batch_size=batch_size))
    assert len(examples.y_train) == 48
    # 2000 / ceil(48 / batch size), rounded up, from 10 to 100
    assert (settings.layers, settings.dropout, settings.test_split) == ((64, 64), 0.1, 0.2)
    assert (settings.batch_size, settings.epochs) == (batch_size or 32, epochs)
