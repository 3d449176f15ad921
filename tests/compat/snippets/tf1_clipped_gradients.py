import numpy as np
import tensorflow as tf

random = np.random.RandomState(8)
starts = [random.randn(3, 2).astype(np.float32), random.randn(2).astype(np.float32)]
x = tf.constant(random.randn(6, 3).astype(np.float32))
y = tf.constant(5 * random.randn(6, 2).astype(np.float32))
result = {}
for kind in ("norm", "global_norm", "value"):
    w, b = tf.Variable(starts[0]), tf.Variable(starts[1])
    loss = tf.reduce_sum(tf.square(tf.matmul(x, w) + b - y))
    optimizer = tf.train.GradientDescentOptimizer(0.05)
    pairs = optimizer.compute_gradients(loss, [w, b])
    if kind == "norm":
        clipped = [(tf.clip_by_norm(g, 1.5), v) for g, v in pairs]
    elif kind == "value":
        clipped = [(tf.clip_by_value(g, -1.0, 0.5), v) for g, v in pairs]
    else:
        gradients, variables = zip(*pairs)
        gradients, norm = tf.clip_by_global_norm(gradients, 5.0)
        clipped = list(zip(gradients, variables))
    train = optimizer.apply_gradients(clipped)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        if kind == "global_norm":
            result["norm_before"] = sess.run(norm)
        first = sess.run([g for g, _ in clipped])
        losses = []
        for _ in range(10):
            sess.run(train)
            losses.append(sess.run(loss))
        result[kind] = [first, losses, sess.run(w)]
result["average"] = tf.Session().run(tf.clip_by_average_norm(tf.constant([3.0, 4.0]), 0.5))
