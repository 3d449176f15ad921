"""Scopes, variables and layers of TensorFlow 1, whose names ``record_expressions.py`` records."""


def names_of(tf):
    """Return the names of variables, operations and scopes, in the order in which they are made."""
    names = []

    def note(*things):
        names.extend(getattr(thing, "name", thing) for thing in things)

    with tf.variable_scope("a") as a:
        w = tf.get_variable("w", [2])
        note(w, tf.add(w, w), a, a.original_name_scope)
        with tf.variable_scope("b"):
            note(tf.get_variable("w", [2]), tf.zeros([1]))
    with tf.variable_scope("a", reuse=True) as again:
        note(tf.get_variable("w", [2]), tf.add(w, w), again.original_name_scope)
    with tf.variable_scope(a, reuse=True):
        note(tf.get_variable("w"), tf.add(w, w))
    with tf.variable_scope(None, "unit"):
        note(tf.get_variable("w", [1]))
        with tf.variable_scope(None, "inner"):
            note(tf.get_variable("w", [1]))
        with tf.variable_scope(None, "inner"):
            note(tf.get_variable("w", [1]))
    with tf.variable_scope(None, "unit"):
        note(tf.get_variable("w", [1]))
        with tf.variable_scope(None, "inner"):
            note(tf.get_variable("w", [1]))
    with tf.name_scope("layer") as scope:
        note(scope, tf.get_variable("outside", [1]), tf.Variable(1.0, name="v"), tf.Variable(1.0), tf.constant(1.0))
    with tf.name_scope("layer") as scope:
        note(scope, tf.constant(1.0), tf.constant(2.0), tf.constant(2.0, name="given"))
    with tf.name_scope(None, "default", [w]) as scope:
        note(scope)
    with tf.name_scope("layer/"):
        note(tf.constant(1.0))
    with tf.variable_scope("a/deep"):
        note(tf.get_variable("w", [1]), tf.ones([1]))
    with tf.variable_scope("auto", reuse=tf.AUTO_REUSE):
        note(tf.get_variable("w", [1]), tf.get_variable("w", [1]))
    with tf.variable_scope("flat", auxiliary_name_scope=False):
        note(tf.get_variable("w", [1]), tf.ones([1]))
    x = tf.zeros([2, 3])
    note(tf.layers.dense(x, 2), tf.layers.dense(x, 2), tf.layers.dense(x, 2, name="named"))
    layer = tf.layers.Dense(2)
    note(layer(x), layer(x), layer.kernel)
    with tf.variable_scope("net"):
        note(tf.layers.dense(x, 2), tf.layers.dense(x, 2, name="out"), tf.layers.dropout(x), tf.layers.flatten(x))
    with tf.variable_scope("net", reuse=True):
        note(tf.layers.dense(x, 2, name="out"))
    with tf.name_scope("scope"):
        note(tf.layers.dense(x, 2, activation=tf.nn.relu), tf.layers.batch_normalization(x))
    images = tf.zeros([1, 8, 8, 3])
    note(
        tf.layers.conv2d(images, 2, 3),
        tf.layers.max_pooling2d(images, 2, 2),
        tf.layers.conv2d_transpose(images, 2, 3),
        tf.layers.separable_conv2d(images, 2, 3),
    )
    names.extend(v.name for v in tf.global_variables())
    return names
