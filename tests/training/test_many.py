"""Oracle: an identity. Each of many models has the bits of the same model trained, measured and asked by itself."""

import re
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

import feedforward as ff
import interrupted
from feedforward.errors import DataError, DtypeError, NotFiniteError, OutOfRangeError, ShapeError
from feedforward.training.group import Totals
from feedforward.training.many import ManyModels

DRAW = np.random.default_rng(5)
X = DRAW.normal(size=(43, 2))
SIDES = np.where(X[:, :1] * X[:, 1:] > 0, 1.0, -1.0)
CLASSES = DRAW.integers(0, 3, 43)
WEIGHTS = DRAW.random(43)
ORDER = np.concatenate([DRAW.permutation(43), DRAW.permutation(43)])  # 8 batches of 10, and one of 6


def tanh(k, optimizer=lambda k: ff.optimizers.SGD(0.1 + 0.01 * k, momentum=0.5 + 0.01 * k)):
    """Penalties of model 0 are 0, which others have not; the targets are -1 and 1."""
    ff.set_seed(k)
    penalty = ff.regularizers.L1L2(0.001 * k, 0.002 * k)
    layers = [ff.layers.Dense(4, "tanh", kernel_regularizer=penalty), ff.layers.Dense(2, "tanh")]
    model = ff.Sequential([ff.Input((2,), dtype="float64"), *layers, ff.layers.Dense(1, "tanh")])
    model.compile(optimizer(k), "mean_squared_error")
    return model


def softmax(k):
    ff.set_seed(k)
    """Its matrix of 9 x 17 is large enough for the axis over models to be the first."""
    layers = [ff.layers.Dense(9, "relu"), ff.layers.Dense(17, "relu"), ff.layers.Dense(3, "softmax")]
    model = ff.Sequential([ff.Input((2,)), *layers])
    model.compile(ff.optimizers.Adam(0.01 * (k + 1), clipnorm=1.0), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def sigmoid(k):
    ff.set_seed(k)
    layers = [ff.layers.Dense(5, "gelu"), ff.layers.BatchNormalization(), ff.layers.Dense(1, "sigmoid")]
    model = ff.Sequential([ff.Input((2,), dtype="float64"), *layers])
    rate = ff.optimizers.schedules.ExponentialDecay(0.1 + 0.1 * k, 10, 0.9)
    model.compile(ff.optimizers.RMSprop(rate), "binary_crossentropy", weighted_metrics=["accuracy"])
    return model


def noisy(k):
    """Each has a seed and rates of its own; the step draws from both."""
    ff.set_seed(k)
    layers = [ff.layers.GaussianNoise(0.1 + 0.01 * k), ff.layers.Dense(5, "tanh"), ff.layers.Dropout(0.2 + 0.05 * k)]
    model = ff.Sequential([ff.Input((2,)), *layers, ff.layers.Dense(1)])
    model.compile(ff.optimizers.Adam(0.01), "mean_squared_error")
    return model


class Columns(ff.layers.Layer):
    """A linear map for each column: (2, n, 1) @ (2, 1, 10)."""

    def build(self, shape):
        self.maps = self.add_weight("maps", (shape[-1], 1, 10), "glorot_uniform")

    def call(self, x):
        return ff.transpose(ff.cos(ff.transpose(x)[:, :, None] @ self.maps), (1, 0, 2))


def embedded(k):
    """Codes look up rows of a table, columns have linear maps of their own; its matrix of 40 x 9 is a large one."""
    ff.set_seed(k)
    numbers, codes = ff.Input((2,), name="numbers"), ff.Input((2,), dtype="int32", name="codes")
    own = ff.layers.Reshape((20,))(ff.layers.Embedding(6, 10)(codes))
    both = ff.layers.Concatenate()([ff.layers.Reshape((20,))(Columns()(numbers)), own])
    hidden = ff.layers.Dropout(0.3)(ff.layers.Dense(9, "selu")(both))
    model = ff.Model([numbers, codes], ff.layers.Dense(3, "softmax")(hidden))
    model.compile(ff.optimizers.AdamW(0.01, weight_decay=0.01 * k), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def large(k):
    """Its weights fill a cache: each is a group for itself."""
    ff.set_seed(k)
    layers = [ff.layers.Dense(290, "relu"), ff.layers.Dropout(0.1 + 0.1 * k), ff.layers.Dense(160, "relu")]
    model = ff.Sequential([ff.Input((2,)), *layers, ff.layers.Dense(3, "softmax")])
    model.compile(ff.optimizers.Adam(0.001 * (k + 1)), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def convolving(k):
    """There is no rule for its windows: each is a group for itself."""
    ff.set_seed(k)
    layers = [ff.layers.Reshape((2, 1)), ff.layers.Conv1D(3, 2, activation="relu"), ff.layers.Flatten()]
    model = ff.Sequential([ff.Input((2,)), *layers, ff.layers.Dense(1)])
    model.compile(ff.optimizers.SGD(0.01 * (k + 1)), "mean_squared_error")
    return model


def bits(model):
    return [variable.numpy().tobytes() for variable in [*model.weights, *model.optimizer.variables]]


CASES = {
    "tanh": (tanh, 5, SIDES, None),
    "softmax": (softmax, 8, CLASSES, None),
    "sigmoid": (sigmoid, 3, (SIDES + 1) / 2, WEIGHTS),
    "noisy": (noisy, 4, SIDES, None),
    "embedded": (embedded, 5, CLASSES, WEIGHTS),
    "large": (large, 3, CLASSES, None),
    "convolving": (convolving, 3, SIDES, None),
}


@pytest.fixture(autouse=True, scope="module")
def two_threads():
    """Groups then run beside each other, whatever the machine, and however short they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feedforward.training.many._WORTH_THREADS", 0)
        ff.set_threads(2)
        yield
        ff.set_threads(None)


def data_for(make):
    codes = np.argsort(X, 0) % 6
    return {"numbers": X, "codes": codes} if make is embedded else X


@pytest.fixture(scope="module", params=CASES)
def pair(request):
    """Many models, and the same one by one, trained with the same batches; what each way said of that."""
    make, count, y, weights = CASES[request.param]
    many, alone = ManyModels([make(k) for k in range(count)]), [make(k) for k in range(count)]
    x = data_for(make)
    logs = many.train_on_batches(x, y, weights, order=ORDER, batch_size=10)
    expected = [model.train_on_batches(x, y, weights, order=ORDER, batch_size=10) for model in alone]
    return SimpleNamespace(many=many, alone=alone, x=x, y=y, weights=weights, logs=logs, expected=expected)


def by_name(logs):
    return {name: [one[name] for one in logs] for name in logs[0]}


def test_each_model_has_the_bits_of_one_that_is_trained_by_itself(pair):
    assert len(pair.many) == len(pair.alone)
    for number, alone in enumerate(pair.alone):
        assert bits(pair.many.model(number)) == bits(alone)
    assert {name: found.tolist() for name, found in pair.logs.items()} == by_name(pair.expected)
    assert pair.many.batches_done.tolist() == [9] * len(pair.alone) and not pair.many.is_stopped.any()


def test_what_is_measured_and_predicted_is_that_of_each_model(pair):
    measured = pair.many.evaluate(pair.x, pair.y, 43, sample_weight=pair.weights)
    expected = [
        model.evaluate(pair.x, pair.y, 43, verbose=0, sample_weight=pair.weights, return_dict=True)
        for model in pair.alone
    ]
    assert {name: found.tolist() for name, found in measured.items()} == by_name(expected)
    outputs = pair.many.predict(pair.x)
    np.testing.assert_array_equal(outputs, [model.predict(pair.x, verbose=0) for model in pair.alone])


@pytest.mark.parametrize("lengths", [(43, 43, 43, 43), (43, 40, 41, 15)], ids=["of one length", "of any length"])
@pytest.mark.parametrize("make", [tanh, noisy, embedded, large])
def test_each_model_may_have_rows_of_its_own_to_train_and_to_measure(make, lengths):
    x, y = data_for(make), CASES[make.__name__][2]
    orders = [np.random.default_rng(k).permutation(43)[:m] for k, m in enumerate(lengths)]
    many, alone = ManyModels([make(k) for k in range(4)]), [make(k) for k in range(4)]
    logs = many.train_on_batches(x, y, order=orders, batch_size=10)
    measured = many.evaluate(x, y, 10, order=orders)
    for number, (order, model) in enumerate(zip(orders, alone, strict=True)):
        own = model.train_on_batches(x, y, order=order, batch_size=10)
        assert own == {name: found[number] for name, found in logs.items()}
        assert bits(many.model(number)) == bits(model)
        rows = {name: part[order] for name, part in x.items()} if isinstance(x, dict) else x[order]
        own = model.evaluate(rows, y[order], 10, verbose=0, return_dict=True)
        assert own == {name: found[number] for name, found in measured.items()}
    assert many.batches_done.tolist() == [-(-m // 10) for m in lengths]


@pytest.mark.parametrize(("worth", "names"), [(0, 2), (10**8, 1)])
def test_calls_of_a_few_rows_are_not_divided_among_threads(worth, names, monkeypatch):
    found = set()

    def measure(*_):
        found.add(threading.get_ident())
        time.sleep(0.05)  # so that one thread does not do all
        return [Totals()]

    monkeypatch.setattr("feedforward.training.many._WORTH_THREADS", worth)
    monkeypatch.setattr("feedforward.training.group.Group.measure", measure)
    ManyModels([large(k) for k in range(4)]).evaluate(X, CLASSES)
    assert len(found) == names


def test_how_models_are_divided_into_groups():
    """Small ones in one group; middling ones in one for each thread; each of the large, and of those without a rule."""
    for make, sizes in ((tanh, [4]), (softmax, [2, 2]), (large, [1] * 4), (convolving, [1] * 4)):
        many = ManyModels([make(k) for k in range(4)])
        many.evaluate(X, CASES[make.__name__][2])
        assert [len(group.models) for group in many._groups] == sizes


@pytest.mark.parametrize("make", [tanh, softmax, large])
def test_several_calls_have_the_bits_of_one_and_heed_what_was_set_in_between(make):
    y = CASES[make.__name__][2]
    many, alone = ManyModels([make(k) for k in range(5)]), make(2)
    for start in (0, 40):
        many.train_on_batches(X, y, order=ORDER[start : start + 40], batch_size=10)
        alone.train_on_batches(X, y, order=ORDER[start : start + 40], batch_size=10)
        many.model(2).optimizer.learning_rate = alone.optimizer.learning_rate = 0.005
    many.train_on_batches(X, y, order=ORDER[:10], batch_size=10)
    alone.train_on_batches(X, y, order=ORDER[:10], batch_size=10)
    assert bits(many.model(2)) == bits(alone)


def test_weights_that_were_set_count_from_the_next_call_on():
    many = ManyModels([tanh(k) for k in range(5)])
    many.train_on_batches(X, SIDES, order=ORDER[:40], batch_size=10)
    other = tanh(7)
    many.model(2).set_weights(other.get_weights())
    assert many.evaluate(X, SIDES, 43)["loss"][2] == pytest.approx(
        other.evaluate(X, SIDES, 43, verbose=0) - penalty_of(other, 7) + penalty_of(other, 2), rel=1e-12
    )


def penalty_of(model, k):
    kernel = model.get_weights()[0]
    return 0.001 * k * np.abs(kernel).sum() + 0.002 * k * np.square(kernel).sum()


def linear(rate):
    """A weight that becomes 1 - 32 r times as large in each step with x = 4 and y = 0."""
    model = ff.Sequential(
        [ff.Input((1,), dtype="float64"), ff.layers.Dense(1, kernel_initializer="ones", use_bias=False)]
    )
    model.compile(ff.optimizers.SGD(rate), "mean_squared_error")
    return model


@pytest.mark.parametrize("is_possible", [True, False], ids=["one program", "each by itself"])
def test_a_model_that_is_not_finite_stops_by_itself_where_it_would_alone(is_possible, monkeypatch):
    monkeypatch.setattr("feedforward.stacking.Stack.is_possible", lambda program: is_possible)
    x, y, rates = np.full((4, 1), 4.0), np.zeros((4, 1)), [0.01, 1e30, 0.05, 0.02]
    order = np.tile(np.arange(4), 50)
    many = ManyModels([linear(rate) for rate in rates])
    logs = many.train_on_batches(x, y, order=order, batch_size=4)
    bad = linear(1e30)
    with pytest.raises(NotFiniteError) as error:
        bad.train_on_batches(x, y, order=order, batch_size=4)
    assert 0 < error.value.batches_done < 50
    assert many.is_stopped.tolist() == [False, True, False, False]
    assert many.batches_done.tolist() == [50, error.value.batches_done, 50, 50]
    assert bits(many.model(1)) == bits(bad)
    for number in (0, 2, 3):
        alone = linear(rates[number])
        assert alone.train_on_batches(x, y, order=order, batch_size=4)["loss"] == logs["loss"][number]
        assert bits(many.model(number)) == bits(alone)
    # By hand: w is 1, then 1 - 32e30, and so on; the mean loss is that of the batches that were done.
    weights = [1.0]
    while len(weights) < error.value.batches_done:
        weights.append(weights[-1] * (1 - 32 * 1e30))
    assert logs["loss"][1] == pytest.approx(np.mean(np.square(np.multiply(weights, 4.0))), rel=1e-12)
    assert np.isnan(many.train_on_batches(x, y, order=[0], batch_size=1)["loss"]).tolist() == [
        False,
        True,
        False,
        False,
    ]
    many.model(1).optimizer.learning_rate = 0.03125
    many.model(1).set_weights([[[2.0]]])
    again = many.train_on_batches(x, y, order=[0, 1], batch_size=1)
    assert again["loss"][1] == 32.0 and not many.is_stopped.any()  # (2 * 4)^2, then w is 0
    assert many.batches_done[1] == error.value.batches_done + 2


@pytest.mark.parametrize("is_possible", [True, False], ids=["one program", "each by itself"])
def test_a_model_that_has_more_rows_than_others_stops_among_those(is_possible, monkeypatch):
    """The weight of the second grows by 10^3.05 a batch: the square of 4 w is infinite after 51."""
    monkeypatch.setattr("feedforward.stacking.Stack.is_possible", lambda program: is_possible)
    x, y, rates = np.full((4, 1), 4.0), np.zeros((4, 1)), [0.01, (10**3.05 + 1) / 32]
    orders = [np.tile(np.arange(4), 50), np.tile(np.arange(4), 53)]
    many, alone = ManyModels([linear(rate) for rate in rates]), linear(rates[1])
    logs = many.train_on_batches(x, y, order=orders, batch_size=4)
    with pytest.raises(NotFiniteError):
        alone.train_on_batches(x, y, order=orders[1], batch_size=4)
    assert many.is_stopped.tolist() == [False, True] and many.batches_done.tolist() == [50, 51]
    assert bits(many.model(1)) == bits(alone)
    again = linear(rates[1]).train_on_batches(x, y, order=orders[1][: 4 * 51], batch_size=4)
    assert logs["loss"][1] == again["loss"]


@pytest.mark.parametrize("is_possible", [True, False], ids=["one program", "each by itself"])
def test_an_infinite_weight_stops_a_model_though_its_loss_is_finite(is_possible, monkeypatch):
    monkeypatch.setattr("feedforward.stacking.Stack.is_possible", lambda program: is_possible)
    many = ManyModels([linear(0.01), linear(3e38)])
    many.train_on_batches([[1e150]], [[0.0]], order=[0])  # the gradient is 2e300
    assert many.batches_done.tolist() == [1, 0] and many.model(1).get_weights()[0] == 1.0


def test_models_like_those_before_compile_nothing(monkeypatch):
    for first in (1, 6):
        many = ManyModels([tanh(first + k) for k in range(3)])
        many.train_on_batches(X, SIDES, order=ORDER[:10], batch_size=10)
        monkeypatch.setattr("feedforward.backends.codes.Compiled.__init__", None)


def test_the_interpreter_trains_them_too():
    try:
        ff.use_backend("interpreter")
        many, alone = ManyModels([tanh(k) for k in range(3)]), tanh(2)
        many.train_on_batches(X, SIDES, order=ORDER[:12], batch_size=10)
        alone.train_on_batches(X, SIDES, order=ORDER[:12], batch_size=10)
        for mine, other in zip(many.model(2).get_weights(), alone.get_weights(), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-12)  # NumPy adds up in another order
    finally:
        ff.use_backend("llvm")


def test_ctrl_c_at_any_line_leaves_whole_batches_of_all_models():
    """By w := w - 2 r x^2 w each batch makes the weight of model 0 half, that of model 1 a quarter as large."""
    try:
        ff.use_backend("interpreter")
        many, x, y = ManyModels([linear(0.25), linear(0.375)]), np.ones((3, 1)), np.zeros((3, 1))

        def work():
            many.train_on_batches(x, y, order=[0, 1, 2], batch_size=2)

        def begin():
            for number in range(2):
                many.model(number).set_weights([[[1.0]]])
            return int(many.batches_done[0])

        files, found = ["training/many.py", "backends/backend.py"], set()
        work()  # from then on each call runs the same lines
        begin()
        lines = interrupted.run(work, files)
        for at in interrupted.first_and_last(lines):
            before = begin()
            with pytest.raises(KeyboardInterrupt):
                interrupted.run(work, files, interrupted.ctrl_c, at)
            done = int(many.batches_done[0]) - before
            weights = [many.model(number).get_weights()[0].item() for number in range(2)]
            assert weights == [0.5**done, 0.25**done]
            found.add(done)
        assert found == {0, 1, 2}
    finally:
        ff.use_backend("llvm")


LOGITS = ff.losses.BinaryCrossentropy(from_logits=True)


def three(*layers, optimizer="sgd", loss="mean_squared_error", metrics=None):
    model = ff.Sequential([ff.Input((2,)), *layers, ff.layers.Dense(1)])
    model.compile(optimizer, loss, metrics)
    return model


def call(many, **options):
    return many.train_on_batches(X, SIDES, **{"order": [0, 1, 2], **options})


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda: ManyModels(three()), TypeError, "ManyModels: models is <"),
        (
            lambda: ManyModels([three(), 3]),
            TypeError,
            "ManyModels: models[1] is 3. Expected a list of compiled Models. Give one for each seed or setting",
        ),
        (
            lambda: ManyModels([three()]).model(1),
            OutOfRangeError,
            "ManyModels.model(number=1): there are 1 models. Expected an int from 0 to 0. Give one of these",
        ),
        (lambda: ManyModels([three()]).model("a"), OutOfRangeError, "ManyModels.model(number='a'): there are 1 models"),
        (lambda: ManyModels([]), ValueError, "ManyModels(models=[]): there are no models. Give one at least"),
        (lambda: ManyModels([three()] * 2), ValueError, "ManyModels: a model comes twice"),
        (
            lambda: ManyModels([ff.Sequential([ff.layers.Dense(1)])]),
            ValueError,
            "ManyModels: the model is not compiled",
        ),
        (
            lambda: ManyModels([three(optimizer=ff.optimizers.SVRG(0.1))]),
            TypeError,
            "ManyModels: SVRG needs gradients at its snapshot",
        ),
        (
            lambda: call(ManyModels([three(ff.layers.Dense(3)), three(ff.layers.Dense(4, name="hidden"))])),
            ValueError,
            "ManyModels.train_on_batches: model 1 differs from model 0 in more than numbers: variable (2, 4) float32 "
            "of layer 'hidden' stands where model 0 has variable (2, 3) float32. Give models of one architecture",
        ),
        (
            lambda: call(ManyModels([three(ff.layers.Dense(3, "relu")), three(ff.layers.Dense(3, "tanh"))])),
            ValueError,
            "model 1 differs from model 0 in more than numbers: tanh (batch, 3) float32 of layer",
        ),
        (
            lambda: call(ManyModels([three(), three(optimizer=ff.optimizers.SGD(momentum=0.5))])),
            ValueError,
            "model 1 differs from model 0 in more than numbers",
        ),
        (
            lambda: call(ManyModels([three(layer) for layer in [ff.layers.Dense(3, name="hidden")] for _ in range(2)])),
            ValueError,
            "ManyModels.train_on_batches: 2 of the models train one variable, 'hidden/kernel'. Give models that share",
        ),
        (
            lambda: ManyModels([three(metrics=["auc"], loss=LOGITS)]).train_on_batches(X, (SIDES + 1) / 2, order=[0]),
            ValueError,
            "ManyModels.train_on_batches: a metric needs the scores of all samples. Compile the models without it",
        ),
        (
            lambda: call(ManyModels([three(), three()]), order=[[0, 1]] * 3),
            ShapeError,
            "ManyModels.train_on_batches: order is a list of 3 arrays. Expected (m,) or (2, m), or a list of 2 arrays",
        ),
        (
            lambda: call(ManyModels([three(), three()]), order=np.zeros((3, 2), int)),
            ShapeError,
            "ManyModels.train_on_batches: order has shape (3, 2). Expected (m,) or (2, m), or a list of 2 arrays",
        ),
        (lambda: call(ManyModels([three()]), order=[[0.5]]), DtypeError, "order has dtype float64. Expected int64"),
        (
            lambda: call(ManyModels([three()]), order=[43]),
            OutOfRangeError,
            "order goes from 43 to 43, but there are 43",
        ),
        (lambda: call(ManyModels([three()]), order=[]), DataError, "order is empty"),
        (
            lambda: call(ManyModels([three()]), batch_size=0),
            ValueError,
            "(batch_size=0): batch_size must be an int >= 1",
        ),
        (lambda: ManyModels([three()]).predict(X[:0]), DataError, "ManyModels.predict: there are no samples"),
    ],
)
def test_what_cannot_be_trained_together_is_refused(run, error, message):
    with pytest.raises(error, match=re.escape(message)):
        run()
