import numpy as np
import tensorflow as tf

values = np.array([-3.0, -0.5, 0.0, 0.5, 2.0, 7.0], np.float32)
x = tf.placeholder(tf.float32, [6])
functions = {
    "relu": tf.nn.relu, "relu6": tf.nn.relu6, "elu": tf.nn.elu, "selu": tf.nn.selu, "leaky": tf.nn.leaky_relu,
    "softplus": tf.nn.softplus, "softsign": tf.nn.softsign, "sigmoid": tf.sigmoid, "tanh": tf.tanh, "abs": tf.abs,
    "softmax": tf.nn.softmax, "log_softmax": tf.nn.log_softmax, "crelu": tf.nn.crelu, "sign": tf.sign,
    "normalize": lambda x: tf.nn.l2_normalize(x, 0), "square": tf.square, "log1p": lambda x: tf.log1p(x * x),
    "clip": lambda x: tf.clip_by_value(x, -0.5, 2.0), "maximum": lambda x: tf.maximum(x, 0.5),
    "minimum": lambda x: tf.minimum(x, 0.5), "max": lambda x: tf.reduce_max(x * tf.constant([1, 1, 1, 1, 3.5, 1])),
    "rsqrt": lambda x: tf.rsqrt(x * x + 1), "where": lambda x: tf.where(x > 0, x * x, -x), "l2_loss": tf.nn.l2_loss,
}  # fmt: skip
result = {}
with tf.Session() as sess:
    for name, function in functions.items():
        y = function(x)
        result[name] = sess.run([y, tf.gradients(tf.reduce_sum(y * y * 0.5), x)[0]], {x: values})
