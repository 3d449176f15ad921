import numpy as np
import tensorflow as tf

random = np.random.RandomState(9)
image = tf.constant(random.randn(2, 7, 5, 3).astype(np.float32))
kernel = tf.Variable(random.randn(3, 3, 3, 4).astype(np.float32) * 0.3)
even = tf.Variable(random.randn(2, 4, 3, 2).astype(np.float32) * 0.3)
outputs = {
    "same": tf.nn.conv2d(image, kernel, strides=[1, 1, 1, 1], padding="SAME"),
    "valid": tf.nn.conv2d(image, kernel, [1, 1, 1, 1], "VALID"),
    "strides": tf.nn.conv2d(image, kernel, strides=[1, 2, 2, 1], padding="SAME"),
    "strides_of_two_kinds": tf.nn.conv2d(image, even, strides=[1, 3, 2, 1], padding="VALID"),
    "even_kernel": tf.nn.conv2d(image, even, strides=[1, 1, 1, 1], padding="SAME"),
    "even_strides": tf.nn.conv2d(image, even, strides=[1, 2, 2, 1], padding="SAME"),
    "bias": tf.nn.bias_add(tf.nn.conv2d(image, kernel, [1, 2, 1, 1], "SAME"), [1.0, 2.0, 3.0, 4.0]),
}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    dilated = tf.nn.conv2d(image, kernel, [1, 1, 1, 1], "SAME", dilations=[1, 2, 2, 1])
    result = {"dilated": sess.run(dilated)[..., 0]}
    for name, y in outputs.items():
        weights = even if "even" in name or "kinds" in name else kernel
        d_image, d_kernel = tf.gradients(tf.nn.l2_loss(y), [image, weights])
        a, b, c = sess.run([y, d_image, d_kernel])
        result[name] = [a[0, :, :, 0], b[1, :, :, 1], c[..., 1], list(a.shape), y.get_shape().as_list()]
