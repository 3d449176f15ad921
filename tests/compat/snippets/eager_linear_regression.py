import numpy as np
import tensorflow as tf
import tensorflow.contrib.eager as tfe

tf.enable_eager_execution()
random = np.random.RandomState(24)
inputs = random.randn(30, 1).astype(np.float32)
targets = 3.0 * inputs + 2.0 + 0.1 * random.randn(30, 1).astype(np.float32)


class Model(object):
    def __init__(self):
        self.w = tfe.Variable(5.0, name="w")
        self.b = tfe.Variable(10.0, name="b")

    def predict(self, inputs):
        return inputs * self.w + self.b


def loss(model, inputs, targets):
    return tf.reduce_mean(tf.square(model.predict(inputs) - targets))


model = Model()
optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.1)
losses = []
for _ in range(20):
    with tf.GradientTape() as tape:
        value = loss(model, inputs, targets)
    grads = tape.gradient(value, [model.w, model.b])
    optimizer.apply_gradients(zip(grads, [model.w, model.b]), global_step=tf.train.get_or_create_global_step())
    losses.append(value.numpy())
result = [losses, model.w.numpy(), model.b.numpy(), tf.train.get_or_create_global_step().numpy()]
for _ in range(3):
    model.w.assign_sub(0.1 * grads[0])
result.append(model.w.numpy())
