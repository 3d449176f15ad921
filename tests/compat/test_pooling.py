"""Oracle: each window searched row by row in NumPy for its first largest element, as TensorFlow 2.21 does on a CPU."""

import numpy as np
import pytest

import feedforward.compat

IMAGES = np.random.RandomState(0).randint(0, 3, (2, 12, 10, 2)).astype("float32")  # three values: ties in most windows


@pytest.fixture
def tf():
    feedforward.compat.install("tf2.0")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def pooled(x, size, step, padding):
    """Return the largest element of each window, and where the first such element lies."""
    rows, columns = (
        -(-length // step) if padding == "SAME" else (length - size) // step + 1 for length in x.shape[1:3]
    )
    above, before = (
        max((count - 1) * step + size - length, 0) // 2 if padding == "SAME" else 0
        for count, length in zip((rows, columns), x.shape[1:3], strict=True)
    )
    places = {}
    for n, i, j, c in np.ndindex(len(x), rows, columns, x.shape[3]):
        for row, column in np.ndindex(size, size):
            at = n, i * step - above + row, j * step - before + column, c
            is_inside = 0 <= at[1] < x.shape[1] and 0 <= at[2] < x.shape[2]
            if is_inside and ((n, i, j, c) not in places or x[at] > x[places[n, i, j, c]]):
                places[n, i, j, c] = at
    return (len(x), rows, columns, x.shape[3]), places


@pytest.mark.parametrize(("size", "step", "padding"), [(2, 2, "VALID"), (3, 2, "SAME"), (3, 1, "SAME"), (9, 2, "SAME")])
def test_the_gradient_of_a_largest_element_goes_to_the_first_of_equal_ones(tf, size, step, padding):
    shape, places = pooled(IMAGES, size, step, padding)
    slopes = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    expected = np.zeros_like(IMAGES)
    for place, at in places.items():
        expected[at] += slopes[place]
    layer = tf.keras.layers.MaxPooling2D(size, step, padding.lower())
    for pool in (lambda x: tf.nn.max_pool2d(x, size, step, padding), layer):
        x = tf.Variable(IMAGES)
        with tf.GradientTape() as tape:
            found = pool(x)
            total = tf.reduce_sum(found * slopes)
        np.testing.assert_array_equal(
            found.numpy()[tuple(zip(*places, strict=True))], [IMAGES[at] for at in places.values()]
        )
        np.testing.assert_array_equal(tape.gradient(total, x).numpy(), expected)


def test_sequences_are_pooled_alike(tf):
    x = tf.Variable([[[1.0], [1.0], [0.0], [2.0], [2.0], [2.0]]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.keras.layers.MaxPooling1D(2)(x) * [[[1.0], [10.0], [100.0]]])
    assert tape.gradient(total, x).numpy().ravel().tolist() == [1.0, 0.0, 0.0, 10.0, 100.0, 0.0]


def test_a_reduction_shares_its_gradient_among_equal_ones(tf):
    x = tf.Variable([[3.0, 3.0, 1.0, 3.0]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.reduce_max(x, 1)) * 3.0
    assert tape.gradient(total, x).numpy().tolist() == [[1.0, 1.0, 0.0, 1.0]]
