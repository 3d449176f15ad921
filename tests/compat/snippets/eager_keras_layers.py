import numpy as np
import tensorflow as tf

tf.enable_eager_execution()
random = np.random.RandomState(27)
x = random.randn(6, 4).astype(np.float32)
y = random.randint(0, 3, 6)
weights = [
    random.randn(4, 5).astype(np.float32),
    np.zeros(5, np.float32),
    random.randn(5, 3).astype(np.float32),
    np.ones(3, np.float32),
]
model = tf.keras.Sequential([tf.keras.layers.Dense(5, activation="tanh", input_shape=(4,)), tf.keras.layers.Dense(3)])
result = {}
for name, optimizer in (
    ("descent", tf.train.GradientDescentOptimizer(0.3)),
    ("adam", tf.train.AdamOptimizer(0.05)),
    ("rmsprop", tf.train.RMSPropOptimizer(0.01)),
):
    model.set_weights(weights)
    losses = []
    for _ in range(10):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        losses.append(loss.numpy())
    result[name] = [losses, model.get_weights()]
result["shapes"] = [v.shape.as_list() for v in model.variables]
result["calls"] = model(tf.constant(x[:2])).numpy()
