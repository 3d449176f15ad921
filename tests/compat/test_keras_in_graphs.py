"""Oracles: float64 NumPy written here, from the formulas of Keras's layers; what TensorFlow 1.15 says of names."""

import numpy as np
import pytest

import feedforward.compat

X = np.random.RandomState(0).randn(40, 6).astype("float32")
LABELS = (X[:, 0] > 0).astype("int32")


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def started(tf):
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


def test_weights_of_a_layer_are_variables_of_the_graph_that_optimizers_train(tf):
    x, y = tf.placeholder(tf.float32, [None, 6]), tf.placeholder(tf.int32, [None])
    outputs = tf.keras.layers.Dense(2, name="last")(x)
    loss = tf.losses.sparse_softmax_cross_entropy(y, outputs)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    assert [variable.name for variable in tf.trainable_variables()] == ["last/kernel:0", "last/bias:0"]
    assert outputs.shape.as_list() == [None, 2]
    sess = started(tf)
    w, b = sess.run(tf.trainable_variables())
    z = X.astype(float) @ w + b
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    slope = (p - np.eye(2)[LABELS]) / len(X)
    sess.run(step, {x: X, y: LABELS})
    after = sess.run(tf.trainable_variables())
    np.testing.assert_allclose(after[0], w - 0.5 * X.T @ slope, atol=2e-6)  # float32, sums of 40 terms
    np.testing.assert_allclose(after[1], b - 0.5 * slope.sum(0), atol=2e-6)


def test_a_model_on_a_placeholder_computes_what_it_predicts(tf):
    layers = tf.keras.layers
    model = tf.keras.Sequential([layers.Dense(4, activation="relu", input_shape=(6,)), layers.Dense(2)])
    x = tf.placeholder(tf.float32, [None, 6])
    outputs = model(x)
    slopes = tf.gradients(outputs, model.trainable_variables)
    sess = started(tf)
    np.testing.assert_allclose(sess.run(outputs, {x: X}), model.predict(X), rtol=1e-6)
    assert [each.shape for each in sess.run(slopes, {x: X})] == [(6, 4), (4,), (4, 2), (2,)]


def test_batch_normalization_changes_its_averages_when_its_updates_are_run(tf):
    x, training = tf.placeholder(tf.float32, [None, 6]), tf.placeholder(tf.bool)
    layer = tf.keras.layers.BatchNormalization(momentum=0.9)
    outputs = layer(x, training=training)
    sess, data = started(tf), X * 3 + 1
    normal = (data - data.mean(0)) / np.sqrt(data.var(0) + 1e-3)
    np.testing.assert_allclose(sess.run(outputs, {x: data, training: True}), normal, atol=1e-5)
    np.testing.assert_allclose(sess.run(outputs, {x: data, training: False}), data / np.sqrt(1.001), rtol=1e-5)
    sess.run(layer.updates, {x: data, training: True})
    mean, variance = sess.run(layer.variables)[2:]
    np.testing.assert_allclose(mean, 0.1 * data.mean(0), rtol=1e-5)
    np.testing.assert_allclose(variance, 0.9 + 0.1 * data.var(0), rtol=0.03)  # some versions divide by n - 1
    sess.run(layer.updates, {x: data, training: False})
    np.testing.assert_array_equal(sess.run(layer.variables)[2], mean)


def test_dropout_goes_by_the_learning_phase_that_is_fed(tf):
    backend, x = tf.keras.backend, tf.placeholder(tf.float32, [None, 6])
    outputs = tf.keras.layers.Dropout(0.5)(x)
    sess = tf.Session()
    np.testing.assert_array_equal(sess.run(outputs, {x: X}), X)
    dropped = sess.run(outputs, {x: X, backend.learning_phase(): 1})
    assert 0.3 < (dropped == 0).mean() < 0.7  # 240 draws: within six standard deviations
    np.testing.assert_allclose(dropped[dropped != 0], 2 * X[dropped != 0])


def test_losses_and_the_backend_take_tensors_of_a_graph(tf):
    x, y = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None, 2])
    costs = tf.keras.losses.categorical_crossentropy(y, x)
    right = tf.keras.metrics.categorical_accuracy(y, x)
    mean = tf.keras.backend.mean(tf.keras.backend.square(x))
    p = np.array([[0.25, 0.75], [0.5, 0.5]], "float32")
    found = tf.Session().run([costs, right, mean], {x: p, y: [[0, 1], [1, 0]]})
    np.testing.assert_allclose(found[0], [-np.log(0.75), -np.log(0.5)], rtol=1e-6)
    np.testing.assert_array_equal(found[1], [1, 1])
    assert found[2] == pytest.approx(0.28125)


def test_regularizers_cost_tensors_of_the_graph(tf):
    layer = tf.keras.layers.Dense(2, kernel_regularizer=tf.keras.regularizers.l2(0.5))
    layer(tf.placeholder(tf.float32, [None, 6]))
    (cost,) = layer.losses
    sess = tf.keras.backend.get_session()
    kernel, _ = sess.run(layer.variables)
    assert sess.run(cost) == pytest.approx(0.5 * (kernel**2).sum(), rel=1e-5)


def test_a_layer_of_a_programs_own_records_its_operations(tf):
    class Scaled(tf.keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight("scale", [int(input_shape[-1])], initializer=tf.ones_initializer())
            super().build(input_shape)

        def call(self, inputs):
            return inputs * self.scale

    x = tf.placeholder(tf.float32, [None, 6])
    layer = Scaled()
    outputs = layer(x)
    (slope,) = tf.gradients(outputs, layer.trainable_variables)
    sess = started(tf)
    sess.run(layer.variables[0].assign(2.0 * np.ones(6)))
    np.testing.assert_allclose(sess.run(outputs, {x: X}), 2 * X)
    np.testing.assert_allclose(sess.run(slope, {x: X}), X.sum(0), atol=1e-5)


def test_a_cost_of_outputs_is_refused_in_a_graph(tf):
    layer = tf.keras.layers.Dense(2, activity_regularizer=tf.keras.regularizers.l2(0.5))
    with pytest.raises(ValueError, match="which a graph does not know of"):
        layer(tf.placeholder(tf.float32, [None, 6]))


def test_a_placeholder_without_a_shape_is_refused(tf):
    with pytest.raises(ValueError, match="Expected a known number of dimensions"):
        tf.keras.layers.Dense(2)(tf.placeholder(tf.float32))
