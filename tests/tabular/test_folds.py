"""Oracles: folds worked by hand; and an identity, each model has the bits of one that `Model.fit` trains alone."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, NotFiniteError, ShapeError
from feedforward.tabular import cross_validate
from feedforward.tabular.folds import fold_numbers, labels_of, redrawn, seeds_of

DRAW = np.random.default_rng(3)
X = DRAW.normal(size=(53, 4)).astype(np.float32)
CLASSES = (X @ [1.0, -2.0, 0.5, 0.0] > 0).astype(np.int64) + (X[:, 0] > 1)
WEIGHTS = DRAW.random(53).astype(np.float32)


def network(seed=5, rate=0.01):
    ff.set_seed(seed)
    layers = [ff.layers.Dense(7, "relu"), ff.layers.BatchNormalization(), ff.layers.Dropout(0.2)]
    model = ff.Sequential([ff.Input((4,)), *layers, ff.layers.Dense(3, "softmax")])
    model.compile(ff.optimizers.Adam(rate), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def bits(model):
    return [weight.numpy().tobytes() for weight in model.weights]


def counts(fold_of, folds):
    return np.bincount(fold_of, minlength=folds)


@pytest.mark.parametrize(("n", "folds"), [(10, 2), (53, 5), (5, 5), (11, 3)])
def test_folds_are_all_rows_once_and_differ_by_one_at_most(n, folds):
    found = fold_numbers(n, folds, seed=4)
    assert found.shape == (n,) and set(found) == set(range(folds))
    assert np.ptp(counts(found, folds)) <= 1
    assert fold_numbers(n, folds, seed=4).tolist() == found.tolist()


def test_other_seeds_give_other_folds():
    assert fold_numbers(53, 5, seed=1).tolist() != fold_numbers(53, 5, seed=2).tolist()


def test_each_fold_has_its_part_of_each_class():
    """Of 6, 3 and 1 rows two folds have 3 and 3, 2 and 1 (in some order), 1 and 0: 5 each."""
    labels = np.array([0] * 6 + [1] * 3 + [2])
    found = fold_numbers(10, 2, labels=labels)
    by_class = [counts(found[labels == one], 2).tolist() for one in range(3)]
    assert by_class[0] == [3, 3] and sorted(by_class[1]) == [1, 2] and sorted(by_class[2]) == [0, 1]
    assert counts(found, 2).tolist() == [5, 5]


def test_groups_stay_together_and_the_largest_are_dealt_out_first():
    """Of 4, 3, 2, 2 and 1 rows: 4 | 3 | then 2 to the second, 2 to the first, 1 to the second: 6 and 6."""
    groups = np.array(list("aaaabbbccdde"))
    found = fold_numbers(12, 2, groups=groups)
    assert all(len(set(found[groups == one])) == 1 for one in "abcde")
    assert counts(found, 2).tolist() == [6, 6]


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([3, 5, 3], [0, 1, 0]),
        ([[3], [5], [3]], [0, 1, 0]),
        (["b", "a", "b"], [1, 0, 1]),
        ([True, False, True], [1, 0, 1]),
        ([1.0, 0.0, 1.0], [1, 0, 1]),
        ([[0, 1, 0], [1, 0, 0], [0, 1, 0]], [1, 0, 1]),
        ([0.5, 0.0, 1.0], None),
        ([[0.2, 0.8], [1.0, 0.0]], None),
        ([[1, 1], [0, 1]], None),
    ],
)
def test_what_targets_are_classes(y, expected):
    found = labels_of(np.array(y))
    assert (found if found is None else found.tolist()) == expected


@pytest.mark.parametrize("batch_size", [8, 16])
def test_each_model_is_the_one_that_fit_trains_on_the_rows_of_the_other_folds(batch_size):
    found = cross_validate(network(), X, CLASSES, WEIGHTS, folds=4, epochs=2, batch_size=batch_size, seed=9, verbose=0)
    for fold, seed in enumerate(seeds_of(9, 4)):
        rows, held = found.fold_of != fold, found.fold_of == fold
        alone = redrawn(network(), seed, "test")
        alone.fit(X[rows], CLASSES[rows], batch_size, epochs=2, sample_weight=WEIGHTS[rows], verbose=0)
        assert bits(found.models[fold]) == bits(alone)
        measured = alone.evaluate(
            X[held], CLASSES[held], 1024, sample_weight=WEIGHTS[held], verbose=0, return_dict=True
        )
        assert {name: each[fold] for name, each in found.scores.items()} == measured
        np.testing.assert_array_equal(found.predictions[held], alone.predict(X, verbose=0)[held])


def test_weights_are_drawn_anew_for_each_fold_from_the_layers_initializers():
    seeds = seeds_of(0, 2)
    one, other, again = (redrawn(network(), seed, "test") for seed in (*seeds, seeds[0]))
    assert bits(one) == bits(again) and bits(one) != bits(other)
    kernel, bias = one.get_weights()[:2]
    assert np.abs(kernel).max() <= np.sqrt(6 / (4 + 7)) and not bias.any()  # glorot_uniform, zeros
    assert one.seed == seeds[0]


def test_a_function_is_given_the_rows_that_its_model_is_trained_on():
    given = []

    def make(rows):
        given.append(rows)
        scaling = ff.layers.Normalization()
        scaling.adapt(X[rows])
        model = ff.Sequential([ff.Input((4,)), scaling, ff.layers.Dense(1)])
        model.compile("sgd", "mean_squared_error")
        return model

    found = cross_validate(make, X, X[:, 1], folds=3, verbose=0)
    for fold, rows in enumerate(given):
        assert rows.tolist() == np.flatnonzero(found.fold_of != fold).tolist()
        np.testing.assert_allclose(
            found.models[fold].get_weights()[0],
            X[rows].mean(0),
            rtol=1e-5,
            atol=1e-6,  # float32, 40 terms
        )
    assert list(found.scores) == ["loss"] and found.predictions.shape == (53, 1)


def test_mean_and_spread_are_those_of_the_scores(capsys):
    found = cross_validate(network(), X, CLASSES, folds=3, verbose=1)
    scores = found.scores["accuracy"]
    assert found.means["accuracy"] == pytest.approx(sum(scores) / 3, rel=1e-12)
    squares = sum((score - sum(scores) / 3) ** 2 for score in scores)
    assert found.spreads["accuracy"] == pytest.approx(np.sqrt(squares / 2), rel=1e-9)
    assert re.fullmatch(r"loss [\d.]+ ± [\d.]+ \(3 folds\)\naccuracy [\d.]+ ± [\d.]+ \(3 folds\)", str(found))
    assert capsys.readouterr().out == ""  # there is no terminal
    figure = found.plot()
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    assert figure.axes[1].lines[0].get_ydata().tolist() == scores.tolist()


@pytest.mark.parametrize("is_frame", [False, True])
def test_estimators_are_fitted_beside_each_other_as_they_would_be_alone(is_frame):
    pandas = pytest.importorskip("pandas")
    x = pandas.DataFrame(X) if is_frame else X.astype(np.float64)
    estimator = ff.linear.LogisticRegression(C=2.0)
    found = cross_validate(estimator, x, CLASSES.tolist(), WEIGHTS, folds=4, seed=2)
    for fold, own in enumerate(found.models):
        rows, held = found.fold_of != fold, found.fold_of == fold
        alone = ff.linear.LogisticRegression(C=2.0).fit(X[rows].astype(np.float64), CLASSES[rows], WEIGHTS[rows])
        inside = X[held].astype(np.float64)
        np.testing.assert_array_equal(own.predict_proba(inside), alone.predict_proba(inside))
        np.testing.assert_array_equal(found.predictions[held], alone.predict_proba(inside))
        assert found.scores["score"][fold] == alone.score(inside, CLASSES[held], WEIGHTS[held])
    with pytest.raises(ValueError, match="not fitted"):  # it was copied
        estimator.predict(X)


class Drawing(ff.linear.LinearRegression):
    """Of an estimator without a state to draw from each fold has one of its own."""

    random_state = None


class Estimated(ff.linear.LogisticRegression):
    """Takes a dict of columns, as models of tables do."""

    def fit(self, x, y):
        return super().fit(np.column_stack(list(x.values())), y)

    def predict_proba(self, x):
        return super().predict_proba(np.column_stack(list(x.values())))

    def score(self, x, y):
        return super().score(np.column_stack(list(x.values())), y)


def test_columns_in_a_dict_are_those_of_an_array():
    one = cross_validate(ff.linear.LogisticRegression(), X, CLASSES, folds=3, verbose=0)
    columns = {"a": X[:, 0].tolist(), "b": X[:, 1], "c": X[:, 2], "d": X[:, 3]}
    other = cross_validate(Estimated(), columns, CLASSES, folds=3, verbose=0)
    np.testing.assert_array_equal(one.scores["score"], other.scores["score"])


def test_estimators_of_numbers_predict_them_and_draw_from_seeds_of_their_own():
    found = cross_validate(Drawing(), X, X @ [1.0, 2.0, 3.0, 4.0], folds=3, seed=5)
    np.testing.assert_allclose(found.predictions, X @ [1.0, 2.0, 3.0, 4.0], rtol=1e-4, atol=1e-4)  # float32 rows
    assert [one.random_state for one in found.models] == [seed % 2**32 for seed in seeds_of(5, 3)]


def trained():
    model = network()
    model.fit(X, CLASSES, verbose=0)
    return model


def adapted():
    scaling = ff.layers.Normalization()
    scaling.adapt(X)
    model = ff.Sequential([ff.Input((4,)), scaling, ff.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    return model


class Unknown(ff.layers.Layer):
    """No file can hold it, since it is not registered."""

    def call(self, x):
        return x * 1.0


def unregistered():
    model = ff.Sequential([ff.Input((4,)), Unknown(), ff.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    return model


class Estimator:
    def get_params(self):
        return {}


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda: cross_validate(network(), X, CLASSES, folds=1), ValueError, "folds must be an int >= 2. Got 1"),
        (lambda: cross_validate(network(), X, CLASSES, epochs=0), ValueError, "epochs must be an int >= 1"),
        (lambda: cross_validate(network(), X, CLASSES, seed=-1), ValueError, "seed must be an int >= 0"),
        (
            lambda: cross_validate(network(), X, 3),
            ShapeError,
            "cross_validate: y is 3. Expected one array, shape (n, .",
        ),
        (
            lambda: cross_validate(network(), X[:3], CLASSES[:3]),
            DataError,
            "folds: there are 3 rows for 5 folds. Give a row for each, or fewer folds",
        ),
        (
            lambda: cross_validate(network(), X, CLASSES, groups=[0, 1] * 26 + [0]),
            DataError,
            "folds: there are 2 groups for 5 folds. Give fewer folds",
        ),
        (
            lambda: cross_validate(network(), X, CLASSES, groups=[0, 1]),
            ShapeError,
            "folds: groups have shape (2,). Expected (53,): give the group of each row",
        ),
        (
            lambda: cross_validate(trained(), X, CLASSES),
            ValueError,
            "cross_validate: the model was trained for 2 batches. Expected a new one: make and compile it again",
        ),
        (
            lambda: cross_validate(adapted(), X, X[:, 0]),
            ValueError,
            "was adapted to data, which may hold the rows that are left out. Give a function that makes a compiled",
        ),
        (
            lambda: cross_validate(unregistered(), X, X[:, 0]),
            ValueError,
            "cross_validate: the model cannot be made anew from the settings of its layers (",
        ),
        (
            lambda: cross_validate(Estimator(), X, CLASSES),
            TypeError,
            "cross_validate: Estimator is no estimator of this package. Expected one, a compiled Model, or a function "
            "that makes one. Use sklearn.model_selection.cross_validate for others",
        ),
        (
            lambda: cross_validate(ff.linear.LogisticRegression(), X, CLASSES, epochs=3),
            TypeError,
            "cross_validate(epochs, batch_size): an estimator has its own. Give them to the estimator",
        ),
        (
            lambda: cross_validate(ff.linear.LogisticRegression(), X[:9], [0] * 4 + [1] * 4 + [2], folds=2),
            DataError,
            "cross_validate: all rows of a class are in one fold, so that models know other classes: [[0, 1",
        ),
        (
            lambda: cross_validate(network(), X, CLASSES, is_stratified="no"),
            ValueError,
            "cross_validate(is_stratified='no'): is_stratified must be True or False. Got 'no'",
        ),
        (
            lambda: cross_validate(network(), X, CLASSES, groups=[None, "a"] * 26 + ["b"]),
            DataError,
            "folds: groups hold what has no order (",
        ),
        (
            lambda: cross_validate(ff.linear.LogisticRegression(), X, CLASSES[:50]),
            DataError,
            "cross_validate: the numbers of samples differ: x has 53, y has 50. Give one row of each for every sample",
        ),
        (
            lambda: cross_validate(ff.linear.LogisticRegression(), X, CLASSES, np.ones(60)),
            DataError,
            "cross_validate: the numbers of samples differ: x has 53, y has 53, sample_weight has 60.",
        ),
        (
            lambda: cross_validate(ff.linear.LogisticRegression(), X, CLASSES, 2.0),
            DataError,
            "cross_validate: the numbers of samples differ: x has 53, y has 53, sample_weight has 0.",
        ),
        (
            lambda: cross_validate(Estimated(), {"a": X[:, 0], "b": X[:9, 1]}, CLASSES),
            DataError,
            "cross_validate: the numbers of samples differ: x['a'] has 53, x['b'] has 9, y has 53.",
        ),
        (lambda: cross_validate(3, X, CLASSES), TypeError, "cross_validate: model is 3. Expected a compiled Model, or"),
        (
            lambda: cross_validate(lambda rows: 3, X, CLASSES),
            TypeError,
            "cross_validate: the function returned 3. Expected a compiled Model: return one",
        ),
        (
            lambda: cross_validate(network(rate=1e38), X, CLASSES, epochs=3, verbose=0),
            NotFiniteError,
            "cross_validate: the loss of the model without fold 0 became NaN or infinite in epoch 1. Expected finite",
        ),
    ],
)
def test_what_cannot_be_cross_validated_is_refused(run, error, message):
    with pytest.raises(error, match=re.escape(message)):
        run()
