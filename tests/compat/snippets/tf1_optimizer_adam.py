import numpy as np
import tensorflow as tf

random = np.random.RandomState(5)
x_data = random.randn(16, 4).astype("float32")
y_data = np.eye(3)[random.randint(0, 3, 16)].astype("float32")

x = tf.placeholder("float", [None, 4])
y = tf.placeholder("float", [None, 3])
hidden = tf.nn.relu(tf.add(tf.matmul(x, tf.Variable(random.randn(4, 6).astype("float32"))), tf.Variable(tf.ones([6]))))
w = tf.Variable(random.randn(6, 3).astype("float32"), name="out")
logits = tf.matmul(hidden, w)
cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
optimizer = tf.train.AdamOptimizer(learning_rate=0.05, beta1=0.8, beta2=0.95, epsilon=1e-6)
train = optimizer.minimize(cost)
correct = tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))
accuracy = tf.reduce_mean(tf.cast(correct, "float"))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    costs = []
    for _ in range(30):
        _, c = sess.run([train, cost], feed_dict={x: x_data, y: y_data})
        costs.append(c)
    result = {
        "costs": costs,
        "accuracy": accuracy.eval({x: x_data, y: y_data}),
        "w": sess.run(w),
        "m": sess.run(optimizer.get_slot(w, "m")),
        "v": sess.run(optimizer.get_slot(w, "v")),
    }
