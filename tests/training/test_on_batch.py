"""Oracle: an identity. Batches given one by one have the bits of `fit`, `evaluate` and `predict`; and by hand."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, NotFiniteError, ShapeError

DRAW = np.random.default_rng(1)
X = DRAW.normal(size=(103, 5)).astype(np.float32)
Y = DRAW.integers(0, 3, 103)
W = DRAW.random(103).astype(np.float32)


def ready(metrics=("accuracy",), **options):
    ff.set_seed(4)
    layers = [ff.Input((5,)), ff.layers.Dense(8, "tanh"), ff.layers.Dropout(0.25), ff.layers.Dense(3, "softmax")]
    model = ff.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", list(metrics), **options)
    return model


def same_bits(one, other):
    for mine, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        assert mine.tobytes() == theirs.tobytes()
    for mine, theirs in zip(one.optimizer.variables, other.optimizer.variables, strict=True):
        assert mine.numpy().tobytes() == theirs.numpy().tobytes()


@pytest.mark.parametrize("backend", ["llvm", "interpreter"])
@pytest.mark.parametrize("size", [1, 20, 103])
def test_steps_one_by_one_have_the_bits_of_fit(size, backend):
    try:
        ff.use_backend(backend)
        whole, parts = ready(), ready()
        weights = {0: 1.0, 1: 2.0, 2: 0.5}
        history = whole.fit(X, Y, size, shuffle=False, verbose=0, sample_weight=W, class_weight=weights).history
        losses = []
        for start in range(0, 103, size):
            part = slice(start, start + size)
            found = parts.train_on_batch(X[part], Y[part], W[part], weights, return_dict=True)
            losses.append(found["loss"] * len(X[part]))
        same_bits(whole, parts)
        # Sums of at most 103 float64 numbers.
        assert sum(losses) / 103 == pytest.approx(history["loss"][0], rel=103 * 2**-53)
        assert parts.optimizer.iterations.numpy() == -(-103 // size)
    finally:
        ff.use_backend("llvm")


def test_both_ways_may_alternate_and_no_epoch_is_counted():
    one, other = ready(), ready()
    one.train_on_batch(X[:20], Y[:20])
    one.fit(X, Y, 20, verbose=0)
    other.fit(X[:20], Y[:20], 20, shuffle=False, verbose=0)
    other._epochs_done = 0  # which a batch by itself does not change, so that the order of the next epoch is the first
    other.fit(X, Y, 20, verbose=0)
    same_bits(one, other)


def test_numbers_are_those_of_the_weights_before_the_step_and_of_this_batch_alone():
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    # By hand: predictions 0 of targets -2 and 2; then w = 2 * 2 * 0.25 = 1, half of the way, and so on.
    assert [model.train_on_batch([[-1], [1]], [-2, 2]) for _ in range(3)] == [4.0, 1.0, 0.25]
    model.compile(ff.optimizers.SGD(0.0), "mean_squared_error", ["mae"])
    assert model.train_on_batch([[1.0]], [2.75]) == model.test_on_batch([[1.0]], [2.75]) == [1.0, 1.0]
    assert model.train_on_batch([[1.0]], [1.75], return_dict=True) == {"loss": 0.0, "mae": 0.0}


def test_measures_are_those_of_evaluate_on_one_batch():
    model = ready(["accuracy", "auc"], weighted_metrics=["accuracy"])
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    expected = model.evaluate(X, Y, 103, sample_weight=W, verbose=0)
    assert model.test_on_batch(X, Y, W) == expected
    found = model.test_on_batch(X, Y, W, return_dict=True)
    assert [*found] == ["loss", "accuracy", "auc", "weighted_accuracy"] and [*found.values()] == expected
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X))
    for mine, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_any_number_of_rows_makes_few_codes(monkeypatch):
    from feedforward.backends import codes

    made = []
    init = codes.Compiled.__init__
    monkeypatch.setattr(codes.Compiled, "__init__", lambda self, *given: (made.append(given[1]), init(self, *given))[1])
    model = ready()
    for count in range(17, 103):
        model.train_on_batch(X[:count], Y[:count])
    # Of the first two numbers, and for up to 32, 64 and 128 rows.
    assert len(made) <= 5


def test_a_model_learns_its_input_from_its_first_batch():
    model = ff.Sequential([ff.layers.Dense(3)])
    model.compile("sgd", "mse")
    model.train_on_batch(X, DRAW.normal(size=(103, 3)))
    assert model.predict_on_batch(X).shape == (103, 3)
    other = ff.Sequential([ff.layers.Dense(3)])
    other.compile("sgd", "mse")
    with pytest.raises(DataError, match=r"train_on_batch: the numbers of samples differ: x has 103, y has 2"):
        other.train_on_batch(X, np.ones((2, 3)))
    assert not other.is_described  # nothing was learned


def test_a_step_that_is_not_finite_changes_nothing():
    model = ready()
    before = model.get_weights()
    bad = X.copy()
    bad[3, 1] = np.inf
    with pytest.raises(
        NotFiniteError, match=r"in batch 0 of train_on_batch: the data 'input_\d+' hold infinity in row 3"
    ):
        model.train_on_batch(bad, Y)
    for mine, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert model.optimizer.iterations.numpy() == 0
    bad[3, 1] = np.nan
    with pytest.raises(NotFiniteError, match=r"in batch 0 of test_on_batch: the data 'input_\d+' hold NaN in row 3"):
        model.test_on_batch(bad, Y)


def bare():
    return ff.Sequential([ff.Input((5,)), ff.layers.Dense(1)])


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda m: m.train_on_batch(X), TypeError, "train_on_batch: y is missing. Give an array"),
        (lambda m: m.train_on_batch(X[:0], Y[:0]), DataError, "train_on_batch: there are no samples"),
        (
            lambda m: m.train_on_batch(X[:, :2], Y),
            ShapeError,
            "train_on_batch: x has shape (103, 2), the network expects",
        ),
        (lambda m: m.train_on_batch(X, Y + 1), DataError, "labels range from 1 to 3, but the network has 3 outputs"),
        (lambda m: m.train_on_batch(X, Y, W[:3]), DataError, "train_on_batch: the numbers of samples differ"),
        (
            lambda m: m.train_on_batch(X, Y, None, {3: 1}),
            ValueError,
            "class_weight has the class 3, the network has 3: 0",
        ),
        (lambda m: m.train_on_batch(X, Y, None, [1]), TypeError, "train_on_batch: class_weight is a list"),
        (lambda m: m.test_on_batch(X), TypeError, "test_on_batch: y is missing"),
        (lambda m: m.test_on_batch(X, Y, -W), DataError, "test_on_batch: sample_weight must hold numbers >= 0"),
        (lambda m: bare().train_on_batch(X, Y), ValueError, "train_on_batch: the model is not compiled. Call compile"),
        (lambda m: bare().test_on_batch(X, Y), ValueError, "test_on_batch: the model is not compiled"),
    ],
)
def test_what_is_no_batch_is_refused(run, error, message):
    with pytest.raises(error, match=re.escape(message)):
        run(ready())


def test_class_weights_are_for_one_output():
    x = ff.Input((5,))
    model = ff.Model(x, [ff.layers.Dense(3, name="a")(x), ff.layers.Dense(1, name="b")(x)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"^train_on_batch: class_weight needs a network of one output, this has 2\."):
        model.train_on_batch(X, [np.ones((103, 3)), np.ones(103)], class_weight={0: 1.0})


def test_a_class_that_the_network_does_not_have_is_refused_in_batches_that_are_yielded():
    with pytest.raises(
        ValueError, match=r"^fit: class_weight has the class 7, the network has 3: 0 to 2\. Leave it out"
    ):
        ready().fit(lambda: [(X, Y)], class_weight={7: 2.0}, verbose=0)
