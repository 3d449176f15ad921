"""Oracles: derivatives worked by hand; faults planted on purpose, which have to be found; JAX's gradients beside."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.nn.layer import LAYERS
from feedforward.nn.losses import LOSSES
from feedforward.training.gradient_check import GradientCheck

L = ff.layers
X = np.random.default_rng(0).normal(size=(3, 4))
IMAGES = np.random.default_rng(1).normal(size=(2, 5, 6, 2))
SEQUENCES = np.random.default_rng(2).normal(size=(2, 6, 3))


@pytest.fixture(autouse=True)
def interpreted():
    """Compute by the interpreter, which has nothing to compile; one test below does as users do."""
    ff.use_backend("interpreter")
    yield
    ff.use_backend("llvm")


LAYER_ROWS = {
    "leaky_relu": (L.LeakyReLU(), X),
    "elu": (L.ELU(0.7), X),
    "softmax": (L.Softmax(), X),
    "prelu": (L.PReLU(alpha_initializer="ones"), X),
    "swish": (L.Swish(1.5, True), X),
    "maxout": (L.Maxout(2), X),
    "embedding": (L.Embedding(5, 3), np.array([[0, 4], [2, 2]], np.int32)),
    "conv2d": (L.Conv2D(2, (3, 2), strides=(2, 1), padding="same", activation="tanh"), IMAGES),
    "conv1d": (L.Conv1D(2, 3, dilation_rate=2), SEQUENCES),
    "depthwise_conv2d": (L.DepthwiseConv2D(2), IMAGES),
    "concatenate": (L.Concatenate(), [X, X + 1]),
    "add": (L.Add(), [X, X + 1]),
    "subtract": (L.Subtract(), [X, 2 * X]),
    "multiply": (L.Multiply(), [X, X + 1]),
    "average": (L.Average(), [X, X + 1]),
    "maximum": (L.Maximum(), [X, -X]),
    "minimum": (L.Minimum(), [X, -X]),
    "dot": (L.Dot(), [X, X + 1]),
    "gaussian_noise": (L.GaussianNoise(0.3), X),
    "gaussian_dropout": (L.GaussianDropout(0.3), X),
    "max_pooling2d": (L.MaxPooling2D(), IMAGES),
    "max_pooling1d": (L.MaxPooling1D(), SEQUENCES),
    "average_pooling2d": (L.AveragePooling2D(padding="same"), IMAGES),
    "average_pooling1d": (L.AveragePooling1D(), SEQUENCES),
    "global_average_pooling2d": (L.GlobalAveragePooling2D(), IMAGES),
    "global_average_pooling1d": (L.GlobalAveragePooling1D(), SEQUENCES),
    "global_max_pooling2d": (L.GlobalMaxPooling2D(), IMAGES),
    "global_max_pooling1d": (L.GlobalMaxPooling1D(), SEQUENCES),
    "permute": (L.Permute((2, 1)), SEQUENCES),
    "repeat_vector": (L.RepeatVector(3), X),
    "zero_padding2d": (L.ZeroPadding2D(), IMAGES),
    "cropping2d": (L.Cropping2D(1), IMAGES),
    "up_sampling2d": (L.UpSampling2D(), IMAGES),
    "batch_normalization": (L.BatchNormalization(), X),
    "layer_normalization": (L.LayerNormalization(), X),
    "dense": (L.Dense(3, "tanh"), X),
    "activation": (L.Activation("gelu"), X),
    "dropout": (L.Dropout(0.4), X),
    "flatten": (L.Flatten(), IMAGES),
    "reshape": (L.Reshape((2, 2)), X),
    "rescaling": (L.Rescaling(0.1, 2.0), X),
    "normalization": (L.Normalization([0.1] * 4, [2.0] * 4), X),
    "scaling": (L.Scaling(), X),
    "parametric_activation": (L.ParametricActivation("selu"), X),
    "periodic_embedding": (L.PeriodicEmbedding(3, 2), X),
}
LAYER_ROWS |= {
    "random_translation": (L.RandomTranslation(0.2, 0.1), IMAGES),
    "random_rotation": (L.RandomRotation(0.1), IMAGES),
    "random_zoom": (L.RandomZoom(0.3), IMAGES),
    "random_shear": (L.RandomShear(0.4, 0.2), IMAGES),
    "random_affine": (L.RandomAffine(0.2, 0.1, 0.2, 0.3, "horizontal"), IMAGES),
    "random_flip": (L.RandomFlip(), IMAGES),
    "random_elastic": (L.RandomElastic(6.0, 2.0), IMAGES),
    "random_deletion": (L.RandomDeletion(0.2, 0.2, 0.2), IMAGES),
    "random_cutout": (L.RandomCutout(2), IMAGES),
}
NOT_DIFFERENTIATED = {
    *("category_encoding", "discretization", "string_lookup"),  # of whole numbers and text
    *("centering", "min_max_scaling", "pca", "whitening"),  # fitted to data first; see below
}


@pytest.mark.parametrize("name", [name for name in LAYERS if LAYERS[name].__module__.startswith("feedforward.nn.")])
def test_the_gradient_of_every_layer_is_right(name):
    if name in NOT_DIFFERENTIATED:
        return
    assert name in LAYER_ROWS, f"no oracle for {name}"
    layer, x = LAYER_ROWS[name]
    ff.set_seed(1)
    found = ff.check_gradients(layer, x, entries=12, training=True)
    assert found.is_right, str(found)
    assert all(each.checked for each in found.parameters)


def test_the_gradient_goes_through_layers_that_are_fitted_to_data():
    for make in (L.Centering, L.MinMaxScaling, L.PCA, L.Whitening):
        layer = make(2) if make is L.PCA else make()
        layer.adapt(np.random.default_rng(3).normal(size=(20, 4)))
        assert ff.check_gradients(layer, X).is_right


TARGETS = {
    "binary": np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    "shares": np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]]),
    "labels": np.array([0, 2, 1]),
    "numbers": np.random.default_rng(4).normal(size=(3, 3)),
    "counts": np.array([[1.0, 0.0, 3.0], [2.0, 5.0, 1.0], [4.0, 1.0, 1.0]]),
}
LOSS_TARGETS = {
    **dict.fromkeys(["hinge", "squared_hinge", "perceptron", "logistic", "modified_huber", "exponential"], "binary"),
    **dict.fromkeys(["sigmoid_loss", "binary_crossentropy"], "binary"),
    **dict.fromkeys(["categorical_hinge", "one_vs_all_hinge", "crammer_singer", "categorical_perceptron"], "labels"),
    **dict.fromkeys(["mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "quantile"], "numbers"),
    **dict.fromkeys(["mean_absolute_percentage_error", "cosine_similarity"], "numbers"),
    **dict.fromkeys(["mean_squared_logarithmic_error", "poisson"], "counts"),
    **dict.fromkeys(["categorical_crossentropy", "kullback_leibler_divergence"], "shares"),
    "sparse_categorical_crossentropy": "labels",
}


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].__module__.startswith("feedforward.nn.")])
def test_the_gradient_of_every_loss_is_right(name):
    assert name in LOSS_TARGETS, f"no oracle for {name}"
    y = TARGETS[LOSS_TARGETS[name]]
    ends = {"binary_crossentropy": "sigmoid", "poisson": "softplus", "mean_squared_logarithmic_error": "softplus"}
    is_share = name.endswith("categorical_crossentropy") or name.startswith("kullback")
    ff.set_seed(2)
    model = ff.Sequential(
        [ff.Input((4,)), L.Dense(3, "softmax" if is_share else ends.get(name), kernel_regularizer="l2")]
    )
    model.compile("sgd", name)
    before = [weight.numpy() for weight in model.weights]
    found = ff.check_gradients(model, X.astype(np.float32), y)
    assert found.is_right, str(found)
    assert [each.name.split("/")[1] for each in found.parameters] == ["kernel", "bias"]
    assert found.value == pytest.approx(model.evaluate(X, y, verbose=0), rel=1e-5)  # which is of float32
    for weight, was in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), was)


def test_the_table_says_what_was_found_by_hand():
    """f = sum x^3 at (1, 2): the gradient is (3, 12); half of it is forgotten in the second element alone."""

    def faulty(x):
        return (x * x * x).sum() - ff.stop_gradient(0.5 * x[1] * x[1] * x[1]) + 0.5 * x[1] * x[1] * x[1]

    good = ff.check_gradients(lambda x: (x * x * x).sum(), [1.0, 2.0])
    assert good.is_right and good.value == 9.0
    (found,) = ff.check_gradients(faulty, [1.0, 2.0]).parameters
    assert (found.name, found.shape, found.checked, found.where, found.verdict) == ("x", (2,), 2, (1,), "wrong")
    assert found.gradient == pytest.approx(18.0, rel=1e-12)
    assert found.difference == pytest.approx(12.0, rel=1e-9)
    assert found.error == pytest.approx(6 / 18, rel=1e-9)
    assert found.allowed < 1e-8
    text = str(ff.check_gradients(faulty, [1.0, 2.0]))
    assert (
        text.splitlines()[1].split()
        == "Parameter Shape Checked Error Allowed Worst at Gradient Difference Verdict".split()
    )
    assert re.search(r"^x +\(2,\) +2 of 2 +3\.3e-01 .* \[1\] +18 +12 +wrong$", text, re.M)
    assert text.endswith("Not right: x.") and str(good).endswith("Every gradient is right.")
    assert "<pre" in good._repr_html_() and isinstance(good, GradientCheck)


@pytest.mark.parametrize("part", [1e-1, 1e-3, 1e-6])
def test_a_fault_of_a_layer_is_found_however_small(part):
    class Faulty(L.Layer):
        def build(self, shape):
            self.w = self.add_weight("w", (shape[-1],), "ones")

        def call(self, x, training):
            z = x * self.w
            return ff.tanh(z) * (1.0 - part) + ff.stop_gradient(ff.tanh(z)) * part

    model = ff.Sequential([ff.Input((4,)), L.Dense(4, name="before"), Faulty(name="faulty"), L.Dense(2, name="after")])
    model.compile("sgd", "mse")
    found = ff.check_gradients(model, X.astype(np.float32), X[:, :2])
    verdicts = {each.name: each.verdict for each in found.parameters}
    # What is before the fault gets a wrong gradient, what is behind it does not.
    assert {name for name, verdict in verdicts.items() if verdict == "wrong"} >= {"faulty/w", "before/kernel"}
    assert verdicts["after/kernel"] == verdicts["after/bias"] == "right"


def test_a_fault_in_the_rule_of_an_operation_is_found(monkeypatch):
    from feedforward.graph.op import OPS

    rule = OPS["tanh"].gradient
    wrong = lambda node, g: tuple(part * 1.001 for part in rule(node, g))  # noqa: E731
    object.__setattr__(OPS["tanh"], "gradient", wrong)
    try:
        assert not ff.check_gradients(ff.tanh, X).is_right
    finally:
        object.__setattr__(OPS["tanh"], "gradient", rule)
    assert ff.check_gradients(ff.tanh, X).is_right


@pytest.mark.parametrize(
    ("function", "x", "kinks"),
    [
        (ff.relu, [0.0, 1.0, -1.0, 0.0], 2),
        (ff.abs, [0.0, 2.0], 1),
        (lambda x: ff.max(x), [1.0, 1.0, 0.0], 2),  # equal ones share: 1/2 is between 0 and 1
        (ff.relu, [1e-6, -1e-6, 1e-7, 1.0], 0),  # kinks within the first step, but none at the point
        (lambda x: x * x, [0.0, 1e-8, 1.0], 0),
    ],
)
def test_kinks_are_told_from_faults(function, x, kinks):
    (found,) = ff.check_gradients(function, x).parameters
    assert (found.verdict, found.kinks) == ("right", kinks)


def test_a_slope_beyond_both_sides_of_a_kink_is_wrong():
    (found,) = ff.check_gradients(lambda x: ff.relu(x) + x - ff.stop_gradient(x), [0.0, 0.0]).parameters
    assert found.verdict == "right"  # 1 is the slope from the left, relu'(0) + 1, of which only 1 is the gradient
    (found,) = ff.check_gradients(lambda x: ff.relu(x) - 2.0 * (x - ff.stop_gradient(x)), [0.0, 1.0]).parameters
    assert found.verdict == "wrong"


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1.0, 1e4, 1e8])
def test_the_units_of_numbers_do_not_matter(scale):
    function = lambda x: ff.sin(x / scale) * scale**2  # noqa: E731
    x = np.array([0.5, 1.0, 2.0]) * scale
    (found,) = ff.check_gradients(function, x).parameters
    assert found.verdict == "right" and found.error < 1e-8
    (found,) = ff.check_gradients(lambda x: function(x) + 1e-4 * ff.stop_gradient(function(x)), x).parameters
    assert found.verdict == "wrong"


def test_noise_is_measured_and_not_taken_for_a_fault():
    """Near 1e9 a sum keeps some 1e-7 of what is added to it: differences are off by about 1e-7 / 6e-6, and say so."""

    def noisy(x):
        return (x + 1e9) - 1e9

    (found,) = ff.check_gradients(noisy, np.array([0.3, 0.7, 1.1])).parameters
    assert found.verdict in ("right", "unclear") and found.allowed > 1e-3
    (found,) = ff.check_gradients(lambda x: noisy(x) + ff.stop_gradient(3.0 * x), np.array([0.3, 0.7])).parameters
    assert found.verdict == "wrong"


def test_the_edge_of_a_domain_and_gradients_that_are_not_finite_are_no_success():
    (found,) = ff.check_gradients(lambda x: x * ff.sqrt(x), [0.0, 1.0]).parameters  # below 0 there is no value
    assert found.verdict == "unclear" or not np.isfinite(found.gradient)
    (found,) = ff.check_gradients(lambda x: ff.where(x > 0.5, x, ff.sqrt(x * x)), [0.0, 1.0]).parameters
    assert found.verdict == "wrong" and np.isnan(found.gradient)  # 0 / 0, where |x| has a slope


def test_no_element_one_element_and_none_that_matters():
    found = ff.check_gradients(lambda x, y: ff.sum(x) + 2.0 * y, np.zeros((0, 3)), np.array(3.0))
    assert [(each.checked, each.verdict) for each in found.parameters] == [(0, "right"), (1, "right")]
    (found,) = ff.check_gradients(lambda x: ff.sum(x) * 0.0 + 1.0, [1.0, 2.0]).parameters
    assert (found.verdict, found.gradient, found.error) == ("right", 0.0, 0.0)


def test_a_gradient_of_what_never_changes_is_wrong():
    (found,) = ff.check_gradients(lambda x: x - ff.stop_gradient(x), [1.0, 2.0]).parameters
    assert (found.verdict, found.difference, found.allowed) == ("wrong", 0.0, 0.0)


def test_what_is_frozen_is_not_among_the_parameters():
    model = ff.Sequential([ff.Input((4,)), L.Dense(3, name="frozen"), L.Dense(1, name="out")])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    found = ff.check_gradients(model, X.astype(np.float32), X[:, :1])
    assert [each.name for each in found.parameters] == ["out/kernel", "out/bias"]


def test_arguments_may_be_nested_and_whole_numbers_are_left_alone():
    rows = np.array([2, 0], np.int32)
    found = ff.check_gradients(
        lambda x, y: {"a": ff.take(x["table"], x["rows"], 0) * y[0], "b": y[1].sum()},
        {"table": X, "rows": rows},
        [X[:2], X[0]],
    )
    assert found.is_right
    assert [(each.name, each.shape) for each in found.parameters] == [
        ("x[0]", (3, 4)),
        ("y[0]", (2, 4)),
        ("y[1]", (4,)),
    ]


def test_a_function_is_differentiated_by_the_variables_that_it_reads():
    variable = ff.Variable([1.0, 2.0], name="w")
    fixed = ff.Variable([3.0, 1.0], trainable=False, name="fixed")
    found = ff.check_gradients(lambda x: x * variable * fixed, [1.0, -1.0])
    assert [each.name for each in found.parameters] == ["x", "w"] and found.is_right


def test_the_check_of_a_model_in_training_changes_nothing_and_goes_through_dropout():
    ff.set_seed(3)
    layers = [L.Dense(6, "relu"), L.BatchNormalization(name="norm"), L.Dropout(0.3), L.Dense(3, "softmax")]
    model = ff.Sequential([ff.Input((4,)), *layers])
    model.compile("adam", "sparse_categorical_crossentropy")
    before = [weight.numpy() for weight in model.weights]
    found = ff.check_gradients(model, X.astype(np.float32), [0, 2, 1], training=True)
    assert found.is_right, str(found)
    assert "norm/gamma" in [each.name for each in found.parameters]
    for weight, was in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), was)


def test_compiled_code_is_checked_where_it_is_what_computes():
    ff.use_backend("llvm")
    model = ff.Sequential([ff.Input((4,), dtype="uint8"), L.Rescaling(1 / 255), L.Dense(3, "tanh"), L.Dense(2)])
    model.compile("sgd", "huber")
    assert ff.check_gradients(model, np.array([[1, 20, 255, 9], [7, 8, 100, 0]], np.uint8), X[:2, :2]).is_right


def test_the_gradients_checked_are_those_of_jax():
    """In float64, of a network of two layers: what the check calls the gradient, element by element."""
    jax = pytest.importorskip("jax")
    model = ff.Sequential([ff.Input((4,), dtype="float64"), L.Dense(3, "tanh", name="a"), L.Dense(1, name="b")])
    model.compile("sgd", "mse")
    y = X[:, :1] * 2

    def loss(weights):
        w, b, v, c = weights
        return jax.numpy.mean((jax.numpy.tanh(X @ w + b) @ v + c - y) ** 2)

    slopes = jax.grad(loss)([weight.numpy() for weight in model.weights])
    for found, slope in zip(ff.check_gradients(model, X, y).parameters, slopes, strict=True):
        assert found.gradient == pytest.approx(float(slope[found.where]), rel=1e-12)  # some hundred roundings


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ff.check_gradients(3, X), "check_gradients: got 3. Give a model, a layer, or a function of tensors."),
        (
            lambda: ff.check_gradients(lambda x: ff.argmax(x), X),
            "check_gradients: the function returned int64. It must return tensors of floats.",
        ),
        (
            lambda: ff.check_gradients(lambda x: 1.0, X),
            "check_gradients: the function returned 1.0. It must return tensors of floats.",
        ),
        (
            lambda: ff.check_gradients(lambda x: [], X),
            "check_gradients: the function returned nothing. It must return tensors of floats.",
        ),
        (
            lambda: ff.check_gradients(lambda x: ff.cast(x, "float32"), np.array([1, 2])),
            "check_gradients: there are no trainable weights and no arguments of floats. Give floats, as in 3.0 for 3",
        ),
        (
            lambda: ff.check_gradients(ff.log, [0.0]),
            "check_gradients: the value is -inf. Give data and weights for which it is a finite number.",
        ),
        (
            lambda: ff.check_gradients(ff.log, [1.0], entries=0),
            "check_gradients(entries=0): entries must be an int >= 1. Got 0.",
        ),
        (lambda: ff.check_gradients(ff.log, [1.0], training=1), "check_gradients(training=1)"),
    ],
)
def test_what_cannot_be_checked_is_said(call, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        call()


def test_a_model_that_is_not_compiled_is_told_of():
    model = ff.Sequential([ff.Input((4,)), L.Dense(1)])
    with pytest.raises(ValueError, match=r"check_gradients: the model is not compiled\. Call compile"):
        ff.check_gradients(model, X, X[:, :1])
    assert ff.check_gradients(model, X).is_right  # its outputs are checked all the same
