"""Oracle (b): the sums written out in float64 NumPy loops; (d) PyTorch and Keras on TensorFlow, run where they are."""

import itertools
import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import ShapeError
from feedforward.nn.initializers import fans

L = ff.layers
EPS = float(np.finfo(np.float32).eps)


def draw(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype(dtype)


def borders(length, size, stride, dilation, padding):
    """Return what is added before and after an axis, by TensorFlow's rule, and the number of windows."""
    span = (size - 1) * dilation + 1
    if padding == "valid":
        return (0, 0), (length - span) // stride + 1
    count = -(-length // stride)
    total = max(0, (count - 1) * stride + span - length)
    return (total // 2, total - total // 2), count


def by_hand(x, kernel, bias, strides, padding, dilation, groups):
    """Return a convolution of (n, h, w, c), one place, filter and element of the window after another."""
    n, height, width, _ = x.shape
    rows, columns, seen, filters = kernel.shape
    (top, bottom), out_height = borders(height, rows, strides[0], dilation[0], padding)
    (left, right), out_width = borders(width, columns, strides[1], dilation[1], padding)
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    y = np.zeros((n, out_height, out_width, filters))
    for i, j, f in itertools.product(range(out_height), range(out_width), range(filters)):
        first = f // (filters // groups) * seen
        for a, b, c in itertools.product(range(rows), range(columns), range(seen)):
            at = padded[:, i * strides[0] + a * dilation[0], j * strides[1] + b * dilation[1], first + c]
            y[:, i, j, f] += at * kernel[a, b, c, f]
    return y + bias


# padding, size of the window, strides, dilation, groups, filters
CASES = [
    ("valid", (3, 3), (1, 1), (1, 1), 1, 4),
    ("valid", (2, 3), (2, 1), (1, 1), 1, 4),
    ("valid", (3, 2), (1, 3), (1, 1), 1, 4),
    ("valid", (1, 1), (2, 2), (1, 1), 1, 4),
    ("valid", (2, 2), (1, 1), (2, 3), 1, 4),
    ("valid", (2, 2), (2, 2), (2, 2), 1, 1),
    ("valid", (3, 2), (1, 1), (1, 1), 2, 4),
    ("same", (3, 3), (1, 1), (1, 1), 1, 4),
    ("same", (4, 2), (1, 1), (1, 1), 1, 4),
    ("same", (3, 2), (2, 2), (1, 1), 1, 4),
    ("same", (5, 5), (2, 3), (1, 1), 1, 4),
    ("same", (1, 1), (3, 3), (1, 1), 1, 4),  # a stride beyond the window needs no border
    ("same", (3, 2), (1, 1), (2, 3), 1, 4),
    ("same", (3, 3), (2, 2), (1, 1), 2, 2),
    ("same", (9, 9), (1, 1), (1, 1), 1, 4),  # a window beyond the image
]


def make(case, **settings):
    padding, size, strides, dilation, groups, filters = case
    return L.Conv2D(
        filters,
        size,
        strides,
        padding,
        dilation_rate=dilation,
        groups=groups,
        bias_initializer=ff.initializers.RandomNormal(seed=1),
        **settings,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_conv2d_is_the_sum_over_its_windows(case, dtype):
    padding, _, strides, dilation, groups, _ = case
    x = draw(2, 7, 6, 4, dtype=dtype)
    layer = make(case)
    y = layer(ff.Tensor(x)).numpy()
    kernel, bias = (w.astype(np.float64) for w in layer.get_weights())
    expected = by_hand(x.astype(np.float64), kernel, bias, strides, padding, dilation, groups)
    assert y.dtype == dtype and y.shape == expected.shape
    # Each sum has at most 9 * 9 * 4 products below 4, each rounded once and once when it is added.
    np.testing.assert_allclose(y, expected, rtol=0, atol=2 * 4 * 324 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_channels_first_gives_the_numbers_of_channels_last(case):
    x = draw(2, 7, 6, 4)
    layer, other = make(case), make(case, data_format="channels_first")
    y = layer(x).numpy()
    other(np.moveaxis(x, -1, 1))
    other.set_weights(layer.get_weights())
    np.testing.assert_array_equal(np.moveaxis(other(np.moveaxis(x, -1, 1)).numpy(), 1, -1), y)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_gradients_of_conv2d_are_central_differences(case):
    padding, _, strides, dilation, groups, _ = case
    layer, x = make(case, dtype="float64"), draw(2, 7, 6, 4, dtype=np.float64)
    tensor = ff.Tensor(x)
    layer(tensor)
    values = [x, *layer.get_weights()]
    with ff.GradientTape() as tape:
        tape.watch(tensor)
        loss = (layer(tensor) ** 2).sum()
    slopes = [g.numpy() for g in tape.gradient(loss, [tensor, *layer.weights])]
    step, directions = 1e-4, [draw(*value.shape, seed=7, dtype=np.float64) for value in values]
    ahead, behind = (
        np.sum(
            by_hand(*(v + s * d for v, d in zip(values, directions, strict=True)), strides, padding, dilation, groups)
            ** 2
        )
        for s in (step, -step)
    )
    slope = sum(np.sum(g * d) for g, d in zip(slopes, directions, strict=True))
    # The loss is a polynomial of degree 4 along a line: what is cut off is step**2 times a third derivative, below
    # 1e6 for sums up to 1e5; what is rounded off 1e-16 * 1e6 / step.
    assert slope == pytest.approx((ahead - behind) / (2 * step), abs=1e-6 * 1e5, rel=1e-6)


@pytest.mark.parametrize(
    ("size", "stride", "dilation", "padding"),
    [(3, 1, 1, "valid"), (3, 2, 1, "same"), (2, 1, 3, "valid"), (4, 3, 1, "same"), (2, 1, 2, "same")],
)
def test_conv1d_is_conv2d_of_images_of_one_row(size, stride, dilation, padding):
    layer = L.Conv1D(5, size, stride, padding, dilation_rate=dilation)
    x = draw(3, 9, 2)
    y = layer(x).numpy()
    kernel, bias = (w.astype(np.float64) for w in layer.get_weights())
    expected = by_hand(x.astype(np.float64)[:, None], kernel[None], bias, (1, stride), padding, (1, dilation), 1)[:, 0]
    np.testing.assert_allclose(y, expected, rtol=0, atol=2 * 4 * 8 * EPS)  # sums of at most 8 products below 4


@pytest.mark.parametrize(
    ("multiplier", "case"),
    [
        pytest.param(multiplier, case, marks=pytest.mark.slow if (number + multiplier // 2) % 2 else [])
        for number, case in enumerate(case for case in CASES if case[4] == 1)
        for multiplier in (1, 3)
    ],
    ids=str,
)
def test_depthwise_convolution_keeps_channels_apart(case, multiplier):
    padding, size, strides, dilation, _, _ = case
    layer = L.DepthwiseConv2D(size, strides, padding, multiplier, dilation_rate=dilation)
    x = draw(2, 7, 6, 4)
    y = layer(x).numpy()
    kernel, bias = (w.astype(np.float64) for w in layer.get_weights())
    grouped = kernel.reshape(*kernel.shape[:2], 1, -1)  # the kernels of a channel are the filters of its group
    expected = by_hand(x.astype(np.float64), grouped, bias, strides, padding, dilation, 4)
    np.testing.assert_allclose(y, expected, rtol=0, atol=2 * 4 * 81 * EPS)
    first = L.DepthwiseConv2D(size, strides, padding, multiplier, "channels_first", dilation)
    first(np.moveaxis(x, -1, 1))
    first.set_weights(layer.get_weights())
    np.testing.assert_array_equal(np.moveaxis(first(np.moveaxis(x, -1, 1)).numpy(), 1, -1), y)


def test_kernels_begin_with_the_variance_of_what_they_connect():
    # he_normal: variance 2 / fan_in. A window of 3 x 3 of 8 channels connects 72 inputs; of one channel 9.
    conv = L.Conv2D(64, 3, kernel_initializer="he_normal")
    conv(draw(1, 4, 4, 8))
    assert fans(conv.kernel.shape) == (72, 576)
    depthwise = L.DepthwiseConv2D(3, depth_multiplier=64, depthwise_initializer="he_normal")
    depthwise(draw(1, 4, 4, 8))
    for layer, fan_in in ((conv, 72), (depthwise, 9)):
        values = layer.kernel.numpy()
        # The variance of n draws is off by sqrt(2 / n) of itself; by five times that once in a million seeds.
        assert values.var() == pytest.approx(2 / fan_in, rel=5 * np.sqrt(2 / values.size))


def pooled_by_hand(x, size, strides, padding, pool):
    n, height, width, channels = x.shape
    (top, bottom), out_height = borders(height, size[0], strides[0], 1, padding)
    (left, right), out_width = borders(width, size[1], strides[1], 1, padding)
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=np.nan)
    y = np.zeros((n, out_height, out_width, channels))
    for i, j in itertools.product(range(out_height), range(out_width)):
        first, second = i * strides[0], j * strides[1]
        y[:, i, j] = pool(padded[:, first : first + size[0], second : second + size[1]], axis=(1, 2))
    return y


POOLS = [
    (pool, padding, size, strides)
    for pool in ("Max", "Average")
    for padding in ("valid", "same")
    for size, strides in [((2, 2), (2, 2)), ((3, 2), (1, 1)), ((3, 3), (2, 2)), ((2, 1), (3, 2)), ((1, 1), (1, 1))]
]


@pytest.mark.parametrize(("pool", "padding", "size", "strides"), POOLS)
def test_pooling_keeps_the_largest_or_the_mean_of_each_window(pool, padding, size, strides):
    x = draw(2, 7, 6, 3) - 3  # all below 0, so that a border of zeros would win
    make, formula = {"Max": (L.MaxPooling2D, np.nanmax), "Average": (L.AveragePooling2D, np.nanmean)}[pool]
    y = make(size, strides, padding)(x).numpy()
    expected = pooled_by_hand(x.astype(np.float64), size, strides, padding, formula)
    np.testing.assert_allclose(y, expected, rtol=0, atol=0 if pool == "Max" else 9 * 5 * EPS)  # 9 sums below 5 each
    first = make(size, strides, padding, "channels_first")(np.moveaxis(x, -1, 1)).numpy()
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), y)
    one = {"Max": L.MaxPooling1D, "Average": L.AveragePooling1D}[pool](size[0], strides[0], padding)(x[:, :, 0])
    expected = pooled_by_hand(x.astype(np.float64)[:, :, :1], (size[0], 1), (strides[0], 1), padding, formula)
    np.testing.assert_allclose(one.numpy(), expected[:, :, 0], rtol=0, atol=9 * 5 * EPS)


@pytest.mark.parametrize(("pool", "padding", "size", "strides"), POOLS)
def test_the_gradients_of_pooling_are_central_differences(pool, padding, size, strides):
    x = draw(2, 7, 6, 3, dtype=np.float64)
    make, formula = {"Max": (L.MaxPooling2D, np.nanmax), "Average": (L.AveragePooling2D, np.nanmean)}[pool]
    tensor, weights = ff.Tensor(x), None
    with ff.GradientTape() as tape:
        tape.watch(tensor)
        y = make(size, strides, padding)(tensor)
        weights = draw(*y.shape, seed=5, dtype=np.float64)
        loss = (y * ff.Tensor(weights)).sum()
    slope = np.sum(tape.gradient(loss, tensor).numpy() * (direction := draw(*x.shape, seed=9, dtype=np.float64)))
    step = 1e-7  # below half the least distance of two elements, so that each window keeps its largest
    ahead, behind = (
        np.sum(pooled_by_hand(x + s * direction, size, strides, padding, formula) * weights) for s in (step, -step)
    )
    assert slope == pytest.approx((ahead - behind) / (2 * step), abs=1e-6)  # linear: 1e-16 * 200 / step is rounded off


def test_what_is_pooled_may_be_smaller_than_a_window_where_padding_is_same():
    np.testing.assert_array_equal(
        L.MaxPooling2D(5, 1, "same")(np.full((1, 2, 2, 1), -7.0)).numpy(), np.full((1, 2, 2, 1), -7)
    )
    np.testing.assert_array_equal(
        L.AveragePooling2D(5, 1, "same")(np.full((1, 2, 2, 1), -7.0)).numpy(), np.full((1, 2, 2, 1), -7)
    )


def test_equal_elements_share_the_gradient_of_a_maximum():
    x = ff.Variable(np.full((1, 2, 2, 1), 3.0, np.float32))
    with ff.GradientTape() as tape:
        loss = L.MaxPooling2D()(x).sum()
    np.testing.assert_array_equal(tape.gradient(loss, x).numpy().ravel(), [0.25] * 4)


def test_nan_passes_through_a_maximum_and_a_mean():
    x = np.zeros((1, 2, 4, 1), np.float32)
    x[0, 1, 3] = np.nan
    for layer in (L.MaxPooling2D(), L.AveragePooling2D(), L.Conv2D(1, 2, 2)):
        assert np.isnan(layer(x).numpy().ravel()).tolist() == [False, True]


@pytest.mark.parametrize(
    ("layer", "axes", "formula"),
    [
        (L.GlobalAveragePooling2D, (1, 2), np.mean),
        (L.GlobalMaxPooling2D, (1, 2), np.max),
        (L.GlobalAveragePooling1D, (1,), np.mean),
        (L.GlobalMaxPooling1D, (1,), np.max),
    ],
)
def test_global_pooling_keeps_one_number_a_channel(layer, axes, formula):
    x = draw(3, *(5, 4)[: len(axes)], 2)
    expected = formula(x.astype(np.float64), axis=axes)
    tolerance = 20 * 2 * EPS  # at most 20 numbers below 2 are added
    np.testing.assert_allclose(layer()(x).numpy(), expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        layer("channels_first", True)(np.moveaxis(x, -1, 1)).numpy().reshape(3, 2), expected, rtol=0, atol=tolerance
    )
    assert layer(keepdims=True)(x).shape == (3, *(1,) * len(axes), 2)


@pytest.mark.parametrize("shape", [(0, 5, 5, 2), (1, 5, 5, 2)])
def test_no_image_and_one_image_are_batches(shape):
    assert L.Conv2D(3, 3)(np.zeros(shape, np.float32)).shape == (shape[0], 3, 3, 3)
    assert L.DepthwiseConv2D(3)(np.zeros(shape, np.float32)).shape == (shape[0], 3, 3, 2)
    assert L.MaxPooling2D()(np.zeros(shape, np.float32)).shape == (shape[0], 2, 2, 2)


def test_bytes_and_images_that_lie_otherwise_give_the_same_bits():
    layer = L.Conv2D(3, 3)
    x = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 2)).astype(np.uint8)
    y = layer(x.astype(np.float32)).numpy()
    np.testing.assert_array_equal(layer(x).numpy(), y)
    np.testing.assert_array_equal(layer(np.asfortranarray(x.astype(np.float32))).numpy(), y)


def test_sizes_that_are_not_known_pass_through():
    x = ff.Input((None, None, 3))
    y = L.AveragePooling2D(2, padding="same")(L.Conv2D(4, 3, dilation_rate=2, padding="same")(x))
    model = ff.Model(x, L.GlobalMaxPooling2D()(y))
    assert y.shape == (None, None, None, 4)
    for size in ((5, 7), (9, 4)):
        data = draw(2, *size, 3)
        np.testing.assert_array_equal(model.predict(data), model(data).numpy())


def learn(backend=None):
    x, y = draw(24, 8, 8, 1), np.random.default_rng(1).integers(0, 3, 24)
    ff.set_seed(4)
    model = ff.Sequential(
        [
            ff.Input((8, 8, 1)),
            L.Conv2D(4, 3, padding="same", activation="relu", kernel_regularizer="l2"),
            L.MaxPooling2D(),
            L.DepthwiseConv2D(2),
            L.Conv2D(4, 2, strides=2, groups=2, activation="tanh"),
            L.GlobalAveragePooling2D(),
            L.Dense(3),
        ]
    )
    model.compile(ff.optimizers.Adam(0.01), ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(x, y, batch_size=7, epochs=3, verbose=0)
    return model, history.history["loss"], x, y


def test_a_convolutional_network_learns_and_is_the_same_in_its_file(tmp_path):
    model, losses, x, y = learn()
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.ff")
    again = ff.load(tmp_path / "model.ff")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.fit(x, y, verbose=0).history == model.fit(x, y, verbose=0).history
    ours = [weight for layer in model.layers for weight in layer.weights]
    assert len(ours) == len(again.weights) == 8


def test_frozen_convolutions_stay_as_they_are():
    model, _, x, y = learn()
    model.layers[0].trainable = False
    before = [layer.get_weights() for layer in model.layers]
    model.fit(x, y, verbose=0)
    after = [layer.get_weights() for layer in model.layers]
    np.testing.assert_array_equal(before[0][0], after[0][0])
    assert (before[3][0] != after[3][0]).any()


def test_llvm_and_interpreter_agree_on_a_training():
    model, ours, x, _ = learn()
    try:
        ff.use_backend("interpreter")
        other, losses, _, _ = learn()
        predicted = other.predict(x)
    finally:
        ff.use_backend("llvm")
    np.testing.assert_allclose(losses, ours, rtol=1e-5)  # twelve steps of sums of a few hundred roundings
    np.testing.assert_allclose(predicted, model.predict(x), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.Conv2D(0, 3), "Conv2D(filters=0): filters must be an int >= 1. Got 0."),
        (lambda: L.Conv2D(2, 0), "Conv2D(kernel_size=0): kernel_size must be an int >= 1, or 2 of them. Got 0."),
        (
            lambda: L.Conv2D(2, (1, 2, 3)),
            "Conv2D(kernel_size=(1, 2, 3)): kernel_size must be an int >= 1, or 2 of them.",
        ),
        (lambda: L.Conv1D(2, (1, 2)), "Conv1D(kernel_size=(1, 2)): kernel_size must be an int >= 1. Got (1, 2)."),
        (lambda: L.Conv2D(2, 3, strides=1.0), "Conv2D(strides=1.0): strides must be an int >= 1, or 2 of them."),
        (
            lambda: L.Conv2D(2, 3, padding="full"),
            "Conv2D(padding='full'): padding must be 'valid' or 'same'. Got 'full'.",
        ),
        (
            lambda: L.Conv2D(2, 3, data_format="NCHW"),
            "Conv2D(data_format='NCHW'): data_format must be 'channels_last' or",
        ),
        (
            lambda: L.Conv2D(3, 3, groups=2),
            "Conv2D(filters=3, groups=2): filters must be a multiple of groups. Got 3 and 2.",
        ),
        (lambda: L.Conv2D(2, 3, use_bias=None), "Conv2D(use_bias=None): use_bias must be True or False. Got None."),
        (lambda: L.Conv2D(2, 3, activation="rellu"), "Unknown activation 'rellu'. Did you mean 'relu'?"),
        (lambda: L.Conv2D(2, 3, dilation=2), "Conv2D(dilation=2): there is no argument 'dilation'."),
        (lambda: L.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier must be an int >= 1. Got 0."),
        (lambda: L.MaxPooling2D(True), "MaxPooling2D(pool_size=True): pool_size must be an int >= 1, or 2 of them."),
        (lambda: L.MaxPooling2D(2, padding=None), "MaxPooling2D(padding=None): padding must be 'valid' or 'same'."),
        (lambda: L.GlobalMaxPooling2D("last"), "GlobalMaxPooling2D(data_format='last'): data_format must be"),
    ],
)
def test_an_invalid_setting_is_refused_where_the_layer_is_made(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: L.Conv2D(2, 3, name="c")(ff.Input((28, 28))),
            "layer 'c': input shape (batch, 28, 28), built at test_convolution.py:",
        ),
        (lambda: L.Conv2D(2, 3)(ff.Input((28, 28))), "Conv2D expects (batch, height, width, channels), the number of"),
        (lambda: L.Conv2D(2, 3)(ff.Input((28, 28))), "Begin with Reshape((28, 28, 1)) or Input((28, 28, 1))."),
        (lambda: L.Conv2D(2, 3)(ff.Input((28, 28, None))), "Give the Input its shape."),
        (lambda: L.Conv1D(2, 3, data_format="channels_first")(draw(5)), "expects (batch, channels, length)"),
        (lambda: L.Conv2D(2, 3)(draw(1, 2, 2, 1)), "in which no window of 3 fits along an axis of 2."),
        (lambda: L.Conv2D(2, 2, dilation_rate=4)(draw(1, 4, 8, 1)), "no window of 5 fits along an axis of 4. Use a"),
        (lambda: L.MaxPooling2D((2, 3), name="p")(draw(1, 2, 2, 1)), "layer 'p': input shape (1, 2, 2, 1), built at"),
        (
            lambda: L.Conv1D(2, 1, data_format="channels_first")(draw(1, 8)),
            "Begin with Reshape((1, 8)) or Input((1, 8)).",
        ),
        (
            lambda: L.Conv2D(2, 1, groups=2, name="c")(draw(1, 2, 2, 3)),
            "layer 'c': 3 channels in input shape (1, 2, 2, 3)",
        ),
        (lambda: L.MaxPooling2D(name="p")(draw(5, 5)), "layer 'p': input shape (5, 5), built at test_convolution.py:"),
    ],
)
def test_a_wrong_input_is_refused_by_name_of_the_layer(call, message):
    with pytest.raises(ShapeError, match=re.escape(message)):
        call()


def test_other_channels_than_the_kernel_has_are_refused():
    layer = L.Conv2D(2, 3, name="c")
    layer(draw(1, 4, 4, 3))
    with pytest.raises(
        ShapeError, match=re.escape("but its kernel has shape (3, 3, 3, 2), built at test_convolution.py")
    ):
        layer(draw(1, 4, 4, 2))


# Other libraries


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pytorch_has_the_same_values_and_gradients(case):
    torch = pytest.importorskip("torch")
    padding, size, strides, dilation, groups, _ = case
    layer, x = make(case, dtype="float64"), draw(2, 7, 6, 4, dtype=np.float64)
    tensor = ff.Tensor(x)
    layer(tensor)
    with ff.GradientTape() as tape:
        tape.watch(tensor)
        y = layer(tensor)
        loss = (y**2).sum()
    ours = [g.numpy() for g in tape.gradient(loss, [tensor, *layer.weights])]
    image, kernel, bias = (torch.tensor(value, requires_grad=True) for value in (x, *layer.get_weights()))
    before = [borders(*each, padding)[0] for each in zip((7, 6), size, strides, dilation, strict=True)]
    padded = torch.nn.functional.pad(image.permute(0, 3, 1, 2), [*before[1], *before[0]])
    theirs = torch.nn.functional.conv2d(padded, kernel.permute(3, 2, 0, 1), bias, strides, 0, dilation, groups)
    (theirs**2).sum().backward()
    np.testing.assert_allclose(y.numpy(), theirs.detach().permute(0, 2, 3, 1).numpy(), rtol=1e-12, atol=1e-12)
    for one, other in zip(ours, (image, kernel, bias), strict=True):
        np.testing.assert_allclose(one, other.grad.numpy(), rtol=1e-10, atol=1e-10)  # sums of a thousand roundings


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides", "dilation"), [((3, 2), 1, 1), (3, 2, 1), (2, 1, 2), (4, 3, 1)])
def test_keras_has_the_same_values(padding, size, strides, dilation):
    keras = pytest.importorskip("keras")
    x = draw(2, 9, 8, 4)
    pairs = [
        (
            L.Conv2D(6, size, strides, padding, dilation_rate=dilation),
            keras.layers.Conv2D(6, size, strides, padding, dilation_rate=dilation),
        ),
        (L.MaxPooling2D(size, strides, padding), keras.layers.MaxPooling2D(size, strides, padding)),
        (L.AveragePooling2D(size, strides, padding), keras.layers.AveragePooling2D(size, strides, padding)),
    ]
    for ours, theirs in pairs:
        y = ours(x).numpy()
        theirs(x)
        theirs.set_weights(ours.get_weights())
        np.testing.assert_allclose(y, np.asarray(theirs(x)), rtol=0, atol=2 * 4 * 64 * EPS)  # 64 products below 4
