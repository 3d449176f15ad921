import numpy as np
import tensorflow as tf

random = np.random.RandomState(1)
x_data = random.randn(10, 4).astype(np.float32)
labels_data = random.randint(0, 3, 10)
start = random.randn(4, 3).astype(np.float32)
result = {}
for use_nesterov in (False, True):
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None, 4])
    labels = tf.placeholder(tf.int64, [None])
    w = tf.Variable(start)
    b = tf.Variable(tf.zeros([3]))
    logits = tf.nn.xw_plus_b(x, w, b)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    train = tf.train.MomentumOptimizer(0.2, momentum=0.9, use_nesterov=use_nesterov).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        losses = []
        for _ in range(20):
            sess.run(train, {x: x_data, labels: labels_data})
            losses.append(sess.run(loss, {x: x_data, labels: labels_data}))
        result["nesterov" if use_nesterov else "classical"] = [losses, sess.run(w), sess.run(b)]
