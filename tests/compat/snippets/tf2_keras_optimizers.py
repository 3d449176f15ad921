import numpy as np
import tensorflow as tf

random = np.random.RandomState(29)
x = tf.constant(random.randn(8, 3).astype(np.float32))
y = tf.constant(random.randn(8, 1).astype(np.float32))
start = random.randn(3, 1).astype(np.float32)
optimizers = tf.keras.optimizers
if hasattr(optimizers, "legacy"):  # where those of 2019 went
    optimizers = optimizers.legacy
result = {}
for name, optimizer in (
    ("sgd", optimizers.SGD(0.05)),
    ("momentum", optimizers.SGD(learning_rate=0.05, momentum=0.9)),
    ("nesterov", optimizers.SGD(0.05, momentum=0.9, nesterov=True)),
    ("decay", optimizers.SGD(0.1, decay=0.1)),
    ("adam", optimizers.Adam(0.05)),
    ("amsgrad", optimizers.Adam(0.05, amsgrad=True)),
    ("rmsprop", optimizers.RMSprop(0.01)),
    ("rmsprop_momentum", optimizers.RMSprop(0.01, rho=0.8, momentum=0.5)),
    ("adagrad", optimizers.Adagrad(0.1)),
    ("adadelta", optimizers.Adadelta(1.0)),
    ("adamax", optimizers.Adamax(0.05)),
    ("nadam", optimizers.Nadam(0.05)),
    ("clipnorm", optimizers.SGD(0.5, clipnorm=0.5)),
    ("clipvalue", optimizers.SGD(0.5, clipvalue=0.1)),
):
    w = tf.Variable(start)
    losses = []
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        losses.append(loss.numpy())
    result[name] = [losses, w.numpy()]
