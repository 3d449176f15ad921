import os
import tempfile

import numpy as np
import tensorflow as tf

w = tf.Variable(np.arange(6, dtype=np.float32).reshape(2, 3), name="w")
step = tf.Variable(7, name="step", trainable=False)
change = tf.group(tf.assign(w, w * 0 - 1), tf.assign(step, 0))
saver = tf.train.Saver()
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.ckpt")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        first = saver.save(sess, path)
        second = saver.save(sess, path, global_step=12)
        sess.run(change)
        changed = sess.run(w)
        saver.restore(sess, path)
        result = [os.path.basename(first), os.path.basename(second), changed, sess.run(w), sess.run(step)]
    with tf.Session() as sess:
        latest = tf.train.latest_checkpoint(folder)
        state = tf.train.get_checkpoint_state(folder)
        tf.train.Saver({"w": w}).restore(sess, state.model_checkpoint_path)
        result += [os.path.basename(latest), sess.run(w), os.path.basename(state.model_checkpoint_path)]
