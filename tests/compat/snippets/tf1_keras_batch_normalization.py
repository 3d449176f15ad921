import numpy as np
import tensorflow as tf

random = np.random.RandomState(42)
layers = tf.keras.layers
x = random.rand(12, 6, 5, 2)
y = random.rand(12, 1)
model = tf.keras.Sequential(
    [
        layers.Conv2D(3, 3, use_bias=False, input_shape=(6, 5, 2)),
        layers.BatchNormalization(momentum=0.8),
        layers.Flatten(),
        layers.Dense(4, activation="relu"),
        layers.BatchNormalization(epsilon=0.01, momentum=0.9, scale=False),
        layers.Dense(1),
    ]
)
model.set_weights([random.rand(*w.shape) - 0.3 for w in model.get_weights()])
model.compile("sgd", "mse", metrics=["mae"])
history = model.fit(x, y, epochs=3, batch_size=6, shuffle=False, verbose=0)
result = {
    "history": {name: [float(v) for v in values] for name, values in history.history.items()},
    "evaluated": [float(v) for v in model.evaluate(x, y, verbose=0)],
    "predicted": model.predict(x[:3]),
    "weights": [model.get_weights()[place] for place in (1, 2, 3, 4, 7, 8, 9)],
}
