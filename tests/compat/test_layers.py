"""Oracle: float64 NumPy formulas of each layer and metric, worked out beside the test; graph and eager mode alike."""

import numpy as np
import pytest

from compat.compared import tensorflow

X = np.random.RandomState(0).randn(4, 3).astype(np.float32)
IMAGES = np.random.RandomState(1).randn(2, 6, 5, 3).astype(np.float32)
KERNEL = np.random.RandomState(2).randn(3, 2).astype(np.float32)


@pytest.fixture
def tf():
    with tensorflow() as module:
        yield module


def run(tf, make):
    """Return the value of what a function makes in a graph, with all variables initialized."""
    made = make()
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        return session.run(made)


def test_dense_is_a_product_with_bias_and_activation_in_both_modes(tf):
    def dense():
        settings = {"kernel_initializer": tf.constant_initializer(KERNEL), "bias_initializer": tf.ones_initializer()}
        return tf.layers.dense(X, 2, tf.nn.relu, **settings)

    expected = np.maximum(X.astype(np.float64) @ KERNEL + 1, 0)
    np.testing.assert_allclose(run(tf, dense), expected, rtol=1e-5, atol=1e-6)
    with tensorflow() as eager:
        eager.enable_eager_execution()
        np.testing.assert_allclose(dense().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_dense_goes_over_the_last_axis(tf):
    found = run(
        tf, lambda: tf.layers.dense(IMAGES, 2, use_bias=False, kernel_initializer=tf.constant_initializer(KERNEL))
    )
    np.testing.assert_allclose(found, IMAGES @ KERNEL, rtol=1e-4, atol=1e-5)


def test_a_layer_object_has_the_same_variables_at_each_call(tf):
    layer = tf.layers.Dense(2, name="twice")
    first, second = layer(X), layer(X)
    assert [v.name for v in layer.variables] == ["twice/kernel:0", "twice/bias:0"]
    assert layer.trainable_variables == tf.trainable_variables()
    a, b = run(tf, lambda: [first, second])
    assert a.tolist() == b.tolist()


def test_layers_as_objects_train_eagerly(tf):
    tf.enable_eager_execution()
    layer = tf.layers.Dense(1, kernel_initializer=tf.zeros_initializer())
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    target = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)
    for _ in range(300):
        with tf.GradientTape() as tape:
            loss = tf.losses.mean_squared_error(target, layer(X))
        optimizer.apply_gradients(zip(tape.gradient(loss, layer.variables), layer.variables, strict=True))
    assert float(loss) < 1e-4


def test_reuse_shares_the_variables_of_a_name(tf):
    first = tf.layers.dense(X, 2, name="d")
    second = tf.layers.dense(X, 2, name="d", reuse=True)
    assert len(tf.trainable_variables()) == 2
    a, b = run(tf, lambda: [first, second])
    assert a.tolist() == b.tolist()
    with pytest.raises(ValueError, match="Variable d/kernel already exists"):
        tf.layers.dense(X, 2, name="d")


@pytest.mark.parametrize(("size", "strides", "padding", "shape"), [
    (3, 1, "valid", [2, 4, 3, 4]), (3, 2, "same", [2, 3, 3, 4]), ((2, 3), (2, 1), "valid", [2, 3, 3, 4]),
])  # fmt: skip
def test_convolutions_have_the_shapes_of_their_padding_and_their_adjoints_undo_them(tf, size, strides, padding, shape):
    y = tf.layers.conv2d(IMAGES, 4, size, strides, padding)
    assert y.shape.as_list() == shape
    back = tf.layers.conv2d_transpose(y, 3, size, strides, padding)
    steps = (strides, strides) if isinstance(strides, int) else strides
    sizes = (size, size) if isinstance(size, int) else size
    grown = [
        s * t + (max(k - t, 0) if padding == "valid" else 0) for s, t, k in zip(shape[1:3], steps, sizes, strict=True)
    ]
    assert back.shape.as_list() == [2, *grown, 3]


def test_channels_first_is_channels_last_with_axes_moved(tf):
    settings = {
        "kernel_initializer": tf.constant_initializer(np.arange(54.0).reshape(3, 3, 3, 2)),
        "activation": tf.nn.tanh,
    }
    last = tf.layers.conv2d(IMAGES * 0.001, 2, 3, **settings)
    first = tf.layers.conv2d(IMAGES.transpose(0, 3, 1, 2) * 0.001, 2, 3, data_format="channels_first", **settings)
    pooled = tf.layers.max_pooling2d(first, 2, 1, data_format="channels_first")
    a, b, c, d = run(tf, lambda: [last, first, tf.layers.max_pooling2d(last, 2, 1), pooled])
    np.testing.assert_allclose(a, b.transpose(0, 2, 3, 1), rtol=1e-6)
    np.testing.assert_allclose(c, d.transpose(0, 2, 3, 1), rtol=1e-6)


def test_batch_normalization_standardises_and_moves_its_moments(tf):
    training = tf.placeholder(tf.bool)
    y = tf.layers.batch_normalization(X, training=training, momentum=0.9)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    mean, variance = X.mean(0, dtype=np.float64), X.var(0, dtype=np.float64)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found, *_ = session.run([y, *updates], {training: True})
        np.testing.assert_allclose(found, (X - mean) / np.sqrt(variance + 1e-3), rtol=1e-4, atol=1e-5)
        moving = session.run([v for v in tf.global_variables() if "moving" in v.name])
        np.testing.assert_allclose(moving, [0.1 * mean, 0.9 + 0.1 * variance], rtol=1e-5, atol=1e-6)
        found = session.run(y, {training: False})
        np.testing.assert_allclose(found, (X - moving[0]) / np.sqrt(moving[1] + 1e-3), rtol=1e-5, atol=1e-6)
        session.run(updates, {training: False})
        again = session.run([v for v in tf.global_variables() if "moving" in v.name])
        np.testing.assert_array_equal(again, moving)


def test_batch_normalization_of_images_keeps_the_variance_with_divisor_n_less_1(tf):
    tf.layers.batch_normalization(IMAGES, training=True, momentum=0.0)
    run_updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(run_updates)
        found = session.run(tf.global_variables()[-1])
    np.testing.assert_allclose(found, IMAGES.var((0, 1, 2), dtype=np.float64, ddof=1), rtol=1e-5)


def test_contrib_batch_norm_without_a_collection_moves_with_its_output(tf):
    y = tf.contrib.layers.batch_norm(X, decay=0.5, updates_collections=None, is_training=True, scope="bn")
    assert [v.name for v in tf.global_variables()] == ["bn/beta:0", "bn/moving_mean:0", "bn/moving_variance:0"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(y)
        np.testing.assert_allclose(session.run(tf.global_variables()[1]), X.mean(0) / 2, rtol=1e-5, atol=1e-6)


def test_contrib_conv2d_has_relu_and_same_padding(tf):
    y = tf.contrib.layers.conv2d(IMAGES, 4, [3, 3])
    z = tf.contrib.layers.max_pool2d(y, [2, 2])
    assert [v.name for v in tf.trainable_variables()] == ["Conv/weights:0", "Conv/biases:0"]
    assert y.shape.as_list() == [2, 6, 5, 4]
    assert z.shape.as_list() == [2, 3, 2, 4]
    assert run(tf, lambda: y).min() == 0


def test_dropout_is_off_unless_training(tf):
    training = tf.placeholder_with_default(False, [])
    y = tf.layers.dropout(np.ones([200, 50], np.float32), 0.25, training=training)
    with tf.Session() as session:
        assert set(session.run(y).ravel()) == {1.0}
        found = session.run(y, {training: True})
    assert sorted(set(np.round(found.ravel(), 5))) == [0.0, np.float32(1.33333)]
    assert abs((found > 0).mean() - 0.75) < 0.02  # four deviations of a share of 10,000


def test_dropout_since_tensorflow_2_drops_what_it_is_told():
    with tensorflow("tf2.0") as tf:
        found = tf.nn.dropout(tf.ones([100, 100]), 0.1).numpy()
    assert abs((found == 0).mean() - 0.1) < 0.02  # six deviations of a share of 10,000


def test_activity_regularizers_are_kept_among_the_losses(tf):
    tf.layers.dense(X, 2, kernel_initializer=tf.constant_initializer(KERNEL), activity_regularizer=tf.nn.l2_loss)
    found = run(tf, lambda: tf.losses.get_regularization_loss())
    np.testing.assert_allclose(found, np.square(X.astype(np.float64) @ KERNEL).sum() / 2, rtol=1e-5)


def test_what_is_wrong_is_said(tf):
    with pytest.raises(ValueError, match="The last dimension of the inputs to `Dense` should be defined"):
        tf.layers.dense(tf.placeholder(tf.float32, [3, None]), 2)
    with pytest.raises(ValueError, match="expected ndim=4, found ndim=2"):
        tf.layers.conv2d(X, 2, 3)
    with pytest.raises(ValueError, match=r"batch_normalization\(renorm=True\) is not provided"):
        tf.layers.BatchNormalization(renorm=True)
    with pytest.raises(ValueError, match="The `padding` argument must be one of"):
        tf.layers.max_pooling2d(IMAGES, 2, 2, padding="full")
    with pytest.raises(ValueError, match="scale cannot be an integer: 1"):
        tf.contrib.layers.l2_regularizer(1)
    with pytest.raises(ValueError, match=r"keep_prob=None and rate=None\. Expected one of them"):
        tf.nn.dropout(X)
    with pytest.raises(ValueError, match="Only call `softmax_cross_entropy_with_logits` with named arguments"):
        tf.nn.softmax_cross_entropy_with_logits(X, X)
    with pytest.raises(TypeError, match="Input 'y' has type int32 that does not match type float32"):
        tf.add(tf.constant(1.0), tf.constant(1))
    with pytest.raises(TypeError, match="Value passed to parameter 'features' of relu has DataType string"):
        tf.nn.relu(tf.constant("a"))
    with pytest.raises(ValueError, match="weights can not be broadcast to values"):
        tf.losses.mean_squared_error(X, X, weights=[1.0, 2.0])
    with pytest.raises(ValueError, match="Invalid Reduction Key mean"):
        tf.losses.mean_squared_error(X, X, reduction="mean")
    with pytest.raises(ValueError, match="get_total_loss: there is no loss"):
        tf.losses.get_total_loss()


def test_the_logits_come_first_in_tensorflow_0():
    with tensorflow("tf0.12") as tf:
        found = run(tf, lambda: tf.nn.softmax_cross_entropy_with_logits([[1.0, 3.0]], [[0.0, 1.0]]))
    np.testing.assert_allclose(found, [np.log(1 + np.exp(-2.0))], rtol=1e-6)


def test_metrics_count_over_batches(tf):
    labels, guesses = tf.placeholder(tf.int64, [None]), tf.placeholder(tf.int64, [None])
    found = {
        "accuracy": tf.metrics.accuracy(labels, guesses), "precision": tf.metrics.precision(labels, guesses),
        "recall": tf.metrics.recall(labels, guesses), "hits": tf.metrics.true_positives(labels, guesses),
        "misses": tf.metrics.false_negatives(labels, guesses), "error": tf.metrics.mean_squared_error(labels, guesses),
        "root": tf.metrics.root_mean_squared_error(labels, guesses),
        "weighted": tf.metrics.mean(guesses, weights=labels),
    }  # fmt: skip
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        updates = {name: update for name, (_, update) in found.items()}
        session.run(updates, {labels: [1, 1, 0, 0], guesses: [1, 0, 1, 0]})
        session.run(updates, {labels: [1, 1], guesses: [1, 1]})
        values = session.run({name: value for name, (value, _) in found.items()})
    expected = {
        "accuracy": 4 / 6, "precision": 3 / 4, "recall": 3 / 4, "hits": 3, "misses": 1, "error": 2 / 6,
        "root": (2 / 6) ** 0.5, "weighted": 3 / 4,
    }  # fmt: skip
    assert values == pytest.approx(expected)
    assert not tf.global_variables()
    assert len(tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)) == len(tf.local_variables())


def test_metrics_are_refused_eagerly(tf):
    tf.enable_eager_execution()
    with pytest.raises(RuntimeError, match=r"tf\.metrics\.mean is not supported when eager execution is enabled"):
        tf.metrics.mean([1.0])


def test_checks_raise_when_they_run(tf):
    x = tf.placeholder(tf.float32, [None])
    y = tf.check_numerics(tf.log(x), "here")
    with tf.control_dependencies([tf.assert_positive(x, message="sizes")]):
        z = tf.identity(x)
    with tf.Session() as session:
        assert session.run(y, {x: [1.0]}).tolist() == [0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="here : Tensor had Inf and NaN values"):
            session.run(y, {x: [0.0, -1.0]})
        assert session.run(z, {x: [2.0]}).tolist() == [2]
        with pytest.raises(tf.errors.InvalidArgumentError, match="sizes Condition x is positive did not hold"):
            session.run(z, {x: [0.0]})
