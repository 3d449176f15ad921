import numpy as np
import tensorflow as tf

random = np.random.RandomState(11)
image = tf.constant(random.randn(1, 7, 5, 2).astype(np.float32))
outputs = {
    "max_same": tf.nn.max_pool(image, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"),
    "max_valid": tf.nn.max_pool(image, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
    "max_overlapping": tf.nn.max_pool(image, [1, 3, 3, 1], [1, 2, 2, 1], "SAME"),
    "average_same": tf.nn.avg_pool(image, [1, 3, 3, 1], [1, 2, 2, 1], padding="SAME"),
    "average_valid": tf.nn.avg_pool(image, [1, 3, 2, 1], [1, 2, 1, 1], padding="VALID"),
    "average_even": tf.nn.avg_pool(image, [1, 2, 2, 1], [1, 2, 2, 1], padding="SAME"),
}
with tf.Session() as sess:
    result = {}
    for name, y in outputs.items():
        gradient = tf.gradients(tf.reduce_sum(y * y), image)[0]
        result[name] = sess.run([y, gradient]) + [y.shape.as_list()]
