import numpy as np
import tensorflow as tf

random = np.random.RandomState(28)
x = random.randn(32, 6).astype(np.float32)
y = random.randint(0, 4, 32)
dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)


class Network(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = tf.keras.layers.Dense(7, activation="relu")
        self.out = tf.keras.layers.Dense(4)

    def call(self, inputs):
        return self.out(self.hidden(inputs))


model = Network()
model(x[:1])
model.set_weights([random.randn(*v.shape).astype(np.float32) * 0.5 for v in model.get_weights()])
objective = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(0.01)
mean = tf.keras.metrics.Mean()
accuracy = tf.keras.metrics.SparseCategoricalAccuracy()


@tf.function
def step(images, labels):
    with tf.GradientTape() as tape:
        logits = model(images)
        loss = objective(labels, logits)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    mean(loss)
    accuracy(labels, logits)
    return loss


result = []
for _ in range(3):
    mean.reset_states()
    accuracy.reset_states()
    for images, labels in dataset:
        step(images, labels)
    result.append([mean.result().numpy(), accuracy.result().numpy()])
result.append(model.get_weights()[0])
result.append(tf.nn.softmax(model(x[:2])).numpy())
