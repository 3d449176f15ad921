import numpy as np
import tensorflow as tf
import tensorflow.contrib.eager as tfe

tfe.enable_eager_execution()
random = np.random.RandomState(25)
x = random.randn(10, 3).astype(np.float32)
y = random.randint(0, 2, 10)
w = tfe.Variable(random.randn(3, 2).astype(np.float32), name="weight")
b = tfe.Variable(np.zeros(2, np.float32), name="bias")


def loss_of(x, y):
    logits = tf.matmul(x, w) + b
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=y))


optimizer = tf.train.AdamOptimizer(0.1)
gradients = tfe.implicit_gradients(loss_of)
both = tfe.implicit_value_and_gradients(loss_of)
losses = []
for _ in range(10):
    value, pairs = both(x, y)
    losses.append(value.numpy())
    optimizer.apply_gradients(gradients(x, y))
slope = tfe.gradients_function(lambda x: x * x * x)
result = [losses, w.numpy(), b.numpy(), [len(pairs)], slope(2.0)[0].numpy()]
