import numpy as np
import tensorflow as tf

random = np.random.RandomState(14)
x_data = random.randn(8, 5).astype(np.float32)
y_data = random.randint(0, 3, 8)
kernels = [random.randn(5, 4).astype(np.float32), random.randn(4, 3).astype(np.float32)]

x = tf.placeholder(tf.float32, [None, 5], name="x")
y = tf.placeholder(tf.int32, [None], name="y")
with tf.name_scope("network"):
    hidden = tf.layers.dense(
        x, 4, activation=tf.nn.elu, kernel_initializer=tf.constant_initializer(kernels[0]), name="hidden"
    )
    logits = tf.layers.dense(
        hidden,
        units=3,
        kernel_initializer=tf.constant_initializer(kernels[1]),
        bias_initializer=tf.constant_initializer(0.5),
        kernel_regularizer=tf.contrib.layers.l2_regularizer(0.01),
    )
with tf.name_scope("loss"):
    loss = tf.losses.sparse_softmax_cross_entropy(labels=y, logits=logits)
    loss = loss + tf.losses.get_regularization_loss()
train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
accuracy = tf.reduce_mean(tf.cast(tf.nn.in_top_k(logits, y, 1), tf.float32))
with tf.Session() as sess:
    tf.global_variables_initializer().run()
    losses = []
    for _ in range(15):
        losses.append(sess.run(loss, feed_dict={x: x_data, y: y_data}))
        sess.run(train, feed_dict={x: x_data, y: y_data})
    result = {
        "losses": losses,
        "accuracy": accuracy.eval(feed_dict={x: x_data, y: y_data}),
        "names": [v.name for v in tf.trainable_variables()],
        "weights": sess.run(tf.trainable_variables()),
        "shape": logits.shape.as_list(),
    }
