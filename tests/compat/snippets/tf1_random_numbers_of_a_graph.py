import tensorflow as tf

tf.set_random_seed(777)
normal = tf.random_normal([3], seed=1)
w = tf.Variable(tf.truncated_normal([2, 3], stddev=0.1, seed=2))
same = tf.random_normal([3], seed=1)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = [sess.run(normal), sess.run(same), sess.run(w), sess.run(normal)]
with tf.Graph().as_default():
    tf.set_random_seed(5)
    other = tf.random_normal([3], seed=1)
    with tf.Session() as sess:
        result.append(sess.run(other))
