import numpy as np
import tensorflow as tf

random = np.random.RandomState(23)
images = random.rand(20, 16).astype("float32")
labels = np.eye(4)[random.randint(0, 4, 20)]
x = tf.placeholder("float", shape=[None, 16])
y_ = tf.placeholder("float", shape=[None, 4])
W = tf.Variable(tf.zeros([16, 4]))
b = tf.Variable(tf.zeros([4]))
y = tf.nn.softmax(tf.matmul(x, W) + b)
cross_entropy = -tf.reduce_sum(y_ * tf.log(y))
train_step = tf.train.GradientDescentOptimizer(0.02).minimize(cross_entropy)
sess = tf.InteractiveSession()
sess.run(tf.initialize_all_variables())
result = []
for i in range(20):
    start = i * 5 % 20
    train_step.run(feed_dict={x: images[start : start + 5], y_: labels[start : start + 5]})
    result.append(cross_entropy.eval(feed_dict={x: images, y_: labels}))
correct_prediction = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
accuracy = tf.reduce_mean(tf.cast(correct_prediction, "float"))
result.append(accuracy.eval(feed_dict={x: images, y_: labels}))
result.append(W.eval())
sess.close()
