import numpy as np
import tensorflow as tf

random = np.random.RandomState(7)
x_data = random.randn(20, 2).astype(np.float32)
y_data = x_data.dot(np.array([[1.0], [-2.0]], np.float32)) + 0.5

global_step = tf.Variable(0, trainable=False, name="step")
rate = tf.train.exponential_decay(0.3, global_step, 5, 0.8, staircase=True)
w = tf.get_variable("w", [2, 1], initializer=tf.zeros_initializer())
b = tf.get_variable("b", [1], initializer=tf.constant_initializer(0.1))
loss = tf.losses.mean_squared_error(y_data, tf.matmul(x_data, w) + b)
train = tf.train.GradientDescentOptimizer(rate).minimize(loss, global_step)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    trace = []
    for i in range(20):
        _, value, now = sess.run([train, loss, global_step])
        if i % 5 == 4:
            trace.append((value, sess.run(rate)))
    result = [trace, sess.run(w), sess.run(b), tf.train.global_step(sess, global_step)]
