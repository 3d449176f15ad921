"""Oracle: dtypes and shapes that TensorFlow 2.21's ``tf.compat.v1`` gives these tensors; float64 NumPy written here."""

import numpy as np
import pytest

import feedforward.compat


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def test_of_unknown_shapes_the_dtypes_are_known(tf):
    a, y, x = tf.placeholder("float"), tf.placeholder("int64"), tf.placeholder(tf.float32, [None, 4])
    logits = tf.matmul(a, tf.ones([3, 2]))
    assert logits.shape.as_list() == [None, 2]  # as in 1.x, whose product by a matrix is one of matrices
    for tensor, dtype in {
        tf.equal(a, 1.0): tf.bool,
        tf.argmax(a, 1): tf.int64,
        tf.equal(tf.argmax(a, 1), tf.argmax(y, 1)): tf.bool,
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits): tf.float32,
        tf.nn.in_top_k(a, tf.cast(y, tf.int32), 1): tf.bool,
        x * a: tf.float32,
    }.items():
        assert tensor.dtype == dtype, tensor.name
    for output, dtype in zip(tf.nn.top_k(a, 2), (tf.float32, tf.int32), strict=True):
        assert output.dtype == dtype


def test_a_probability_of_unknown_shape_leaves_the_shape_of_what_is_dropped(tf):
    x, keep = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32)
    dropped = tf.nn.dropout(x, keep)
    assert dropped.shape.as_list() == tf.nn.dropout(x, rate=1 - keep).shape.as_list() == [None, 4]
    values = np.arange(8, dtype=np.float32).reshape(2, 4)
    np.testing.assert_array_equal(tf.Session().run(dropped, {x: values, keep: 1.0}), values)


def test_a_loss_behind_an_unknown_shape_has_a_gradient(tf):
    x, scale, labels = (
        tf.placeholder(tf.float32, [None, 2]),
        tf.placeholder(tf.float32),
        tf.placeholder(tf.int64, [None]),
    )
    w = tf.Variable([[0.5, -1.0], [0.25, 2.0]])
    logits = tf.matmul(x, w) * scale
    (slope,) = tf.gradients(tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits), [w])
    sess = tf.Session()
    sess.run(w.initializer)
    rows, given = np.array([[1.0, 2.0], [-0.5, 3.0]]), np.array([0, 1])
    found = sess.run(slope, {x: rows, scale: 1.5, labels: given})
    scores = rows @ np.array([[0.5, -1.0], [0.25, 2.0]]) * 1.5
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    expected = rows.T @ (shares - np.eye(2)[given]) * 1.5 / 2
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)  # float32 scores of about 9
