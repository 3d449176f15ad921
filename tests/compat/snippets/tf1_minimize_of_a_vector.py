import tensorflow as tf

x = tf.placeholder(tf.float32)
y = tf.placeholder(tf.float32)
w = tf.Variable([0.3], dtype=tf.float32)
b = tf.Variable([-0.3], tf.float32)
linear_model = w * x + b
squared = tf.square(linear_model - y)
loss = tf.reduce_sum(squared)
train = tf.train.GradientDescentOptimizer(0.01).minimize(squared)
sess = tf.Session()
sess.run(tf.global_variables_initializer())
result = [sess.run(linear_model, {x: [1, 2, 3, 4]})]
feed = {x: [1, 2, 3, 4], y: [0, -1, -2, -3]}
for i in range(200):
    sess.run(train, feed)
    if i % 40 == 0:
        result.append(sess.run([w, b, loss], feed))
