import tensorflow as tf

n = tf.placeholder(tf.int32, [])
i, total = tf.while_loop(lambda i, total: i < n, lambda i, total: [i + 1, total + i * i], [0, 0])
x = tf.constant([2.0, 9.0, 30.0])
root = tf.while_loop(
    lambda count, guess: tf.less(count, 8),
    lambda count, guess: (count + 1, 0.5 * (guess + x / guess)),
    [tf.constant(0), x],
)[1]
with tf.Session() as sess:
    result = [sess.run([i, total], {n: 5}), sess.run(total, {n: 0}), sess.run(root)]
