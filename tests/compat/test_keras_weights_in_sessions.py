"""Oracles: gradient descent on a linear layer in float64, written here; that a model and its session are one.

Which session a model's weights belong to is what Keras 2.2.4 says in ``get_session``: the default one, else its own.
"""

import numpy as np
import pytest

import feedforward.compat

X = np.random.RandomState(0).randn(40, 3).astype("float32")
Y = X @ np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, 0.0]], "float32")
START = np.full((3, 2), 0.25, "float32")


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


class Linear:
    """A model without bias that Keras and an optimizer of TensorFlow's both train."""

    def __init__(self, tf):
        self.model = tf.keras.Sequential([tf.keras.layers.Dense(2, use_bias=False, input_shape=(3,))])
        self.model.compile(tf.keras.optimizers.SGD(0.1), "mse")
        self.x, self.y = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 2])
        self.outputs = self.model(self.x)
        loss = tf.reduce_mean(tf.square(self.outputs - self.y))
        self.step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)

    @property
    def kernel(self):
        return self.model.get_weights()[0]

    def train(self, session):
        session.run(self.step, {self.x: X, self.y: Y})

    def fit(self):
        self.model.fit(X, Y, batch_size=len(X), epochs=1, verbose=0, shuffle=False)


def stepped(kernel, steps=1):
    for _ in range(steps):
        kernel = kernel - 0.1 * X.T.astype(float) @ (X @ kernel - Y) * 2 / Y.size
    return kernel


def assert_is(found, expected):
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)  # float32, sums of 40 terms, few steps


def test_a_model_sees_what_the_session_of_models_trained(tf, tmp_path):
    linear = Linear(tf)
    linear.model.set_weights([START])
    session = tf.keras.backend.get_session()
    for _ in range(3):
        linear.train(session)
    expected = stepped(START, 3)
    assert_is(linear.kernel, expected)
    assert_is(linear.model.predict(X), X @ expected)
    assert linear.model.evaluate(X, Y, verbose=0) == pytest.approx(((X @ expected - Y) ** 2).mean(), rel=1e-4)
    linear.model.save_weights(str(tmp_path / "weights.h5"))
    linear.model.set_weights([START])
    assert_is(session.run(linear.outputs, {linear.x: X}), X @ START)
    linear.model.load_weights(str(tmp_path / "weights.h5"))
    assert_is(session.run(linear.outputs, {linear.x: X}), X @ expected)


def test_a_session_and_fit_train_the_same_weights_in_turns(tf):
    linear = Linear(tf)
    session = tf.Session()
    tf.keras.backend.set_session(session)
    session.run(tf.global_variables_initializer())
    linear.model.set_weights([START])
    for _ in range(2):
        linear.train(session)
        linear.fit()
        linear.model.train_on_batch(X, Y)
    expected = stepped(START, 6)
    assert_is(linear.kernel, expected)
    assert_is(session.run(linear.model.variables[0]), expected)
    assert_is(tf.keras.backend.get_value(linear.model.weights[0]), expected)


def test_weights_that_fit_trained_are_those_of_a_session_made_later(tf):
    linear = Linear(tf)
    linear.model.set_weights([START])
    linear.fit()
    session = tf.keras.backend.get_session()
    assert_is(session.run(linear.outputs, {linear.x: X}), X @ stepped(START))


def test_a_layer_called_after_get_session_needs_no_initializer(tf):
    session = tf.keras.backend.get_session()
    linear = Linear(tf)
    linear.model.set_weights([START])
    linear.train(session)
    assert_is(linear.kernel, stepped(START))


def test_the_default_session_is_that_of_models_while_it_is_open(tf):
    linear = Linear(tf)
    linear.model.set_weights([START])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        linear.model.set_weights([2 * START])
        linear.train(session)
        assert_is(linear.kernel, stepped(2 * START))
        linear.fit()
        assert_is(session.run(linear.model.variables[0]), stepped(2 * START, 2))
    assert_is(linear.kernel, START)  # of Keras's own session again


def test_a_session_has_its_weights_again_when_it_is_entered_again(tf):
    linear = Linear(tf)
    first, second = tf.Session(), tf.Session()
    for number, session in enumerate([first, second], 1):
        with session.as_default():
            session.run(tf.global_variables_initializer())
            linear.model.set_weights([number * START])
    with first.as_default():
        linear.fit()
        assert_is(linear.kernel, stepped(START))
    with second.as_default():
        assert_is(linear.kernel, 2 * START)
    assert_is(first.run(linear.model.variables[0]), stepped(START))


def test_a_session_that_models_do_not_use_trains_weights_of_its_own_and_says_so(tf, capsys):
    linear = Linear(tf)
    linear.model.set_weights([START])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(linear.model.variables[0].assign(START))
    linear.train(session)
    linear.train(session)
    linear.train(session)
    assert capsys.readouterr().err.count("feedforward: a session changes weights of Keras's layers") == 1
    assert_is(linear.kernel, START)
    assert_is(session.run(linear.model.variables[0]), stepped(START, 3))
    tf.keras.backend.set_session(session)
    assert_is(linear.kernel, stepped(START, 3))


def test_load_and_a_saver_give_a_model_its_weights(tf, tmp_path):
    linear = Linear(tf)
    session = tf.keras.backend.get_session()
    (variable,) = linear.model.variables
    variable.load(START, session)
    assert_is(linear.kernel, START)
    linear.fit()
    saver = tf.train.Saver([variable])
    path = saver.save(session, str(tmp_path / "model"))
    linear.model.set_weights([START])
    saver.restore(session, path)
    assert_is(linear.kernel, stepped(START))


def test_an_initializer_that_is_run_resets_a_model(tf):
    linear = Linear(tf)
    session = tf.keras.backend.get_session()
    first = linear.kernel
    linear.fit()
    session.run(tf.global_variables_initializer())
    np.testing.assert_array_equal(linear.kernel, first)


def test_a_callback_of_fit_may_run_the_session(tf):
    linear = Linear(tf)
    linear.model.set_weights([START])
    session, seen = tf.keras.backend.get_session(), []

    class Step(tf.keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(session.run(linear.model.variables[0]))
            linear.train(session)

    linear.model.fit(X, Y, batch_size=len(X), epochs=2, verbose=0, callbacks=[Step()])
    assert_is(seen[0], stepped(START))
    assert_is(seen[1], stepped(START, 3))
    assert_is(linear.kernel, stepped(START, 4))
