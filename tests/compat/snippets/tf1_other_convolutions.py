import numpy as np
import tensorflow as tf

random = np.random.RandomState(10)
image = tf.constant(random.randn(2, 5, 4, 3).astype(np.float32))
up = tf.constant(random.randn(3, 3, 2, 3).astype(np.float32))
depth = tf.constant(random.randn(3, 3, 3, 2).astype(np.float32))
point = tf.constant(random.randn(1, 1, 6, 2).astype(np.float32))
sequence = tf.constant(random.randn(2, 6, 3).astype(np.float32))
outputs = {
    "transpose": tf.nn.conv2d_transpose(image, up, [2, 10, 8, 2], [1, 2, 2, 1], padding="SAME"),
    "transpose_odd": tf.nn.conv2d_transpose(image, up, [2, 9, 7, 2], [1, 2, 2, 1], padding="SAME"),
    "transpose_valid": tf.nn.conv2d_transpose(image, up, [2, 7, 6, 2], [1, 1, 1, 1], padding="VALID"),
    "depthwise": tf.nn.depthwise_conv2d(image, depth, [1, 1, 1, 1], "SAME"),
    "depthwise_strides": tf.nn.depthwise_conv2d(image, depth, [1, 2, 2, 1], "VALID"),
    "separable": tf.nn.separable_conv2d(image, depth, point, [1, 1, 1, 1], "SAME"),
    "one_dimension": tf.nn.conv1d(sequence, depth[0], stride=2, padding="SAME"),
}
with tf.Session() as sess:
    result = {name: [value[..., 0], list(value.shape)] for name, value in sess.run(outputs).items()}
    result["gradient"] = sess.run(tf.gradients(outputs["transpose"], up))[0]
