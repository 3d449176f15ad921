"""Oracle: (e) identity: the same steps by the same optimizer in a session, which snippets compare with TensorFlow's."""

import numpy as np
import pytest

import feedforward.compat

SETTINGS = {
    "GradientDescentOptimizer": (0.1,),
    "MomentumOptimizer": (0.1, 0.9),
    "AdagradOptimizer": (0.1,),
    "AdadeltaOptimizer": (0.5,),
    "RMSPropOptimizer": (0.01, 0.9, 0.5),
    "AdamOptimizer": (0.01,),
    "FtrlOptimizer": (0.1,),
    "ProximalAdagradOptimizer": (0.1,),
}
X = np.random.RandomState(3).rand(12, 4).astype("float32")
Y = np.random.RandomState(4).rand(12, 2).astype("float32")
W = np.random.RandomState(5).randn(4, 2).astype("float32")


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def compiled(tf, optimizer):
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(4,), use_bias=False)])
    model.set_weights([W])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize("name", SETTINGS)
def test_fit_takes_the_steps_of_a_session(tf, name):
    model = compiled(tf, getattr(tf.train, name)(*SETTINGS[name]))
    model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    x, y = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [None, 2])
    w = tf.Variable(W)
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
    step = getattr(tf.train, name)(*SETTINGS[name]).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            for first in range(0, 12, 4):
                session.run(step, {x: X[first : first + 4], y: Y[first : first + 4]})
        expected = session.run(w)
    assert not np.allclose(expected, W)
    np.testing.assert_allclose(model.get_weights()[0], expected, 1e-5, 1e-6)  # sums in another order


def test_the_rate_may_be_changed_and_is_a_number(tf):
    model = compiled(tf, tf.train.GradientDescentOptimizer(0.1))
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], W)
    step = tf.train.get_or_create_global_step()
    with pytest.raises(TypeError, match=r"^compile: AdamOptimizer has the setting .* Expected a number\. For a rate"):
        compiled(tf, tf.train.AdamOptimizer(tf.train.exponential_decay(0.1, step, 10, 0.9)))


def test_a_file_without_the_state_of_training_says_so(tf, tmp_path):
    model = compiled(tf, tf.keras.optimizers.TFOptimizer(tf.train.AdamOptimizer()))
    with pytest.warns(UserWarning, match=r"^save: the optimizer TFOptimizer is not kept in .*model\.h5\. Compile"):
        model.save(tmp_path / "model.h5")
    again = tf.keras.models.load_model(str(tmp_path / "model.h5"))
    np.testing.assert_array_equal(again.get_weights()[0], W)
