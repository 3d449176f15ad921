import numpy as np
from keras.layers import (
    ELU,
    Activation,
    Average,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    Lambda,
    LeakyReLU,
    Maximum,
    Multiply,
    Permute,
    PReLU,
    RepeatVector,
    Reshape,
    ThresholdedReLU,
    UpSampling2D,
)
from keras.models import Model

random = np.random.RandomState(36)
x = random.randn(3, 4).astype("float32")
images = random.randn(2, 2, 3, 1).astype("float32")
words = np.array([[0, 2, 1], [3, 3, 0]])


def value(layers, data, dtype="float32"):
    first = Input(shape=data.shape[1:], dtype=dtype)
    output = first
    for layer in layers:
        output = layer(output)
    return Model(first, output).predict(data)


result = {
    "activations": [
        value([Activation(name)], x)
        for name in ("selu", "elu", "softsign", "hard_sigmoid", "softplus", "exponential", "linear")
    ],
    "advanced": [
        value([LeakyReLU(alpha=0.2)], x),
        value([ELU(0.5)], x),
        value([ThresholdedReLU(0.7)], x),
        value([PReLU()], x),
    ],
    "shapes": [
        value([Reshape((2, 2))], x),
        value([Reshape((-1, 1)), Permute((2, 1))], x),
        value([RepeatVector(2)], x),
        value([Flatten()], images),
    ],
    "lambda": value([Lambda(lambda t: t**2 + 1.0)], x),
    "up": value([UpSampling2D((2, 1))], images),
    "embedding": value(
        [Embedding(4, 2, weights=[np.arange(8.0).reshape(4, 2)]), GlobalAveragePooling1D()], words, "int32"
    ),
    "dense_of_sequences": value([Reshape((2, 2)), Dense(1, kernel_initializer="ones", bias_initializer="ones")], x),
}
a, b = Input((4,)), Input((4,))
merged = Model([a, b], [Average()([a, b]), Maximum()([a, b]), Multiply()([a, b])])
result["merged"] = merged.predict([x, x[::-1]])
