import numpy as np
import tensorflow as tf

tf.enable_eager_execution()
random = np.random.RandomState(26)
x = tf.constant(random.randn(8, 3).astype(np.float32))
y = tf.constant(random.randn(8, 1).astype(np.float32))
start = random.randn(3, 1).astype(np.float32)
result = {}
for name, optimizer in (
    ("momentum", tf.train.MomentumOptimizer(0.05, 0.9)),
    ("adam", tf.train.AdamOptimizer(0.05)),
    ("rmsprop", tf.train.RMSPropOptimizer(0.01)),
    ("adagrad", tf.train.AdagradOptimizer(0.1)),
):
    w = tf.Variable(start)
    losses = []
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.losses.mean_squared_error(y, tf.matmul(x, w))
        losses.append(loss.numpy())
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
    optimizer.minimize(lambda: tf.losses.mean_squared_error(y, tf.matmul(x, w)))  # noqa: B023 (called at once)
    result[name] = [losses, w.numpy()]
