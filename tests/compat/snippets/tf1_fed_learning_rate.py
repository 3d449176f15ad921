import tensorflow as tf

rate = tf.placeholder(tf.float32, shape=[])
w = tf.Variable([[1.0], [2.0]])
b = tf.Variable(tf.zeros([1]))
x = [(1.0, 2.0), (3.0, -1.0), (0.5, 0.5)]
loss = tf.reduce_mean(tf.abs(tf.matmul(x, w) + b - [[1.0], [0.0], [2.0]]))
penalty = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables() if "Variable_1" not in v.name])
optimizer = tf.train.MomentumOptimizer(rate, 0.5)
train = optimizer.minimize(loss + 0.01 * penalty)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = []
    for step in range(12):
        _, value = sess.run([train, loss], feed_dict={rate: 0.1 / (1 + step)})
        result.append(value)
    result.append(sess.run([w, b, penalty]))
