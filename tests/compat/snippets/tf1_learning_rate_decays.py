import tensorflow as tf

global_step = tf.Variable(0, trainable=False)
rates = {
    "exponential": tf.train.exponential_decay(0.1, global_step, 3, 0.5),
    "staircase": tf.train.exponential_decay(0.1, global_step, 3, 0.5, staircase=True),
    "piecewise": tf.train.piecewise_constant(global_step, [2, 5], [1.0, 0.5, 0.1]),
    "polynomial": tf.train.polynomial_decay(0.1, global_step, 6, 0.01, power=2.0),
    "cycle": tf.train.polynomial_decay(0.1, global_step, 4, 0.01, cycle=True),
    "inverse": tf.train.inverse_time_decay(0.1, global_step, 2, 0.5),
    "inverse_staircase": tf.train.inverse_time_decay(0.1, global_step, 2, 0.5, staircase=True),
    "natural": tf.train.natural_exp_decay(0.1, global_step, 2, 0.5),
    "cosine": tf.train.cosine_decay(0.1, global_step, 8, alpha=0.1),
}
step = tf.assign_add(global_step, 1)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = {name: [] for name in rates}
    for _ in range(12):
        for name, value in sess.run(rates).items():
            result[name].append(value)
        sess.run(step)
