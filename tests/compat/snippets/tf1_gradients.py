import tensorflow as tf

x = tf.constant([1.0, 2.0, 3.0])
w = tf.Variable([0.5, -1.0, 2.0])
unused = tf.Variable(3.0)
y = tf.reduce_sum(tf.exp(0.1 * x * w) * w)
z = tf.sin(w) * x
stopped = tf.reduce_sum(tf.stop_gradient(w * w) * w)
cube = tf.pow(w, 3.0)
first = tf.gradients(cube, w)[0]
second = tf.gradients(first, w)[0]
integers = tf.gradients(tf.cast(tf.argmax(w), tf.float32), w)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = {
        "scalar": sess.run(tf.gradients(y, [w, x])),
        "vector_is_summed": sess.run(tf.gradients(z, w)),
        "grad_ys": sess.run(tf.gradients(z, [w], grad_ys=[tf.constant([1.0, 10.0, -1.0])])),
        "of_a_list": sess.run(tf.gradients([y, z], [w])),
        "stopped": sess.run(tf.gradients(stopped, w)),
        "stop_gradients": sess.run(tf.gradients(y, x, stop_gradients=[w])),
        "second": sess.run([first, second]),
        "unconnected": [g is None for g in tf.gradients(y, [w, unused])],
        "through_integers": [g is None for g in integers],
        "hessian": sess.run(tf.hessians(tf.reduce_sum(cube) + w[0] * w[1], w)[0]),
        "intermediate": sess.run(tf.gradients(tf.reduce_sum(cube * 2), cube)),
        "name": tf.gradients(y, w, name="mine")[0].op.name.split("/")[0],
    }
