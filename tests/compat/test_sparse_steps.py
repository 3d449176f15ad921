"""Oracles: momentum's recursion on the rows taken, by hand; TensorFlow 2.21 (``tf.compat.v1``, tf-keras) for others.

A gradient by a table of which only some rows were taken has these rows alone: what is kept for all others stands still.
"""

import numpy as np
import pytest

import feedforward.compat

TAKEN = [[0, 1], [1, 1], [2], [0, 2]]


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def trained(tf, optimizer, loss=None, clip=None):
    """Return a table of ones after steps on the sum of squares of the rows in `TAKEN`; elements of a row are equal."""
    table = tf.Variable(np.ones((4, 2), "float32"))
    places = tf.placeholder(tf.int32, [None])
    total = tf.reduce_sum(tf.square(tf.nn.embedding_lookup(table, places)))
    pairs = optimizer.compute_gradients(total if loss is None else total + loss(table), [table])
    step = optimizer.apply_gradients([(grad if clip is None else clip(grad), var) for grad, var in pairs])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    for rows in TAKEN:
        session.run(step, {places: rows})
    return session.run(table)[:, 0]


def by_hand(is_lazy):
    """Return the rows after steps w := w - 0.1 m, where m := 0.9 m + g and g = 2 w for each time a row is taken."""
    w, m = np.ones(4), np.zeros(4)
    for rows in TAKEN:
        times = np.bincount(rows, minlength=4)
        moved = (times > 0) | (not is_lazy)
        m = np.where(moved, 0.9 * m + 2 * w * times, m)
        w = np.where(moved, w - 0.1 * m, w)
    return w


def test_momentum_moves_the_rows_that_were_taken(tf):
    found = trained(tf, tf.train.MomentumOptimizer(0.1, 0.9))
    np.testing.assert_allclose(found, by_hand(is_lazy=True), rtol=1e-6)
    assert found == pytest.approx([0.46, 0.3, 0.46, 1.0])  # which TensorFlow gives


def test_momentum_moves_all_rows_where_a_loss_takes_all(tf):
    found = trained(tf, tf.train.MomentumOptimizer(0.1, 0.9), lambda table: 0.0 * tf.reduce_sum(table))
    np.testing.assert_allclose(found, by_hand(is_lazy=False), rtol=1e-5)


def test_a_clipped_gradient_has_the_same_rows(tf):
    found = trained(tf, tf.train.MomentumOptimizer(0.1, 0.9), clip=lambda grad: tf.clip_by_norm(grad, 1e6))
    np.testing.assert_allclose(found, by_hand(is_lazy=True), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("RMSPropOptimizer", {}, [0.6873, 0.6051, 0.6873, 1.0]),
        ("RMSPropOptimizer", {"momentum": 0.9}, [0.5294, 0.4472, 0.5294, 1.0]),
        ("AdagradOptimizer", {}, [0.8347, 0.8140, 0.8347, 1.0]),
        ("FtrlOptimizer", {}, [0.6858, 0.6623, 0.6858, 1.0]),
        ("AdamOptimizer", {}, [0.7120, 0.6652, 0.8582, 1.0]),
    ],
)
def test_an_optimizer_steps_as_tensorflow_s(tf, name, settings, expected):
    found = trained(tf, getattr(tf.train, name)(0.1, **settings))
    np.testing.assert_allclose(found, expected, atol=6e-5)  # recorded to four places


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("SGD", {"lr": 0.1, "momentum": 0.9}, [-0.0200, -0.3800, -1.1600, 1.0]),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}, [0.8332, 0.5596, -0.7928, 1.0]),
        ("Nadam", {"lr": 0.1}, [0.80883, 0.80086, 0.83092, 1.0]),
        ("Adamax", {"lr": 0.1}, [0.84735, 0.82004, 0.92368, 1.0]),
        ("RMSprop", {"lr": 0.1, "momentum": 0.9}, [0.23456, 0.15466, 0.30696, 1.0]),
        ("RMSprop", {"lr": 0.1, "centered": True}, [0.47860, 0.39954, 0.57074, 1.0]),
        ("RMSprop", {"lr": 0.1}, [0.50642, 0.43926, 0.59157, 1.0]),
        ("Adadelta", {"lr": 10.0}, [0.97167, 0.96795, 0.97687, 1.0]),
        ("Adam", {"lr": 0.1, "amsgrad": True}, [0.71171, 0.66445, 0.86577, 1.0]),
        ("Adagrad", {"lr": 0.1}, [0.83469, 0.81355, 0.86028, 1.0]),
    ],
)
def test_a_layer_of_embeddings_is_trained_as_in_tensorflow_s_keras(tf, name, settings, expected):
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Embedding(4, 2, input_length=2, embeddings_initializer="ones"),
            layers.Flatten(),
            layers.Dense(1, kernel_initializer="ones", trainable=False),
        ]
    )
    model.compile(getattr(tf.keras.optimizers, name)(**settings), "mse")
    for rows in ([0, 1], [1, 1], [2, 2], [0, 2]):
        model.train_on_batch(np.array([rows]), np.ones((1, 1)))
    np.testing.assert_allclose(model.get_weights()[0][:, 0], expected, atol=6e-5)  # recorded to four or five places
