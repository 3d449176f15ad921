import numpy as np
import tensorflow as tf

target = np.array([1.0, -0.3, 0.02, 2.0], np.float32)
result = {}
for name, optimizer in (
    ("descent", tf.train.ProximalGradientDescentOptimizer(0.2, l1_regularization_strength=0.1)),
    ("both", tf.train.ProximalGradientDescentOptimizer(0.2, 0.1, 0.05)),
    ("adagrad", tf.train.ProximalAdagradOptimizer(0.2, l1_regularization_strength=0.1)),
):
    w = tf.Variable(tf.ones([4]))
    loss = tf.nn.l2_loss(w - target)
    train = optimizer.minimize(loss, var_list=[w])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(10):
            sess.run(train)
        result[name] = [sess.run(w), sess.run(loss)]
