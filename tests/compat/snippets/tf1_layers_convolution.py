import numpy as np
import tensorflow as tf

random = np.random.RandomState(15)
images = random.randn(4, 28).astype(np.float32)[:, :, None].repeat(28, 2) * random.randn(28).astype(np.float32)
labels = np.array([0, 1, 1, 0])
kernel = tf.constant_initializer(random.randn(3, 3, 1, 2).astype(np.float32) * 0.3)
second = tf.constant_initializer(random.randn(5, 5, 2, 3).astype(np.float32) * 0.2)

x = tf.placeholder(tf.float32, [None, 784])
image = tf.reshape(x, [-1, 28, 28, 1])
first = tf.layers.conv2d(image, 2, 3, padding="same", activation=tf.nn.relu, kernel_initializer=kernel)
pooled = tf.layers.max_pooling2d(first, pool_size=[2, 2], strides=2)
third = tf.layers.conv2d(
    inputs=pooled, filters=3, kernel_size=[5, 5], strides=(2, 2), kernel_initializer=second, name="second"
)
averaged = tf.layers.average_pooling2d(third, 2, 1, padding="same")
flat = tf.layers.flatten(averaged)
logits = tf.layers.dense(flat, 2, kernel_initializer=tf.constant_initializer(0.05))
loss = tf.losses.softmax_cross_entropy(tf.one_hot(labels, 2), logits)
train = tf.train.AdamOptimizer(0.01).minimize(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {x: images.reshape(4, 784)}
    result = {"logits": sess.run(logits, feed), "shapes": [t.shape.as_list() for t in (first, pooled, third, flat)]}
    result["losses"] = [sess.run([loss, train], feed)[0] for _ in range(8)]
    result["names"] = [v.name for v in tf.global_variables()][:8]
