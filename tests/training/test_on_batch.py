"""Oracle: an identity. Batches given one by one have the bits of `fit`, `evaluate` and `predict`; and by hand."""

import re

import numpy as np
import pytest

import feedforward as ff
import interrupted
from feedforward.errors import DataError, DtypeError, NotFiniteError, OutOfRangeError, ShapeError

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


ORDER = np.random.default_rng(2).integers(0, 103, 95)


@pytest.mark.parametrize("backend", ["llvm", "interpreter"])
@pytest.mark.parametrize("size", [20, 95])
def test_batches_of_one_call_have_the_bits_of_steps_one_by_one(size, backend):
    try:
        ff.use_backend(backend)
        whole, parts = ready(), ready()
        weights = {0: 1.0, 1: 2.0, 2: 0.5}
        losses, right = 0.0, 0.0
        for start in range(0, 95, size):
            rows = ORDER[start : start + size]
            found = parts.train_on_batch(X[rows], Y[rows], W[rows], weights, return_dict=True)
            losses, right = losses + found["loss"] * len(rows), right + found["accuracy"] * len(rows)
        logs = whole.train_on_batches(X, Y, W, weights, order=ORDER, batch_size=size)
        same_bits(whole, parts)
        # Sums of at most 95 float64 numbers.
        assert logs == pytest.approx({"loss": losses / 95, "accuracy": right / 95}, rel=95 * 2**-53)
        assert whole.optimizer.iterations.numpy() == -(-95 // size)
        assert whole._epochs_done == 0
    finally:
        ff.use_backend("llvm")


@pytest.fixture(scope="module")
def line():
    """A model of one weight, which `by_hand` follows."""
    model = ff.Sequential([ff.Input((1,), dtype="float64"), ff.layers.Dense(1, use_bias=False)])
    model.compile(ff.optimizers.SGD(0.5), "mean_squared_error")
    return model


def by_hand(weight, inputs, targets, rate):
    """Return the weight after each batch of one, by w := w - r 2 (w x - y) x: numbers that a float64 holds exactly."""
    weights = [weight]
    for x, y in zip(inputs, targets, strict=True):
        weights.append(weights[-1] - rate * 2 * (weights[-1] * x - y) * x)
    return weights


def test_batches_of_one_call_are_taken_in_the_order_given_and_a_row_may_come_again(line):
    x, y = np.array([[1.0], [2.0], [0.5]]), np.array([1.0, 0.0, 4.0])
    order = np.array([2, 0, 2, 1], np.int8)
    line.set_weights([[[3.0]]])
    line.optimizer.learning_rate = 0.25
    logs = line.train_on_batches(x, y, order=order, batch_size=1)
    weights = by_hand(3.0, x[order, 0], y[order], 0.25)
    assert line.get_weights()[0] == weights[-1]
    assert logs == {"loss": sum((w * x[i, 0] - y[i]) ** 2 for w, i in zip(weights, order, strict=False)) / 4}


def test_another_learning_rate_and_a_batch_size_seen_before_compile_nothing(line, monkeypatch):
    x = np.ones((6, 1))
    line.set_weights([[[0.0]]])
    for size in (1, 2):
        line.train_on_batches(x, x, order=range(6), batch_size=size)
    monkeypatch.setattr("feedforward.backends.codes.Compiled.__init__", None)
    line.set_weights([[[0.0]]])
    line.optimizer.learning_rate = 0.125
    line.train_on_batches(x, x, order=[0, 1], batch_size=2)
    line.optimizer.learning_rate = 0.25
    line.train_on_batches(x, x, order=[5], batch_size=1)
    assert line.get_weights()[0] == 0.25 + 0.5 * 0.75  # by w := w + 2 r (1 - w)


def test_a_batch_that_is_not_finite_leaves_the_weights_of_those_before_it_and_says_how_many(line):
    x = np.full((50, 1), 4.0)
    line.optimizer.learning_rate = 0.5
    weights = by_hand(1.0, x[:, 0], [0.0] * 50, 0.5)  # -15 times as large in each step
    line.set_weights([[[1.0]]])
    before = int(line.optimizer.iterations)
    with pytest.raises(
        NotFiniteError, match=r"^the loss became NaN or infinite in batch 30 of train_on_batches: the "
    ) as e:
        line.train_on_batches(np.concatenate([x, [[np.nan]]]), np.zeros(51), order=[*range(30), 50, 0], batch_size=1)
    assert e.value.batches_done == 30 and line.get_weights()[0] == weights[30]
    assert int(line.optimizer.iterations) == before + 30
    line.set_weights([[[1e150]]])
    with pytest.raises(NotFiniteError, match="Lower the learning rate") as e:
        line.train_on_batches(x, np.zeros(50), order=range(50), batch_size=1)
    done = e.value.batches_done
    weights = by_hand(1e150, x[:, 0], [0.0] * 50, 0.5)
    with np.errstate(over="ignore"):
        losses = np.square(np.multiply(weights[:50], 4.0))
    assert done == np.flatnonzero(np.isinf(losses))[0] and line.get_weights()[0] == pytest.approx(weights[done])


def test_ctrl_c_at_any_line_leaves_whole_batches(line):
    ff.use_backend("interpreter")
    try:
        x, order = np.array([[1.0], [2.0], [0.5]]), [0, 1, 2]
        line.optimizer.learning_rate = 0.25
        possible = by_hand(3.0, x[:, 0], [1.0] * 3, 0.25)

        def work():
            line.set_weights([[[3.0]]])
            line.train_on_batches(x, np.ones(3), order=order, batch_size=1)

        files = ["training/on_batch.py", "training/loop.py", "backends/backend.py"]
        lines = interrupted.run(work, files)
        found = set()
        for at in interrupted.first_and_last(lines):
            with pytest.raises(KeyboardInterrupt):
                interrupted.run(work, files, interrupted.ctrl_c, at)
            found.add(possible.index(line.get_weights()[0].item()))
        assert found == {0, 1, 2, 3}
    finally:
        ff.use_backend("llvm")


@pytest.mark.parametrize(
    ("order", "size", "error", "message"),
    [
        ([0.0, 1.0], 1, DtypeError, "order has dtype float64. Expected int64; give the numbers of rows"),
        ([[0, 1]], 1, ShapeError, "order has shape (1, 2). Expected (m,); give the numbers of rows"),
        (3, 1, ShapeError, "order has shape (). Expected (m,)"),
        ([], 1, DataError, "order is empty. Give the number of one row at least"),
        ([0, 103], 1, OutOfRangeError, "order goes from 0 to 103, but there are 103 rows. Give numbers from 0 to 102"),
        ([-1, 5], 1, OutOfRangeError, "order goes from -1 to 5, but there are 103 rows"),
        ([0], 0, ValueError, "train_on_batches(batch_size=0): batch_size must be an int >= 1. Got 0"),
        ([0], 1.5, ValueError, "train_on_batches(batch_size=1.5): batch_size must be an int >= 1"),
    ],
)
def test_what_is_no_order_of_batches_is_refused_and_changes_nothing(order, size, error, message):
    model = ready()
    before = [weight.tobytes() for weight in model.get_weights()]
    with pytest.raises(error, match=re.escape(message)):
        model.train_on_batches(X, Y, order=order, batch_size=size)
    assert [weight.tobytes() for weight in model.get_weights()] == before


def test_an_optimizer_that_takes_snapshots_is_refused_for_batches_of_one_call():
    model = bare()
    model.compile(ff.optimizers.SVRG(0.1), "mean_squared_error")
    with pytest.raises(TypeError, match=r"^train_on_batches: SVRG needs gradients at its snapshot"):
        model.train_on_batches(X, W, order=[0, 1])
