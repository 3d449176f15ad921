import numpy as np
import tensorflow as tf

random = np.random.RandomState(6)
x_data = random.randn(10, 4).astype(np.float32)
y_data = (random.rand(10, 1) > 0.5).astype(np.float32)
result = {}
for name, settings in (
    ("plain", {}),
    ("regularized", {"l1_regularization_strength": 0.05, "l2_regularization_strength": 0.1}),
    ("power", {"learning_rate_power": -0.7, "initial_accumulator_value": 0.3}),
):
    tf.reset_default_graph()
    w = tf.Variable(np.linspace(-1, 1, 4, dtype=np.float32).reshape(4, 1))
    logits = tf.matmul(x_data, w)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y_data, logits=logits))
    train = tf.train.FtrlOptimizer(0.5, **settings).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        losses = []
        for _ in range(12):
            sess.run(train)
            losses.append(sess.run(loss))
        result[name] = [losses, sess.run(w)]
