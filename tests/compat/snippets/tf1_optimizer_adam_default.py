import numpy as np
import tensorflow as tf

w = tf.Variable([1.0, -2.0, 3.0])
loss = tf.reduce_sum(tf.pow(w, 4)) / 4
global_step = tf.Variable(0, name="global_step", trainable=False)
train = tf.train.AdamOptimizer().minimize(loss, global_step=global_step)
init = tf.initialize_all_variables()
with tf.Session() as sess:
    sess.run(init)
    values = []
    for _ in range(10):
        sess.run(train)
        values.append(sess.run(w))
    result = {"values": np.array(values), "step": sess.run(global_step), "names": [v.name for v in tf.all_variables()]}
