import numpy as np
import tensorflow as tf

random = np.random.RandomState(21)
x_data = random.randn(10, 2)
y_data = random.randn(10, 1)
x = tf.placeholder(tf.float64, [None, 2])
y = tf.placeholder(tf.float64, [None, 1])
w = tf.Variable(random.randn(2, 1), dtype=tf.float64)
b = tf.Variable(np.zeros(1))
loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y)) + 0.1 * tf.nn.l2_loss(w)
train = tf.train.AdamOptimizer(0.1).minimize(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    losses = []
    for _ in range(20):
        losses.append(sess.run(loss, {x: x_data, y: y_data}))
        sess.run(train, {x: x_data, y: y_data})
    result = [losses, sess.run([w, b])]
