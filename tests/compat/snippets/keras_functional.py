import numpy as np
from keras import regularizers
from keras.layers import Add, Concatenate, Dense, Input
from keras.models import Model

random = np.random.RandomState(34)
a = Input(shape=(4,), name="a")
b = Input(shape=(3,), name="b")
shared = Dense(5, activation="relu", kernel_regularizer=regularizers.l2(0.01), name="shared")
left = shared(a)
right = Dense(5, name="right")(b)
joined = Concatenate(name="joined")([Add(name="sum")([left, right]), b])
first = Dense(1, activation="sigmoid", name="first")(joined)
second = Dense(2, name="second")(joined)
model = Model(inputs=[a, b], outputs=[first, second])
model.set_weights([random.randn(*w.shape) * 0.4 + (1 if w.ndim == 1 else 0) for w in model.get_weights()])
model.compile(
    optimizer="sgd", loss={"first": "binary_crossentropy", "second": "mse"}, loss_weights={"first": 1.0, "second": 0.5},
    metrics={"first": "acc"},
)  # fmt: skip
x = [random.rand(16, 4), random.rand(16, 3)]
y = [random.randint(0, 2, (16, 1)), random.rand(16, 2)]
history = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
result = {
    "loss": [float(v) for v in history.history["loss"]],
    "keys": sorted(history.history),
    "evaluated": [float(v) for v in model.evaluate(x, y, verbose=0)],
    "names": model.metrics_names,
    "predicted": model.predict([x[0][:2], x[1][:2]]),
    "weights": [w.name for w in model.weights],
    "layers": [layer.name for layer in model.layers],
    "shape": [model.output_shape, model.input_shape, model.count_params()],
    "layer": model.get_layer("right").get_weights(),
}
