"""Oracle: an identity. What a model says of a row has the same bits whatever rows stand beside it, and how many."""

import numpy as np
import pytest

import feedforward as ff
from feedforward.backends import codes
from feedforward.nn.activations import ACTIVATIONS
from feedforward.nn.layer import LAYERS
from feedforward.nn.losses import LOSSES
from feedforward.nn.metrics import METRICS
from feedforward.nn.optimizers import OPTIMIZERS
from looping import looped

layers = ff.layers


def adapted(layer):
    """Return a layer fitted to some samples."""
    layer.adapt(np.random.default_rng(5).normal(size=(20, 6)))
    return layer


LAYER = {
    "centering": lambda x: adapted(layers.Centering())(x),
    "min_max_scaling": lambda x: adapted(layers.MinMaxScaling())(x),
    "pca": lambda x: adapted(layers.PCA(4))(x),
    "whitening": lambda x: adapted(layers.Whitening(5))(x),
    "activation": lambda x: layers.Activation("tanh")(x),
    "add": lambda x: layers.Add()([x, layers.Dense(6)(x)]),
    "concatenate": lambda x: layers.Concatenate()([x, layers.Dense(3)(x)]),
    "dense": lambda x: layers.Dense(5, "relu")(x),
    "dropout": lambda x: layers.Dense(5)(layers.Dropout(0.5)(x)),
    "flatten": lambda x: layers.Flatten()(layers.Dense(4)(layers.Reshape((3, 2))(x))),
    "normalization": lambda x: layers.Normalization(mean=[1.0] * 6, variance=[3.0] * 6)(x),
    "random_affine": lambda x: layers.RandomAffine(0.2, 0.1, 0.1, 0.1)(layers.Reshape((2, 3))(x)),
    "random_cutout": lambda x: layers.RandomCutout(2)(layers.Reshape((2, 3))(x)),
    "random_deletion": lambda x: layers.RandomDeletion(0.1, 0.1, 0.1)(layers.Reshape((2, 3))(x)),
    "random_elastic": lambda x: layers.RandomElastic(2.0, 1.0)(layers.Reshape((2, 3))(x)),
    "random_flip": lambda x: layers.RandomFlip()(layers.Reshape((2, 3))(x)),
    "random_rotation": lambda x: layers.RandomRotation(0.1)(layers.Reshape((2, 3))(x)),
    "random_shear": lambda x: layers.RandomShear(0.5, 0.5)(layers.Reshape((2, 3))(x)),
    "random_translation": lambda x: layers.RandomTranslation(0.2, 0.2)(layers.Reshape((2, 3))(x)),
    "random_zoom": lambda x: layers.RandomZoom(0.2)(layers.Reshape((2, 3))(x)),
    "elu": lambda x: layers.ELU(0.5)(x),
    "leaky_relu": lambda x: layers.LeakyReLU()(x),
    "maxout": lambda x: layers.Dense(6, layers.Maxout(3))(x),
    "prelu": lambda x: layers.Dense(5, layers.PReLU("random_normal"))(x),
    "rescaling": lambda x: layers.Rescaling(0.3, 1.0)(x),
    "parametric_activation": lambda x: layers.Dense(5, layers.ParametricActivation("mish"))(x),
    "periodic_embedding": lambda x: layers.PeriodicEmbedding(4, 2)(x),
    "scaling": lambda x: layers.Scaling()(x),
    "reshape": lambda x: layers.Reshape((2, 3))(x),
    "softmax": lambda x: layers.Softmax()(x),
    "swish": lambda x: layers.Swish(0.5, is_learned=True)(x),
}


def whole(x):
    """Return the row as numbers from 0 to 8."""
    return ff.cast(ff.clip(x * 2.0 + 4.0, 0.0, 8.0), "int32")


def image(x):
    return layers.Reshape((3, 2, 1))(x)


def sequence(x):
    return layers.Reshape((3, 2))(x)


LAYER |= {
    "average": lambda x: layers.Average()([x, layers.Dense(6)(x)]),
    "average_pooling1d": lambda x: layers.AveragePooling1D(2, 1, "same")(sequence(x)),
    "average_pooling2d": lambda x: layers.AveragePooling2D(2, 1, "same")(image(x)),
    "batch_normalization": lambda x: layers.BatchNormalization()(layers.Dense(5)(x)),
    "category_encoding": lambda x: layers.CategoryEncoding(9, "count")(whole(x)),
    "conv1d": lambda x: layers.Conv1D(5, 2)(sequence(x)),
    "conv2d": lambda x: layers.Conv2D(4, 2, groups=2)(layers.Conv2D(6, 2, padding="same")(image(x))),
    "cropping2d": lambda x: layers.Cropping2D(((1, 0), (0, 1)))(image(x)),
    "depthwise_conv2d": lambda x: layers.DepthwiseConv2D(2, depth_multiplier=3)(image(x)),
    "discretization": lambda x: layers.Discretization([-1.0, 0.0, 0.5])(x),
    "dot": lambda x: layers.Dot(normalize=True)([x, layers.Dense(6)(x)]),
    "embedding": lambda x: layers.Embedding(9, 3)(whole(x)),
    "gaussian_dropout": lambda x: layers.GaussianDropout(0.5)(layers.Dense(5)(x)),
    "gaussian_noise": lambda x: layers.GaussianNoise(0.5)(layers.Dense(5)(x)),
    "global_average_pooling1d": lambda x: layers.GlobalAveragePooling1D()(sequence(x)),
    "global_average_pooling2d": lambda x: layers.GlobalAveragePooling2D()(image(x)),
    "global_max_pooling1d": lambda x: layers.GlobalMaxPooling1D()(sequence(x)),
    "global_max_pooling2d": lambda x: layers.GlobalMaxPooling2D()(image(x)),
    "layer_normalization": lambda x: layers.LayerNormalization()(x),
    "max_pooling1d": lambda x: layers.MaxPooling1D(2, 1, "same")(sequence(x)),
    "max_pooling2d": lambda x: layers.MaxPooling2D(2, 1, "same")(image(x)),
    "maximum": lambda x: layers.Maximum()([x, layers.Dense(6)(x)]),
    "minimum": lambda x: layers.Minimum()([x, layers.Dense(6)(x)]),
    "multiply": lambda x: layers.Multiply()([x, layers.Dense(6)(x)]),
    "permute": lambda x: layers.Permute((3, 1, 2))(image(x)),
    "repeat_vector": lambda x: layers.RepeatVector(3)(x),
    "string_lookup": lambda x: x,  # it computes nothing: text is looked up where it is fed
    "subtract": lambda x: layers.Subtract()([x, layers.Dense(6)(x)]),
    "up_sampling2d": lambda x: layers.UpSampling2D((2, 3))(image(x)),
    "zero_padding2d": lambda x: layers.ZeroPadding2D(1)(image(x)),
}
NUMBERS = [3, 37, 5, 1, 2, 4, 11, 64, 97, 300, 1000]
"""The first two that are no powers of two have code of their own, the others are run in blocks."""


def bits(array):
    return array.shape, array.dtype, np.ascontiguousarray(array).tobytes()


def rows_of(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 6)).astype("float32")


def each_alone(model, x):
    return np.concatenate([model.predict_on_batch(x[place : place + 1]) for place in range(len(x))])


def ours(registry):
    """Return the names of what the package itself has registered: other tests register things of their own."""
    return [name for name in registry if registry[name].__module__.startswith("feedforward.")]


@pytest.mark.parametrize("name", ours(LAYERS))
def test_rows_have_the_same_bits_in_any_batch_for_each_layer(name):
    assert name in LAYER, f"no row for layers.{name}"
    x = ff.Input((6,))
    model, data = ff.Model(x, LAYER[name](x)), rows_of(150)
    alone = each_alone(model, data)
    for count in (3, 37, 5, 2, 97, 150):
        assert bits(model.predict_on_batch(data[-count:])) == bits(alone[-count:])


@pytest.mark.parametrize("name", ours(ACTIVATIONS))
def test_rows_have_the_same_bits_in_any_batch_for_each_activation(name):
    units = (14, 6) if name == "maxout" else (7, 3)
    model = ff.Sequential([ff.Input((6,)), layers.Dense(units[0], name), layers.Dense(units[1], name)])
    data = rows_of(150)
    alone = each_alone(model, data)
    for count in (3, 37, 5, 97):
        assert bits(model.predict_on_batch(data[:count])) == bits(alone[:count])
        assert bits(model.predict(data, batch_size=count)) == bits(alone)


def test_several_inputs_and_outputs_go_together():
    first, second = ff.Input((6,)), ff.Input((4, 2), dtype="float64")
    model = ff.Model([first, second], [layers.Dense(3)(first), layers.Flatten()(second) * 2.0])
    x, y = rows_of(200), np.random.default_rng(1).normal(size=(200, 4, 2))
    whole = model.predict_on_batch([x, y])
    for count in NUMBERS[:-2]:
        for part, all_rows in zip(model.predict_on_batch([x[:count], y[:count]]), whole, strict=True):
            assert bits(part) == bits(all_rows[:count])


def test_rows_may_lie_apart_in_memory():
    model = ff.Sequential([ff.Input((6,)), layers.Dense(3)])
    data = np.random.default_rng(0).normal(size=(200, 12)).astype("float32")[:, ::2]
    alone = each_alone(model, data)
    for count in NUMBERS[:-2]:
        assert bits(model.predict_on_batch(data[:count])) == bits(alone[:count])


def test_a_model_that_compares_rows_gets_them_all_at_once():
    x = ff.Input((6,))
    model, data = ff.Model(x, x - x.max(axis=0)), rows_of(200)
    for count in range(1, 40):
        np.testing.assert_array_equal(model.predict_on_batch(data[:count]), data[:count] - data[:count].max(0))


@pytest.fixture
def made(monkeypatch):
    """The codes that are made."""
    found = []
    init = codes.Compiled.__init__
    monkeypatch.setattr(codes.Compiled, "__init__", lambda self, *args: (found.append(args), init(self, *args))[1])
    return found


def test_new_numbers_of_rows_make_no_new_code(made):
    model = ff.Sequential([ff.Input((6,)), layers.Dense(11, "tanh"), layers.Dense(3)])
    data = rows_of(2500)
    model.predict_on_batch(data[:1])
    made.clear()
    for count in range(1, 2500, 7):
        model.predict_on_batch(data[:count])
    # Of 358 numbers: 2, 4, ..., 1,024, and the first two others.
    assert len(made) == 12
    model.predict(data, batch_size=999)
    assert len(made) == 12


ONE_OF_MANY = np.arange(200) % 3
SIGNS = np.sign(rows_of(200)[:, :3])
COUNTS = np.floor(np.abs(rows_of(200)[:, :3] * 3) + 1)
TARGETS = {
    "mean_squared_error": ("linear", rows_of(200)[:, :3]),
    "mean_absolute_error": ("linear", rows_of(200)[:, :3]),
    "binary_crossentropy": ("sigmoid", np.eye(3, dtype="float32")[ONE_OF_MANY]),
    "categorical_crossentropy": ("softmax", np.eye(3, dtype="float32")[ONE_OF_MANY]),
    "sparse_categorical_crossentropy": ("softmax", ONE_OF_MANY),
    "kullback_leibler_divergence": ("softmax", np.eye(3, dtype="float32")[ONE_OF_MANY]),
    **dict.fromkeys(
        ("hinge", "squared_hinge", "perceptron", "logistic", "modified_huber", "exponential", "sigmoid_loss"),
        ("linear", SIGNS),
    ),
    **dict.fromkeys(
        ("categorical_hinge", "one_vs_all_hinge", "crammer_singer", "categorical_perceptron"), ("linear", ONE_OF_MANY)
    ),
    **dict.fromkeys(("huber", "log_cosh", "quantile", "cosine_similarity"), ("linear", rows_of(200)[:, :3])),
    **dict.fromkeys(
        ("poisson", "mean_absolute_percentage_error", "mean_squared_logarithmic_error"), ("softplus", COUNTS)
    ),
}
MEASURES = {
    "mean_squared_error": "mean_squared_error",
    "mean_absolute_error": "mean_squared_error",
    "binary_accuracy": "binary_crossentropy",
    "categorical_accuracy": "categorical_crossentropy",
    "sparse_categorical_accuracy": "sparse_categorical_crossentropy",
    "class_accuracy": "categorical_hinge",
    "top_k_categorical_accuracy": "categorical_crossentropy",
    "sparse_top_k_categorical_accuracy": "sparse_categorical_crossentropy",
    "precision": "binary_crossentropy",
    "recall": "categorical_crossentropy",
    "f1_score": "sparse_categorical_crossentropy",
    "true_positives": "binary_crossentropy",
    "false_positives": "categorical_crossentropy",
    "true_negatives": "sparse_categorical_crossentropy",
    "false_negatives": "binary_crossentropy",
    "auc": "sparse_categorical_crossentropy",
    "mean_loss": "mean_absolute_error",
    "binary_crossentropy": "binary_crossentropy",
    "categorical_crossentropy": "categorical_crossentropy",
    "sparse_categorical_crossentropy": "sparse_categorical_crossentropy",
    "root_mean_squared_error": "mean_squared_error",
    "mean_absolute_percentage_error": "mean_squared_error",
    "cosine_similarity": "mean_squared_error",
    "r2_score": "mean_squared_error",
}
GIVEN = {
    "top_k_categorical_accuracy": ff.metrics.TopKCategoricalAccuracy(2),
    "sparse_top_k_categorical_accuracy": ff.metrics.SparseTopKCategoricalAccuracy(2),
}
"""Those whose settings by default are not for three outputs."""


def of_model(mode, loss, metrics=(), optimizer="sgd"):
    """Return a step of a model, and data for it."""
    activation, y = TARGETS[loss]
    model = ff.Sequential(
        [
            ff.Input((6,)),
            layers.Dense(7, "tanh", kernel_regularizer="l2"),
            layers.Dropout(0.3),
            layers.Dense(3, activation),
        ]
    )
    model.compile(optimizer, loss, [*metrics])
    data = [rows_of(200), np.ascontiguousarray(y)]
    step = model._step(mode, data, False)
    assert step.executable.padding is not None
    step.executable._rests = {-1, -2}  # so that none has code of its own any more
    return step, data


def sampled(rows, counts, each):
    """Return every row with every count, of which one in `each` is a part of every run: each makes code of its own."""
    pairs = [(*row, count, number + place) for number, row in enumerate(rows) for place, count in enumerate(counts)]
    return [pytest.param(*pair, marks=pytest.mark.slow if turn % each else []) for *pair, turn in pairs]


@pytest.mark.parametrize(
    ("loss", "metrics", "count"),
    sampled(
        [(loss, ()) for loss in ours(LOSSES)] + [(None, (name,)) for name in ours(METRICS)], (1, 3, 4, 5, 17, 100), 3
    ),
)
def test_a_smaller_batch_measures_what_code_of_its_size_does_to_the_bit(loss, metrics, count):
    loss = loss or MEASURES.get(*metrics)
    assert loss in TARGETS, f"no row for losses.{loss} and {metrics}"
    step, data = of_model("test", loss, [GIVEN.get(name, name) for name in metrics])
    order = np.arange(count)
    alone = looped(step.executable, data, order, count, step.values())[0]
    smaller = looped(step.executable, data, order, 1000, step.values())[0]
    assert [bits(one) for one in smaller] == [bits(one) for one in alone]


def test_what_goes_on_after_a_smaller_batch_is_added_to_it():
    step, data = of_model("test", "mean_squared_error")
    both = step.executable.loop(step.values())
    assert both.run(data, np.arange(105), 100) == 2
    assert both.run(data, np.arange(105, 200), 5) == 19
    parts = [
        looped(step.executable, data, order, len(order), step.values())[0]
        for order in np.split(np.arange(200), [100, *range(105, 200, 5)])
    ]
    expected = parts[0][0]
    for part in parts[1:]:
        expected = expected + part[0]
    assert both.done == 21
    assert bits(both.totals[0]) == bits(expected)
    assert [one is other for one, other in zip(both.variables(), step.values(), strict=True)]


def test_new_numbers_of_rows_make_no_new_code_where_they_are_measured(made):
    model = ff.Sequential([ff.Input((6,)), layers.Dense(13, "tanh"), layers.Dense(3)])
    model.compile("sgd", "mse", ["mae"])
    x, y = rows_of(500), rows_of(500)[:, :3]
    model.evaluate(x[:64], y[:64], verbose=0)
    made.clear()
    for count in range(1, 500, 3):
        model.evaluate(x[:count], y[:count], verbose=0)
    # Of fewer rows than a batch: the first two, 1, 2 and 3 as they are, any others as 4, 8, 16, 32.
    assert len(made) <= 9


def test_batches_that_differ_in_size_make_no_code_for_each(made):
    model = ff.Sequential([ff.Input((6,)), layers.Dense(15, "tanh"), layers.Dense(3)])
    model.compile("sgd", "mse")
    x, y = rows_of(500), rows_of(500)[:, :3]
    cuts = [40, 80, 113, 117, 200, 222, 232, 260, 290, 317]
    model.evaluate(zip(np.split(x, cuts), np.split(y, cuts), strict=True), verbose=0)
    made.clear()
    cuts = [40, 80, 111, 121, 201, 222, 239, 263, 293, 397]
    model.evaluate(zip(np.split(x, cuts), np.split(y, cuts), strict=True), verbose=0)
    assert not made


@pytest.mark.parametrize(
    ("loss", "optimizer", "count"),
    sampled(
        [*((one, "adam") for one in ours(LOSSES)), *(("mean_squared_error", one) for one in ours(OPTIMIZERS))],
        (3, 4, 7, 100),
        4,
    ),
)
def test_a_smaller_batch_trains_as_code_of_its_size_does_to_the_bit(loss, optimizer, count):
    step, data = of_model("train", loss, optimizer=optimizer)
    order = np.arange(30)
    shared = step.executable.loop(step.values())
    shared.run(data, order, 10)
    whole = step.executable.loop(step.values())
    whole.run(data, order, 10)
    whole.run(data, np.arange(count), 1000)
    own = step.executable.loop(shared.variables(), shared.totals, shared.done)
    own.run(data, np.arange(count), count)
    assert [bits(one) for one in whole.totals] == [bits(one) for one in own.totals]
    assert [bits(one) for one in whole.variables()] == [bits(one) for one in own.variables()]


def test_new_numbers_of_rows_make_no_new_code_where_they_are_trained_on(made):
    model = ff.Sequential([ff.Input((6,)), layers.Dense(17, "tanh"), layers.Dense(3)])
    model.compile("adam", "mse")
    x, y = rows_of(500), rows_of(500)[:, :3]
    for count in (64, 65, 66, 67, 68, 70, 76, 88, 90):
        model.fit(x[:count], y[:count], verbose=0)
    made.clear()
    for count in range(68, 500, 5):
        model.fit(x[:count], y[:count], verbose=0)
    assert len(made) <= 2
