import numpy as np
import tensorflow as tf

random = np.random.RandomState(12)
x = tf.constant((random.randn(6, 4) * 3 + 1).astype(np.float32))
images = tf.constant(random.randn(3, 2, 2, 4).astype(np.float32))
scale = tf.Variable(tf.constant([1.0, 2.0, 0.5, -1.0]))
offset = tf.Variable(tf.constant([0.0, 1.0, -1.0, 3.0]))
mean, variance = tf.nn.moments(x, [0])
kept_mean, kept_variance = tf.nn.moments(images, axes=[0, 1, 2], keep_dims=True)
y = tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-3)
plain = tf.nn.batch_normalization(x, mean, variance, None, None, variance_epsilon=1e-5)
fused, batch_mean, batch_variance = tf.nn.fused_batch_norm(images, scale, offset)
loss = tf.reduce_sum(tf.square(y - 1.0))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = sess.run({
        "moments": (mean, variance), "kept": (kept_mean, kept_variance), "y": y, "plain": plain, "fused": fused,
        "fused_moments": (batch_mean, batch_variance), "gradients": tf.gradients(loss, [scale, offset, x]),
        "normalized": tf.nn.lrn(images, depth_radius=1, bias=1.0, alpha=0.5, beta=0.75),
    })  # fmt: skip
