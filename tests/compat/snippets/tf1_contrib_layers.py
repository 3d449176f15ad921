import numpy as np
import tensorflow as tf

random = np.random.RandomState(17)
x = tf.constant(random.randn(3, 2, 2).astype(np.float32))
flat = tf.contrib.layers.flatten(x)
first = tf.contrib.layers.fully_connected(
    flat, 3, weights_initializer=tf.constant_initializer(random.randn(4, 3).astype(np.float32))
)
second = tf.contrib.layers.fully_connected(
    first,
    num_outputs=2,
    activation_fn=None,
    weights_initializer=tf.ones_initializer(),
    weights_regularizer=tf.contrib.layers.l2_regularizer(0.1),
    scope="output",
)
initializer = tf.contrib.layers.xavier_initializer()
w = tf.get_variable("w", [30, 20], initializer=initializer)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    drawn = sess.run(w)
    bound = np.sqrt(6.0 / 50)
    result = {
        "outputs": sess.run([flat, first, second]),
        "regularization": sess.run(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)),
        "names": [v.name for v in tf.trainable_variables()],
        "xavier": [bool(np.abs(drawn).max() <= bound), bool(np.abs(drawn).max() > 0.95 * bound)],
    }
