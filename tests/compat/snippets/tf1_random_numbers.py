import tensorflow as tf

normal = tf.random_normal([2, 3], seed=1)
uniform = tf.random_uniform([4], -1.0, 1.0, seed=2)
truncated = tf.truncated_normal([5], stddev=0.1, seed=3)
numbers = tf.random_uniform([6], maxval=10, dtype=tf.int32, seed=4)
shuffled = tf.random_shuffle(tf.range(8), seed=5)
doubles = tf.random_normal([2], mean=1.0, stddev=2.0, dtype=tf.float64, seed=6)
dropped = tf.nn.dropout(tf.ones([10]), 0.6, seed=7)
w = tf.Variable(tf.random_normal([2, 2], stddev=0.35, seed=1), name="w")
b = tf.get_variable("b", [3], initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=8))
c = tf.get_variable("c", [3], initializer=tf.truncated_normal_initializer(stddev=0.2, seed=9))
d = tf.get_variable("d", [4, 3], initializer=tf.glorot_uniform_initializer(seed=10))
e = tf.get_variable("e", [4, 3], initializer=tf.variance_scaling_initializer(scale=2.0, seed=11))
f = tf.get_variable("f", [2], initializer=tf.random_normal_initializer(1.0, 0.1, seed=12))
draws = [normal, uniform, truncated, numbers, shuffled, doubles, dropped]
init = tf.global_variables_initializer()
with tf.Session() as sess:
    sess.run(init)
    result = {"first": sess.run(draws), "second": sess.run(draws), "variables": sess.run([w, b, c, d, e, f])}
    sess.run(init)
    result["initialized again"] = sess.run(w)
with tf.Session() as sess:
    sess.run(init)
    result["another session"] = [sess.run(normal), sess.run(w)]
    result["used twice"] = sess.run([normal - normal, normal * 1.0])
