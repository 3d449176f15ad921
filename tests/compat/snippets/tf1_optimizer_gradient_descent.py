import numpy as np
import tensorflow as tf

random = np.random.RandomState(0)
x_data = random.randn(12, 3).astype(np.float32)
y_data = random.randn(12, 2).astype(np.float32)

x = tf.placeholder(tf.float32, [None, 3])
y = tf.placeholder(tf.float32, [None, 2])
w1 = tf.Variable(random.randn(3, 5).astype(np.float32))
b1 = tf.Variable(tf.zeros([5]))
w2 = tf.Variable(random.randn(5, 2).astype(np.float32))
b2 = tf.Variable(tf.zeros([2]))
prediction = tf.matmul(tf.nn.tanh(tf.matmul(x, w1) + b1), w2) + b2
loss = tf.reduce_mean(tf.square(prediction - y))
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    losses = []
    for _ in range(30):
        value, _ = sess.run([loss, train], feed_dict={x: x_data, y: y_data})
        losses.append(value)
    result = {"losses": losses, "weights": sess.run([w1, b1, w2, b2]), "last": loss.eval({x: x_data, y: y_data})}
