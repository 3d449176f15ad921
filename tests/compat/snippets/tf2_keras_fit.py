import numpy as np
import tensorflow as tf

random = np.random.RandomState(30)
x = random.rand(40, 5).astype(np.float32)
y = random.randint(0, 3, 40)
weights = [
    random.randn(5, 8).astype(np.float32),
    np.zeros(8, np.float32),
    random.randn(8, 3).astype(np.float32),
    np.zeros(3, np.float32),
]
model = tf.keras.models.Sequential(
    [tf.keras.layers.Dense(8, activation="relu", input_shape=(5,)), tf.keras.layers.Dense(3, activation="softmax")]
)
model.set_weights(weights)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, epochs=4, batch_size=16, shuffle=False, verbose=0, validation_split=0.25)
result = {
    "history": {name: [float(value) for value in values] for name, values in history.history.items()},
    "keys": sorted(history.history),
    "epochs": history.epoch,
    "evaluated": [float(value) for value in model.evaluate(x, y, verbose=0)],
    "names": model.metrics_names,
    "predicted": model.predict(x[:3], verbose=0),
    "weights": model.get_weights()[2],
}
