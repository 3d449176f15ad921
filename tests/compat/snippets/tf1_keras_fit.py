import numpy as np
import tensorflow as tf
from tensorflow import keras

random = np.random.RandomState(41)
images = random.rand(30, 4, 3)
labels = random.randint(0, 4, 30)
model = keras.Sequential(
    [
        keras.layers.Flatten(input_shape=(4, 3)),
        keras.layers.Dense(6, activation=tf.nn.relu),
        keras.layers.Dense(4, activation=tf.nn.softmax),
    ]
)
model.set_weights([random.randn(12, 6) * 0.4, np.zeros(6), random.randn(6, 4) * 0.4, np.zeros(4)])
model.compile(optimizer=tf.train.AdamOptimizer(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(images, labels, epochs=4, batch_size=10, shuffle=False, verbose=0)
test_loss, test_acc = model.evaluate(images, labels, verbose=0)
result = {
    "history": {name: [float(v) for v in values] for name, values in history.history.items()},
    "test": [float(test_loss), float(test_acc)],
    "predictions": model.predict(images[:2]),
    "weights": model.get_weights()[0],
}
