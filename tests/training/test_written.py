"""Oracles: numbers worked by hand; JAX's gradient of the loss that the program computes; the package's own gradient."""

import types

import numpy as np
import pytest
from click.testing import CliRunner

import feedforward as ff
from feedforward.commands.cli import main
from feedforward.nn.activations import ACTIVATIONS

L, R = ff.layers, ff.regularizers
LOSSES = ff.losses


def weights_of(model):
    return {path: weight.numpy() for path, weight in model.weights_by_path()}


def defined(text):
    """Return what a program defines."""
    module = types.ModuleType("written")
    exec(compile(text, "written", "exec"), vars(module))
    return module


def network(*layers, shape=(4,), dtype="float64"):
    ff.set_seed(3)
    model = ff.Sequential([ff.Input(shape, dtype=dtype, name="x"), *layers])
    random = np.random.default_rng(0)
    for weight in model.weights:  # so that biases and what starts at 0 or 1 are seen, too
        if weight.name.endswith("variance"):
            weight.assign(random.uniform(0.5, 2.0, weight.shape))
        else:
            weight.assign(random.normal(0.0, 0.6, weight.shape))
    return model


def ours(model, x, y, masks):
    """Return loss and gradients of a model in training, by a tape, its layers called one after another."""
    tensors = {}
    with ff.GradientTape() as tape:
        value = ff.Tensor(x)
        for layer in model.layers:
            value = layer(value, training=True)
            if isinstance(layer, L.Dropout):
                masks[layer.name] = (value.numpy() != 0) * 1.0
        loss = model.loss(ff.Tensor(y), value) + sum(model.regularization(), start=ff.Tensor(0.0, dtype=value.dtype))
        tensors = dict(model.weights_by_path())
        trained = {path: weight for path, weight in tensors.items() if weight.trainable}
    gradients = tape.gradient(loss, list(trained.values()))
    return loss.numpy(), {path: each.numpy() for path, each in zip(trained, gradients, strict=True)}


def compared(model, x, y, rtol):
    """Compare the written program with the package; return the program, its weights and what it was given."""
    before, masks = weights_of(model), {}
    module = defined(model.explain("numpy"))
    loss, gradients = ours(model, x, y, masks)
    given = [before, x, y, *([masks] if masks else [])]
    found, slopes, *_ = module.loss_and_gradients(*given)
    np.testing.assert_allclose(found, loss, rtol=rtol, atol=rtol)
    assert slopes.keys() == gradients.keys()
    for path, slope in slopes.items():
        assert slope.shape == gradients[path].shape
        size = np.abs(gradients[path]).max() + 1e-3  # sums cancel to less than what they are made of
        np.testing.assert_allclose(slope, gradients[path], rtol=rtol, atol=rtol * size, err_msg=path)
    return module, given


def by_jax(text, given):
    """Return JAX's gradient of the loss that a program computes."""
    jax = pytest.importorskip("jax")
    module = defined(text.replace("import numpy as np", "import jax.numpy as np"))
    weights, *data = given
    with jax.experimental.enable_x64():
        return jax.grad(lambda weights: module.loss_and_gradients(weights, *data)[0])(weights)


N = 6
NUMBERS = np.random.default_rng(1).normal(size=(N, 4))
LABELS = np.array([0, 2, 1, 1, 0, 2])
ONE_HOT = np.eye(3)[LABELS]
SHARES = np.random.default_rng(2).dirichlet(np.ones(3), N)
SIGNS = np.random.default_rng(4).choice([-1.0, 1.0], (N, 3))
TARGETS = np.random.default_rng(5).normal(size=(N, 3))
BITS = (SIGNS > 0) * 1.0

LOSS_ROWS = {
    "mse": (LOSSES.MeanSquaredError(), None, TARGETS),
    "mae": (LOSSES.MeanAbsoluteError(), None, TARGETS),
    "huber": (LOSSES.Huber(0.7), None, TARGETS),
    "binary logits": (LOSSES.BinaryCrossentropy(from_logits=True), None, BITS),
    "binary sigmoid": (LOSSES.BinaryCrossentropy(label_smoothing=0.1), "sigmoid", BITS),
    "binary probabilities": (LOSSES.BinaryCrossentropy(), "hard_sigmoid", BITS),
    "categorical logits": (LOSSES.CategoricalCrossentropy(from_logits=True), None, SHARES * 0.5),
    "categorical softmax": (LOSSES.CategoricalCrossentropy(label_smoothing=0.2), "softmax", ONE_HOT),
    "categorical probabilities": (LOSSES.CategoricalCrossentropy(), "softplus", SHARES),
    "sparse logits": (LOSSES.SparseCategoricalCrossentropy(from_logits=True), None, LABELS),
    "sparse softmax": (LOSSES.SparseCategoricalCrossentropy(label_smoothing=0.1), "softmax", LABELS),
    "sparse probabilities": (LOSSES.SparseCategoricalCrossentropy(), "sigmoid", LABELS),
    "hinge": (LOSSES.Hinge(), None, SIGNS),
    "squared hinge": (LOSSES.SquaredHinge(), "tanh", SIGNS),
    "perceptron": (LOSSES.Perceptron(), None, SIGNS),
    "logistic": (LOSSES.Logistic(), None, SIGNS),
}


@pytest.mark.parametrize("name", LOSS_ROWS)
def test_every_loss_is_written_with_its_gradient(name):
    loss, activation, y = LOSS_ROWS[name]
    model = network(L.Dense(5, "tanh", name="hidden"), L.Dense(3, activation, name="out"))
    model.compile("sgd", loss)
    _, given = compared(model, NUMBERS, y, 1e-13)
    _, found = defined(model.explain("numpy")).loss_and_gradients(*given)
    for path, slope in by_jax(model.explain("numpy"), given).items():
        np.testing.assert_allclose(found[path], slope, rtol=1e-11, atol=1e-13)  # of float64, some thousand roundings


@pytest.mark.parametrize("activation", [*sorted(ACTIVATIONS), L.PReLU(), L.Swish(0.7, True), L.Swish(1.5), L.ELU(0.4)]
                         + [L.LeakyReLU(0.1), L.Maxout(3), L.Softmax(1)], ids=str)
def test_every_activation_is_written_with_its_slope(activation):
    if isinstance(activation, str) and ACTIVATIONS[activation].__module__ != "feedforward.nn.activations":
        pytest.skip("another test's own")
    model = network(L.Dense(6, activation, name="hidden"), L.Dense(1, name="out"))
    model.compile("sgd", "mse")
    x = np.concatenate([NUMBERS, 4.0 * NUMBERS])  # also where functions are bent or flat
    _, given = compared(model, x, np.concatenate([TARGETS, -TARGETS])[:, :1], 1e-11)
    if activation != "gelu":  # of which the program asks Python's own erf
        _, found = defined(model.explain("numpy")).loss_and_gradients(*given)
        for path, slope in by_jax(model.explain("numpy"), given).items():
            np.testing.assert_allclose(found[path], slope, rtol=1e-9, atol=1e-11, err_msg=path)


def test_an_activation_at_its_kink_has_the_slope_that_the_package_takes():
    for name in ("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "hard_tanh", "hard_sigmoid", "hard_swish"):
        model = network(L.Activation(name), L.Dense(1, name="out"), shape=(5,))
        model.layers[0].trainable = False
        inner = network(L.Dense(5, use_bias=False, name="first"), L.Activation(name, name="kinks"), L.Dense(1), shape=(5,))
        inner.weights[0].assign(np.eye(5))
        inner.compile("sgd", "mse")
        compared(inner, np.array([[0.0, 6.0, 1.0, -1.0, 0.0], [3.0, -3.0, 0.0, 6.0, 1.0]]), np.ones((2, 1)), 1e-13)


IMAGES = np.random.default_rng(6).normal(size=(N, 7, 6, 2))
STACKS = {
    "flatten": ([L.Flatten(), L.Dense(3)], (2, 2), NUMBERS.reshape(N, 2, 2)),
    "reshape": ([L.Dense(6), L.Reshape((2, 3)), L.Dense(2), L.Flatten(), L.Dense(3)], (4,), NUMBERS),
    "rescaling": ([L.Dense(3), L.Rescaling(0.3, -0.5), L.Dense(3)], (4,), NUMBERS),
    "normalization": (
        [L.Dense(3), L.Normalization([0.1, 0.2, 0.3], [0.5, 0.0, 2.0]), L.Dense(3)],
        (4,),
        NUMBERS,
    ),
    "dropout": ([L.Dense(8, "tanh"), L.Dropout(0.4, seed=1), L.Dense(3)], (4,), NUMBERS),
    "batch normalization": ([L.Dense(5), L.BatchNormalization(), L.Activation("relu"), L.Dense(3)], (4,), NUMBERS),
    "batch normalization of images": ([L.BatchNormalization(scale=False), L.Flatten(), L.Dense(3)], (7, 6, 2), IMAGES),
    "batch normalization without beta": ([L.Dense(5), L.BatchNormalization(center=False), L.Dense(3)], (4,), NUMBERS),
    "layer normalization": ([L.Dense(5), L.LayerNormalization(), L.Dense(3)], (4,), NUMBERS),
    "sequences": ([L.Dense(5, "relu"), L.Flatten(), L.Dense(3)], (2, 2), NUMBERS.reshape(N, 2, 2)),
    "embedding": (
        [L.Embedding(5, 3, embeddings_regularizer=R.L2(0.1)), L.Flatten(), L.Dense(3)],
        (4,),
        np.random.default_rng(7).integers(0, 5, (N, 4)),
    ),
    "convolution": (
        [L.Conv2D(3, (3, 2), activation="relu"), L.Conv2D(2, 2, strides=(2, 1)), L.Flatten(), L.Dense(3)],
        (7, 6, 2),
        IMAGES,
    ),
    "padded convolution": (
        [L.Conv2D(3, 3, padding="same"), L.Conv2D(2, (3, 4), 2, "same", use_bias=False), L.Flatten(), L.Dense(3)],
        (7, 6, 2),
        IMAGES,
    ),
    "pooling": (
        [L.Conv2D(3, 2), L.MaxPooling2D(2, 1), L.AveragePooling2D((2, 3), (1, 2)), L.Flatten(), L.Dense(3)],
        (7, 6, 2),
        IMAGES,
    ),
    "global pooling": ([L.Conv2D(3, 2), L.GlobalAveragePooling2D(), L.Dense(3)], (7, 6, 2), IMAGES),
    "regularizers": (
        [
            L.Dense(5, "tanh", kernel_regularizer=R.L1(0.02), bias_regularizer="l2"),
            L.Dense(3, kernel_regularizer=R.L1L2(0.01, 0.03)),
        ],
        (4,),
        NUMBERS,
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_every_layer_is_written_with_its_gradient(name):
    layers, shape, x = STACKS[name]
    model = network(*layers, shape=shape, dtype="int32" if name == "embedding" else "float64")
    model.compile("sgd", "mse")
    is_single = model.weights[0].dtype == np.float32
    # Sums of some hundred terms, each rounded; float32 where numbers of categories make weights of it.
    compared(model, x, TARGETS.astype(np.float32) if is_single else TARGETS, 2e-5 if is_single else 1e-12)
