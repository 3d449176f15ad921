import tensorflow as tf

x = tf.ones([50, 40])
keep = tf.placeholder(tf.float32)
with tf.Session() as sess:
    whole = sess.run(tf.nn.dropout(x, keep), {keep: 1.0})
    half = sess.run(tf.nn.dropout(x, keep_prob=0.5))
    rate = sess.run(tf.nn.dropout(x, rate=0.75))
    rows = sess.run(tf.nn.dropout(x, 0.5, noise_shape=[50, 1]))
    layer = sess.run(tf.layers.dropout(x, 0.75, training=True))
    result = {
        "whole": whole[0],
        "values": [sorted(set(a.ravel().tolist())) for a in (half, rate, rows, layer)],
        "kept": [bool(abs((half > 0).mean() - 0.5) < 0.06), bool(abs((layer > 0).mean() - 0.25) < 0.06)],
        "rows_are_whole": bool((rows.min(1) == rows.max(1)).all()),
        "not_training": sess.run(tf.layers.dropout(x, 0.75))[0],
    }
