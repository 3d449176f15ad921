"""Oracle (b): each layer's formula in float64 NumPy, written out here; (a) masks and shapes worked by hand."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, FormatError, ShapeError
from feedforward.nn import augmentation, merging, pooling, preprocessing
from feedforward.nn.config import from_config, registered, to_config
from feedforward.nn.layer import LAYERS
from feedforward.tracing import trace

L = ff.layers
EPS = float(np.finfo(np.float32).eps)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype(np.float32)


def wide(x):
    """Return x as float64."""
    return np.asarray(x, np.float64)


# Those of categories have tests of their own, test_categories.py.
NAMES = [
    name
    for name in LAYERS
    if LAYERS[name].__module__.startswith("feedforward.nn") and not LAYERS[name].__module__.endswith("categories")
]


def adapted(layer):
    """Return a layer fitted to some samples of two features."""
    layer.adapt(draw(9, 2, seed=5))
    return layer


# One row a layer: its name in LAYERS -> (layer, input or a list of them, the formula on (inputs, weights) in float64,
# tolerance).
ORACLES = {
    # A sum of d products is off by at most d roundings of the sum of absolute products, here below 4 d; tanh halves it.
    "dense": (
        lambda: L.Dense(3, activation="tanh", bias_initializer="ones"),
        draw(5, 7),
        lambda x, w, b: np.tanh(x @ w + b),
        4 * 7 * 7 * EPS,
    ),
    "activation": (lambda: L.Activation("relu"), draw(5, 7), lambda x: np.maximum(x, 0), 0),
    "dropout": (lambda: L.Dropout(0.5), draw(5, 7), lambda x: x, 0),
    "flatten": (lambda: L.Flatten(), draw(5, 2, 3), lambda x: x.reshape(5, 6), 0),
    "reshape": (lambda: L.Reshape((3, -1)), draw(5, 6), lambda x: x.reshape(5, 3, 2), 0),
    # One product and one sum of numbers below 4.
    "rescaling": (lambda: L.Rescaling(0.3, -1.0), draw(5, 7), lambda x: x * 0.3 - 1, 8 * EPS),
    # A difference, a root and a quotient of numbers below 8.
    "normalization": (
        lambda: L.Normalization([1.0, -1.0], [4.0, 0.25]),
        draw(5, 2),
        lambda x, m, v: (x - m) / np.sqrt(v),
        4 * 8 * EPS,
    ),
    "concatenate": (lambda: L.Concatenate(), [draw(5, 2), draw(5, 3)], lambda x, y: np.concatenate([x, y], -1), 0),
    # One sum of numbers below 2.
    "add": (lambda: L.Add(), [draw(5, 3), draw(5, 3, seed=1)], lambda x, y: x + y, 2 * EPS),
    # Some roundings of numbers below 4.
    "leaky_relu": (lambda: L.LeakyReLU(0.1), draw(5, 7), lambda x: np.where(x > 0, x, 0.1 * x), 4 * EPS),
    "elu": (lambda: L.ELU(0.5), draw(5, 7), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)), 8 * EPS),
    "softmax": (
        lambda: L.Softmax(axis=1),
        draw(5, 3, 2),
        lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True),
        16 * EPS,
    ),
    "prelu": (
        lambda: L.PReLU("random_uniform", shared_axes=(1,)),
        draw(5, 3, 2),
        lambda x, a: np.where(x > 0, x, a * x),
        4 * EPS,
    ),
    "swish": (
        lambda: L.Swish(0.5, is_learned=True),
        draw(5, 7),
        lambda x, b: x / (1 + np.exp(-b * x)),
        16 * EPS,
    ),
    "maxout": (lambda: L.Maxout(3), draw(5, 6), lambda x: x.reshape(5, 2, 3).max(-1), 0),
    # What is fitted to data is tested in test_preprocessing.py. A difference of numbers below 4.
    "centering": (lambda: adapted(L.Centering()), draw(5, 2), lambda x, m: x - m, 4 * EPS),
    # A difference and a quotient, of numbers below 8 by a span above 1.
    "min_max_scaling": (
        lambda: adapted(L.MinMaxScaling(-1.0, 3.0)),
        draw(5, 2),
        lambda x, low, high: (x - low) / (high - low) * 4 - 1,
        8 * 8 * EPS,
    ),
    # A difference and two products of numbers below 8.
    "pca": (lambda: adapted(L.PCA(1)), draw(5, 2), lambda x, m, v, _: (x - m) @ v, 4 * 8 * EPS),
    # The same, divided by a deviation above 0.5, and a sum again.
    "whitening": (
        lambda: adapted(L.Whitening(epsilon=0.5)),
        draw(5, 2),
        lambda x, m, v, s: (x - m) @ v / np.sqrt(s + 0.5) @ v.T,
        4 * 32 * EPS,
    ),
    "scaling": (lambda: L.Scaling(), draw(5, 7), lambda x, s: x * s, 0),
    # Some roundings of numbers below 4.
    "parametric_activation": (
        lambda: L.ParametricActivation("tanh"),
        draw(5, 7),
        lambda x, a: x + a * (np.tanh(x) - x),
        8 * EPS,
    ),
    # A cosine of a number below 40 is off by that many roundings; 4 of them are mixed by numbers below 1 / 2.
    "periodic_embedding": (
        lambda: L.PeriodicEmbedding(waves=4, units=2, stddev=0.5),
        draw(5, 3),
        lambda x, w, b, v, c: np.concatenate(
            [
                (np.einsum("ndw,dwk->ndk", np.cos(2 * np.pi * x[:, :, None] * w + b), v) + c).reshape(len(x), -1),
                x,
            ],
            -1,
        ),
        4 * 40 * EPS,
    ),
    # Outside of training; what they do in it is tested in test_augmentation.py.
    "random_affine": (lambda: L.RandomAffine(0.2, 0.1, 0.1, 0.1), draw(5, 4, 3), lambda x: x, 0),
    "random_cutout": (lambda: L.RandomCutout(2), draw(5, 4, 3), lambda x: x, 0),
    "random_deletion": (lambda: L.RandomDeletion(0.1, 0.1, 0.1), draw(5, 4, 3), lambda x: x, 0),
    "random_elastic": (lambda: L.RandomElastic(2.0, 1.0), draw(5, 4, 3), lambda x: x, 0),
    "random_flip": (lambda: L.RandomFlip(), draw(5, 4, 3), lambda x: x, 0),
    "random_rotation": (lambda: L.RandomRotation(0.1), draw(5, 4, 3), lambda x: x, 0),
    "random_shear": (lambda: L.RandomShear(0.5, 0.5), draw(5, 4, 3), lambda x: x, 0),
    "random_translation": (lambda: L.RandomTranslation(0.2, 0.2), draw(5, 4, 3), lambda x: x, 0),
    "random_zoom": (lambda: L.RandomZoom(0.2), draw(5, 4, 3), lambda x: x, 0),
}
CONFIGS = {
    "centering": [L.Centering()],
    "min_max_scaling": [L.MinMaxScaling(), L.MinMaxScaling(-1, np.float32(0.5))],
    "pca": [L.PCA(), L.PCA(np.int64(3))],
    "whitening": [L.Whitening(), L.Whitening(2, "pca", epsilon=np.float32(0.5))],
    "dense": [
        L.Dense(3),
        L.Dense(2, "relu", False, "he_normal", "ones", name="d", trainable=False),
        L.Dense(np.int64(4), kernel_initializer=ff.initializers.RandomNormal(stddev=0.5, seed=3)),
        L.Dense(1, activation=ff.activations.tanh),
        L.Dense(1, activation="prelu", kernel_constraint="max_norm", bias_constraint=ff.constraints.Box(0, 1)),
        L.Dense(4, activation=L.Maxout(2)),
    ],
    "activation": [L.Activation("softmax"), L.Activation(None)],
    "dropout": [L.Dropout(0), L.Dropout(np.float32(0.25), seed=7)],
    "flatten": [L.Flatten(name="f")],
    "reshape": [L.Reshape((2, -1)), L.Reshape(4), L.Reshape([np.int64(2), 2])],
    "rescaling": [L.Rescaling(1 / 255), L.Rescaling(np.float32(0.5), offset=np.int64(-1))],
    "normalization": [L.Normalization(), L.Normalization(mean=np.zeros(2), variance=[1, 4])],
    "concatenate": [L.Concatenate(), L.Concatenate(np.int64(1))],
    "add": [L.Add(name="sum")],
    "leaky_relu": [L.LeakyReLU(), L.LeakyReLU(np.float32(0.5))],
    "elu": [L.ELU(), L.ELU(alpha=0)],
    "softmax": [L.Softmax(), L.Softmax(np.int64(1))],
    "prelu": [
        L.PReLU(),
        L.PReLU(ff.initializers.Constant(0.25), "l2", ff.constraints.Box(0.0, 1.0), [np.int64(1), 2], name="slopes"),
    ],
    "swish": [L.Swish(), L.Swish(0.5, is_learned=True, trainable=False)],
    "maxout": [L.Maxout(), L.Maxout(np.int64(3))],
    "random_affine": [
        L.RandomAffine(),
        L.RandomAffine((0, 0.5), 0.1, np.float32(0.5), 1, "vertical", seed=3, fill_mode="nearest"),
    ],
    "random_cutout": [L.RandomCutout(np.int64(3), fill_value=-1)],
    "random_deletion": [L.RandomDeletion(), L.RandomDeletion(0.1, np.float32(0.5), pixels=0, fill_value=1)],
    "random_elastic": [L.RandomElastic(34, np.float32(4), interpolation="nearest")],
    "random_flip": [L.RandomFlip(), L.RandomFlip("vertical", data_format="channels_first")],
    "random_rotation": [L.RandomRotation(0.1), L.RandomRotation([-0.1, np.float32(0.5)])],
    "random_shear": [L.RandomShear(), L.RandomShear(0.5, (0, 1))],
    "random_translation": [L.RandomTranslation(0.1, (0.2, 0.3), fill_mode="constant", fill_value=np.int64(7))],
    "scaling": [L.Scaling(name="s")],
    "parametric_activation": [L.ParametricActivation("selu"), L.ParametricActivation(ff.activations.mish)],
    "periodic_embedding": [L.PeriodicEmbedding(), L.PeriodicEmbedding(np.int64(8), 2, np.float32(0.5))],
    "random_zoom": [L.RandomZoom(0.2), L.RandomZoom((-0.5, 3), 0)],
}


def seen(x, *sizes):
    """Return every window of x, channels last: (n, places..., c, *sizes)."""
    return np.lib.stride_tricks.sliding_window_view(x, sizes, tuple(range(1, len(sizes) + 1)))


def pooled(x, pool, *sizes):
    """Return what is left of windows that do not overlap."""
    step = (slice(None), *(slice(None, None, size) for size in sizes))
    return pool(seen(x, *sizes)[step], axis=tuple(range(-len(sizes), 0)))


def standardised(x, *weights):
    gamma, beta, mean, variance = weights if len(weights) == 4 else (*weights, x.mean(-1), x.var(-1))
    mean, variance = (np.asarray(each)[..., None] if len(weights) == 2 else each for each in (mean, variance))
    return gamma * (x - mean) / np.sqrt(variance + 0.001) + beta


IMAGE = draw(2, 4, 6, 2)
ORACLES |= {
    # Sums of 18 or 6 products below 4, each rounded twice.
    "conv2d": (
        lambda: L.Conv2D(3, 3, bias_initializer="ones"),
        IMAGE,
        lambda x, w, b: np.einsum("nijcab,abcf->nijf", seen(x, 3, 3), w) + b,
        2 * 4 * 18 * EPS,
    ),
    "conv1d": (
        lambda: L.Conv1D(3, 2, bias_initializer="ones"),
        draw(2, 5, 3),
        lambda x, w, b: np.einsum("nica,acf->nif", seen(x, 2), w) + b,
        2 * 4 * 6 * EPS,
    ),
    "depthwise_conv2d": (
        lambda: L.DepthwiseConv2D(3, bias_initializer="ones"),
        IMAGE,
        lambda x, w, b: np.einsum("nijcab,abcm->nijc", seen(x, 3, 3), w) + b,
        2 * 4 * 9 * EPS,
    ),
    "max_pooling2d": (lambda: L.MaxPooling2D(), IMAGE, lambda x: pooled(x, np.max, 2, 2), 0),
    "max_pooling1d": (lambda: L.MaxPooling1D(), draw(2, 6, 3), lambda x: pooled(x, np.max, 2), 0),
    # Means of at most 24 numbers below 2.
    "average_pooling2d": (lambda: L.AveragePooling2D(), IMAGE, lambda x: pooled(x, np.mean, 2, 2), 2 * 4 * EPS),
    "average_pooling1d": (lambda: L.AveragePooling1D(), draw(2, 6, 3), lambda x: pooled(x, np.mean, 2), 2 * 2 * EPS),
    "global_average_pooling2d": (lambda: L.GlobalAveragePooling2D(), IMAGE, lambda x: x.mean((1, 2)), 2 * 24 * EPS),
    "global_average_pooling1d": (lambda: L.GlobalAveragePooling1D(), draw(2, 6, 3), lambda x: x.mean(1), 2 * 6 * EPS),
    "global_max_pooling2d": (lambda: L.GlobalMaxPooling2D(), IMAGE, lambda x: x.max((1, 2)), 0),
    "global_max_pooling1d": (lambda: L.GlobalMaxPooling1D(), draw(2, 6, 3), lambda x: x.max(1), 0),
    # Sums of at most 7 numbers, a root and a quotient of numbers of size 1.
    "batch_normalization": (lambda: L.BatchNormalization(), draw(5, 7), standardised, 4 * 8 * EPS),
    "layer_normalization": (lambda: L.LayerNormalization(), draw(5, 7), standardised, 4 * 8 * EPS),
    "gaussian_noise": (lambda: L.GaussianNoise(0.5), draw(5, 7), lambda x: x, 0),
    "gaussian_dropout": (lambda: L.GaussianDropout(0.5), draw(5, 7), lambda x: x, 0),
    "permute": (lambda: L.Permute((3, 1, 2)), IMAGE, lambda x: x.transpose(0, 3, 1, 2), 0),
    "repeat_vector": (lambda: L.RepeatVector(3), draw(5, 7), lambda x: np.stack([x] * 3, 1), 0),
    "zero_padding2d": (
        lambda: L.ZeroPadding2D(((1, 2), (0, 3))),
        IMAGE,
        lambda x: np.pad(x, ((0, 0), (1, 2), (0, 3), (0, 0))),
        0,
    ),
    "cropping2d": (lambda: L.Cropping2D(((1, 0), (2, 1))), IMAGE, lambda x: x[:, 1:, 2:-1], 0),
    "up_sampling2d": (lambda: L.UpSampling2D((2, 3)), IMAGE, lambda x: x.repeat(2, 1).repeat(3, 2), 0),
    # One operation on numbers below 2; three, and a sum of seven products, for a mean of three and a cosine.
    "subtract": (lambda: L.Subtract(), [draw(5, 3), draw(5, 3, seed=1)], lambda x, y: x - y, 2 * EPS),
    "multiply": (lambda: L.Multiply(), [draw(5, 3), draw(5, 3, seed=1)], lambda x, y: x * y, 4 * EPS),
    "average": (
        lambda: L.Average(),
        [draw(5, 3), draw(5, 3, seed=1), draw(5, 3, seed=2)],
        lambda x, y, z: (x + y + z) / 3,
        8 * EPS,
    ),
    "maximum": (lambda: L.Maximum(), [draw(5, 3), draw(5, 3, seed=1)], np.maximum, 0),
    "minimum": (lambda: L.Minimum(), [draw(5, 3), draw(5, 3, seed=1)], np.minimum, 0),
    "dot": (
        lambda: L.Dot(normalize=True),
        [draw(5, 7), draw(5, 7, seed=1)],
        lambda x, y: (
            np.sum(x * y, -1, keepdims=True)
            / (np.linalg.norm(x, axis=-1, keepdims=True) * np.linalg.norm(y, axis=-1, keepdims=True))
        ),
        4 * 7 * EPS,
    ),
}
CONFIGS |= {
    "conv2d": [
        L.Conv2D(3, 3),
        L.Conv2D(4, (np.int64(3), 2), 2, "same", "channels_first", (1, 2), 2, "relu", False, "he_normal", "ones", "l2"),
    ],
    "conv1d": [L.Conv1D(3, 3), L.Conv1D(3, [2], dilation_rate=2, bias_regularizer=ff.regularizers.L1(0.5))],
    "depthwise_conv2d": [L.DepthwiseConv2D(3), L.DepthwiseConv2D((3, 2), 2, "same", 2, "channels_first", 2, "relu")],
    "max_pooling2d": [L.MaxPooling2D(), L.MaxPooling2D((2, 3), 1, "same", "channels_first")],
    "max_pooling1d": [L.MaxPooling1D(), L.MaxPooling1D(3, 2)],
    "average_pooling2d": [L.AveragePooling2D(), L.AveragePooling2D(2, (2, 1), "same")],
    "average_pooling1d": [L.AveragePooling1D(), L.AveragePooling1D(3, 2)],
    "global_average_pooling2d": [L.GlobalAveragePooling2D(), L.GlobalAveragePooling2D("channels_first", True)],
    "global_average_pooling1d": [L.GlobalAveragePooling1D(keepdims=True)],
    "global_max_pooling2d": [L.GlobalMaxPooling2D(), L.GlobalMaxPooling2D("channels_first", True)],
    "global_max_pooling1d": [L.GlobalMaxPooling1D(keepdims=True)],
    "batch_normalization": [L.BatchNormalization(), L.BatchNormalization(1, 0.9, 0, False, gamma_regularizer="l1")],
    "layer_normalization": [L.LayerNormalization(), L.LayerNormalization((1, 2), 1e-6, scale=False)],
    "gaussian_noise": [L.GaussianNoise(0.5), L.GaussianNoise(np.float32(1), 3)],
    "gaussian_dropout": [L.GaussianDropout(0.5), L.GaussianDropout(0, 3)],
    "permute": [L.Permute((2, 1)), L.Permute([np.int64(1)])],
    "repeat_vector": [L.RepeatVector(np.int64(3))],
    "zero_padding2d": [L.ZeroPadding2D(), L.ZeroPadding2D((1, 2), "channels_first")],
    "cropping2d": [L.Cropping2D(), L.Cropping2D(((1, 2), (0, np.int64(3))))],
    "up_sampling2d": [L.UpSampling2D(), L.UpSampling2D((1, 3), "channels_first")],
    "subtract": [L.Subtract()],
    "multiply": [L.Multiply(name="times")],
    "average": [L.Average()],
    "maximum": [L.Maximum()],
    "minimum": [L.Minimum()],
    "dot": [L.Dot(), L.Dot(True)],
}
CONFIGS["dropout"].append(L.Dropout(0.5, (None, 1, np.int64(1)), 7))
CONFIGS["dropout"].append(L.Dropout(ff.optimizers.schedules.FlatCosine(0.5, 10)))
CONFIGS["flatten"].append(L.Flatten("channels_first"))


def listed(x):
    return x if isinstance(x, list) else [x]


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_computes_its_formula(name):
    assert name in ORACLES, f"no oracle for layers.{name}"
    make, x, formula, tolerance = ORACLES[name]
    layer = make()
    y = layer(x).numpy()
    assert y.dtype == np.float32
    values = map(wide, [*listed(x), *layer.get_weights()])
    np.testing.assert_allclose(y, formula(*values), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_describes_on_an_input_what_it_gives_on_an_array(name):
    make, x, _, _ = ORACLES[name]
    layer = make()
    described = layer(*(ff.Input(each.shape[1:]) for each in listed(x)))
    y = layer(x)
    assert described.is_symbolic
    assert described.shape == (None, *y.shape[1:])
    assert described.dtype == y.dtype


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_through_every_layer_is_that_of_central_differences(name):
    make, x, formula, _ = ORACLES[name]
    layer = make()
    weights = [wide(w) for w in (layer(x), layer.get_weights())[1]]
    tensors = [ff.Tensor(each) for each in listed(x)]
    with ff.GradientTape() as tape:
        for t in tensors:
            tape.watch(t)
        loss = (layer(*tensors) * layer(*tensors)).sum()
    got = tape.gradient(loss, tensors)
    step, directions = 1e-5, [wide(draw(*each.shape, seed=9)) for each in listed(x)]
    moved = [
        [wide(each) + s * direction for each, direction in zip(listed(x), directions, strict=True)]
        for s in (step, -step)
    ]
    ahead, behind = (np.sum(formula(*inputs, *weights) ** 2) for inputs in moved)
    # What is cut off is near step**2, what is rounded off near 1e-16 * 200 / step; the rest is float32's rounding of
    # x.size products, each below 40.
    tolerance = 1e-7 + 40 * sum(each.size for each in listed(x)) * EPS
    slope = sum(np.sum(g.numpy() * direction) for g, direction in zip(got, directions, strict=True))
    assert abs(slope - (ahead - behind) / (2 * step)) < tolerance


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_comes_back_from_its_configuration(name):
    assert name in CONFIGS, f"no configurations for layers.{name}"
    for layer in CONFIGS[name]:
        config = to_config(layer)
        again = from_config(LAYERS, config)
        assert type(again) is type(layer)
        assert to_config(again) == config
        assert again == again  # a layer is equal to itself only
        assert again != layer


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.Dense(0), "Dense(units=0): units must be an int >= 1. Got 0."),
        (lambda: L.Dense(-3), "Dense(units=-3): units must be an int >= 1. Got -3."),
        (lambda: L.Dense(2.0), "Dense(units=2.0): units must be an int >= 1. Got 2.0."),
        (lambda: L.Dense(True), "Dense(units=True): units must be an int >= 1. Got True."),
        (lambda: L.Dense("3"), "Dense(units='3'): units must be an int >= 1. Got '3'."),
        (lambda: L.Dense(None), "Dense(units=None): units must be an int >= 1. Got None."),
        (lambda: L.Dense(3, use_bias=1), "Dense(use_bias=1): use_bias must be True or False. Got 1."),
        (lambda: L.Dense(3, activation="rellu"), "Unknown activation 'rellu'. Did you mean 'relu'?"),
        (lambda: L.Dense(3, activation=3), "activation: got 3. Give a name or a function; known: celu,"),
        (lambda: L.Activation([1]), "activation: got [1]. Give a name or a function; known: celu,"),
        (lambda: L.Dense(3, kernel_initializer="he_norml"), "Did you mean 'he_normal'?"),
        (lambda: L.Dense(3, bias_initializer=0), "initializer: got 0. Give a name or an instance; known:"),
        (lambda: L.Dense(3, kernel_initializer=ff.initializers.Zeros), "the class Zeros; make an instance of it."),
        (lambda: L.Dense(3, trainable=0), "Dense(trainable=0): trainable must be True or False. Got 0."),
        (
            lambda: L.Dense(3, name="a b"),
            "Dense(name='a b'): name must be a str without blanks, /, @, {, }. Got 'a b'.",
        ),
        (lambda: L.Flatten(name="a\nb"), "Flatten(name='a\\nb'): name must be a str without blanks"),
        (lambda: L.Flatten(name=""), "Flatten(name=''): name must be a str"),
        (lambda: L.Flatten(name=3), "Flatten(name=3): name must be a str"),
        (lambda: L.Flatten(name="a/b"), "Flatten(name='a/b'): name must be a str"),
        (lambda: L.Dropout(1.0), "Dropout(rate=1.0): rate must be a number from 0 up to, but not, 1. Got 1.0."),
        (lambda: L.Dropout(-0.1), "Dropout(rate=-0.1): rate must be a number from 0"),
        (lambda: L.Dropout(float("nan")), "Dropout(rate=nan): rate must be a number from 0"),
        (lambda: L.Dropout(True), "Dropout(rate=True): rate must be a number from 0"),
        (lambda: L.Dropout("a"), "Dropout(rate='a'): rate must be a number from 0"),
        (
            lambda: L.Dropout(0.5, 7),
            "Dropout(noise_shape=7): noise_shape must hold ints >= 1 or None, one for each axis",
        ),
        (lambda: L.Dropout(0.5, (0, None)), "noise_shape must hold ints >= 1 or None"),
        (lambda: L.Scaling()(draw(5)), "input shape (5,), built at "),
        (lambda: L.ParametricActivation("rely"), "Unknown activation 'rely'. Did you mean 'relu'?"),
        (lambda: L.PeriodicEmbedding(0), "PeriodicEmbedding(waves=0): waves must be an int >= 1. Got 0."),
        (lambda: L.PeriodicEmbedding(4, 0), "PeriodicEmbedding(units=0): units must be an int >= 1. Got 0."),
        (lambda: L.PeriodicEmbedding(stddev=-1), "stddev must be a number >= 0. Got -1."),
        (lambda: L.PeriodicEmbedding()(draw(5, 4, 3)), "PeriodicEmbedding expects (batch, d) with d known"),
        (lambda: L.Flatten("NHWC"), "Flatten(data_format='NHWC'): data_format must be 'channels_last' or"),
        (lambda: L.GaussianNoise(-1), "GaussianNoise(stddev=-1): stddev must be a number >= 0. Got -1."),
        (lambda: L.GaussianNoise(1, seed="a"), "seed 'a' must be an int from 0 to 2**63 - 1."),
        (lambda: L.GaussianDropout(1), "GaussianDropout(rate=1): rate must be a number from 0 up to, but not, 1."),
        (lambda: L.Permute((0, 1)), "Permute(dims=(0, 1)): dims must hold each axis from 1 on once, such as (2, 1)."),
        (lambda: L.Permute((1, 3)), "dims must hold each axis from 1 on once"),
        (lambda: L.Permute("21"), "dims must hold each axis from 1 on once"),
        (lambda: L.RepeatVector(0), "RepeatVector(n=0): n must be an int >= 1. Got 0."),
        (lambda: L.ZeroPadding2D(-1), "ZeroPadding2D(padding=-1): padding must be an int >= 0, two of them, or two"),
        (lambda: L.ZeroPadding2D((1, 2, 3)), "padding must be an int >= 0, two of them, or two pairs. Got (1, 2, 3)."),
        (lambda: L.ZeroPadding2D(((1,), 2)), "padding must be an int >= 0, two of them, or two pairs."),
        (lambda: L.Cropping2D(1.5), "Cropping2D(cropping=1.5): cropping must be an int >= 0"),
        (lambda: L.UpSampling2D(0), "UpSampling2D(size=0): size must be an int >= 1, or 2 of them. Got 0."),
        (lambda: L.Dot(normalize=1), "Dot(normalize=1): normalize must be True or False. Got 1."),
        (lambda: L.Lambda("relu"), "Lambda(function='relu'): function must be a function of tensors. Got 'relu'."),
        (lambda: L.Lambda(float), "function must be a function of tensors. Got <class 'float'>."),
        (lambda: L.Dropout(0.5, seed=-1), "seed -1 must be an int from 0 to 2**63 - 1."),
        (lambda: L.Dropout(0.5, seed=1.5), "seed 1.5 must be an int from 0 to 2**63 - 1."),
        (
            lambda: L.Reshape(2.5),
            "Reshape(target_shape=2.5): sizes must be ints >= 1, at most one of them -1. Got 2.5.",
        ),
        (lambda: L.Reshape((-1, -1)), "Reshape(target_shape=(-1, -1)): sizes must be ints >= 1"),
        (lambda: L.Reshape((0, 3)), "Reshape(target_shape=(0, 3)): sizes must be ints >= 1"),
        (lambda: L.Reshape((True,)), "Reshape(target_shape=(True,)): sizes must be ints >= 1"),
        (lambda: L.Reshape("ab"), "Reshape(target_shape='ab'): sizes must be ints >= 1"),
        (lambda: L.Rescaling("a"), "Rescaling(scale='a'): scale must be a number. Got 'a'."),
        (lambda: L.Rescaling(float("inf")), "Rescaling(scale=inf): scale must be a number. Got inf."),
        (lambda: L.Rescaling(1, offset=None), "Rescaling(offset=None): offset must be a number. Got None."),
        (
            lambda: L.Normalization(mean=[0.0]),
            "one of mean and variance is missing. Give both, or neither and call adapt",
        ),
        (lambda: L.Normalization([0.0], [-1.0]), "variance must hold a number >= 0 for each feature. Got [-1.0]."),
        (lambda: L.Normalization([np.nan], [1.0]), "mean must hold a number for each feature. Got [nan]."),
        (lambda: L.Normalization([[1.0], [1.0, 2.0]], [1.0]), "Normalization: mean: rows differ in length: row 0 has"),
        (lambda: L.Normalization("a", "b"), "Normalization(mean='a'): mean must hold a number for each feature."),
    ],
)
def test_an_invalid_argument_is_refused_where_the_layer_is_made(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ff.Input(4), "Input(shape=4): expected the shape of one sample, a tuple. Write Input((4,))."),
        (lambda: ff.Input((0,)), "Input(shape=(0,)): every size must be an int >= 1, or None. Got 0."),
        (lambda: ff.Input((2.0,)), "Input(shape=(2.0,)): every size must be an int >= 1, or None. Got 2.0."),
        (lambda: ff.Input((True,)), "every size must be an int >= 1, or None. Got True."),
        (lambda: ff.Input((2,), dtype=str), "Input(dtype=<class 'str'>): expected 'string' for text, or a dtype of"),
        (lambda: ff.Input((2,), dtype="float16"), "dtype 'float16' is not supported."),
        (
            lambda: ff.Input((2,), name="a b"),
            "Input(name='a b'): name must be a str of letters, digits and _. Got 'a b'.",
        ),
        (lambda: ff.Input((2,), name=3), "Input(name=3): name must be a str of letters, digits and _. Got 3."),
    ],
)
def test_an_invalid_input_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        make()


@pytest.mark.parametrize("size", [(), (3,), (2, 3), [4], (None, 3), (np.int64(2),)])
def test_an_input_has_the_shape_of_one_sample_after_the_batch(size):
    assert ff.Input(size).shape == (None, *size)


def test_two_inputs_without_names_have_names_and_unknown_sizes_of_their_own():
    a, b = ff.Input((None, 3)), ff.Input((None, 3))
    assert a.node.attrs["name"] != b.node.attrs["name"]
    assert a.node.shape[1] != b.node.shape[1]
    assert a.node.shape[0] == b.node.shape[0]


def built(layer, x):
    layer(x)
    return layer


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: L.Dense(3, name="d")(draw(4)),
            "layer 'd': input shape (4,), built at test_layers.py:",
        ),
        (lambda: L.Dense(3, name="d")(ff.Input((2, None))), "Dense expects (batch, d) with d known: give the Input"),
        (
            lambda: built(L.Dense(3, name="d"), draw(5, 4))(draw(5, 6)),
            "layer 'd': input shape (5, 6), but its kernel has shape (4, 3), built at test_layers.py:",
        ),
        (lambda: built(L.Dense(3, name="d"), draw(5, 4))(draw(4)), "input shape (4,), but its kernel has shape (4, 3)"),
        (lambda: built(L.Dense(3, name="d"), draw(5, 4))(1.0), "Give inputs with 4 features."),
        (
            lambda: L.Reshape((3, 3), name="r")(draw(5, 4)),
            "layer 'r': samples of shape (4,) do not fit (3, 3), built at test_layers.py:",
        ),
        (lambda: L.Reshape((3, 3), name="r")(ff.Input((4,))), "layer 'r': samples of shape (4,) do not fit (3, 3)"),
        (lambda: L.Reshape((3, -1), name="r")(ff.Input((4,))), "do not fit (3, -1)"),
        (
            lambda: L.Dropout(0.5, (None, 2), name="d")(draw(5, 4)),
            "layer 'd': input shape (5, 4), built at test_layers.py:",
        ),
        (
            lambda: L.Dropout(0.5, (None, 1, 1))(ff.Input((4,))),
            "does not go with noise_shape=(None, 1, 1). Give 1, None",
        ),
        (lambda: L.Permute((2, 1), name="p")(draw(5, 4)), "has 1 axes behind the batch, dims=(2, 1) has 2."),
        (lambda: L.RepeatVector(2)(draw(5, 4, 2)), "RepeatVector expects (batch, d). Begin with Flatten()."),
        (lambda: L.Cropping2D(2)(IMAGE), "of which cropping=((2, 2), (2, 2)) leaves nothing. Crop less."),
        (lambda: L.UpSampling2D()(draw(5, 4)), "UpSampling2D expects (batch, height, width, channels)"),
        (lambda: L.Subtract(name="s")(draw(5, 4)), "layer 's': got 1 inputs, built at test_layers.py:"),
        (lambda: L.Subtract()(draw(5), draw(5), draw(5)), "Subtract expects 2: call it as layer([a, b])."),
        (lambda: L.Average()(draw(5, 4)), "Average expects at least 2: call it as layer([a, b])."),
        (lambda: L.Dot()(draw(5, 4), draw(5, 3)), "inputs of shape (5, 4) and (5, 3), built at test_layers.py:"),
        (lambda: L.Reshape((1,), name="r")(1.0), "layer 'r': samples of shape () do not fit (1,)"),
        (lambda: L.Normalization(name="n")(draw(5, 4)), "layer 'n' has no mean and variance. Call adapt(x) with the"),
        (
            lambda: L.Normalization([0.0], [1.0], name="n")(draw(5, 4)),
            "layer 'n': mean of 1 and variance of 1 features, input shape (5, 4), built at test_layers.py:",
        ),
        (lambda: L.Normalization([0.0], [1.0, 2.0], name="n")(draw(5, 1)), "mean of 1 and variance of 2 features"),
        (lambda: L.Normalization([0.0], [1.0], name="n")(1.0), "Give one of each for every feature."),
        (lambda: L.Dense(3)("text"), "constant: 'text' is not a number or an array of numbers."),
    ],
)
def test_a_wrong_input_is_refused_by_name_of_the_layer(call, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        call()


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "bool", "float64"])
@pytest.mark.parametrize("layer", [L.Dense(2, kernel_initializer="ones"), L.Activation("relu"), L.Rescaling(0.5)])
def test_every_kind_of_array_becomes_float32(dtype, layer):
    x = np.array([[0, 1], [1, 1]]).astype(dtype)
    y = layer(x).numpy()
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, layer(x.astype(np.float32)).numpy())


def test_bytes_are_rescaled_without_wrapping_around():
    x = np.array([[0, 1, 127, 128, 254, 255]], np.uint8)
    y = L.Rescaling(2.0, 10.0)(x).numpy()
    np.testing.assert_array_equal(y, [[10, 12, 264, 266, 518, 520]])  # whole numbers, exact in float32


def test_a_tensor_of_float64_is_not_narrowed():
    y = L.Rescaling(0.1)(ff.Tensor(np.array([[1.0]])))
    assert y.numpy()[0, 0] == 0.1  # the double nearest to 0.1


def test_a_dense_layer_keeps_leading_axes():
    layer = L.Dense(3)
    x = draw(2, 4, 5)
    y = layer(x).numpy()
    w, b = layer.get_weights()
    # A sum of 5 products, each below 4.
    np.testing.assert_allclose(y, np.einsum("nad,dk->nak", wide(x), wide(w)) + b, rtol=0, atol=4 * 5 * 5 * EPS)
    assert L.Dense(3)(ff.Input((None, 5))).shape == (None, None, 3)


def test_a_dense_layer_without_bias_has_only_a_kernel():
    layer = built(L.Dense(3, use_bias=False), draw(2, 4))
    assert [w.name for w in layer.weights] == [f"{layer.name}/kernel"]
    np.testing.assert_array_equal(layer(np.zeros((1, 4), np.float32)), [[0, 0, 0]])


@pytest.mark.parametrize("shape", [(0, 4), (1, 4)])
def test_no_sample_and_one_sample_are_batches(shape):
    layer = L.Dense(3)
    assert layer(np.zeros(shape, np.float32)).shape == (shape[0], 3)


def test_an_array_that_is_not_contiguous_gives_the_same_bits():
    layer, x = L.Dense(3), draw(4, 6)
    np.testing.assert_array_equal(layer(np.asfortranarray(x)).numpy(), layer(x).numpy())
    np.testing.assert_array_equal(layer(draw(8, 6)[::2]).numpy(), layer(np.ascontiguousarray(draw(8, 6)[::2])).numpy())


def test_nan_and_infinity_pass_through_without_a_warning():
    x = np.array([[np.nan, np.inf, -np.inf]], np.float32)
    np.testing.assert_array_equal(L.Flatten()(x).numpy(), x)
    np.testing.assert_array_equal(L.Rescaling(-1.0)(x).numpy(), -x)


def test_sizes_that_are_not_known_pass_through_flatten_and_reshape():
    x = ff.Input((None, 3), name="rows")
    assert str(L.Flatten()(x).node.shape[1]) == "3*rows_1"
    assert L.Reshape((-1,))(x).shape == (None, None)
    assert L.Reshape((3, 4))(x).shape == (None, 3, 4)
    model = ff.Model(x, L.Reshape((-1,))(x))
    assert model.predict(draw(2, 5, 3)).shape == (2, 15)


def test_flatten_makes_single_numbers_rows_of_one():
    np.testing.assert_array_equal(L.Flatten()(np.array([1.0, 2.0])).numpy(), [[1.0], [2.0]])


# Dropout


def in_training(layer, x, seed=0, step=0):
    """Return what a layer gives in step `step` of a training with seed `seed`."""
    with ff.random.drawing_from(seed, step):
        return layer(x, training=True).numpy()


def test_dropout_drops_its_share_and_scales_what_is_left():
    n, rate = 40_000, 0.3
    y = in_training(L.Dropout(rate), np.ones((1, n), np.float32))
    # A binomial count is within 5 standard deviations of its mean: it fails by chance once in two million seeds.
    assert abs((y == 0).sum() - rate * n) < 5 * np.sqrt(n * rate * (1 - rate))
    np.testing.assert_array_equal(np.unique(y), np.array([0, 1 / 0.7], np.float32))


def test_dropout_is_off_outside_training_and_at_rate_0():
    x = draw(3, 4)
    np.testing.assert_array_equal(L.Dropout(0.9)(x).numpy(), x)
    np.testing.assert_array_equal(in_training(L.Dropout(0), x), x)
    np.testing.assert_array_equal(in_training(L.Dropout(0.0), x), x)


def test_the_mask_depends_on_seed_step_and_place_alone():
    x = np.ones((8, 8), np.float32)
    layer = L.Dropout(0.5)
    first = in_training(layer, x, seed=1, step=2)
    np.testing.assert_array_equal(in_training(L.Dropout(0.5), x, seed=1, step=2), first)
    assert (in_training(layer, x, seed=1, step=3) != first).any()
    assert (in_training(layer, x, seed=2, step=2) != first).any()
    with ff.random.drawing_from(1, 2):
        one, other = layer(x, training=True).numpy(), L.Dropout(0.5)(x, training=True).numpy()
    np.testing.assert_array_equal(one, first)
    assert (one != other).any()


def test_a_rate_by_a_schedule_goes_by_the_calls_in_training_and_is_kept_in_the_file(tmp_path):
    n = 40_000
    layer, x = L.Dropout(ff.optimizers.schedules.FlatCosine(0.4, 4)), np.ones((1, n), np.float32)
    for rate in (0.4, 0.4, 0.4, 0.2, 0.0, 0.0):  # by hand: half a cosine from step 2 on is at its middle in step 3
        y = in_training(layer, x)
        assert abs((y == 0).sum() - rate * n) < 5 * np.sqrt(n * rate * (1 - rate)) + 1
        assert y.max() == pytest.approx(1 / (1 - rate), abs=4 * EPS)
        np.testing.assert_array_equal(layer(x).numpy(), x)  # which counts nothing
    model = ff.Sequential([ff.Input((2,)), L.Dropout(ff.optimizers.schedules.FlatCosine(0.4, 40)), L.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(draw(64, 2), draw(64, 1), batch_size=16, epochs=3, verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert again.layers[0].steps.item() == model.layers[0].steps.item() == 12
    for each in (model, again):
        each.fit(draw(64, 2), draw(64, 1), batch_size=16, epochs=2, verbose=0)
    np.testing.assert_array_equal(again.get_weights()[-1], model.get_weights()[-1])


def test_a_seed_of_its_own_fixes_the_masks_of_a_layer():
    x = np.ones((8, 8), np.float32)
    layer = L.Dropout(0.5, seed=5)
    np.testing.assert_array_equal(in_training(layer, x, seed=1), in_training(L.Dropout(0.5, seed=5), x, seed=2))
    assert (in_training(layer, x, step=0) != in_training(layer, x, step=1)).any()
    assert (in_training(layer, x) != in_training(L.Dropout(0.5, seed=6), x)).any()


def test_dropout_called_by_hand_draws_anew_each_time_and_repeats_after_set_seed():
    x, layer = np.ones((8, 8), np.float32), L.Dropout(0.5)
    ff.set_seed(3)
    one, two = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    ff.set_seed(3)
    np.testing.assert_array_equal(layer(x, training=True).numpy(), one)
    assert (one != two).any()


def test_the_gradient_of_dropout_is_its_mask():
    x = ff.Variable(np.full((4, 4), 3.0, np.float32))
    with ff.GradientTape() as tape:
        y = L.Dropout(0.5)(x, training=True)
        loss = y.sum()
    np.testing.assert_array_equal(tape.gradient(loss, x).numpy(), (y.numpy() != 0) * np.float32(2))


def test_a_noise_shape_lets_elements_share_their_mask():
    x = np.ones((64, 5, 5, 8), np.float32)
    y = in_training(L.Dropout(0.5, (None, 1, 1, None)), x)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    # 512 masks of one half: within 5 standard deviations, as above.
    assert abs((y[:, 0, 0] == 0).sum() - 256) < 5 * np.sqrt(512 / 4)
    y = in_training(L.Dropout(0.5, [1, 5, 5, 8]), x)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:1], y.shape))
    model = ff.Sequential([ff.Input((5, 5, 8)), L.Dropout(0.5, (1, None, None, 1)), L.Flatten(), L.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(x, np.zeros(64), batch_size=24, verbose=0).history["loss"][0])


@pytest.mark.parametrize(
    ("make", "mean", "deviation"),
    [(lambda: L.GaussianNoise(0.5), 3.0, 0.5), (lambda: L.GaussianDropout(0.2), 3.0, 1.5)],
)
def test_noise_has_its_mean_and_deviation_in_training_alone(make, mean, deviation):
    # x = 3: dropout's noise has variance 0.2 / 0.8 = 1/4 about 1, and 3 times its deviation 1/2 is 1.5.
    n = 40_000
    x = np.full((1, n), 3.0, np.float32)
    y = in_training(make(), x)
    assert abs(y.mean() - mean) < 5 * deviation / np.sqrt(n)  # five standard deviations of the mean, and of the next
    assert abs(y.std() - deviation) < 5 * deviation / np.sqrt(2 * n)
    np.testing.assert_array_equal(make()(x).numpy(), x)
    layer = make()
    assert (in_training(layer, x, step=1) != y).any()
    np.testing.assert_array_equal(in_training(make(), x), y)


def test_noise_with_a_seed_of_its_own_is_the_same_for_every_model():
    x = np.zeros((8, 8), np.float32)
    layer = L.GaussianNoise(1.0, seed=5)
    np.testing.assert_array_equal(in_training(layer, x, seed=1), in_training(layer, x, seed=2))
    assert (in_training(layer, x, step=1) != in_training(layer, x)).any()
    assert not layer.repeats(True) and layer.repeats(False)


# Lambda


def test_a_lambda_applies_its_function_in_every_call():
    calls = []

    def function(x, y):
        calls.append(1)
        return x * y

    layer = L.Lambda(function)
    for turn in range(3):
        assert layer(np.array([2.0]), np.array([3.0])).tolist() == [6.0]
        assert len(calls) == turn + 1
    x = ff.Input((2,))
    model = ff.Model(x, L.Dense(1)(L.Lambda(lambda x: x**2)(x)))
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(draw(8, 2), draw(8, 1), verbose=0).history["loss"][0])


def test_no_file_holds_a_lambda_and_saving_says_so(tmp_path):
    model = ff.Sequential([ff.Input((2,)), L.Lambda(ff.relu, name="mine"), L.Dense(1)])
    with pytest.raises(FormatError, match=r"save: layer 'mine' is a Lambda, and no file holds a function\. Register"):
        model.save(tmp_path / "model.ff")
    assert not list(tmp_path.iterdir())
    assert "lambda" not in LAYERS  # so that no file can name one


def test_merging_layers_stretch_and_join_more_than_two():
    a, b, c = draw(4, 3), draw(4, 1, seed=1), draw(1, 3, seed=2)
    np.testing.assert_array_equal(L.Multiply()(a, b, c).numpy(), a * b * c)
    np.testing.assert_array_equal(L.Maximum()([a, b, c]).numpy(), np.maximum(np.maximum(a, b), c))
    np.testing.assert_array_equal(L.Average()(np.array([[1]]), np.array([[2]])).numpy(), [[1.5]])  # integers, too
    np.testing.assert_array_equal(L.Dot()(draw(2, 3), np.zeros((2, 3))).numpy(), np.zeros((2, 1)))
    np.testing.assert_array_equal(L.Dot(True)(draw(2, 3), np.zeros((2, 3))).numpy(), np.zeros((2, 1)))
    far = np.float32([[1e15, 0], [1e-30, 1e-30]])  # the squares of which float32 does not hold
    np.testing.assert_allclose(L.Dot(True)(far, far).numpy(), [[1], [1]], rtol=8 * EPS)


def test_flatten_gives_one_vector_for_both_orders_of_axes():
    np.testing.assert_array_equal(
        L.Flatten("channels_first")(np.moveaxis(IMAGE, -1, 1)).numpy(), L.Flatten()(IMAGE).numpy()
    )


@pytest.mark.parametrize("make", [L.ZeroPadding2D, L.Cropping2D, L.UpSampling2D])
def test_layers_of_images_take_channels_first(make):
    y = make(1, data_format="channels_first")(np.moveaxis(IMAGE, -1, 1)).numpy()
    np.testing.assert_array_equal(np.moveaxis(y, 1, -1), make(1)(IMAGE).numpy())


# Normalization


def test_adapt_takes_mean_and_variance_of_each_feature():
    # Feature 0: 1, 2, 3, 6: mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5. Feature 1 never varies.
    x = np.array([[1, 5], [2, 5], [3, 5], [6, 5]])
    layer = L.Normalization()
    layer.adapt(x)
    assert layer.mean == (3.0, 5.0)
    assert layer.variance == (3.5, 0.0)
    y = layer(x).numpy()
    # A difference of whole numbers, a root and a quotient.
    np.testing.assert_allclose(y[:, 0], (x[:, 0] - 3) / np.sqrt(3.5), rtol=4 * EPS)
    np.testing.assert_array_equal(y[:, 1], np.zeros(4))


def test_adapt_joins_all_axes_but_the_last():
    x = draw(3, 4, 2)
    layer = L.Normalization()
    layer.adapt(x)
    rows = wide(x).reshape(12, 2)
    np.testing.assert_allclose(layer.mean, rows.mean(0), rtol=1e-14)  # a few roundings of float64
    np.testing.assert_allclose(layer.variance, rows.var(0), rtol=1e-14)
    assert layer(x).shape == (3, 4, 2)


def test_adapt_after_the_first_use_changes_the_weights_and_a_wrong_width_changes_nothing():
    layer = built(L.Normalization([0.0, 0.0], [1.0, 1.0]), draw(2, 2))
    layer.adapt([[1.0, 2.0], [3.0, 2.0]])
    np.testing.assert_array_equal(layer([[2.0, 4.0]]).numpy(), [[0.0, 2.0]])
    with pytest.raises(ShapeError, match=r"/mean has shape \(2,\), the value \(3,\)"):
        layer.adapt(draw(4, 3))
    assert len(layer.mean) == 2


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((0, 2)), "Normalization.adapt: got shape (0, 2). Give at least one sample, shape (n, d)."),
        ([1.0, 2.0], "Normalization.adapt: got shape (2,). Give at least one sample"),
        ([[1.0, np.nan]], "Normalization.adapt: x holds nan in row 0, column 1. Fill or drop such samples."),
        ([[1.0], [np.inf]], "Normalization.adapt: x holds inf in row 1, column 0."),
        ([[[1.0], [np.inf]]], "Normalization.adapt: x holds inf in row 0, element (1, 0). Fill"),
        ([["a"]], "Normalization.adapt: x: row 0, column 0 holds 'a', a str. Expected real numbers."),
        (
            [[1.0], [1.0, 2.0]],
            "Normalization.adapt: x: rows differ in length: row 0 has shape (1,), row 1 has shape (2,)",
        ),
        (np.array([["2020-01-01"]], "datetime64[D]"), "Normalization.adapt: x has dtype datetime64[D], expected real"),
        (
            [[0.0, 1e25], [0.0, 3e25]],
            "Normalization.adapt: feature 1 has mean 2e+25, deviation 1e+25, and float32 does not hold its variance.",
        ),
        ([[1e200], [3e200]], "feature 0 has mean 2e+200, deviation inf, and float32 does not hold its variance."),
        ([[1e-25], [3e-25]], "feature 0 has mean 2e-25, deviation 1e-25, and float32 does not hold its variance."),
        ([[1e40], [1e40]], "feature 0 has mean 1e+40, deviation 0, and float32 does not hold its variance."),
    ],
)
def test_adapt_refuses_what_has_no_mean(x, message):
    with pytest.raises((DataError, ShapeError, TypeError), match=re.escape(message)):
        L.Normalization().adapt(x)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("x", "lost"),
    [
        ([[100_000_000], [100_000_003]], "4"),  # mean 100000001.5 * 2**-24 = 5.96, deviation 1.5: 3.97
        ([[1_700_000_000.0], [1_700_000_200.0]], "1"),  # 101.3 of 100
        ([[1e5], [1e5 + 1]], "0.012"),  # 0.00596 of 0.5
    ],
)
def test_adapt_warns_of_what_float32_takes_from_large_numbers(x, lost):
    layer = L.Normalization()
    message = (
        rf"feature 0 has mean .*\. Samples are rounded to float32 .* takes up to {re.escape(lost)} deviations\. Stand"
    )
    with pytest.warns(UserWarning, match=message) as warned:
        layer.adapt(x)
    assert warned[0].filename == __file__
    # What the message says to do gives -1 and 1.
    assert ((np.asarray(x) - layer.mean) / np.sqrt(layer.variance)).tolist() == [[-1], [1]]


def test_adapt_only_centres_equal_numbers_whatever_their_mean_is_rounded_to():
    x = np.full((1000, 2), [0.1, 5e9])  # NumPy's mean of these tenths is 0.10000000000000002
    layer = L.Normalization()
    layer.adapt(x)
    assert (layer.mean, layer.variance) == ((0.1, 5e9), (0.0, 0.0))


def test_mean_and_variance_are_weights_that_training_leaves_alone():
    layer = built(L.Normalization([0.0], [1.0]), draw(2, 1))
    assert len(layer.weights) == 2
    assert layer.trainable_weights == []


# What all layers share


def test_names_count_up_by_class():
    first, second = L.Dense(1), L.Dense(1)
    assert re.fullmatch(r"dense(_\d+)?", first.name)
    assert first.name != second.name


_NAMES = """
import feedforward as ff
L = ff.layers
given = [L.Dense(1, name="dense"), L.Dense(1, name="dense_3"), L.Dropout(0.1, name="dense_1"), L.Dense(1, name="d_0")]
print(L.Dense(1).name, L.Dense(1).name, L.Dropout(0.1).name, L.Flatten(name="flatten_02").name, L.Flatten().name)
ff.Input((1,), name="input_7")
print(ff.Input((1,)).node.attrs["name"])
"""


def test_a_name_that_was_given_is_not_given_again():
    assert in_new_process(_NAMES) == "dense_4 dense_5 dropout flatten_02 flatten\ninput_8\n"


_LOADED = """
import sys
import feedforward as ff
model = ff.load(sys.argv[1])
longer = ff.Sequential([ff.Input((4,)), *model.layers, ff.layers.Dense(2)])
print(*(layer.name for layer in longer.layers))
"""


def test_layers_of_a_loaded_model_and_new_ones_stand_in_one_model(tmp_path):
    make = "import sys; import feedforward as ff; L = ff.layers\n"
    make += "ff.Sequential([ff.Input((4,)), L.Dense(3), L.Dense(3)]).save(sys.argv[1])"
    in_new_process(make, tmp_path / "m.ff")
    assert in_new_process(_LOADED, tmp_path / "m.ff") == "dense dense_1 dense_2\n"


def in_new_process(code, *arguments):
    """Return what a program prints in which no layer was made before."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout


def test_weights_are_named_after_their_layer():
    assert [w.name for w in built(L.Dense(2, name="top"), draw(1, 3)).weights] == ["top/kernel", "top/bias"]


def test_weights_are_counted_read_and_written():
    layer = built(L.Dense(2), draw(1, 3))
    assert layer.count_params() == 3 * 2 + 2
    layer.set_weights([np.ones((3, 2)), [5, 7]])
    np.testing.assert_array_equal(layer([[1.0, 2.0, 3.0]]).numpy(), [[11, 13]])  # 1 + 2 + 3 + 5, and + 7
    copies = layer.get_weights()
    copies[0][:] = 9
    np.testing.assert_array_equal(layer.get_weights()[0], np.ones((3, 2)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([np.ones((3, 2))], "set_weights: d has 2 weights, got 1 values. Give one for each."),
        ([np.ones((3, 2)), np.ones(3)], "set_weights: d/bias has shape (2,), the value (3,). Give the shapes that"),
        ([np.ones((3, 2)), 1.0], "set_weights: d/bias has shape (2,), the value ()."),
        ([np.ones((3, 2)), ["a", "b"]], "set_weights: the value for d/bias: row 0 holds 'a', a str. Expected real"),
        (
            [[[1.0, 2.0], [3.0]], [1.0]],
            "set_weights: the value for d/kernel: rows differ in length: row 0 has shape (2,)",
        ),
        ([np.ones((3, 2)), "a"], "set_weights: the value for d/bias is a str. Give numbers."),
    ],
)
def test_wrong_weights_are_refused_and_change_nothing(values, message):
    layer = built(L.Dense(2, name="d"), draw(1, 3))
    before = layer.get_weights()
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        layer.set_weights(values)
    for now, then in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_frozen_layer_can_be_thawed_and_frozen_again():
    layer = built(L.Dense(2, trainable=False), draw(1, 3))
    assert layer.trainable_weights == []
    layer.trainable = True
    assert len(layer.trainable_weights) == 2
    layer.trainable = False
    assert layer.trainable_weights == []
    assert len(layer.weights) == 2


# Layers that users write


@registered(LAYERS)
@dataclass(eq=False)
class AffineForTests(L.Layer):
    """y = x w + shift, with a weight, a variable and a setting."""

    shift: float = 1.0

    def build(self, shape):
        self.w = self.add_weight("w", (shape[-1],), "ones")
        self.fixed = self.add_weight("fixed", (1,), "ones", trainable=False)
        self.offset = ff.Variable(np.float32(0.5))

    def call(self, x, training):
        return x * self.w * self.fixed + self.offset + self.shift


@registered(LAYERS)
@dataclass(eq=False)
class BlockForTests(L.Layer):
    """Two dense layers as attributes, and a list of them."""

    units: int = 3

    def __post_init__(self):
        super().__post_init__()
        self.first = L.Dense(self.units, activation="tanh")
        self.rest = [L.Dense(self.units, name="own"), L.Dense(2)]

    def call(self, x, training):
        x = self.first(x, training)
        for layer in self.rest:
            x = layer(x, training)
        return x


def own_init():
    class Own(L.Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = ff.Variable(factor, name="factor")

        def call(self, x, training):
            return x * self.factor

    return Own(2.0)


def test_add_weight_and_variables_are_weights():
    layer = built(AffineForTests(name="s"), draw(2, 3))
    assert [w.name for w in layer.weights] == ["s/w", "s/fixed", "s/offset"]
    assert [w.name for w in layer.trainable_weights] == ["s/w", "s/offset"]
    np.testing.assert_array_equal(layer([[2.0, 3.0, 4.0]]).numpy(), [[3.5, 4.5, 5.5]])


def test_layers_in_attributes_and_lists_bring_their_weights_under_their_own_names():
    layer = built(BlockForTests(name="b"), draw(2, 4))
    names = [w.name for w in layer.weights]
    assert names == ["b/first/kernel", "b/first/bias", "b/own/kernel", "b/own/bias", "b/rest_1/kernel", "b/rest_1/bias"]
    layer.rest[0].trainable = False
    assert [w.name for w in layer.trainable_weights] == [*names[:2], *names[4:]]
    layer.trainable = False
    assert layer.trainable_weights == []


def test_a_layer_that_is_two_attributes_counts_once():
    layer = BlockForTests()
    layer.alias = layer.first
    layer(draw(2, 4))
    assert len(layer.weights) == 6


def test_a_layer_with_an_init_of_its_own_works_and_keeps_the_name_of_its_variable():
    layer = own_init()
    np.testing.assert_array_equal(layer([[1.0, 2.0]]).numpy(), [[2.0, 4.0]])
    assert [w.name for w in layer.weights] == ["factor"]


@pytest.mark.parametrize("make", [lambda: AffineForTests(), lambda: BlockForTests(), own_init])
def test_a_layer_that_a_user_wrote_trains_every_trainable_weight(make):
    layer = make()
    width = 3
    model = ff.Sequential([ff.Input((width,)), layer, L.Flatten()])
    model.compile(ff.optimizers.SGD(0.01), "mean_squared_error")
    before = {w.name: np.array(w.numpy()) for w in layer.weights}
    model.fit(draw(8, width), draw(8, model.predict(draw(1, width)).shape[1], seed=1) + 3, verbose=0, epochs=2)
    trained = {w.name for w in layer.trainable_weights}
    assert trained
    for weight in layer.weights:
        assert (weight.numpy() != before[weight.name]).any() == (weight.name in trained), weight.name


@pytest.mark.parametrize("make", [lambda: AffineForTests(2.0), lambda: BlockForTests(4)])
def test_a_registered_layer_is_saved_and_loaded_with_all_its_variables(make, tmp_path):
    model = ff.Sequential([ff.Input((3,)), make()])
    model.compile("adam", "mean_squared_error")
    x = draw(8, 3)
    model.fit(x, np.zeros(model.predict(x).shape), verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert [w.name for w in again.weights] == [w.name for w in model.weights]


def test_a_layer_that_is_not_registered_cannot_be_saved(tmp_path):
    model = ff.Sequential([ff.Input((2,)), own_init()])
    message = (
        "layer Own is not registered as 'own', so that no file with it could be read. Decorate the class with @reg"
    )
    with pytest.raises(FormatError, match=re.escape(message)):
        model.save(tmp_path / "m.ff")
    assert list(tmp_path.iterdir()) == []


def test_a_layer_with_the_name_of_a_registered_one_cannot_be_saved_as_it(tmp_path):
    class Flatten(L.Layer):
        def call(self, x, training):
            return x * 2.0

    with pytest.raises(FormatError, match=r"layer Flatten is not registered as 'flatten'"):
        ff.Sequential([ff.Input((2,)), Flatten()]).save(tmp_path / "m.ff")


@registered(LAYERS)
class OptionsForTests(L.Layer):
    def __init__(self, factor=2.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x, training):
        return x * self.factor


def test_a_layer_whose_arguments_are_no_fields_cannot_be_saved(tmp_path):
    message = (
        r"layer OptionsForTests takes factor, its fields are name, trainable, so that no file could bring it back."
    )
    with pytest.raises(FormatError, match=message):
        ff.Sequential([ff.Input((2,)), OptionsForTests(3.0)]).save(tmp_path / "m.ff")


def test_a_function_without_a_name_cannot_be_saved(tmp_path):
    model = ff.Sequential([ff.Input((2,)), L.Dense(2, activation=lambda x: x)])
    assert model.predict(draw(1, 2)).shape == (1, 2)
    message = (
        r"^Dense\(activation=<function .*>\) cannot be saved. Use a number, a name, or a registered function or class."
        r' A function is registered by @feedforward.activations.ACTIVATIONS.register\("its name"\).$'
    )
    with pytest.raises(FormatError, match=message):
        model.save(tmp_path / "m.ff")


def test_a_layer_without_call_says_so():
    class Empty(L.Layer):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty has no call\(\). Define call\(self, x, training\)."):
        Empty()(draw(1, 2))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (
            lambda: augmentation._Augmentation()(draw(1, 2, 2), training=True),
            "_Augmentation has no _changed(). Define _changed(self, x).",
        ),
        (
            lambda: augmentation._Affine()(draw(1, 2, 2), training=True),
            "_Affine has no _motion(). Define _motion(self).",
        ),
        (
            lambda: merging._Merging()(draw(1, 2), draw(1, 2)),
            "_Merging has no _pair(). Define _pair(self, x, y).",
        ),
        (lambda: OnlyWindows()(draw(1, 2, 1)), "OnlyWindows has no _pooled(). Define _pooled(self, x)."),
        (lambda: preprocessing._Fitted().adapt(draw(1, 2)), "_Fitted has no _fit(). Define _fit(self, data)."),
        (lambda: OnlyFitted()(draw(1, 2)), "OnlyFitted has no _shapes(). Define _shapes(self, width)."),
    ],
)
def test_a_base_of_layers_of_one_kind_says_what_to_define(run, message):
    with pytest.raises(NotImplementedError, match=re.escape(message)):
        run()


class OnlyWindows(pooling._Pooling):
    _rank = 1


class OnlyFitted(preprocessing._Fitted):
    def __post_init__(self):
        super().__post_init__()
        self.adapt(draw(1, 2))

    def _fit(self, data):
        return [data[0]]


def test_a_layer_that_forgets_super_says_so():
    class Early(L.Layer):
        def __init__(self):
            self.w = ff.Variable(1.0)

    class Late(L.Layer):
        def __init__(self):
            self.units = 3

    with pytest.raises(
        TypeError, match=r"Early.w is set before the layer is set up. Call super\(\).__init__\(\) first."
    ):
        Early()
    with pytest.raises(TypeError, match=r"Late is not set up. Call super\(\).__init__\(\) first in its __init__."):
        Late()(draw(1, 2))


def test_a_variable_that_no_layer_lists_is_found_before_training():
    class Hidden(L.Layer):
        def __init__(self):
            super().__init__()
            self.parts = []
            self.parts.append(ff.Variable(1.0, name="hidden_w"))  # which nobody can see

        def call(self, x, training):
            return x * self.parts[0]

    model = ff.Sequential([ff.Input((2,)), L.Dense(2), Hidden()])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(ValueError, match=r"the variable 'hidden_w', which no layer lists among its weights"):
        model.fit(draw(4, 2), draw(4, 2), verbose=0)


def test_a_layer_as_a_field_of_a_layer_keeps_its_name():
    @dataclass(eq=False)
    class Wrapper(L.Layer):
        inner: L.Layer = field(default_factory=lambda: L.Dense(2, name="own"))

        def call(self, x, training):
            return self.inner(x, training)

    layer = built(Wrapper(name="w"), draw(1, 3))
    assert [w.name for w in layer.weights] == ["w/own/kernel", "w/own/bias"]
    assert layer.inner.path == "w/own"


def test_layers_with_equal_fields_are_two_layers():
    @dataclass
    class Same(L.Layer):
        def call(self, x, training):
            return x * 2.0

    with pytest.raises(ValueError, match=r"two layers are called 'twin'. Give each layer a name of its own."):
        ff.Sequential([ff.Input((2,)), Same(name="twin"), Same(name="twin")])


def test_messages_of_operations_inside_a_layer_carry_its_scope():
    layer = BlockForTests(name="b")
    traced = trace(lambda x: [layer(x)], [ff.Input((4,), name="x")])
    scopes = {node.scope for node in traced.program.nodes if node.op.name == "matmul"}
    assert scopes == {"b/first", "b/own", "b/rest_1"}


def test_layers_in_dicts_and_nested_lists_are_tracked():
    class Parts(L.Layer):
        def __init__(self):
            super().__init__(name="parts")
            self.named, self.nested = {"a": L.Dense(2)}, [[L.Dense(3)], (L.Dense(4),)]

        def call(self, x):
            for layer in (self.named["a"], self.nested[0][0], self.nested[1][0]):
                x = layer(x)
            return x

    layer = Parts()
    layer(np.ones((1, 5), np.float32))
    assert [weight.name for weight in layer.weights[::2]] == [
        "parts/named_a/kernel",
        "parts/nested_0_0/kernel",
        "parts/nested_1_0/kernel",
    ]
    assert layer.count_params() == 5 * 2 + 2 + 2 * 3 + 3 + 3 * 4 + 4
