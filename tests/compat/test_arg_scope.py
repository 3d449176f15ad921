"""Oracle: TensorFlow 1.15's documentation of ``tf.contrib.framework.arg_scope``; sizes worked by hand."""

import pytest

import feedforward.compat


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def test_a_block_gives_arguments_to_functions(tf):
    layers, framework = tf.contrib.layers, tf.contrib.framework
    x = tf.constant([[1.0, -2.0]])
    ones = tf.ones_initializer()
    with framework.arg_scope([layers.fully_connected], weights_initializer=ones, activation_fn=None) as outer:
        first = layers.fully_connected(x, 3)
        with framework.arg_scope([layers.fully_connected, layers.dropout], activation_fn=tf.abs):
            second = layers.fully_connected(x, 3)
        third = layers.fully_connected(x, 3, activation_fn=tf.square)
    with framework.arg_scope(outer):
        again = layers.fully_connected(x, 3)
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    found = sess.run([first, second, third, again])
    assert [set(values.ravel().tolist()) for values in found] == [{-1.0}, {1.0}, {1.0}, {-1.0}]  # 1 - 2 = -1
    assert layers.fully_connected(x, 2).op.type == "Relu"  # as outside of every block


def test_functions_of_a_program_take_part(tf):
    @tf.contrib.framework.add_arg_scope
    def scaled(x, by=1):
        return x * by

    with tf.contrib.framework.arg_scope([scaled], by=3):
        assert (scaled(2), scaled(2, by=5)) == (6, 10)
    assert scaled(2) == 2 and tf.contrib.framework.has_arg_scope(scaled)


def test_wrong_uses_of_a_block(tf):
    arg_scope = tf.contrib.framework.arg_scope
    with pytest.raises(ValueError, match="Dense is not decorated with @add_arg_scope: it takes no arguments"):
        with arg_scope([tf.layers.Dense], activation=None):
            pass
    with pytest.raises(ValueError, match="kwargs must be empty"), arg_scope({}, activation_fn=None):
        pass
    with pytest.raises(TypeError, match="must either be a list/tuple or reused scope"), arg_scope(tf.nn.relu):
        pass
