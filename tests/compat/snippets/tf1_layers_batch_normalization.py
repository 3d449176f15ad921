import numpy as np
import tensorflow as tf

random = np.random.RandomState(16)
x_data = (random.randn(12, 3) * 2 + 1).astype(np.float32)
y_data = random.randn(12, 1).astype(np.float32)

x = tf.placeholder(tf.float32, [None, 3])
y = tf.placeholder(tf.float32, [None, 1])
training = tf.placeholder_with_default(False, shape=(), name="training")
hidden = tf.layers.dense(x, 4, kernel_initializer=tf.constant_initializer(random.randn(3, 4).astype(np.float32)))
normalized = tf.layers.batch_normalization(hidden, training=training, momentum=0.9)
output = tf.layers.dense(tf.nn.relu(normalized), 1, kernel_initializer=tf.ones_initializer())
loss = tf.losses.mean_squared_error(y, output)
update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
with tf.control_dependencies(update_ops):
    train = tf.train.GradientDescentOptimizer(0.05).minimize(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    losses = []
    for _ in range(10):
        _, value = sess.run([train, loss], {x: x_data, y: y_data, training: True})
        losses.append(value)
    moving = [v for v in tf.global_variables() if "moving" in v.name]
    result = {
        "losses": losses,
        "testing": sess.run(loss, {x: x_data, y: y_data}),
        "predictions": sess.run(output, {x: x_data[:3]}),
        "moving": sess.run(moving),
        "names": [v.name for v in tf.global_variables()],
        "updates": len(update_ops),
        "trainable": len(tf.trainable_variables()),
    }
