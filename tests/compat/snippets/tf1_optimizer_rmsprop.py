import numpy as np
import tensorflow as tf

random = np.random.RandomState(4)
x_data = random.randn(9, 3)
y_data = random.randn(9, 1)
result = {}
for name, settings in (
    ("plain", {}),
    ("momentum", {"decay": 0.8, "momentum": 0.7}),
    ("centered", {"momentum": 0.5, "centered": True, "epsilon": 1e-6}),
):
    with tf.Graph().as_default():
        x = tf.constant(x_data, dtype=tf.float32)
        y = tf.constant(y_data, dtype=tf.float32)
        w = tf.Variable(np.ones([3, 1], np.float32), name="w")
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
        train = tf.train.RMSPropOptimizer(0.02, **settings).minimize(loss)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            losses = []
            for _ in range(25):
                sess.run(train)
                losses.append(sess.run(loss))
            result[name] = {"losses": losses, "w": sess.run(w)}
