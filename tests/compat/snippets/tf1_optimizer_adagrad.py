import numpy as np
import tensorflow as tf

random = np.random.RandomState(2)
x = tf.constant(random.randn(8, 3), tf.float32)
y = tf.constant(random.randn(8, 1), tf.float32)
w = tf.Variable(tf.constant(random.randn(3, 1), tf.float32))
loss = tf.reduce_mean((tf.matmul(x, w) - y) ** 2)
optimizer = tf.train.AdagradOptimizer(0.3, initial_accumulator_value=0.2)
train = optimizer.minimize(loss, var_list=[w])

sess = tf.Session()
sess.run(tf.global_variables_initializer())
losses = []
for _ in range(15):
    sess.run(train)
    losses.append(sess.run(loss))
accumulator = optimizer.get_slot(w, "accumulator")
result = [losses, sess.run(w), sess.run(accumulator), optimizer.get_slot_names(), accumulator.name]
sess.close()
