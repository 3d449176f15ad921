import numpy as np
import tensorflow as tf

a = tf.constant([1, 2, 3, 4])
b = tf.constant([4, 2, 1, 4])
p = tf.constant([True, True, False, False])
q = tf.constant([True, False, True, False])
with tf.Session() as sess:
    result = {
        "equal": sess.run([tf.equal(a, b), tf.not_equal(a, b), tf.equal([1.0, np.nan], [1.0, np.nan])]),
        "order": sess.run(
            [tf.greater(a, b), a > b, tf.less(a, 3), a <= b, tf.greater_equal(a, b), tf.less_equal(a, b)]
        ),
        "logical": sess.run([tf.logical_and(p, q), tf.logical_or(p, q), tf.logical_xor(p, q), tf.logical_not(p)]),
        "operators": sess.run([p & q, p | q, p ^ q, ~p]),
        "identity": [bool(a == a), bool(a == b), a != b, len({a: 1, b: 2})],
        "accuracy": sess.run(tf.reduce_mean(tf.cast(tf.equal(a, b), tf.float32))),
        "to_int": sess.run(tf.reduce_sum(tf.to_int32(tf.equal(a, b)))),
        "close": sess.run(tf.reduce_all(tf.less(tf.abs(tf.to_float(a - b)), 3.5))),
    }
