import numpy as np
import tensorflow as tf

scores = tf.constant([[0.1, 0.7, 0.7, 0.3], [0.9, 0.2, 0.4, 0.4], [0.0, 0.1, 0.2, 0.3]])
targets = tf.constant([2, 2, 1])
table = tf.Variable(np.arange(12, dtype=np.float32).reshape(4, 3))
ids = tf.constant([[0, 2], [3, 2]])
found = tf.nn.embedding_lookup(table, ids)
train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(found * found) / 2)
values, indices = tf.nn.top_k(scores, k=2)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = {
        "in_top_1": sess.run(tf.nn.in_top_k(scores, targets, 1)),
        "in_top_2": sess.run(tf.nn.in_top_k(predictions=scores, targets=targets, k=2)),
        "top": sess.run([values, indices]),
        "found": sess.run(found),
    }
    sess.run(train)
    result["table"] = sess.run(table)
    adam = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.gather(table, [1, 1, 3])))
    sess.run(tf.global_variables_initializer())
    sess.run(adam)
    sess.run(adam)
    result["after_adam"] = sess.run(table)
