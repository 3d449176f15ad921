import numpy as np
import tensorflow as tf

random = np.random.RandomState(22)
x_data = random.randn(8, 4).astype(np.float32)
y_data = np.eye(3)[random.randint(0, 3, 8)].astype(np.float32)
x = tf.placeholder("float", [None, 4])
y = tf.placeholder("float", [None, 3])
w = tf.Variable(random.randn(4, 3).astype(np.float32))
logits = tf.matmul(x, w)
cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits, y))
train = tf.train.GradientDescentOptimizer(0.5).minimize(cost)
a = tf.constant([[1.0, 2.0], [3.0, 4.0]])
with tf.Session() as sess:
    sess.run(tf.initialize_all_variables())
    costs = [sess.run([cost, train], feed_dict={x: x_data, y: y_data})[0] for _ in range(10)]
    result = {
        "costs": costs,
        "arithmetic": sess.run([tf.mul(a, a), tf.sub(a, 1.0), tf.neg(a), tf.div(a, 2.0)]),
        "concat": sess.run([tf.concat(0, [a, a]), tf.concat(1, [a, a])]),
        "split": sess.run(tf.split(1, 2, a)),
        "pack": sess.run([tf.pack([a, a]), tf.unpack(a)[1]]),
        "select": sess.run(tf.select(a > 2.0, a, -a)),
    }
