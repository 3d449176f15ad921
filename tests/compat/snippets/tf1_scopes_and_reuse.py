import tensorflow as tf


def layer(x, size):
    w = tf.get_variable("w", [x.get_shape().as_list()[1], size], initializer=tf.constant_initializer(0.5))
    b = tf.get_variable("b", [size], initializer=tf.constant_initializer(-1.0))
    return tf.matmul(x, w) + b


x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
with tf.variable_scope("net"):
    with tf.variable_scope("one"):
        first = layer(x, 3)
    with tf.variable_scope("two"):
        second = layer(first, 1)
with tf.variable_scope("net", reuse=True):
    with tf.variable_scope("one"):
        again = layer(x * 10, 3)
with tf.variable_scope("shared", reuse=tf.AUTO_REUSE):
    shared = [layer(x, 2), layer(x + 1, 2)]
with tf.variable_scope(
    "set", initializer=tf.constant_initializer(0.25), regularizer=lambda w: tf.nn.l2_loss(w)
) as scope:
    v = tf.get_variable("v", shape=[2, 2])
    scope.reuse_variables()
    v2 = tf.get_variable("v")
errors = []
for name, settings in (("net/one/w", {}), ("missing", {"reuse": True}), ("net/one", {"reuse": True})):
    try:
        with tf.variable_scope("" if name.startswith("net/one/w") else name, **settings):
            tf.get_variable("net/one/w" if not settings else "w", [7, 7])
    except ValueError as error:
        errors.append(type(error).__name__)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = {
        "values": sess.run([first, second, again, shared, v]),
        "names": [v.name for v in tf.trainable_variables()],
        "regularized": sess.run(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)),
        "same": v.name == v2.name,
        "errors": errors,
        "of_a_scope": [v.name for v in tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="net/one")],
        "scope": scope.name,
    }
