import numpy as np
import tensorflow as tf

v = tf.Variable(np.zeros([4, 2], np.float32))
n = tf.Variable([1, 2, 3])
updates = [
    tf.scatter_update(v, [1, 3], [[1.0, 2.0], [3.0, 4.0]]),
    tf.scatter_add(v, [1, 1], [[1.0, 0.0], [5.0, 0.5]]),
    tf.scatter_sub(v, [0], [[1.0, 1.0]]),
    tf.scatter_update(n, 2, 9),
]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = [sess.run(update) for update in updates] + sess.run([v, n])
