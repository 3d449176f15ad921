import numpy as np
import tensorflow as tf

random = np.random.RandomState(18)
x_data = random.randn(10, 3).astype(np.float32)
y_data = random.randn(10, 1).astype(np.float32)
x = tf.placeholder(tf.float32, [None, 3])
w = tf.Variable(tf.ones([3, 1]), name="weights")
global_step = tf.Variable(0, trainable=False)
averages = tf.train.ExponentialMovingAverage(0.99, global_step)
maintain = averages.apply(tf.trainable_variables())
y = tf.matmul(x, w)
averaged = tf.matmul(x, averages.average(w))
loss = tf.reduce_mean(tf.square(y - y_data))
rate = tf.train.exponential_decay(0.1, global_step, 10, 0.9)
step = tf.train.GradientDescentOptimizer(rate).minimize(loss, global_step=global_step)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(10):
        sess.run(step, {x: x_data})
        sess.run(maintain)
    result = sess.run([y, averaged, global_step], {x: x_data})
    with tf.control_dependencies([step, maintain]):
        train = tf.no_op(name="train")
    result.append(train.name)
    result.append(sess.run(train, {x: x_data}))
    result.append(sess.run(w))
