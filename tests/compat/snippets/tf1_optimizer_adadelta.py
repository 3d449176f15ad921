import numpy as np
import tensorflow as tf

random = np.random.RandomState(3)
x = tf.constant(random.randn(8, 3), tf.float32)
y = tf.constant(random.randn(8, 1), tf.float32)
result = {}
for settings in ({"learning_rate": 1.0}, {"learning_rate": 0.5, "rho": 0.9, "epsilon": 1e-6}):
    w = tf.Variable(tf.constant([[0.5], [-0.25], [1.0]]))
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
    train = tf.train.AdadeltaOptimizer(**settings).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        losses = [sess.run([loss, train])[0] for _ in range(20)]
        result[str(settings["learning_rate"])] = [losses, sess.run(w)]
