import numpy as np
import tensorflow as tf

x = tf.constant(np.random.RandomState(19).randn(2, 3, 4).astype(np.float32))
n = tf.constant([[3, 1, 2], [9, 7, 9]])
values = {
    "sums": [tf.reduce_sum(x), tf.reduce_sum(x, 1), tf.reduce_sum(x, axis=[0, 2]), tf.reduce_sum(x, axis=-1)],
    "kept": [tf.reduce_sum(x, 1, keep_dims=True), tf.reduce_mean(x, axis=[0, 1], keepdims=True)],
    "means": [tf.reduce_mean(x), tf.reduce_mean(x, reduction_indices=[1]), tf.reduce_mean(x, reduction_indices=0)],
    "of_ints": [tf.reduce_mean(n), tf.reduce_sum(n, 0), tf.reduce_prod(n, 1), tf.reduce_max(n, 1)],
    "extremes": [tf.reduce_max(x, [1, 2]), tf.reduce_min(x), tf.reduce_prod(x, 2)],
    "logsumexp": [tf.reduce_logsumexp(x * 100), tf.reduce_logsumexp(x, 1), tf.reduce_logsumexp(x, 0, keep_dims=True)],
    "arguments": [tf.argmax(x, 1), tf.argmin(x, axis=2), tf.argmax(n, 1), tf.arg_max(n, 0), tf.argmax([1.0, 5.0, 5.0])],
    "as_int32": tf.argmax(n, 1, output_type=tf.int32),
    "logical": [tf.reduce_all(n > 1), tf.reduce_any(tf.equal(n, 9), 1), tf.reduce_all(n > 0, axis=0)],
    "counts": [tf.count_nonzero(n - 9), tf.count_nonzero(n - 9, axis=1)],
    "norms": [tf.norm(x), tf.norm(x, axis=1), tf.norm(x, ord=1, axis=2)],
    "empty": [tf.reduce_sum(tf.zeros([0, 2]), 0), tf.reduce_max(tf.zeros([0, 2]), 0), tf.reduce_mean(tf.zeros([0]))],
}
with tf.Session() as sess:
    result = sess.run(values)
