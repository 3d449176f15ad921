import numpy as np
from keras.layers import AveragePooling2D, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, ZeroPadding2D
from keras.models import Sequential

random = np.random.RandomState(35)
x = random.rand(12, 9, 8, 2).astype("float32")
y = (random.rand(12) > 0.5).astype("float32")
model = Sequential(
    [
        Conv2D(3, (3, 3), padding="same", activation="relu", input_shape=(9, 8, 2)),
        MaxPooling2D((2, 2), padding="same"),
        ZeroPadding2D((1, 1)),
        Conv2D(4, kernel_size=2, strides=(2, 1), use_bias=False),
        AveragePooling2D(pool_size=2, strides=1, padding="same"),
        Flatten(),
        Dropout(0.0),
        Dense(1, activation="sigmoid"),
    ]
)
model.set_weights([random.randn(*w.shape) * 0.3 for w in model.get_weights()])
model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
before = model.predict(x)
history = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
result = {
    "before": before,
    "history": {name: [float(v) for v in values] for name, values in history.history.items()},
    "shapes": [layer.output_shape for layer in model.layers],
    "weights": [model.get_weights()[0][..., 0], model.get_weights()[-1]],
}
