import numpy as np
import tensorflow as tf

random = np.random.RandomState(13)
x = tf.constant(random.randn(5, 3).astype(np.float32))
start = tf.constant_initializer(random.randn(3, 2).astype(np.float32))
regularizer = tf.contrib.layers.l2_regularizer(0.1)
with tf.variable_scope("first", regularizer=regularizer):
    w = tf.get_variable("w", [3, 2], initializer=start)
v = tf.get_variable("v", [2], initializer=tf.ones_initializer(), regularizer=tf.contrib.layers.l1_regularizer(0.5))
loss = tf.losses.mean_squared_error(tf.zeros([5, 2]), tf.matmul(x, w) * v)
tf.add_to_collection("losses", loss)
tf.add_to_collection("losses", regularizer(w))
total = tf.add_n(tf.get_collection("losses"))
train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.losses.get_total_loss())
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = {
        "loss": sess.run(loss),
        "regularization": sess.run(tf.losses.get_regularization_loss()),
        "terms": sess.run(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)),
        "total": sess.run(tf.losses.get_total_loss()),
        "without": sess.run(tf.losses.get_total_loss(add_regularization_losses=False)),
        "added": sess.run(total),
    }
    for _ in range(5):
        sess.run(train)
    result["after"] = sess.run([w, v, loss])
