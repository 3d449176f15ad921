import tensorflow as tf

training = tf.placeholder(tf.bool)
x = tf.placeholder(tf.float32, [2])
v = tf.Variable(1.0)
y = tf.cond(training, lambda: x * 2.0, lambda: x - 1.0)
pair = tf.cond(tf.reduce_sum(x) > 3.0, lambda: (x[0], x[1]), lambda: (x[1], x[0]))
stepped = tf.cond(training, lambda: tf.assign_add(v, 10.0), lambda: tf.identity(v))
named = tf.cond(pred=tf.less(v, 5.0), true_fn=lambda: tf.constant("small"), false_fn=lambda: tf.constant("large"))
slope = tf.gradients(tf.cond(training, lambda: x * x, lambda: 3.0 * x), x)[0]
cases = tf.case([(tf.less(v, 0.0), lambda: tf.constant(-1)), (tf.less(v, 5.0), lambda: tf.constant(0))],
                default=lambda: tf.constant(1))  # fmt: skip
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = []
    for flag in (False, True, False):
        feed = {training: flag, x: [2.0, 5.0] if flag else [1.0, 0.5]}
        result.append([sess.run(y, feed), sess.run(pair, feed), sess.run(stepped, feed), sess.run(slope, feed)])
        result.append([sess.run(v), sess.run(named), sess.run(cases)])
