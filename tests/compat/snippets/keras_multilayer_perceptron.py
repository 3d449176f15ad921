import numpy as np
from keras.layers import Activation, Dense
from keras.models import Sequential
from keras.optimizers import SGD

random = np.random.RandomState(31)
x = random.rand(30, 6).astype("float32")
labels = random.randint(0, 3, 30)
y = np.eye(3)[labels]
model = Sequential()
model.add(Dense(8, input_dim=6))
model.add(Activation("tanh"))
model.add(Dense(3, activation="softmax"))
model.set_weights([random.randn(6, 8) * 0.5, np.zeros(8), random.randn(8, 3), np.zeros(3)])
model.compile(loss="categorical_crossentropy", optimizer=SGD(lr=0.1, momentum=0.9, decay=0.01), metrics=["accuracy"])
history = model.fit(x, y, epochs=5, batch_size=8, shuffle=False, verbose=0, validation_data=(x[:10], y[:10]))
result = {
    "history": {name: [float(value) for value in values] for name, values in history.history.items()},
    "evaluated": [float(value) for value in model.evaluate(x, y, verbose=0)],
    "names": model.metrics_names,
    "predicted": model.predict(x[:4]),
    "classes": np.argmax(model.predict(x), axis=1),
    "weights": model.get_weights(),
    "on_batch": float(model.train_on_batch(x[:8], y[:8])[0]),
    "tested": [float(v) for v in model.test_on_batch(x[:8], y[:8])],
}
