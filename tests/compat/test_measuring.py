"""Oracles: worked by hand, and float64 NumPy from the formulas of TensorFlow 2.0's losses and metrics."""

import numpy as np
import pytest

import feedforward.compat

LOGITS = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], "float32")
LABELS = [1, 0]


@pytest.fixture
def tf():
    feedforward.compat.install("tf2.0")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def costs(labels):
    z = LOGITS.astype(float)
    return -(z - np.log(np.exp(z).sum(1, keepdims=True)))[[0, 1], labels]


def test_losses_are_means_over_a_batch_of_what_each_sample_costs(tf):
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(loss(LABELS, LOGITS)) == pytest.approx(costs(LABELS).mean(), rel=1e-6)
    one_hot = tf.losses.CategoricalCrossentropy(from_logits=True)
    assert float(one_hot(np.eye(3)[LABELS], LOGITS)) == pytest.approx(costs(LABELS).mean(), rel=1e-6)
    each = tf.losses.CategoricalCrossentropy(from_logits=True, reduction=tf.losses.Reduction.NONE)
    np.testing.assert_allclose(each(np.eye(3)[LABELS], LOGITS), costs(LABELS), rtol=1e-6)
    assert float(tf.losses.MeanSquaredError()([1.0, 2.0], [3.0, 5.0])) == 6.5
    assert float(tf.losses.MeanSquaredError(reduction="sum")([[1.0], [2.0]], [[3.0], [5.0]])) == 13.0
    assert float(tf.losses.MeanAbsoluteError()([[1.0], [2.0]], [[3.0], [5.0]], [1.0, 0.0])) == 1.0


def test_functions_take_logits_and_smoothed_labels(tf):
    found = tf.losses.categorical_crossentropy(np.eye(3)[LABELS], LOGITS, from_logits=True, label_smoothing=0.3)
    z = LOGITS.astype(float)
    logs = z - np.log(np.exp(z).sum(1, keepdims=True))
    np.testing.assert_allclose(found, -((np.eye(3)[LABELS] * 0.7 + 0.1) * logs).sum(1), rtol=1e-6)
    x = np.array([[0.3, -2.0]], "float32")
    binary = tf.losses.binary_crossentropy([[1.0, 0.0]], x, from_logits=True)
    np.testing.assert_allclose(binary, [np.log1p(np.exp([-0.3, -2.0])).mean()], rtol=1e-6)


def test_metrics_add_up_until_they_are_reset(tf):
    mean = tf.keras.metrics.Mean(name="loss")
    mean.update_state([1.0, 2.0])
    mean(6.0)
    assert (float(mean.result()), mean.name) == (3.0, "loss")
    mean.reset_states()
    assert float(mean.result()) == 0.0
    right = tf.keras.metrics.SparseCategoricalAccuracy()
    right.update_state(LABELS, LOGITS)
    right.update_state([2], [[0.0, 0.1, 0.2]])
    assert float(right.result()) == pytest.approx(2 / 3)
    equal = tf.metrics.Accuracy()
    equal.update_state([1, 2, 3], tf.constant([1, 2, 4]))
    assert equal.result().numpy() == pytest.approx(2 / 3)
    found, asked = tf.keras.metrics.Precision(), tf.keras.metrics.Recall()
    for each in (found, asked):
        each.update_state([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.2])
    assert (float(found.result()), float(asked.result())) == pytest.approx((2 / 3, 2 / 3))


def test_metrics_add_up_in_a_function(tf):
    total = tf.keras.metrics.Sum()

    @tf.function
    def add(x):
        total.update_state(x)

    for number in (1.0, 2.0, 4.0):
        add(tf.constant(number))
    assert float(total.result()) == 7.0


def test_a_metric_of_a_programs_own(tf):
    class Count(tf.keras.metrics.Metric):
        def __init__(self):
            super().__init__()
            self.total = self.add_weight(name="total", dtype=tf.int32, initializer=tf.zeros_initializer())

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(tf.shape(y_true)[0])

        def result(self):
            return self.total

    count = Count()
    count.update_state(tf.constant([1, 2]), None)
    assert int(count.result()) == 2
    with pytest.raises(ValueError, match="adds up in a way of its own"):
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[count])
        model.fit(np.ones((2, 1)), np.ones(2), verbose=0)


def test_fit_takes_losses_and_metrics_that_are_objects(tf):
    model = tf.keras.Sequential([tf.keras.layers.Dense(3, kernel_initializer="zeros", input_shape=(3,))])
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        tf.keras.optimizers.SGD(0.0), loss, metrics=["accuracy", tf.keras.metrics.SparseCategoricalAccuracy("right")]
    )
    history = model.fit(LOGITS, np.array(LABELS), verbose=0).history
    assert history["loss"] == [pytest.approx(np.log(3), rel=1e-6)]
    assert history["accuracy"] == history["right"]
    with pytest.raises(ValueError, match="fit\\(\\) makes the mean over a batch small"):
        model.compile("sgd", tf.keras.losses.MeanSquaredError(reduction="sum"))


def test_wrong_arguments_are_refused_by_name(tf):
    with pytest.raises(ValueError, match="Invalid Reduction Key 'mean'"):
        tf.keras.losses.MeanSquaredError(reduction="mean")
    with pytest.raises(TypeError, match="got logits"):
        tf.keras.losses.CategoricalCrossentropy(logits=True)
    with pytest.raises(TypeError, match="takes no threshold"):
        tf.keras.metrics.Accuracy(threshold=0.5)
    with pytest.raises(ValueError, match="only one number"):
        tf.keras.metrics.Precision(thresholds=[0.5])


# Layers and optimizers in a loop of a program's own


def test_a_subclass_of_model_is_trained_by_a_tape(tf):
    class Net(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.first = tf.keras.layers.Dense(2, kernel_initializer="ones", use_bias=False)
            self.factor = tf.Variable(3.0)

        def call(self, x, training=False):
            return tf.reduce_sum(self.first(x)) * self.factor

    net, x = Net(), tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        loss = net(x, training=True)
    assert float(loss) == 18.0
    assert {len(variable.shape) for variable in net.trainable_variables} == {0, 2}
    slopes = tape.gradient(loss, net.trainable_variables)
    tf.keras.optimizers.SGD(0.5).apply_gradients(zip(slopes, net.trainable_variables, strict=True))
    # factor: 3 - 0.5 * 6; kernel: 1 - 0.5 * 3 * x
    np.testing.assert_allclose(net.factor.numpy(), 0.0)
    np.testing.assert_allclose(net.first.kernel.numpy(), [[-0.5, -0.5], [-2.0, -2.0]])


def test_a_model_may_define_its_call_operator(tf):
    class Net(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.last = tf.keras.layers.Dense(2)

        def __call__(self, x):
            return self.last(x) + 1.0

    net = Net()
    assert net(tf.ones([3, 4])).shape == (3, 2)
    names = [variable.name.removeprefix("net/") for variable in net.trainable_variables]
    assert names == ["dense/kernel:0", "dense/bias:0"]


def test_keras_optimizers_change_variables_of_tensorflow(tf):
    w = tf.Variable([1.0, 2.0])
    optimizer = tf.keras.optimizers.SGD(learning_rate=0.25)
    optimizer.apply_gradients([(tf.constant([1.0, -1.0]), w)])
    np.testing.assert_allclose(w.numpy(), [0.75, 2.25])
    optimizer.minimize(lambda: tf.reduce_sum(w * w), [w])
    np.testing.assert_allclose(w.numpy(), [0.375, 1.125])
    later = tf.Variable(1.0)  # another one, as a loop may bring it
    optimizer.apply_gradients([(tf.constant(2.0), later)])
    assert (float(later), int(optimizer.iterations)) == (0.5, 3)
    with pytest.raises(TypeError, match="the loss is no function"):
        optimizer.minimize(tf.constant(1.0), [w])


def test_a_model_knows_the_variables_of_layers_of_tf_layers():
    feedforward.compat.install("tf1.15")
    import tensorflow as tf

    tf.enable_eager_execution()

    class Net(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.first = tf.layers.Dense(2, kernel_initializer=tf.ones_initializer())

        def call(self, x):
            return self.first(x)

    net = Net()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(tf.constant([[1.0, 2.0]])))
    slopes = tape.gradient(loss, net.variables)
    tf.train.GradientDescentOptimizer(1.0).apply_gradients(zip(slopes, net.variables, strict=True))
    np.testing.assert_array_equal(net.get_weights()[0], [[0.0, 0.0], [-1.0, -1.0]])
    feedforward.compat.uninstall()


def test_optimizers_of_tf_train_train_models_of_keras():
    feedforward.compat.install("tf1.15")
    import tensorflow as tf

    def weights(optimizer):
        model = tf.keras.Sequential([tf.keras.layers.Dense(1, kernel_initializer="ones", input_shape=(2,))])
        model.compile(optimizer, "mse")
        model.fit(np.array([[1.0, 2.0]]), np.array([[1.0]]), epochs=2, verbose=0)
        return np.concatenate([each.ravel() for each in model.get_weights()])

    # Error 2, slopes 2 * 2 * (1, 2, 1); then error 2 - 0.01 * 4 * 6.
    w = np.array([1.0, 1.0, 0.0]) - 0.01 * 4 * np.array([1.0, 2.0, 1.0])
    w -= 0.01 * 2 * (w @ [1.0, 2.0, 1.0] - 1.0) * np.array([1.0, 2.0, 1.0])
    np.testing.assert_allclose(weights(tf.train.GradientDescentOptimizer(0.01)), w, rtol=1e-6)
    # Two steps of Adam whose slopes keep their signs are of 0.1 each, but for epsilon and the change of slopes.
    np.testing.assert_allclose(weights(tf.train.AdamOptimizer(0.1)), [0.8, 0.8, -0.2], atol=0.01)
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    model.compile(tf.train.AdamOptimizer(), "mse")
    feedforward.compat.uninstall()


def test_an_optimizer_finds_the_weights_that_a_function_reads():
    feedforward.compat.install("tf1.15")
    import tensorflow as tf

    tf.enable_eager_execution()
    layer = tf.keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)
    optimizer = tf.train.GradientDescentOptimizer(0.5)
    optimizer.minimize(lambda: tf.reduce_sum(layer(tf.constant([[1.0, 2.0]]))))
    np.testing.assert_array_equal(layer.get_weights()[0], [[0.5], [0.0]])
    feedforward.compat.uninstall()


def test_build_is_given_the_shape_that_its_keras_gave():
    seen = []
    for version, package in (("tf1.15", "tensorflow"), ("keras2", "keras")):
        feedforward.compat.install(version)
        keras = __import__(package).keras if package == "tensorflow" else __import__("keras")

        class Layer(keras.layers.Layer):
            def build(self, input_shape):
                seen.append(input_shape)
                super().build(input_shape)

            def call(self, x):
                return x

        Layer()(keras.layers.Input((3,)))
        feedforward.compat.uninstall()
    assert seen[0].as_list() == [None, 3]
    assert seen[0][-1].value == 3
    assert seen[1] == (None, 3)


def test_fit_takes_a_dataset_where_a_program_makes_a_graph():
    feedforward.compat.install("tf1.15")
    import tensorflow as tf

    data = (
        tf.data.Dataset.from_tensor_slices((np.ones((4, 2), "float32"), np.ones((4, 1), "float32"))).batch(2).repeat()
    )
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, kernel_initializer="ones", input_shape=(2,))])
    model.compile("sgd", "mse")
    assert len(model.fit(data, epochs=2, steps_per_epoch=2, verbose=0).history["loss"]) == 2
    assert model.predict(data, steps=2).shape == (4, 1)
    feedforward.compat.uninstall()
