import numpy as np
import tensorflow as tf

random = np.random.RandomState(39)
x_data = (random.randn(16, 4) * 2 + 1).astype(np.float32)
y_data = np.eye(3)[random.randint(0, 3, 16)]
kernels = [random.randn(4, 5).astype(np.float32), random.randn(5, 3).astype(np.float32)]

X = tf.placeholder(tf.float32, [None, 4])
Y_ = tf.placeholder(tf.float32, [None, 3])
tst = tf.placeholder(tf.bool)
iteration = tf.placeholder(tf.int32)
W1 = tf.Variable(kernels[0])
B1 = tf.Variable(tf.ones([5]) / 10)
W2 = tf.Variable(kernels[1])


def batchnorm(Ylogits, is_test, iteration, offset):
    exp_moving_avg = tf.train.ExponentialMovingAverage(0.99, iteration)
    mean, variance = tf.nn.moments(Ylogits, [0])
    update_moving_averages = exp_moving_avg.apply([mean, variance])
    m = tf.cond(is_test, lambda: exp_moving_avg.average(mean), lambda: mean)
    v = tf.cond(is_test, lambda: exp_moving_avg.average(variance), lambda: variance)
    return tf.nn.batch_normalization(Ylogits, m, v, offset, None, 1e-5), update_moving_averages


normalized, update_ema = batchnorm(tf.matmul(X, W1), tst, iteration, B1)
Ylogits = tf.matmul(tf.nn.relu(normalized), W2)
cross_entropy = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=Ylogits, labels=Y_)) * 100
train_step = tf.train.AdamOptimizer(0.02).minimize(cross_entropy)
result = {"training": [], "testing": []}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(8):
        sess.run(train_step, {X: x_data, Y_: y_data, tst: False})
        sess.run(update_ema, {X: x_data, Y_: y_data, tst: False, iteration: i})
        result["training"].append(sess.run(cross_entropy, {X: x_data, Y_: y_data, tst: False}))
        result["testing"].append(sess.run(cross_entropy, {X: x_data[:5], Y_: y_data[:5], tst: True}))
